"""A report as rows of the tlsrpt tables; each class has the columns of its table."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct, structs

from analytics.tlsrpt.model import Authenticated, Report
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.packed import packed
from analytics.tlsrpt.reading import Read, Reading
from analytics.warehouse.base import Records

Row = dict[str, object]

RAW = "tlsrpt_raw_v1"
REPORTS = "tlsrpt_reports_v1"
RESULTS = "tlsrpt_policy_results_v1"
DETAILS = "tlsrpt_failure_details_v1"


class RawRow(Struct, gc=False):
    """A row of ``tlsrpt_raw_v1``."""

    raw_hash: str
    channel: str
    source: str
    member: str | None
    policy_domain: str | None
    client_ip: str | None
    received_at: datetime
    ingested_at: datetime
    size_bytes: int
    data: bytes
    report_count: int
    rejected_count: int
    reason: str | None
    is_sample: bool


class ReportRow(Struct, gc=False):
    """A row of ``tlsrpt_reports_v1``."""

    raw_hash: str
    member: str
    report_key: str
    content_hash: str
    organization_name: str | None
    contact_info: str | None
    report_id: str | None
    range_started_at: datetime
    range_ended_at: datetime
    policy_domains: str
    channel: str
    received_at: datetime
    ingested_at: datetime
    authentication: str
    authenticated_domain: str | None
    authenticated_selector: str | None
    authentication_reason: str | None
    operator: str | None
    claimed_operator: str | None
    quirks: str | None
    is_sample: bool


class ResultRow(Struct, gc=False):
    """A row of ``tlsrpt_policy_results_v1``."""

    content_hash: str
    policy_index: int
    policy_domain: str
    stated_policy_domain: str | None
    policy_type: str
    policy_string: str | None
    held_policy_fingerprint: str | None
    held_policy_mode: str | None
    mx_hosts: str | None
    successful_session_count: int | None
    failed_session_count: int | None
    received_at: datetime


class DetailRow(Struct, gc=False):
    """A row of ``tlsrpt_failure_details_v1``."""

    content_hash: str
    policy_index: int
    detail_index: int
    result_type: str
    failed_session_count: int | None
    sending_mta_ip: str | None
    receiving_mx_hostname: str | None
    receiving_mx_helo: str | None
    receiving_ip: str | None
    failure_reason_code: str | None
    additional_information: str | None
    received_at: datetime


def records(kind: type[Struct], rows: Sequence[Struct]) -> Records:
    """Rows of one table, as they are written."""
    return Records(kind.__struct_fields__, [structs.astuple(row) for row in rows])


def raw_row(reading: Reading, at: datetime) -> RawRow:
    """The item, with its bytes."""
    item = reading.item
    return RawRow(
        raw_hash=reading.raw_hash,
        channel=reading.channel,
        source=item.source,
        member=item.member or None,
        policy_domain=item.policy_domain or None,
        client_ip=item.client_ip or None,
        received_at=reading.received_at,
        ingested_at=at,
        size_bytes=len(item.data),
        data=packed(item.data),
        report_count=len(reading.reports),
        rejected_count=len(reading.refused),
        reason=reading.refused[0].reason if reading.refused else None,
        is_sample=item.is_sample,
    )


def report_row(
    reading: Reading, read: Read, proof: Authenticated, operators: Operators, at: datetime
) -> ReportRow:
    """One time that a report came."""
    report = read.report
    return ReportRow(
        raw_hash=reading.raw_hash,
        member=read.member,
        report_key=read.report_key,
        content_hash=read.content_hash,
        organization_name=report.organization_name,
        contact_info=report.contact_info,
        report_id=report.report_id,
        range_started_at=report.range_started_at,
        range_ended_at=report.range_ended_at,
        policy_domains=", ".join(read.domains),
        channel=reading.channel,
        received_at=reading.received_at,
        ingested_at=at,
        authentication=proof.result,
        authenticated_domain=proof.domain or None,
        authenticated_selector=proof.selector or None,
        authentication_reason=proof.reason or None,
        operator=operators.proven(proof),
        claimed_operator=operators.claimed(report.organization_name),
        quirks=", ".join(read.quirks) or None,
        is_sample=reading.item.is_sample,
    )


def proof_columns(proof: Authenticated, operators: Operators) -> Row:
    """What a row of a report says of its origin."""
    return {
        "authentication": proof.result,
        "authenticated_domain": proof.domain or None,
        "authenticated_selector": proof.selector or None,
        "authentication_reason": proof.reason or None,
        "operator": operators.proven(proof),
    }


def result_rows(contents: Iterable[tuple[str, Report, datetime]]) -> Iterator[ResultRow]:
    """The policy results of contents, each with the time when it was first received."""
    for content_hash, report, received_at in contents:
        for index, policy in enumerate(report.policies):
            yield ResultRow(
                content_hash,
                index,
                policy_domain=policy.policy_domain,
                stated_policy_domain=policy.stated_policy_domain,
                policy_type=policy.policy_type,
                policy_string="\n".join(policy.policy_string) or None,
                held_policy_fingerprint=policy.held_policy_fingerprint,
                held_policy_mode=policy.held_policy_mode,
                mx_hosts=", ".join(policy.mx_hosts) or None,
                successful_session_count=policy.successful_session_count,
                failed_session_count=policy.failed_session_count,
                received_at=received_at,
            )


def detail_rows(contents: Iterable[tuple[str, Report, datetime]]) -> Iterator[DetailRow]:
    """Their failure details."""
    for content_hash, report, received_at in contents:
        for index, policy in enumerate(report.policies):
            for number, detail in enumerate(policy.failure_details):
                yield DetailRow(
                    content_hash,
                    index,
                    number,
                    result_type=detail.result_type,
                    failed_session_count=detail.failed_session_count,
                    sending_mta_ip=detail.sending_mta_ip,
                    receiving_mx_hostname=detail.receiving_mx_hostname,
                    receiving_mx_helo=detail.receiving_mx_helo,
                    receiving_ip=detail.receiving_ip,
                    failure_reason_code=detail.failure_reason_code,
                    additional_information=detail.additional_information,
                    received_at=received_at,
                )

"""A report as rows of the tlsrpt tables."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from analytics.tlsrpt.model import PROVEN, Authenticated, Report
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.packed import packed
from analytics.tlsrpt.reading import Read, Reading

Row = dict[str, object]

RAW = "tlsrpt_raw_v1"
REPORTS = "tlsrpt_reports_v1"
RESULTS = "tlsrpt_policy_results_v1"
DETAILS = "tlsrpt_failure_details_v1"


def raw_row(reading: Reading, at: datetime) -> Row:
    """The item, with its bytes."""
    item = reading.item
    return {
        "raw_hash": reading.raw_hash,
        "channel": reading.channel,
        "source": item.source,
        "member": item.member or None,
        "policy_domain": item.policy_domain or None,
        "client_ip": item.client_ip or None,
        "received_at": reading.received_at,
        "ingested_at": at,
        "size_bytes": len(item.data),
        "data": packed(item.data),
        "report_count": len(reading.reports),
        "rejected_count": len(reading.refused),
        "reason": reading.refused[0].reason if reading.refused else None,
        "is_sample": item.is_sample,
    }


def report_row(
    reading: Reading,
    read: Read,
    proof: Authenticated,
    operators: Operators,
    at: datetime,
) -> Row:
    """One time that a report came."""
    report = read.report
    return {
        "raw_hash": reading.raw_hash,
        "member": read.member,
        "report_key": report.report_key,
        "content_hash": report.content_hash,
        "organization_name": report.organization_name,
        "contact_info": report.contact_info,
        "report_id": report.report_id,
        "range_started_at": report.range_started_at,
        "range_ended_at": report.range_ended_at,
        "policy_domains": ", ".join(read.domains),
        "channel": reading.channel,
        "received_at": reading.received_at,
        "ingested_at": at,
        "claimed_operator": operators.claimed(report.organization_name),
        "quirks": ", ".join(read.quirks) or None,
        "is_sample": reading.item.is_sample,
    } | proof_columns(proof, operators)


def proof_columns(proof: Authenticated, operators: Operators) -> Row:
    """What a row of a report says of its origin."""
    return {
        "authentication": proof.result,
        "authenticated_domain": proof.domain or None,
        "authenticated_selector": proof.selector or None,
        "authentication_reason": proof.reason or None,
        "operator": operators.proven(proof.domain) if proof.result in PROVEN else None,
    }


def result_rows(contents: Iterable[tuple[Report, datetime]]) -> Iterator[Row]:
    """The policy results of reports, each with the time when its content was first received."""
    for report, received_at in contents:
        for index, policy in enumerate(report.policies):
            yield {
                "content_hash": report.content_hash,
                "policy_index": index,
                "policy_domain": policy.policy_domain,
                "stated_policy_domain": policy.stated_policy_domain,
                "policy_type": policy.policy_type,
                "policy_string": "\n".join(policy.policy_string) or None,
                "held_policy_fingerprint": policy.held_policy_fingerprint,
                "held_policy_mode": policy.held_policy_mode,
                "mx_hosts": ", ".join(policy.mx_hosts) or None,
                "successful_session_count": policy.successful_session_count,
                "failed_session_count": policy.failed_session_count,
                "received_at": received_at,
            }


def detail_rows(contents: Iterable[tuple[Report, datetime]]) -> Iterator[Row]:
    """Their failure details."""
    for report, received_at in contents:
        for index, policy in enumerate(report.policies):
            for number, detail in enumerate(policy.failure_details):
                yield {
                    "content_hash": report.content_hash,
                    "policy_index": index,
                    "detail_index": number,
                    "result_type": detail.result_type,
                    "failed_session_count": detail.failed_session_count,
                    "sending_mta_ip": detail.sending_mta_ip,
                    "receiving_mx_hostname": detail.receiving_mx_hostname,
                    "receiving_mx_helo": detail.receiving_mx_helo,
                    "receiving_ip": detail.receiving_ip,
                    "failure_reason_code": detail.failure_reason_code,
                    "additional_information": detail.additional_information,
                    "received_at": received_at,
                }

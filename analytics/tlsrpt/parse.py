"""JSON text into a report: validated, repaired, normalised; no I/O, no clock.

A report that is as RFC 8460, 4 says goes through :mod:`analytics.tlsrpt.wire` alone; the others
through :mod:`analytics.tlsrpt.repair` first. Both end in the same reading here.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from analytics.tlsrpt import addresses, dates, documents, domains, held, hints, ijson, repair, wire
from analytics.tlsrpt.errors import ReportError, SeveralReportsError
from analytics.tlsrpt.hints import NOWHERE, Context
from analytics.tlsrpt.limits import MAX_DETAILS, MAX_POLICIES
from analytics.tlsrpt.model import FailureDetail, PolicyResult, Report
from policy import result_types

POLICY_TYPES = frozenset({"sts", "tlsa", "no-policy-found"})  # RFC 8460, 4.4
RESULT_TYPES = frozenset(kind.code for kind in result_types.RESULT_TYPES)

_FEW_BYTES = 10_000  # hold no more policies and details than are taken


class _Policy(NamedTuple):
    """A policy as it is stated, normalised; the same one stands in many reports."""

    policy_type: str
    policy_domain: str
    lines: tuple[str, ...]
    mx_hosts: tuple[str, ...]
    fingerprint: str | None
    mode: str | None
    quirks: tuple[str, ...]


_Texts = tuple[str, ...] | str | None
_Reader = Callable[[str | None, str | None, _Texts, _Texts], _Policy]


def report(data: bytes, context: Context = NOWHERE) -> Report:
    """The report that a JSON text holds; ``context`` helps where the text says too little.

    Raises:
        SeveralReportsError: it holds more than one.
        ReportError: it is beyond repair.
    """
    plain = wire.plain(data)
    if plain is None:
        return _repaired(data, context)
    document, content = plain
    return _read(document, content, context, set(), _remembered)


def _repaired(data: bytes, context: Context) -> Report:
    ijson.bounded(data)
    if texts := documents.several(data):
        raise SeveralReportsError(texts)
    found = ijson.read(data)
    document = repair.document(found.value, found.quirks)
    return _read(document, ijson.canonical(found.value), context, found.quirks, _policy)


def _read(
    document: wire.Document, content: bytes, context: Context, quirks: set[str], policy: _Reader
) -> Report:
    """``quirks`` are those found so far; ``policy`` reads one, with or without a memory."""
    if len(content) > _FEW_BYTES:
        _limited(document)
    dated = document.date_range
    covered = dates.covered(dated.start_datetime, dated.end_datetime)
    if covered is None:
        covered = hints.covered(document, context, quirks)
    start, end, range_quirks = covered
    if range_quirks:
        quirks.update(range_quirks)
    report_id, name, contact = document.report_id, document.organization_name, document.contact_info
    if not report_id or report_id.isspace():
        report_id = None
        quirks.add("report-id-missing")
    elif report_id[-1] == "+":
        quirks.add("report-id-incomplete")
    if not name or name.isspace():
        name = None
        quirks.add("organization-name-missing")
    if not contact or contact.isspace():
        contact = None
        quirks.add("contact-info-missing")
    policies = _results(document.policies, quirks, policy)
    if context is not NOWHERE or hints.wanted(policies):
        policies, content = hints.placed(policies, report_id, content, context, quirks)
        hints.compared(policies, start, contact, context, quirks)
    told = tuple(sorted(quirks))
    return Report(report_id, name, contact, start, end, policies, told, content)


def _results(
    results: list[wire.Result], quirks: set[str], policy: _Reader
) -> tuple[PolicyResult, ...]:
    """The policy results."""
    made = []
    detail_count = 0
    for result in results:
        stated = result.policy
        kind, domain, lines, mx_hosts, fingerprint, mode, policy_quirks = policy(
            stated.policy_type, stated.policy_domain, stated.policy_string, stated.mx_host
        )
        if policy_quirks:
            quirks.update(policy_quirks)
        successful = failed = None
        if summary := result.summary:
            successful = summary.total_successful_session_count
            failed = summary.total_failure_session_count
        else:
            quirks.add("summary-missing")
        if successful is None or failed is None:
            quirks.add("count-missing")
        given = result.failure_details
        details: tuple[FailureDetail, ...] = ()
        if given:
            detail_count += len(given)
            details = _details(given, quirks)
        else:
            if given is None:
                quirks.add("failure-details-missing")
            if failed:
                quirks.add("failures-without-details")
        made.append(
            PolicyResult(
                kind,
                domain,
                stated.policy_domain or None,
                lines,
                mx_hosts,
                successful,
                failed,
                details,
                fingerprint,
                mode,
            )
        )
    if not made:
        quirks.add("policies-empty")
    return tuple(made)


def _limited(document: wire.Document) -> None:
    """Refuse a report of more than is taken.

    Raises:
        ReportError: it is.
    """
    count = len(document.policies)
    if count > MAX_POLICIES:
        raise ReportError("policies", f"at most {MAX_POLICIES} policy results", str(count))
    count = sum(len(result.failure_details or ()) for result in document.policies)
    if count > MAX_DETAILS:
        raise ReportError("failure-details", f"at most {MAX_DETAILS} in a report", str(count))


def _policy(
    policy_type: str | None,
    policy_domain: str | None,
    policy_string: tuple[str, ...] | str | None,
    mx_host: tuple[str, ...] | str | None,
) -> _Policy:
    quirks: set[str] = set()
    kind = _known(policy_type, POLICY_TYPES, "policy-type", quirks)
    domain = domains.name(policy_domain) if policy_domain else domains.Name("")
    if not policy_domain:
        quirks.add("policy-domain-missing")
    told = held.policy(kind, policy_string)
    hosts, host_quirks = domains.patterns(mx_host)
    if not hosts and kind == held.STS:
        quirks.add("mx-host-missing")
    quirks.update(domain.quirks, told.quirks, host_quirks)
    return _Policy(kind, domain.text, told.lines, hosts, told.fingerprint, told.mode, tuple(quirks))


_remembered = lru_cache(maxsize=1024)(_policy)  # only for short texts: a hostile one may be long


def _known(value: str | None, known: frozenset[str], what: str, quirks: set[str]) -> str:
    """The value as the RFC writes it, or as it came; "" where there is none."""
    if not value:
        quirks.add(f"{what}-missing")
        return ""
    plain = value.strip().lower()
    if plain not in known:
        quirks.add(f"{what}-unknown")
        return value
    if plain != value:
        quirks.add(f"{what}-case")
    return plain


def _details(details: list[wire.Detail], quirks: set[str]) -> tuple[FailureDetail, ...]:
    """The failure details; there may be many, so that nothing is called that need not be."""
    made = []
    for detail in details:
        kind, count = detail.result_type, detail.failed_session_count
        if kind not in RESULT_TYPES:
            kind = _known(kind, RESULT_TYPES, "result-type", quirks)
        if count is None:
            quirks.add("count-missing")
        sending, sending_quirks = addresses.read(detail.sending_mta_ip)
        receiving, receiving_quirks = addresses.read(detail.receiving_ip)
        host, host_quirks = domains.host(detail.receiving_mx_hostname)
        if sending_quirks or receiving_quirks or host_quirks:
            quirks.update(sending_quirks, receiving_quirks, host_quirks)
        if sending is None and receiving is None and host is None:
            quirks.add("failure-detail-bare")
        helo, reason = detail.receiving_mx_helo, detail.failure_reason_code
        more = detail.additional_information
        if helo == "" or reason == "" or more == "":
            quirks.add("text-empty")
            helo, reason, more = helo or None, reason or None, more or None
        made.append(FailureDetail(kind, count, sending, host, helo, receiving, reason, more))
    return tuple(made)

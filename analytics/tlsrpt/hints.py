"""What stands around a report, where the report itself says too little: hints, each told as one.

The body always wins (RFC 8460, 5.6). It leaves two things out in practice: the domain, where no
policy was found, and the mail domain of a DANE policy, whose policy-domain is the MX host (1.1).
"""

import re
from datetime import UTC, datetime

from msgspec import Struct, structs

from analytics.tlsrpt import dates, domains, wire
from analytics.tlsrpt.dates import Range
from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.held import STS, TLSA
from analytics.tlsrpt.model import PolicyResult
from policy.errors import shown
from policy.model import MxPattern

# 5.1: sender "!" policy-domain "!" begin "!" end [ "!" id ] ".json" [ ".gz" ]
_FILE_NAME = re.compile(
    r"[^!]{1,255}!(?P<domain>[^!]{1,255})!(?P<begin>[0-9]{9,11})!(?P<end>[0-9]{9,11})(?:!.*|\..*)?"
)
_REPORT_ID = re.compile(
    r".*[_+](?P<domain>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z][A-Za-z0-9-]+)"
)


class Context(Struct, frozen=True):
    """What is known of a report beside its text.

    ``policy_domain`` is the domain that it was posted to, or that the header of its mail names, which
    ``is_hearsay``; ``file_name`` that of the attachment or file; ``submitter``
    TLS-Report-Submitter of its mail.
    """

    policy_domain: str = ""
    file_name: str = ""
    submitter: str = ""
    is_hearsay: bool = False


NOWHERE = Context()


class _FileName(Struct, frozen=True):
    domain: str
    start: datetime
    end: datetime


def covered(document: wire.Document, context: Context, quirks: set[str]) -> Range:
    """The time range by the file name, for a report whose own cannot be read.

    Raises:
        ReportError: the file name tells none either.
    """
    if named := _file_name(context.file_name):
        quirks.add("range-inferred")
        found = dates.covered(named.start.isoformat(), named.end.isoformat())
        if found:
            return found._replace(quirks=tuple(q for q in found.quirks if q.startswith("range")))
    for what, text in (
        ("start-datetime", document.date_range.start_datetime),
        ("end-datetime", document.date_range.end_datetime),
    ):
        if dates.moment(text) is None:
            expected = "a time such as 2026-11-01T00:00:00Z"
            raise ReportError(f"date-range, {what}", expected, shown(text) if text else None)
    raise ReportError("date-range", "two times", None)


def wanted(policies: tuple[PolicyResult, ...]) -> bool:
    """Whether a policy result says too little, or several may say the same."""
    if len(policies) == 1:
        return not policies[0].policy_domain or policies[0].policy_type == TLSA
    return len(policies) > 1


def placed(
    policies: tuple[PolicyResult, ...],
    report_id: str | None,
    content: bytes,
    context: Context,
    quirks: set[str],
) -> tuple[tuple[PolicyResult, ...], bytes]:
    """The policy results, each with the mail domain that it is about, and what they say as content.

    The order of hints: the one STS domain of the same report, the domain that it came for, the
    report-id, the file name.
    """
    named = _file_name(context.file_name)
    came_for = domains.name(context.policy_domain).text
    if context.is_hearsay and named and named.domain != came_for:
        # a large sender signs the body, with the file name, and not that field: whoever has a
        # report about a domain of his own could make it one about ours
        came_for = ""
    sure = [*_sts_domain(policies), came_for]
    weak = [_of_report_id(report_id), named.domain if named else ""]
    inferred: list[str] = []
    made = []
    for policy in policies:
        domain = policy.policy_domain
        if not domain:
            domain = next(filter(None, sure + weak), "")
            quirks.add("policy-domain-inferred" if domain else "policy-domain-unknown")
        elif policy.policy_type == TLSA:
            domain = _mail_domain(policy, policies, sure, weak, quirks)
        if domain != policy.policy_domain:
            inferred.append(domain)
            policy = structs.replace(policy, policy_domain=domain)
        made.append(policy)
    if inferred:
        content += b"\n" + ",".join(inferred).encode()
    return tuple(made), content


def _mail_domain(
    policy: PolicyResult,
    policies: tuple[PolicyResult, ...],
    sure: list[str],
    weak: list[str],
    quirks: set[str],
) -> str:
    """The mail domain of a DANE policy, whose own may be an MX host."""
    domain = policy.policy_domain
    is_mx = domain in policy.mx_hosts or any(
        MxPattern(pattern).matches(domain)
        for other in policies
        if other.policy_type == STS and other.policy_domain != domain
        for pattern in other.mx_hosts
    )
    hosts = {detail.receiving_mx_hostname for detail in policy.failure_details}
    is_mx = is_mx or domain in hosts
    for hint in filter(None, sure):
        if hint == domain:
            return domain
        quirks |= {"policy-domain-is-mx", "policy-domain-inferred"}
        return hint
    for hint in filter(None, weak):
        if hint == domain:
            return domain
        if is_mx or domain.endswith("." + hint):
            quirks |= {"policy-domain-is-mx", "policy-domain-inferred"}
            return hint
    if is_mx:
        quirks.add("policy-domain-is-mx")
    return domain


def _sts_domain(policies: tuple[PolicyResult, ...]) -> list[str]:
    """The domain of the STS results, if it is one."""
    found = {each.policy_domain for each in policies if each.policy_type == STS}
    return list(found) if len(found) == 1 else []


def compared(
    policies: tuple[PolicyResult, ...],
    start: datetime,
    contact_info: str | None,
    context: Context,
    quirks: set[str],
) -> None:
    """Tell where what stands around the report says otherwise, and where it counts twice."""
    about = {each.policy_domain for each in policies}
    expected = domains.name(context.policy_domain).text
    if expected and expected not in about:
        quirks.add("report-domain-differs")
    if named := _file_name(context.file_name):
        is_near = abs((named.start - start).total_seconds()) < 1
        if named.domain not in about or not is_near:
            quirks.add("file-name-differs")
    _user, at, contact = (contact_info or "").rpartition("@")
    if context.submitter and at and domains.name(contact).text != context.submitter:
        quirks.add("submitter-differs")
    if len(policies) > 1 and _counts_twice(policies):
        quirks.add("sessions-twice")


def _counts_twice(policies: tuple[PolicyResult, ...]) -> bool:
    """Whether the same number of sessions stands under STS and DANE of one domain."""
    seen: dict[tuple[str, int], set[str]] = {}
    for each in policies:
        count = (each.successful_session_count or 0) + (each.failed_session_count or 0)
        if count:
            seen.setdefault((each.policy_domain, count), set()).add(each.policy_type)
    return any({STS, TLSA} <= types for types in seen.values())


def _of_report_id(report_id: str | None) -> str:
    """The domain at the end of a report-id, as Google, Microsoft and tlsrpt-reporter write it."""
    found = _REPORT_ID.fullmatch(report_id or "")
    return domains.name(found["domain"]).text if found else ""


def _file_name(text: str) -> _FileName | None:
    if not (found := _FILE_NAME.fullmatch(text[:600])):
        return None
    start, end = (datetime.fromtimestamp(int(found[each]), UTC) for each in ("begin", "end"))
    return _FileName(domains.name(found["domain"]).text, start, end)

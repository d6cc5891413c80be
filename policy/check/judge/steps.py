"""What was seen, step by step as a sender goes, each with a mark: right, wrong, could not look."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from policy.check.judge import Judgement, certificates, mx_hosts, reports
from policy.check.judge.answer import encoding
from policy.check.judge.context import listed, words
from policy.check.judge.host import told
from policy.check.model import (
    Answers,
    HttpsObservation,
    Lookup,
    MxObservation,
    Outcome,
    RuaObservation,
    SmtpObservation,
    Tls,
)
from policy.domain import policy_url
from policy.errors import RecordSyntaxError
from policy.findings import Severity
from policy.model import Mode, policy_id
from policy.plan import span
from policy.register import REGISTER

_T = TypeVar("_T")


class Mark(StrEnum):
    """How a step came out."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"  # could not look
    NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a sender does; ``depth`` is 1 for what belongs to the step before."""

    mark: Mark
    subject: str
    text: str
    depth: int = 0


def steps(judged: Judgement) -> tuple[Step, ...]:
    """All of them, in a sender's order."""
    if not judged.case.is_published:
        return (_record(judged),)
    return (
        _record(judged),
        *_host(judged),
        *_policy(judged),
        *_mx(judged),
        *_reports(judged),
    )


def _record(judged: Judgement) -> Step:
    case = judged.case
    found = case.seen.sts.resolver
    records = case.record.kept or case.record.near
    text = "; ".join(words(record) for record in records) or found.reason or "no such record"
    return Step(
        _mark(judged, case.record_name, "record-"),
        f"{case.record_name} TXT",
        text + _ttl(case.seen.sts) + _chain(found),
    )


def _host(judged: Judgement) -> Iterator[Step]:
    case, host = judged.case, judged.case.seen.policy_host
    lookups = (host.ipv6.resolver, host.ipv4.resolver)
    best = next((one for one in lookups if one.values), host.ipv4.resolver)
    none = next((one.reason for one in lookups if one.outcome is Outcome.UNKNOWN), best.reason)
    ttl = _ttl(host.ipv6 if best is host.ipv6.resolver else host.ipv4)
    mark = Mark.RIGHT if host.addresses else _mark(judged, case.host, "policy-host-")
    text = listed(host.addresses) or none or "no address"
    yield Step(mark, case.host, text + (ttl if host.addresses else "") + _chain(best))
    for one in host.seen:
        yield Step(_fetch_mark(judged, one), one.address, _fetch_text(judged, one), 1)


def _fetch_mark(judged: Judgement, one: HttpsObservation) -> Mark:
    if one.answer is None:
        is_unknown = one.outcome is Outcome.UNKNOWN
        return Mark.UNKNOWN if is_unknown else Mark.WRONG
    if one.tls is not None:
        if one.tls.certificate is not None and one.tls.certificate.inspected_by:
            return Mark.UNKNOWN
        if certificates.faults(one.tls, judged.case.host, judged.case.at):
            return Mark.WRONG
    return Mark.RIGHT if one.answer.status == 200 else Mark.WRONG


def _fetch_text(judged: Judgement, one: HttpsObservation) -> str:
    parts = [_tls(judged, one.tls, judged.case.host)] if one.tls is not None else []
    if one.fault is not None:
        parts.append(_without(one.address, told(one.fault)))
    if one.answer is not None:
        said = one.answer
        kind = said.header("content-type") or "no Content-Type"
        packed = f", {encoding(said)}" if encoding(said) else ""
        parts.append(
            f"{said.status}, {kind}{packed}, {len(said.body)} bytes, first byte after "
            f"{said.first_byte_s:.2f} s, whole after {said.whole_s:.2f} s"
        )
    return "; ".join(part for part in parts if part)


def _policy(judged: Judgement) -> Iterator[Step]:
    case = judged.case
    if case.body is None:
        return
    url = policy_url(judged.domain)
    if case.policy is None:
        yield Step(Mark.WRONG, "policy", "cannot be read")
        return
    policy = case.policy
    age = span(policy.max_age).partition(", ")[2]
    text = f"mode {policy.mode}, max_age {policy.max_age}{f' ({age})' if age else ''}"
    text += f", {len(policy.mx)} mx, hash {policy_id(case.body)}"
    yield Step(_mark(judged, url, ""), "policy", text)


def _mx(judged: Judgement) -> Iterator[Step]:
    case, found = judged.case, judged.case.seen.mx.resolver
    text = listed(f"{one.preference} {one.host}" for one in found.values) or found.reason
    yield Step(
        _mark(judged, judged.domain, "mx-", "port-25", "not-all"),
        f"{judged.domain} MX",
        text + (_ttl(case.seen.mx) if found.values else "") + _chain(found),
    )
    for host in case.seen.mx_hosts:
        yield from _mx_host(judged, host)


def _mx_host(judged: Judgement, host: MxObservation) -> Iterator[Step]:
    case = judged.case
    covering = [pattern.text for pattern in case.patterns if pattern.matches(host.host)]
    if case.patterns and case.mode is not Mode.NONE:
        cover = f"covered by mx: {covering[0]}" if covering else "not covered by the policy"
    elif case.mode is Mode.NONE:
        cover = "the policy is in mode none"
    else:
        cover = "no policy was read that could cover it"
    if not host.addresses.addresses and not host.seen:
        cover += f"; {host.addresses.ipv4.reason or host.addresses.ipv6.reason or 'no address'}"
    mark = _mark(judged, host.host, "mx-not-covered", "mx-host-")
    yield Step(mark, host.host, cover)
    for one in host.seen:
        yield Step(_talk_mark(judged, host, one), one.address, _talk_text(judged, host, one), 1)
    if not case.seen.asked_smtp and host.addresses.addresses:
        text = f"{listed(host.addresses.addresses)}: not talked to"
        yield Step(Mark.NOT_ASKED, "SMTP", text, 1)


def _talk_mark(judged: Judgement, host: MxObservation, one: SmtpObservation) -> Mark:
    said = mx_hosts.at_address(judged.case, host.host, one)
    severities = {REGISTER[each.code].severity for each in said}
    if Severity.ERROR in severities:
        return Mark.WRONG
    return Mark.UNKNOWN if Severity.UNKNOWN in severities else Mark.RIGHT


def _talk_text(judged: Judgement, host: MxObservation, one: SmtpObservation) -> str:
    parts = [_tls(judged, one.tls, host.host)] if one.tls is not None else []
    if one.fault is not None:
        parts.append(_without(one.address, told(one.fault)))
    elif not one.offers_starttls:
        parts.append("no STARTTLS")
    return "; ".join(part for part in parts if part)


def _without(address: str, text: str) -> str:
    """The text without the address that stands before it already."""
    return text.removeprefix(address).lstrip(" ")


def _tls(judged: Judgement, tls: Tls, host: str) -> str:
    """A handshake in a few words."""
    found = tls.certificate
    if found is None:
        return tls.version
    if found.inspected_by:
        return f"a certificate of {found.inspected_by}, which looks into TLS here"
    left = certificates.days_left(found, judged.case.at)
    until = f"{certificates.day(found.not_after)[:10]} ({left} days)"
    wrong = [fault.kind for fault in certificates.faults(tls, host, judged.case.at)]
    faulty = f", wrong: {listed(wrong)}" if wrong else ""
    return f"{tls.version}, certificate until {until}{faulty}"


def _reports(judged: Judgement) -> Iterator[Step]:
    case, found = judged.case, judged.case.seen.tlsrpt.resolver
    read = reports.record(found.values)
    texts = "; ".join(words(b"".join(strings)) for strings in found.values)
    none = found.reason or "no such record"
    mark = _mark(judged, case.tlsrpt_name, "tlsrpt-")
    if isinstance(read, RecordSyntaxError) and mark is Mark.RIGHT:
        mark = Mark.WRONG
    ttl = _ttl(case.seen.tlsrpt) if found.values else ""
    yield Step(mark, f"{case.tlsrpt_name} TXT", (texts or none) + ttl + _chain(found))
    for one in case.seen.rua:
        yield Step(*_rua(judged, one), 1)


def _rua(judged: Judgement, one: RuaObservation) -> tuple[Mark, str, str]:
    mark = _mark(judged, one.uri, "rua-")
    if one.rcpt is not None:
        if one.rcpt.code:
            text = f"{one.rcpt.host} said to RCPT: {reports.replied(one.rcpt)}"
        else:
            text = f"{one.rcpt.host}: {told(one.rcpt.fault) if one.rcpt.fault else 'no reply'}"
        return mark, one.uri, text
    if mark is Mark.RIGHT:
        where = one.addresses.name if one.addresses is not None else one.host
        return Mark.NOT_ASKED, one.uri, f"{where} is there; RCPT was not asked"
    return mark, one.uri, "nothing there" if mark is Mark.WRONG else "could not look"


def _mark(judged: Judgement, subject: str, *codes: str) -> Mark:
    """The mark of a subject, by the findings about it whose codes begin so."""
    severities = {
        REGISTER[said.code].severity
        for said in judged.findings
        if said.subject == subject and said.code.startswith(codes)
    }
    if Severity.ERROR in severities:
        return Mark.WRONG
    return Mark.UNKNOWN if Severity.UNKNOWN in severities else Mark.RIGHT


def _ttl(found: Answers[_T]) -> str:
    """How long others may keep the answer."""
    full = found.full_ttl
    if full is not None:
        return f" (TTL {span(full)})"
    return f" (kept {span(found.resolver.ttl)} more)" if found.resolver.ttl else ""


def _chain(found: Lookup[_T]) -> str:
    return f", by CNAME {' → '.join(found.chain)}" if found.chain else ""

"""Judge what the policy host answers: status, fields, time, and the policy text."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from policy import review
from policy.check.judge import mx
from policy.check.judge.context import Case, cut, unpacked
from policy.check.judge.host import at_addresses
from policy.check.model import HttpAnswer, HttpsObservation
from policy.domain import policy_url
from policy.findings import Finding
from policy.measured import impatient
from policy.model import MAX_POLICY_BYTES, Mode, policy_id
from policy.plan import text as minute

_OK = 200


def findings(case: Case) -> Iterator[Finding]:
    """Findings about the answers of all addresses, and about the text of the first."""
    answers = [(one, one.answer) for one in case.seen.policy_host.seen if one.answer is not None]
    yield from _statuses(case, answers)
    good = [(one, answer) for one, answer in answers if answer.status == _OK]
    yield from _fields(case, good)
    yield from _slow(case, good)
    texts = {answer.body: one.address for one, answer in reversed(good)}
    if len(texts) > 1:
        told = "; ".join(f"{where}: {policy_id(body)}" for body, where in texts.items())
        yield case.finding(
            "policy-differs-by-address",
            case.host,
            observed=f"ids of the texts: {told}",
            expected="the same text at each address",
            remedy="bring the same text to all, and only then publish its id",
        )
    yield from _folder(case)
    yield from _text(case)


def _statuses(
    case: Case, answers: Sequence[tuple[HttpsObservation, HttpAnswer]]
) -> Iterator[Finding]:
    said: dict[tuple[int, str], list[HttpsObservation]] = {}
    for one, answer in answers:
        if answer.status != _OK:
            key = (answer.status, answer.header("location") or "")
            said.setdefault(key, []).append(one)
    for (status, location), where in said.items():
        is_redirect = 300 <= status < 400
        to = f" to {location}" if location else ""
        form = "2xx" if 200 < status < 300 else ""
        yield case.finding(
            "policy-redirected" if is_redirect else "policy-status-invalid",
            case.host,
            observed=f"{status}{to} {at_addresses(where)}",
            expected="status 200, at exactly this URL",
            remedy=f"serve the policy at {policy_url(case.seen.domain)} with status 200",
            form=form,
        )


def _fields(case: Case, good: Sequence[tuple[HttpsObservation, HttpAnswer]]) -> Iterator[Finding]:
    untyped = [one for one, answer in good if answer.header("content-type") is None]
    if untyped:
        yield _media_type(case, "media-type-missing", "no Content-Type", untyped)
    typed: dict[str, list[HttpsObservation]] = {}
    for one, answer in good:
        value = answer.header("content-type")
        if value is not None and media_type(value) != "text/plain":
            typed.setdefault(value, []).append(one)
    for value, where in typed.items():
        yield _media_type(case, "media-type-invalid", f"Content-Type: {value}", where)
    packed = [(one, answer) for one, answer in good if encoding(answer)]
    unreadable = [pair for pair in packed if unpacked(pair[1]) is None]
    if unreadable:
        yield _compression(case, "content-encoding-unreadable", unreadable)
    if readable := [pair for pair in packed if pair not in unreadable]:
        yield _compression(case, "content-encoding-unasked", readable)


def _compression(
    case: Case, code: str, where: Sequence[tuple[HttpsObservation, HttpAnswer]]
) -> Finding:
    return case.finding(
        code,
        case.host,
        observed=f"Content-Encoding: {encoding(where[0][1])} "
        f"{at_addresses([one for one, _answer in where])}",
        expected="no compression unless it was asked for",
        remedy="leave this path out of compression",
    )


def media_type(value: str) -> str:
    """The media type of a Content-Type, in lower case, without its parameters."""
    return value.partition(";")[0].strip(" \t").lower()


def encoding(answer: HttpAnswer) -> str:
    """The compression of an answer; "" where there is none."""
    value = (answer.header("content-encoding") or "").strip(" \t").lower()
    return "" if value == "identity" else value


def _media_type(case: Case, code: str, observed: str, where: Sequence[HttpsObservation]) -> Finding:
    return case.finding(
        code,
        case.host,
        observed=f"{observed} {at_addresses(where)}",
        expected="Content-Type: text/plain",
        remedy="Content-Type: text/plain; charset=utf-8",
    )


def _slow(case: Case, good: Sequence[tuple[HttpsObservation, HttpAnswer]]) -> Iterator[Finding]:
    if not good:
        return
    one, answer = max(good, key=lambda pair: pair[1].whole_s)
    late = impatient(answer.first_byte_s, answer.whole_s)
    if late:
        yield case.finding(
            "policy-slow",
            case.host,
            observed=f"first byte after {answer.first_byte_s:.1f} s, whole after "
            f"{answer.whole_s:.1f} s, at {one.address}; "
            + "; ".join(f"{who} gives up at {limit:g} s" for limit, who in late),
            expected="the whole answer within 2 s, cold start and handshake included",
            remedy="keep an instance warm",
            senders=tuple(who for _limit, who in late),
        )


def _folder(case: Case) -> Iterator[Finding]:
    if case.own is None or case.body is None or case.body == case.own.body:
        return
    yield case.finding(
        "policy-unlike-folder",
        case.host,
        observed=f"a text whose id is {policy_id(case.body)}",
        expected=f"the text of the policy folder here, whose id is {policy_id(case.own.body)}",
        remedy="put the text on line, and only then publish its id",
    )


def _text(case: Case) -> Iterator[Finding]:
    if case.body is None:
        return
    url = policy_url(case.seen.domain)
    for said in review.text(case.seen.domain, case.body, subject=url, to_ascii=case.to_ascii):
        better = _known_better(case, said)
        yield replace(better, observed=cut(better.observed))


def _known_better(case: Case, said: Finding) -> Finding:
    """The finding of a review, which asks nobody, with what a check knows."""
    hosts = mx.hosts(case.seen)
    if said.code == "policy-too-large" and len(case.body or b"") > MAX_POLICY_BYTES:
        return replace(said, observed=f"more than {MAX_POLICY_BYTES} bytes")
    if said.code in ("mx-missing", "mx-missing-in-none", "mx-ipv4-address") and hosts:
        return replace(said, remedy=mx.lines(hosts))
    if said.code == "mx-covers-own-domain" and hosts:
        return replace(said, remedy=mx.narrower(case.seen.domain, hosts))
    if said.code == "mode-none":
        return _withdrawal(case, said)
    return said


def _withdrawal(case: Case, said: Finding) -> Finding:
    """When record and host may go: RFC 8461, 8.3."""
    before = case.earlier.held if case.earlier else ()
    held = [one for one in before if one.mode != Mode.NONE]
    if not held:
        return said
    last = max(held, key=lambda one: one.until)
    ttl = case.seen.sts.full_ttl
    over = f"after {minute(last.until)}"
    return replace(
        said,
        expected=f"record and file kept until {minute(last.until)}: mode {last.mode} with max_age "
        f"{last.max_age} was last seen {minute(last.last_seen)}",
        remedy=f"{over} delete the TXT record {case.record_name}, and "
        f"{f'{ttl} s' if ttl else 'its TTL'} later the host {case.host}",
    )

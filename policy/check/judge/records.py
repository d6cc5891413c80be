"""Judge the STS record, and what the zone's own servers say beside the resolver."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from policy.check.judge.context import Case, listed, words
from policy.check.model import Answers, Lookup, MxHost, Outcome
from policy.errors import RecordSyntaxError
from policy.findings import Finding, Severity
from policy.model import StsRecord, policy_id
from policy.record import FIRST_TTL, Record, is_id_of, sts

_T = TypeVar("_T")
_WSP = " \t"


def findings(case: Case) -> Iterator[Finding]:
    """Findings about the STS record."""
    found = case.seen.sts.resolver
    if found.outcome is Outcome.UNKNOWN:
        yield case.finding(
            "record-lookup-failed",
            case.record_name,
            observed=found.reason,
            expected="an answer, also that there is no record",
            remedy=_ask(found.name, found.kind),
        )
        return
    reading = case.record
    if len(reading.kept) > 1:
        yield _duplicate(case)
    elif reading.has_blank:
        yield _said(
            case,
            "record-blank-before-semicolon",
            words(reading.near[0]),
            "no blank before the first ';'",
        )
    elif not reading.kept:
        yield _version(case, reading.near) if reading.near else _missing(case)
    if reading.fault is not None and (reading.kept or reading.has_blank):
        yield _fault(case, reading.fault, words((reading.kept or reading.near)[0]))
    yield from _beside(case)
    yield from _id(case)


def recommended(case: Case) -> Record | None:
    """The record as it should be; ``None`` where the one that is there is right.

    Its id is the one that goes with the text: of the policy kept here, else of the text on line,
    else one that nobody has seen.
    """
    found = case.seen.sts.resolver
    if found.outcome is Outcome.UNKNOWN or not case.is_published:
        return None
    ttl = case.seen.sts.full_ttl or FIRST_TTL
    name = found.chain[-1] if found.chain else case.record_name
    should = sts(case.seen.domain, _right_id(case), ttl)
    should = Record(name, should.kind, should.value, should.ttl)
    return None if _is_right(case) else should


def zone_line(record: Record) -> str:
    """A record as a zone file has it; our values hold no quote."""
    return f'{record.name}. {record.ttl} IN {record.kind} "{record.value}"'


def differences(case: Case) -> Iterator[Finding]:
    """Where the zone's own servers answer otherwise than the resolver, or than each other."""
    seen, host = case.seen, case.seen.policy_host
    yield from _differ(case, seen.sts, _texts)
    yield from _differ(case, host.ipv6, _plain)
    yield from _differ(case, host.ipv4, _plain)
    yield from _differ(case, seen.mx, _mx)
    yield from _differ(case, seen.tlsrpt, _texts)


def _is_right(case: Case) -> bool:
    record = case.record.record
    if record is None or case.record.has_blank or len(case.record.kept) != 1:
        return False
    if _has_two_ids(words(case.record.kept[0])):
        return False
    return record.policy_id == _right_id(case)


def _right_id(case: Case) -> str:
    if case.own is not None and (case.body is None or case.body == case.own.body):
        known = case.record.record.policy_id if case.record.record else ""
        is_ours = is_id_of(known, case.own.body, case.own.policy_id)
        return known if is_ours else case.own.policy_id
    record = case.record.record
    if record is not None and not is_stale(case):
        return record.policy_id
    return policy_id(case.body) if case.body else case.at.strftime("%Y%m%dT%H%M%SZ")


def is_stale(case: Case) -> bool:
    """Whether the text is another one than at the last check, and the id is still the same."""
    record, before = case.record.record, case.earlier
    if record is None or before is None or case.body is None:
        return False
    is_changed = bool(before.text_id) and before.text_id != policy_id(case.body)
    return is_changed and before.record_id == record.policy_id


def _missing(case: Case) -> Finding:
    found = case.seen.sts.resolver
    led = f", at the end of {' → '.join([found.name, *found.chain])}" if found.chain else ""
    others = f"; {len(case.record.unrelated)} other TXT records" if case.record.unrelated else ""
    if not case.is_published:
        return case.finding(
            "record-missing",
            case.record_name,
            observed=(found.reason or "no such record") + led + others,
            expected="a record and a policy, first in testing",
            remedy=f"mta-sts init {case.seen.domain}",
            severity=Severity.WARNING,
        )
    return _said(
        case,
        "record-missing",
        (found.reason or "no record that begins with 'v=STSv1;'") + led + others,
        "one record that begins with 'v=STSv1;'",
    )


def _duplicate(case: Case) -> Finding:
    should = recommended(case)
    right = should.value if should else ""
    remedy = zone_line(should) if should else ""
    return case.finding(
        "record-duplicate",
        case.record_name,
        observed="; ".join(words(record) for record in case.record.kept),
        expected="one of them",
        remedy=f"delete all but this one:\n{remedy}" if right else "delete all but the right one",
    )


def _version(case: Case, near: tuple[bytes, ...]) -> Finding:
    text = words(near[0])
    return _said(
        case,
        "record-version-invalid",
        "; ".join(words(record) for record in near),
        "'v=STSv1;' at the very beginning",
        form=_version_form(text),
    )


def _version_form(text: str) -> str:
    if text[:1] in _WSP and text.lstrip(_WSP).startswith("v=STSv1;"):
        return "leading-blank"
    if text.startswith('"'):
        return "quotes"
    if re.match("v=stsv1;", text, re.IGNORECASE | re.ASCII):
        return "other-case"
    return "not-first" if "v=STSv1" in text.partition(";")[2] else "other-version"


def _fault(case: Case, fault: RecordSyntaxError, text: str) -> Finding:
    where = f" at character {fault.position}" if fault.position else ""
    return _said(
        case,
        fault.code,
        text,
        f"{fault.expected}{where}",
        form=_form(fault.code, fault.found, text),
    )


def _form(code: str, found: str | None, text: str) -> str:
    """Which of the measured forms a fault has, "" where it is the usual one or was not measured."""
    said = found or ""
    if code == "record-id-missing":
        return "other-case" if re.search(r"(?i)[; \t]id=", text) else ""
    if code == "record-id-invalid":
        return "" if said.strip(_WSP) == said and said else "trailing-blank" if said else "empty"
    if code == "record-field-malformed":
        if not said:
            return "empty-field"
        if re.search(r"[ \t]=|=[ \t]", said):
            return "blank-round-equals"
        return "blank-in-value" if re.search(r"[^ \t][ \t][^ \t]", said) else ""
    return ""


def _beside(case: Case) -> Iterator[Finding]:
    """Other data at the name, and the record where nobody looks."""
    strays = (*case.record.unrelated, *(case.record.near if case.record.kept else ()))
    if strays:
        yield case.finding(
            "record-unrelated",
            case.record_name,
            observed=listed((words(record) for record in strays), 3),
            expected="the policy record alone",
            remedy="delete the other records at that name",
        )
    found, alias = case.seen.sts.resolver, case.seen.sts_alias
    if alias is not None and alias.values and found.values and not found.chain:
        yield case.finding(
            "record-beside-alias",
            case.record_name,
            observed=f"TXT {listed((words(b''.join(each)) for each in found.values), 3)}; "
            f"CNAME {listed(alias.values)}",
            expected="the TXT record, or the CNAME alone",
            remedy=f"delete the CNAME at {case.record_name}, or the TXT record there",
        )
    apex = [b"".join(strings) for strings in case.seen.apex.values]
    if misplaced := [record for record in apex if record.lower().startswith(b"v=stsv1")]:
        yield case.finding(
            "record-misplaced",
            case.seen.domain,
            observed=words(misplaced[0]),
            expected=f"such a record at {case.record_name} alone",
            remedy=f"delete it at {case.seen.domain}",
        )


def _id(case: Case) -> Iterator[Finding]:
    record, own = case.record.record, case.own
    if record is None:
        return
    text = words((case.record.kept or case.record.near)[0])
    if _has_two_ids(text):
        yield _said(case, "record-id-duplicate", text, f"id={record.policy_id} alone")
    is_text_ours = own is not None and (case.body is None or case.body == own.body)
    if own is not None and is_text_ours and not is_id_of(record.policy_id, own.body, own.policy_id):
        yield _said(case, "record-id-unlike-text", f"id={record.policy_id}", f"id={own.policy_id}")


def _has_two_ids(text: str) -> bool:
    return len(re.findall(r";[ \t]*id=", text)) > 1


def _said(case: Case, code: str, observed: str, expected: str, form: str = "") -> Finding:
    """A finding whose remedy is the record as it should be."""
    should = recommended(case)
    return case.finding(
        code,
        case.record_name,
        observed=observed,
        expected=expected,
        remedy=zone_line(should) if should else str(StsRecord(_right_id(case))),
        form=form,
    )


def _differ(
    case: Case, said: Answers[_T], shown: Callable[[tuple[_T, ...]], str]
) -> Iterator[Finding]:
    others = said.otherwise
    if not others:
        return

    def text(found: Lookup[_T]) -> str:
        if found.chain:
            return f"CNAME {found.chain[0]}"
        return shown(found.values) if found.outcome is Outcome.ANSWER else found.reason or "nothing"

    known = [one for one in said.zone if one.outcome in (Outcome.ANSWER, Outcome.ABSENT)]
    distinct = {text(one) for one in known}
    subject = f"{said.resolver.name} {said.resolver.kind}"
    told = "; ".join(f"{one.server or 'a server of the zone'}: {text(one)}" for one in known)
    if len(distinct) > 1:
        yield case.finding(
            "dns-servers-disagree",
            subject,
            observed=told,
            expected="one answer from all servers of the zone",
            remedy=f"bring the same data to all of them, then:\ndig +nssearch {case.seen.domain}",
        )
    else:
        yield case.finding(
            "dns-answers-differ",
            subject,
            observed=f"the resolver: {text(said.resolver)}; {told}",
            expected="the answer of the zone",
            remedy=f"wait {said.resolver.ttl} s, then ask again"
            if said.resolver.ttl
            else "wait until the resolver asks again, as long as the SOA record lets it remember",
        )


def _ask(name: str, kind: str) -> str:
    return f"dig {kind} {name}"


def _texts(values: tuple[tuple[bytes, ...], ...]) -> str:
    return listed(sorted(words(b"".join(strings)) for strings in values))


def _plain(values: tuple[str, ...]) -> str:
    return listed(sorted(values))


def _mx(values: tuple[MxHost, ...]) -> str:
    return listed(f"{one.preference} {one.host}" for one in sorted(values, key=lambda v: v.host))

"""Judge the TLSRPT record and the addresses that reports go to (RFC 8460, 3)."""

from collections.abc import Iterator, Sequence

from policy import txt
from policy.check.judge.context import Case, words
from policy.check.judge.host import told
from policy.check.judge.records import zone_line
from policy.check.model import HostAddresses, Lookup, MxHost, Outcome, RcptAnswer, RuaObservation
from policy.domain import TLSRPT_PREFIX
from policy.errors import RecordSyntaxError
from policy.findings import Finding
from policy.model import TlsrptRecord
from policy.record import FIRST_TTL, Record

_NULL_MX = "."
_WSP = " \t"
_PERMANENT = 500  # a 4xx may be greylisting, which says nothing of the mailbox
_SHARED_CODES = {  # policy.txt has one name for both records
    "record-field-malformed": "tlsrpt-field-malformed",
    "record-not-ascii": "tlsrpt-not-ascii",
}


def record(answers: Sequence[Sequence[bytes]]) -> TlsrptRecord | RecordSyntaxError:
    """The one TLSRPT record, or why there is none."""
    try:
        return txt.the_tlsrpt_record(answers)
    except RecordSyntaxError as fault:
        return fault


def findings(case: Case) -> Iterator[Finding]:
    """Findings about the record and about each address in it."""
    found = case.seen.tlsrpt.resolver
    if found.outcome is Outcome.UNKNOWN:
        yield case.finding(
            "tlsrpt-lookup-failed",
            case.tlsrpt_name,
            observed=found.reason,
            expected="an answer, also that there is no record",
            remedy=f"dig TXT {found.name}",
        )
        return
    read = record(found.values)
    if isinstance(read, RecordSyntaxError):
        yield _fault(case, read)
        return
    if len(read.rua) > 1:
        yield case.finding(
            "tlsrpt-rua-several",
            case.tlsrpt_name,
            observed=",".join(read.rua),
            expected="the mailbox that must not miss a report as the first",
            remedy="let the first one be a mailbox of your own",
        )
    for address in case.seen.rua:
        yield from _address(case, address)


def recommended(case: Case) -> Record | None:
    """The record as it should be; ``None`` where the one that is there is right.

    Addresses that can be read in a record with a fault are kept.
    """
    found = case.seen.tlsrpt.resolver
    if found.outcome is Outcome.UNKNOWN:
        return None
    read = record(found.values)
    if not isinstance(read, RecordSyntaxError):
        return None
    ttl = case.seen.tlsrpt.full_ttl or FIRST_TTL
    name = found.chain[-1] if found.chain else case.tlsrpt_name
    rua = _readable(found.values) or (f"mailto:tlsrpt@{case.seen.domain}",)
    return Record(name, "TXT", str(TlsrptRecord(rua)), ttl)


def _readable(answers: Sequence[Sequence[bytes]]) -> tuple[str, ...]:
    """The addresses in records with a fault that are right by themselves, or with mailto:."""
    given = [
        uri.strip(_WSP)
        for strings in answers
        for part in words(b"".join(strings)).split(";")
        if part.partition("=")[0].strip(_WSP).lower() == "rua"
        for uri in part.partition("=")[2].split(",")
    ]
    good = (_uri(text) or _uri(f"mailto:{text}") for text in given)
    return tuple(dict.fromkeys(uri for uri in good if uri))


def _uri(text: str) -> str:
    try:
        return txt.tlsrpt_record(f"v=TLSRPTv1; rua={text}").rua[0]
    except RecordSyntaxError:
        return ""


def _fault(case: Case, fault: RecordSyntaxError) -> Finding:
    code = _SHARED_CODES.get(fault.code, fault.code)
    texts = [words(b"".join(strings)) for strings in case.seen.tlsrpt.resolver.values]
    should = recommended(case)
    where = f" at character {fault.position}" if fault.position else ""
    none = case.seen.tlsrpt.resolver.reason or "no such record"
    return case.finding(
        code,
        case.tlsrpt_name,
        observed="; ".join(texts) or none,
        expected=fault.expected + where,
        remedy=zone_line(should) if should else "",
    )


def _address(case: Case, one: RuaObservation) -> Iterator[Finding]:
    if not one.mailbox:
        yield from _place(case, one, one.addresses)
    elif one.mx is not None and one.mx.outcome is Outcome.ANSWER and not _is_null(one.mx):
        yield from _mailbox(case, one)
    elif one.mx is not None and one.mx.outcome is Outcome.UNKNOWN:
        yield _unseen(case, one, one.mx.reason)
    elif one.mx is not None and _is_null(one.mx):
        yield _nowhere(case, one, f"{one.host} takes no mail: MX 0 .")
    else:
        yield from _place(case, one, one.addresses)
        if one.addresses is not None and one.addresses.addresses:
            yield from _mailbox(case, one)


def _place(case: Case, one: RuaObservation, found: HostAddresses | None) -> Iterator[Finding]:
    if found is None:
        reason = one.mx.reason if one.mx is not None else ""
        yield _nowhere(case, one, f"{one.host}: {reason or 'no name of a host'}")
        return
    if found.addresses:
        return
    unknown = [said for said in (found.ipv6, found.ipv4) if said.outcome is Outcome.UNKNOWN]
    if unknown:
        yield _unseen(case, one, unknown[0].reason)
    else:
        yield _nowhere(case, one, f"{found.name}: {found.ipv4.reason or 'no address'}")


def _mailbox(case: Case, one: RuaObservation) -> Iterator[Finding]:
    if one.addresses is not None and one.rcpt is None and not one.addresses.addresses:
        yield from _place(case, one, one.addresses)
        return
    if one.rcpt is None or one.rcpt.outcome is Outcome.ANSWER:
        return
    said = f"{one.rcpt.host}: {replied(one.rcpt)}"
    if one.rcpt.code >= _PERMANENT:
        yield case.finding(
            "rua-mailbox-refused",
            one.uri,
            observed=said,
            expected="250 to RCPT",
            remedy=f"send a mail from another provider to {one.mailbox}",
        )
    elif one.rcpt.code or one.rcpt.fault is None:
        yield _unseen(case, one, said)
    else:
        yield _unseen(case, one, f"{one.rcpt.host}: {told(one.rcpt.fault)}")


def replied(rcpt: RcptAnswer) -> str:
    """A reply with its code."""
    code = str(rcpt.code)
    return rcpt.text if rcpt.text.startswith(code) else f"{code} {rcpt.text}".rstrip()


def _nowhere(case: Case, one: RuaObservation, observed: str) -> Finding:
    return case.finding(
        "rua-domain-missing",
        one.uri,
        observed=observed,
        expected="a place that takes reports",
        remedy=f"write an address that takes mail into the TXT record {TLSRPT_PREFIX}"
        f"{case.seen.domain}",
    )


def _unseen(case: Case, one: RuaObservation, observed: str) -> Finding:
    return case.finding(
        "rua-not-looked-at",
        one.uri,
        observed=observed,
        expected="an answer",
        remedy=f"send a mail from another provider to {one.mailbox or one.uri}",
    )


def _is_null(found: Lookup[MxHost]) -> bool:
    return [said.host for said in found.values] == [_NULL_MX]

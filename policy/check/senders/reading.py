"""How a sender reads record and policy: what it was seen to take, else what RFC 8461 says."""

from collections.abc import Sequence
from dataclasses import dataclass

from policy import parse, review
from policy.check.judge import Case
from policy.check.judge.context import words
from policy.check.senders.known import Sender
from policy.domain import policy_url
from policy.findings import Finding, Severity
from policy.measured import RECORD_READERS
from policy.model import MAX_MAX_AGE, Mode

_PMSR = "pmsr"


@dataclass(frozen=True, slots=True)
class Taken:
    """A policy as a sender holds it; the mx values are as the sender has them."""

    mode: Mode
    max_age: int
    mx: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """It takes no record or no policy; ``is_sure`` is false where nobody has seen it there."""

    why: str
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Unread:
    """It takes the text, or may, and what it makes of it is not known here."""

    why: str


def record(sender: Sender, case: Case, said: Sequence[Finding]) -> Refused | None:
    """Why it takes no record, if it does not; ``said`` are the findings about the record."""
    texts = [b"".join(strings) for strings in case.seen.sts.resolver.values]
    if sender.reader == _PMSR:
        return _pmsr_record(texts)
    faults = [
        one
        for one in said
        if one.code.startswith("record-")
        and one.severity is not Severity.NOTICE
        and one.code not in ("record-id-unchanged", "record-ahead-of-policy")
    ]
    for fault in faults:
        is_measured = sender.reader in RECORD_READERS and bool(fault.senders)
        if sender.label in fault.senders or (fault.severity is Severity.ERROR and not is_measured):
            return Refused(f"{fault.code}: {fault.observed}", is_measured or not fault.senders)
    return None


def policy(sender: Sender, case: Case, body: bytes, charset: str) -> Taken | Refused | Unread:
    """What it holds after reading a body, or why it refuses it."""
    if sender.limit is not None and len(body) > sender.limit:
        if not sender.cuts:
            return Refused(f"more than {sender.limit} bytes")
        body = body[: sender.limit]
    if sender.reader == _PMSR:
        return _pmsr_policy(body, charset)
    read = parse.reading(body)
    url = policy_url(case.seen.domain)
    said = review.text(case.seen.domain, body, subject=url, to_ascii=case.to_ascii)
    cut = ("policy-long",) if sender.cuts else ()
    if refusing := [one for one in said if sender.label in one.senders and one.code not in cut]:
        return Refused(_why(refusing[0]))
    if read.policy is None:
        unmeasured = [one for one in said if one.severity is Severity.ERROR and not one.senders]
        if unmeasured or not sender.reader:
            return Refused(_why((unmeasured or list(said))[0]), is_sure=False)
    return _held(sender, read)


def _held(sender: Sender, read: parse.Reading) -> Taken | Refused | Unread:
    """The fields that count for it; of a policy with faults those that can be read."""
    single: dict[str, str] = {}
    for entry in read.fields:
        if sender.last_counts:
            single[entry.name] = entry.value
        else:
            single.setdefault(entry.name, entry.value)
    mode, age = single.get("mode", "").lower(), single.get("max_age", "")
    if mode not in set(Mode):
        return Unread("a text with faults that it is known to take; how it reads it is not known")
    max_age = int(age) if age.isascii() and age.isdigit() and len(age) <= 10 else 0
    if max_age < sender.least_max_age:
        return Refused(f"max_age {max_age}, under {sender.least_max_age}, is ignored")
    mx = tuple(entry.value for entry in read.fields if entry.name == "mx")
    return Taken(Mode(mode), min(max_age, MAX_MAX_AGE), mx)


def _why(said: Finding) -> str:
    where = f" in line {said.line}" if said.line else ""
    return f"{said.code}{where}: {said.observed}" if said.observed else said.code + where


def _pmsr_record(texts: Sequence[bytes]) -> Refused | None:
    """As postfix-mta-sts-resolver 1.5.1 reads records: read in its source, and measured."""
    begun = [words(text) for text in texts if text.isascii() and text.startswith(b"v=STSv1")]
    if len(begun) != 1:
        return Refused(f"{len(begun)} records that begin with v=STSv1")
    fields = dict(part.strip().partition("=")[::2] for part in begun[0].split(";") if part.strip())
    if fields.get("v") != "STSv1" or "id" not in fields:
        return Refused(f"no v=STSv1 and id in {begun[0]!r}")
    return None


def _pmsr_policy(body: bytes, charset: str) -> Taken | Refused:
    """As postfix-mta-sts-resolver 1.5.1 reads texts: the last one counts, lines end in any way."""
    try:
        text = body.decode(charset or "ascii")
    except (LookupError, UnicodeDecodeError) as error:
        return Refused(f"no {charset or 'ascii'}: {error}")
    single: dict[str, str] = {}
    mx: list[str] = []
    for line in text.splitlines():
        name, _colon, value = line.rstrip().partition(":")
        if name == "mx":
            mx.append(value.lstrip())
        else:
            single[name] = value.lstrip()
    try:
        max_age = int(single.get("max_age", "-1"))
    except ValueError:
        max_age = -1
    if single.get("version") != "STSv1" or not 0 <= max_age <= MAX_MAX_AGE:
        return Refused("no version STSv1, or no max_age that can be")
    mode = single.get("mode")
    if mode not in set(Mode) or (mode != Mode.NONE and not mx):
        return Refused("no mode that is known, or no mx")
    return Taken(Mode(mode), max_age, tuple(mx))

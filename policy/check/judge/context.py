"""What the judge is given beside the observation, and what it reads out of it first."""

import re
import shlex
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from policy import parse, txt
from policy.check.model import HttpAnswer, HttpsObservation, Observation, Outcome
from policy.domain import HOST_PREFIX, RECORD_PREFIX, TLSRPT_PREFIX, is_domain
from policy.errors import RecordSyntaxError
from policy.findings import Finding, Severity
from policy.model import MAX_POLICY_BYTES, Mode, MxPattern, Policy, StsRecord
from policy.register import REGISTER, finding
from policy.remedy import Converter

_START = b"v=STSv1;"
_NEAR = re.compile(rb"v\s*=[\s\"]*sts", re.IGNORECASE)  # two stars of blanks would be quadratic
_BLANK_BEFORE = re.compile(rb"v=STSv1[ \t]+;")
_GZIP = 31  # zlib's window bits for a gzip header


@dataclass(frozen=True, slots=True)
class Own:
    """The policy that is kept here for the domain: the file's bytes and the id that goes with it."""

    body: bytes
    policy_id: str


@dataclass(frozen=True, slots=True)
class Held:
    """A policy that was seen or served: senders may hold it ``max_age`` seconds from then."""

    mode: str
    max_age: int
    last_seen: datetime

    @property
    def until(self) -> datetime:
        """When the last of them has let go of it, but for the TTL of the record."""
        return self.last_seen + timedelta(seconds=self.max_age)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier check of the domain saw; "" and ``None`` where it could not look.

    ``text_id`` is the hash of the body (policy.model.policy_id), ``certificates`` the serials by
    host, ``held`` all policies that checks saw or this host served before.
    """

    at: datetime
    record_id: str = ""
    text_id: str = ""
    mx_hosts: tuple[str, ...] | None = None
    certificates: Mapping[str, str] = field(default_factory=dict)
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordReading:
    """The TXT records at ``_mta-sts``, sorted as a sender sorts them (RFC 8461, 3.1).

    ``record`` is the one that counts, also where only a blank before its first ";" is wrong.
    """

    kept: tuple[bytes, ...] = ()  # begin with "v=STSv1;"
    near: tuple[bytes, ...] = ()  # were meant to
    unrelated: tuple[bytes, ...] = ()
    record: StsRecord | None = None
    fault: RecordSyntaxError | None = None
    has_blank: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """An observation with all that is needed to judge it."""

    seen: Observation
    own: Own | None
    earlier: Earlier | None
    to_ascii: Converter | None
    record: RecordReading
    answered: HttpsObservation | None  # the first address whose answer has status 200
    body: bytes | None  # of that answer, unpacked where it was packed
    reading: parse.Reading | None

    @property
    def at(self) -> datetime:
        """When the look began."""
        return self.seen.at

    @property
    def policy(self) -> Policy | None:
        """The policy on line, where it can be read."""
        return self.reading.policy if self.reading else None

    @property
    def patterns(self) -> tuple[MxPattern, ...]:
        """The mx patterns on line, also where something else in the text is wrong."""
        if self.policy is not None:
            return self.policy.mx
        entries = self.reading.fields if self.reading else ()
        named = [entry.value for entry in entries if entry.name == "mx"]
        return tuple(MxPattern(text) for text in named if is_domain(text.removeprefix("*.")))

    @property
    def record_name(self) -> str:
        """Where the STS record belongs."""
        return RECORD_PREFIX + self.seen.domain

    @property
    def tlsrpt_name(self) -> str:
        """Where the TLSRPT record belongs."""
        return TLSRPT_PREFIX + self.seen.domain

    @property
    def host(self) -> str:
        """The policy host."""
        return HOST_PREFIX + self.seen.domain

    @property
    def mode(self) -> Mode | None:
        """The mode that senders go by: that of the policy on line, else of one they still hold."""
        if self.taken is not None:
            return self.taken.mode
        held = self.held
        return Mode(held.mode) if held else None

    @property
    def taken(self) -> Policy | None:
        """The policy on line, where senders may take it."""
        is_believed = self.answered is None or self._is_believed(self.answered)
        return self.policy if is_believed else None

    def _is_believed(self, one: HttpsObservation) -> bool:
        """Whether senders take a policy from there: the certificate is for them, or was not seen."""
        shown = one.tls.certificate if one.tls is not None else None
        if one.tls is None or shown is None or shown.inspected_by:
            return True
        return one.tls.is_trusted and shown.names(self.host)

    @property
    def held(self) -> Held | None:
        """The policy from before that senders may hold the longest, where one still counts."""
        before = self.earlier.held if self.earlier else ()
        alive = [one for one in before if one.until > self.at and one.mode != Mode.NONE]
        return max(alive, key=lambda one: (one.mode == Mode.ENFORCE, one.until), default=None)

    @property
    def is_published(self) -> bool:
        """Whether the domain publishes MTA-STS at all, be it with faults."""
        has_record = bool(self.record.kept or self.record.near)
        has_text = self.reading is not None and any(
            entry.name in parse.KNOWN_FIELDS for entry in self.reading.fields
        )
        is_unknown = self.seen.sts.resolver.outcome is Outcome.UNKNOWN
        return has_record or has_text or is_unknown or self.held is not None or bool(self.own)

    def severity(self, code: str) -> Severity:
        """How much a finding about an MX host matters under the mode that counts."""
        rule = REGISTER[code]
        if rule.unenforced is None or self.mode is Mode.ENFORCE:
            return rule.severity
        return Severity.NOTICE if self.mode is Mode.NONE else rule.unenforced

    def finding(
        self,
        code: str,
        subject: str,
        *,
        observed: str,
        expected: str,
        remedy: str,
        form: str = "",
        severity: Severity | None = None,
        senders: tuple[str, ...] | None = None,
    ) -> Finding:
        """A finding about this domain."""
        return finding(
            code,
            self.seen.domain,
            subject,
            observed=cut(observed),
            expected=expected,
            remedy=remedy,
            form=form,
            severity=severity or self.severity(code),
            senders=senders,
        )


def case(
    seen: Observation,
    own: Own | None = None,
    earlier: Earlier | None = None,
    to_ascii: Converter | None = None,
) -> Case:
    """What there is to judge."""
    answered = next((one for one in seen.policy_host.seen if _status(one) == 200), None)
    body = unpacked(answered.answer) if answered and answered.answer else None
    reading = parse.reading(body) if body is not None else None
    records = [b"".join(strings) for strings in seen.sts.resolver.values]
    return Case(seen, own, earlier, to_ascii, reading_of(records), answered, body, reading)


def reading_of(records: Iterable[bytes]) -> RecordReading:
    """TXT records as a sender sorts and reads them (RFC 8461, 3.1)."""
    all_ = tuple(records)
    kept = tuple(record for record in all_ if record.startswith(_START))
    near = tuple(r for r in all_ if not r.startswith(_START) and _NEAR.search(r))
    unrelated = tuple(r for r in all_ if r not in kept and r not in near)
    sorted_ = RecordReading(kept, near, unrelated)
    if len(kept) > 1 or (not kept and len(near) != 1):
        return sorted_
    text = kept[0] if kept else near[0]
    blank = _BLANK_BEFORE.match(text)
    has_blank = not kept and blank is not None
    if has_blank and blank is not None:
        text = _START + text[blank.end() :]
    try:
        return RecordReading(kept, near, unrelated, txt.sts_record(text), has_blank=has_blank)
    except RecordSyntaxError as fault:
        return RecordReading(kept, near, unrelated, fault=fault, has_blank=has_blank)


def unpacked(answer: HttpAnswer) -> bytes | None:
    """The body, without the compression that nobody asked for; ``None`` where we know it not."""
    encoding = (answer.header("content-encoding") or "identity").strip().lower()
    if encoding in ("identity", ""):
        return answer.body
    if encoding not in ("gzip", "x-gzip"):
        return None
    try:
        return zlib.decompressobj(_GZIP).decompress(answer.body, MAX_POLICY_BYTES + 1)
    except zlib.error:
        return None


def cut(observed: str, limit: int = 500) -> str:
    """As much of a foreign text as a finding shows."""
    return observed if len(observed) <= limit else observed[:limit] + "…"


def argument(name: str) -> str:
    """A name out of DNS, which may hold anything, as a command to copy has it."""
    return shlex.quote(name)


def words(record: bytes) -> str:
    """A TXT record as text, whatever its bytes."""
    return record.decode("latin-1")


def listed(items: Iterable[str], limit: int = 5, between: str = ", ") -> str:
    """The first ``limit`` items in a line, and how many more there are."""
    all_ = list(items)
    more = len(all_) - limit
    return between.join(all_[:limit]) + (f" and {more:,} more" if more > 0 else "")


def _status(one: HttpsObservation) -> int:
    return one.answer.status if one.answer is not None else 0

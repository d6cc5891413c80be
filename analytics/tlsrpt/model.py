"""A TLS report and what is known of it. Values only; RFC 8460, section 4 names the fields.

What a report is made of are msgspec structs: a frozen dataclass of eleven fields takes eight times
as long to make, which is a sixth of the time that a report takes. ``msgspec.structs.replace`` changes
one, where a dataclass has ``dataclasses.replace``.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

import msgspec
from msgspec import Struct

_encoded = msgspec.json.Encoder().encode


class Channel(StrEnum):
    """How bytes reached us."""

    FILE = "file"  # a file that is no mail, or stdin
    MAIL = "mail"
    HTTPS = "https"  # posted to our endpoint (RFC 8460, 5.4)


class Status(StrEnum):
    """What became of a report or item."""

    NEW = "new"
    DUPLICATE = "duplicate"  # the same content was seen before, whichever revision it is
    REVISED = "revised"  # the same report with other content: both are kept, the last received wins
    REJECTED = "rejected"  # beyond repair; the reason says where, what was expected and found
    OTHER = "other"  # no TLS report: a DMARC report, another mail, another file


class Authentication(StrEnum):
    """Whether the report is from who it says (RFC 8460, 3 and 5.3), the two levels of proof first."""

    PASS = "pass"  # noqa: S105 - a valid, aligned DKIM signature
    RECEIVER = "receiver"  # the named receiver says so in Authentication-Results
    UNALIGNED = "unaligned"  # valid, but of neither From nor the contact
    FAIL = "fail"
    UNVERIFIABLE = "unverifiable"  # the key is gone: the mail is old
    TEMP_ERROR = "temp-error"  # DNS failed; asked again at the next run
    NONE = "none"  # not signed, as everything that comes by HTTPS or as a bare file
    SKIPPED = "skipped"  # not looked at: --no-dkim


PROVEN = (Authentication.PASS, Authentication.RECEIVER)


@dataclass(frozen=True, slots=True)
class Item:
    """Bytes as a source gave them: one mail, one file, one posted body.

    ``source`` is the place as the administrator gave it, ``member`` what it is within that place
    (a message of an mbox, a file of a folder, a UID); ``policy_domain`` is the domain that a body
    was posted to, "" where the channel does not tell; ``received_at`` is the time that the source
    tells, if any. ``is_sample`` says that nobody sent it.
    """

    source: str
    data: bytes
    channel: Channel
    member: str = ""
    policy_domain: str = ""
    received_at: datetime | None = None
    client_ip: str = ""
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """An item that a source could not give, and why; the run goes on.

    ``data`` is what there is of it where nothing else keeps that.
    """

    source: str
    member: str
    reason: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """How well the origin is proven: the signing domain and selector, and why in words.

    ``from_address`` is the one address of the mail's one From field, in lower case, else "".
    """

    result: Authentication
    domain: str = ""
    selector: str = ""
    reason: str = ""
    from_address: str = ""


class FailureDetail(Struct, frozen=True, gc=False):
    """One group of failed sessions (RFC 8460, 4.3 and 4.4); what is absent or unreadable is None."""

    result_type: str  # as it came, also where no registry knows it
    failed_session_count: int | None
    sending_mta_ip: str | None = None
    receiving_mx_hostname: str | None = None
    receiving_mx_helo: str | None = None
    receiving_ip: str | None = None
    failure_reason_code: str | None = None
    additional_information: str | None = None


class PolicyResult(Struct, frozen=True, gc=False):
    """The sessions under one policy (RFC 8460, 4.4).

    ``policy_domain`` is the mail domain that it is about, as an A-label; ``stated_policy_domain``
    what stands in the report, which is an MX host where the policy is DANE's, or nothing.
    """

    policy_type: str  # sts, tlsa, no-policy-found, or as it came
    policy_domain: str
    stated_policy_domain: str | None
    policy_string: tuple[str, ...]
    mx_hosts: tuple[str, ...]
    successful_session_count: int | None
    failed_session_count: int | None
    failure_details: tuple[FailureDetail, ...] = ()
    held_policy_fingerprint: str | None = None  # of an STS policy text that can be read
    held_policy_mode: str | None = None


class Report(Struct, frozen=True):
    """One report, normalised; ``quirks`` are codes of what was repaired or is not as it should be.

    The codes are those of :mod:`analytics.tlsrpt.quirks`, sorted. ``content`` is the document as it
    was sent, in canonical JSON, and the domains that were inferred.
    """

    report_id: str | None
    organization_name: str | None
    contact_info: str | None
    range_started_at: datetime
    range_ended_at: datetime
    policies: tuple[PolicyResult, ...]
    quirks: tuple[str, ...]
    content: bytes

    @property
    def policy_domains(self) -> tuple[str, ...]:
        """The policy domains that it is about, sorted, each once."""
        if len(self.policies) == 1:
            return (self.policies[0].policy_domain,)
        return tuple(sorted({each.policy_domain for each in self.policies}))

    @property
    def report_key(self) -> str:
        """64 hex digits that are the same for every revision of a report.

        Not the report-id alone, nor with the reporter: some senders use one id for all policy
        domains of a run.
        """
        said = (
            (self.organization_name or "").casefold(),
            self.report_id,
            self.range_started_at,
            self.range_ended_at,
            self.policy_domains,
        )
        return sha256(_encoded(said)).hexdigest()

    @property
    def content_hash(self) -> str:
        """64 hex digits that are the same for the same content in another wrapping."""
        return sha256(self.content).hexdigest()

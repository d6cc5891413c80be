"""The senders whose ways are known, each with where that is known from.

*Measured* is what was run, *read* what stands in the source, *documented* what the operator says.
Where nothing is known of a point the sender is taken to keep to RFC 8461.
"""

from dataclasses import dataclass
from enum import StrEnum

from policy.errors import PolicyError, shown
from policy.measured import LAST_COUNTS, READERS

_KIB = 1024
_DAY = 86_400


class Statuses(StrEnum):
    """Which HTTP statuses hold a policy for a sender."""

    OK = "200"
    ANY_2XX = "2xx"
    ANY = "any"  # but a redirect


class Against(StrEnum):
    """What the certificate of an MX host is held against."""

    HOST = "host"  # the host must match an mx, the certificate must be for the host
    PATTERNS = "patterns"  # any host; the certificate must be for one of the mx patterns


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender; ``reader`` is its key in policy.measured, "" where its reading is not known.

    ``timeout_s`` is for the whole fetch, ``limit`` in bytes, both ``None`` where there is none.
    """

    slug: str
    name: str
    source: str
    keeps: str
    reader: str = ""
    timeout_s: float | None = 60.0  # RFC 8461, 3.3
    statuses: Statuses = Statuses.OK
    needs_plain: bool = True
    limit: int | None = 64 * _KIB
    cuts: bool = False  # reads so far, in place of refusing
    unpacks: bool = True  # takes gzip that it did not ask for
    against: Against = Against.HOST
    takes_common_name: bool = False
    wildcard_spans_labels: bool = False
    least_max_age: int = 0
    note: str = ""

    @property
    def label(self) -> str:
        """Its name as findings have it; "" where its reading was not measured."""
        return READERS.get(self.reader, "")

    @property
    def last_counts(self) -> bool:
        """Whether of a field that stands twice the last one counts for it."""
        return self.reader in LAST_COUNTS


_POSTFIX = (
    "Postfix before 3.10.5, or without the attributes of TLSRPT, holds the certificate against "
    "the mx patterns and not the host's name, and takes a common name where there is no DNS name"
)

SENDERS = (
    Sender(
        "postfix-mta-sts-resolver",
        "Postfix with postfix-mta-sts-resolver 1.5.1",
        "measured, and read",
        "it asks for the record again when its copy is older than 60 s, fetches only when the id "
        "is another, and goes on with the copy beyond max_age while the id is the same",
        "pmsr",
        timeout_s=4.0,
        against=Against.PATTERNS,
        takes_common_name=True,
        note=_POSTFIX,
    ),
    Sender(
        "postfix-tlspol",
        "Postfix with postfix-tlspol ffe1e2d (mailcow)",
        "measured, and read",
        "it does not look at the id: it fetches again when max_age is nearly over, at the latest "
        "after 30 days; that there is no policy it remembers for 30 minutes",
        "tlspol",
        timeout_s=2.0,
        note="Postfix 3.10.5 and later takes the host's name from it, as the RFC has it",
    ),
    Sender(
        "mox",
        "mox 1c95876",
        "measured, and read",
        "it looks for a new id daily, and fetches only when there is one",
        "mox",
        needs_plain=False,
    ),
    Sender(
        "chasquid",
        "chasquid ca2538b",
        "measured, and read",
        "it fetches every policy again each 10 minutes, whatever the id",
        "chasquid",
        limit=10 * _KIB,
        cuts=True,
    ),
    Sender(
        "maddy",
        "maddy, with go-mtasts 1438da2",
        "measured, and read",
        "it looks for a new id every 12 hours, and fetches only when there is one",
        "go-mtasts",
        limit=None,
    ),
    Sender(
        "mailauth",
        "mailauth 7.1.0, lax",
        "measured",
        "it keeps the copy until max_age is over or the id is another",
        "mailauth-lax",
        timeout_s=None,
        statuses=Statuses.ANY_2XX,
        needs_plain=False,
        unpacks=False,
        note="how long it waits was not measured; it took an answer after 8 s",
    ),
    Sender(
        "mailauth-strict",
        "mailauth 7.1.0, strict",
        "measured",
        "it keeps the copy until max_age is over or the id is another",
        "mailauth-strict",
        timeout_s=None,
        unpacks=False,
        note="how long it waits was not measured; it took an answer after 8 s",
    ),
    Sender(
        "mailauth-4",
        "mailauth 4.13.3 (ZoneMTA, WildDuck, mx-connect)",
        "measured, and read",
        "it fetches again at every delivery",
        "mailauth-4",
        timeout_s=15.0,
        statuses=Statuses.ANY_2XX,
        needs_plain=False,
        limit=None,
        unpacks=False,
        wildcard_spans_labels=True,
    ),
    Sender(
        "kumomta",
        "KumoMTA 7bd6f3a",
        "its reading measured, its fetching read",
        "it fetches when the id is another or max_age is over; without a record it keeps its copy",
        "kumomta",
        timeout_s=20.0,
        limit=None,
    ),
    Sender(
        "stalwart",
        "Stalwart 3581255",
        "its reading measured, its fetching read",
        "it fetches when the id is another or max_age is over; a max_age under an hour counts as "
        "a day",
        "stalwart",
        timeout_s=None,
        statuses=Statuses.ANY,
        needs_plain=False,
        limit=1024 * _KIB,
        note="how long it waits is a setting; what its parser of today takes was not measured",
    ),
    Sender(
        "google",
        "Gmail",
        "reports of others, and the NCSC's advice",
        "it fetches after the first mail, which goes out before there is a policy",
        least_max_age=_DAY,
        note="how it reads texts and how long it waits is not known",
    ),
    Sender(
        "microsoft",
        "Exchange Online",
        "documented, and reports of others",
        "mail that is held back comes back to its sender after 24 hours",
        takes_common_name=True,
        note="how it reads texts and how long it waits is not known",
    ),
)

SLUGS = tuple(sender.slug for sender in SENDERS)


class SenderError(PolicyError):
    """There is no such sender here."""

    code = "sender-unknown"


def sender(slug: str) -> Sender:
    """The sender of that name.

    Raises:
        SenderError: its ways are not known here.
    """
    for known in SENDERS:
        if known.slug == slug:
            return known
    raise SenderError(f"expected one of {', '.join(SLUGS)}, found {shown(slug)}")

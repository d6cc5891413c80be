"""What a probe saw. Observations only: what they mean is judged elsewhere."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Outcome(StrEnum):
    """How a look-up ended. *Could not look* is never taken for *not there*."""

    ANSWER = "answer"
    ABSENT = "absent"  # no such name, or no such record at it
    UNKNOWN = "unknown"  # could not look


@dataclass(frozen=True, slots=True)
class Lookup(Generic[T]):
    """What DNS said about one type of record at a name; ``reason`` says why there is no answer."""

    name: str
    kind: str
    outcome: Outcome
    values: tuple[T, ...] = ()
    reason: str = ""
    ttl: int = 0  # seconds that the answer may still be kept
    is_full_ttl: bool = False  # the zone's own server said so; a cache counts it down
    chain: tuple[str, ...] = ()  # the names that CNAMEs led to, in order


@dataclass(frozen=True, slots=True)
class MxHost:
    """An MX record; the host of a null MX (RFC 7505) is "."."""

    preference: int
    host: str  # lower case, without final dot


@dataclass(frozen=True, slots=True)
class Fetch:
    """What came of one GET of a policy.

    ``failed_at`` is the step that failed where there is no answer: address, connection, tls,
    http. The body is cut at one byte more than senders read.
    """

    url: str
    outcome: Outcome
    failed_at: str = ""
    reason: str = ""
    address: str = ""
    status: int = 0
    content_type: str = ""
    location: str = ""
    body: bytes = b""

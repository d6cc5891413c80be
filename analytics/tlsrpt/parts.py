"""Posted bodies that left as event lines (``policy.posted``), put together again.

Lines come in any order and more than once, and some later than others. What lacks a part after
a day is refused and says which; until then it waits.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.tlsrpt.model import Channel, Item, Trouble
from policy.errors import shown
from policy.posted import MAX_BODY, PART

SOURCE = "https"
WAIT = timedelta(hours=24)  # for a part; log lines are seldom a minute late

# what is not compressed is before it is parted, and random bytes then grow by a thousandth
_MAX_PARTS = (MAX_BODY + MAX_BODY // 100) // PART + 1
_GZIP = 16 + zlib.MAX_WBITS


class PartError(ValueError):
    """An event line that is no part of a body."""


@dataclass(frozen=True, slots=True)
class Part:
    """One line: ``number`` of ``count``, from 1; the hash is of the whole body."""

    event_id: str
    received_at: datetime
    policy_domain: str
    client_ip: str
    content_hash: str
    encoding: str
    count: int
    number: int
    data: bytes

    @property
    def of(self) -> tuple[str, str, int]:
        """What all parts of one body agree in."""
        return self.content_hash, self.encoding, self.count


def part(body: object) -> Part:
    """The part that the ``body`` object of an event line is; numbers may be floats, as in a sink.

    Raises:
        PartError: it is none.
    """
    if not isinstance(body, Mapping):
        raise PartError(f"body: expected an object, found {shown(repr(body))}")
    count, number = _number(body, "part_count"), _number(body, "part")
    if not 1 <= number <= count <= _MAX_PARTS:
        raise PartError(f"body.part: expected 1 to {_MAX_PARTS}, found {number} of {count}")
    try:
        received_at = datetime.fromisoformat(_text(body, "received_at"))
        data = base64.b64decode(_text(body, "data"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise PartError(f"body: {error}") from error
    if received_at.tzinfo is None:
        raise PartError("body.received_at: expected a time with its zone")
    return Part(
        event_id=_text(body, "event_id"),
        received_at=received_at,
        policy_domain=_text(body, "policy_domain"),
        client_ip=_text(body, "client_ip"),
        content_hash=_text(body, "content_hash"),
        encoding=_text(body, "encoding"),
        count=count,
        number=number,
        data=data,
    )


def bodies(
    parts: Iterable[Part], *, at: datetime, taken: Container[str] = ()
) -> Iterator[Item | Trouble]:
    """Each body that is whole, as soon as it is, and each that was waited for in vain.

    ``taken`` are the ids of events whose bodies are kept, or were refused, before.
    """
    waiting: dict[str, dict[int, Part]] = {}
    done: set[str] = set()
    for one in parts:
        if one.event_id in taken or one.event_id in done:
            continue
        there = waiting.setdefault(one.event_id, {})
        there[one.number] = one
        if len(there) == one.count or len({each.of for each in there.values()}) > 1:
            done.add(one.event_id)
            yield _joined(list(waiting.pop(one.event_id).values()))
    for there in waiting.values():
        last = max(each.received_at for each in there.values())
        if at - last >= WAIT:
            count = next(iter(there.values())).count
            missing = next(n for n in range(1, count + 1) if n not in there)
            reason = f"part {missing} of {count} has not come within 24 hours"
            yield _trouble(list(there.values()), reason)


def _joined(parts: list[Part]) -> Item | Trouble:
    first = parts[0]
    if len({each.of for each in parts}) > 1:
        return _trouble(parts, "its parts are not of one body")
    data = _data(parts)
    try:
        if first.encoding == "gzip":
            data = zlib.decompressobj(_GZIP).decompress(data, MAX_BODY)
    except zlib.error as error:
        return _trouble(parts, f"it cannot be decompressed: {error}")
    if hashlib.sha256(data).hexdigest() != first.content_hash:
        return _trouble(parts, "its bytes are not those that were posted")
    return Item(
        source=SOURCE,
        data=data,
        channel=Channel.HTTPS,
        member=first.event_id,
        policy_domain=first.policy_domain,
        received_at=first.received_at,
        client_ip=first.client_ip,
    )


def _data(parts: list[Part]) -> bytes:
    return b"".join(each.data for each in sorted(parts, key=lambda each: each.number))


def _trouble(parts: list[Part], reason: str) -> Trouble:
    return Trouble(SOURCE, parts[0].event_id, reason, _data(parts))


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name, "")
    if value is None:  # a column of the sink is null where the text is empty
        return ""
    if not isinstance(value, str):
        raise PartError(f"body.{name}: expected a text, found {shown(repr(value))}")
    return value


def _number(body: Mapping[str, object], name: str) -> int:
    value = body.get(name)
    is_number = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not is_number:
        raise PartError(f"body.{name}: expected a number, found {shown(repr(value))}")
    return int(str(value).removesuffix(".0"))

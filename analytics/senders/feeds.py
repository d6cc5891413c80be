"""Lists of networks that operators publish as JSON: read, and nothing taken for granted."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from analytics.errors import AnalyticsError
from analytics.senders.blocks import Block, block
from analytics.senders.rows import WIDEST
from policy.errors import shown

MAX_BLOCKS = 20_000  # of one list; the longest has a few thousand


class FeedError(AnalyticsError):
    """A list is not what its publisher describes, or cannot be had."""

    code = "feed-unusable"


@dataclass(frozen=True, slots=True)
class Feed:
    """The blocks of a list, and the day it says it is of, where it says so."""

    blocks: tuple[Block, ...]
    as_of: date | None


def google(data: bytes) -> Feed:
    """A list in the form of goog.json, cloud.json and those of Google's crawlers and fetchers.

    Raises:
        FeedError: it is not in that form.
    """
    content = _json(data)
    prefixes = content.get("prefixes") if isinstance(content, dict) else None
    if not isinstance(prefixes, list):
        raise FeedError("expected an object with prefixes")
    texts = []
    for entry in prefixes:
        given = (
            [entry.get(name) for name in ("ipv4Prefix", "ipv6Prefix")]
            if isinstance(entry, dict)
            else []
        )
        texts += [text for text in given if text is not None]
        if not any(given):
            raise FeedError(f"expected ipv4Prefix or ipv6Prefix, found {shown(repr(entry))}")
    created = content.get("creationTime") if isinstance(content, dict) else None
    return Feed(tuple(_blocks(texts)), _day(created))


def microsoft(data: bytes) -> tuple[Feed, Feed]:
    """Microsoft's endpoint list: what relays and filters mail, and the rest of the service.

    Mail is what stands under ``protection.outlook.com`` or on port 25.

    Raises:
        FeedError: it is not in that form.
    """
    content = _json(data)
    if not isinstance(content, list):
        raise FeedError("expected an array of endpoint sets")
    mail: list[object] = []
    rest: list[object] = []
    for entry in content:
        if not isinstance(entry, dict):
            raise FeedError(f"expected an endpoint set, found {shown(repr(entry))}")
        ips = entry.get("ips", [])
        if not isinstance(ips, list):
            raise FeedError(f"ips: expected an array, found {shown(repr(ips))}")
        (mail if _is_mail(entry) else rest).extend(ips)
    found = tuple(_blocks(mail))
    return Feed(found, None), Feed(tuple(each for each in _blocks(rest) if each not in found), None)


def _is_mail(entry: dict[str, object]) -> bool:
    ports, urls = entry.get("tcpPorts"), entry.get("urls")
    if isinstance(ports, str) and "25" in ports.split(","):
        return True
    return isinstance(urls, list) and any(
        isinstance(url, str) and url.endswith(".protection.outlook.com") for url in urls
    )


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"no JSON: {shown(str(error))}") from error


def _blocks(texts: list[object]) -> Iterator[Block]:
    if len(texts) > MAX_BLOCKS:
        raise FeedError(f"expected at most {MAX_BLOCKS} blocks, found {len(texts)}")
    for text in dict.fromkeys(str(each) for each in texts):
        try:
            found = block(text)
        except ValueError as error:
            raise FeedError(f"expected a block, found {shown(text)}") from error
        if found.length < WIDEST[found.version] or not found.is_global:
            raise FeedError(f"expected a block of the Internet, found {found}")
        yield found


def _day(text: object) -> date | None:
    """The day of ``2026-10-08T14:46:05.000000``."""
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None

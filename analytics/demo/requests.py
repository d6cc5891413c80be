"""The requests of the stories, answered by the real function under the story's clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from analytics.demo.model import Fetches, Stories, chance, start_of
from policy.address import AddressRule, ClientIp, Source, client
from policy.events import EventSource, FetchEvent
from policy.respond import Request, respond
from policy.store import ServedPolicy

_DAY_S = 86_400
_PEER = AddressRule(Source.PEER)


@dataclass(frozen=True, slots=True)
class _AtThatTime:
    """The policies as they were served at a time."""

    stories: Stories
    at: datetime
    end: datetime

    def served(self, domain: str) -> ServedPolicy | None:
        """The one of a domain."""
        return self.stories.served(domain, self.at, self.end)


def events(stories: Stories, end: datetime) -> Iterator[FetchEvent]:
    """What the requests leave, each marked as a sample, in the order of time."""
    asked = sorted(_asked(stories, end), key=lambda one: one[0])
    for at, fetches, number in asked:
        policies = _AtThatTime(stories, at, end)
        _response, event = respond(_request(stories, fetches, at, number), policies, at)
        if event is not None:
            event.event_source = EventSource.SAMPLE
            yield event


def _asked(stories: Stories, end: datetime) -> Iterator[tuple[datetime, Fetches, int]]:
    """When each request comes, whose it is, and its number in its series."""
    told = [(story.texts[0].at(end), one) for story in stories.domains for one in story.fetches]
    told += [(start_of(end, 400), one) for one in stories.strangers]
    for first, fetches in told:
        number = 0
        for day in fetches.days:
            for at in _times(fetches, day, start_of(end, day)):
                number += 1
                if first <= at <= end:
                    yield at, fetches, number


def _times(fetches: Fetches, day: int, start: datetime) -> list[datetime]:
    by = chance(fetches.host, fetches.client, fetches.path, day)
    count = max(1, fetches.a_day + by.choice((-1, 0, 0, 1)))
    return [start + timedelta(seconds=by.uniform(0, _DAY_S - 1)) for _one in range(count)]


def _request(stories: Stories, fetches: Fetches, at: datetime, number: int) -> Request:
    who = stories.clients[fetches.client]
    by = chance(fetches.host, who.name, fetches.path, number)
    peer = _host(who.addresses(), by)
    return Request(
        event_id=f"{by.getrandbits(128):032x}",
        method="GET",
        target=fetches.path,
        host=fetches.host,
        protocol="HTTP/1.1",
        client=client(_PEER, ClientIp.FULL, peer=peer, forwarded_for="", header=""),
        user_agent=who.user_agent,
        accept="*/*",
    )


def _host(addresses: tuple[str, ...], by: Random) -> str:
    """One of them, the first ones more often: a sender has hosts that do most of the work."""
    return addresses[min(by.randrange(len(addresses)), by.randrange(len(addresses)))]

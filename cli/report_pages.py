"""The pages of a run: one for a domain, one for many, or a folder of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from analytics.advice.model import Inputs, Thresholds
from analytics.advice.thresholds import WINDOW_DAYS
from analytics.report import page
from analytics.report.facts import Choices, Reading
from analytics.report.model import Kept
from analytics.report.once import Once
from analytics.report.page import Live, Page
from analytics.report.words import Words
from analytics.senders import catalog
from analytics.texts.catalogue import Language, texts
from analytics.warehouse.base import Warehouse
from policy.config import Settings
from policy.domain import is_domain
from policy.store import PolicyFolder

SECTIONS: Final = 12  # domains whose sections one file holds, of about 100 KB each
LINES: Final = 10_000  # domains that an index lists

INDEX: Final = "index.html"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown, in which language, judged by which bars."""

    domains: tuple[str, ...]  # none: all
    language: Language
    expect: Sequence[str]
    thresholds: Thresholds


@dataclass(frozen=True, slots=True)
class File:
    """A page: how it is called in a folder, and of which domains it tells."""

    name: str
    text: str
    policy_domains: tuple[str, ...]


class Pages:
    """The pages of what a warehouse holds now."""

    def __init__(
        self, warehouse: Warehouse, chosen: Settings, wanted: Wanted, at: datetime
    ) -> None:
        operators = catalog.load(chosen.home / "senders").operators
        names = {slug: operator.name for slug, operator in operators.items()}
        choices = Choices(at, wanted.expect, wanted.thresholds, names)
        words = Words(texts(wanted.language), chosen.timezone)
        self._wanted = wanted
        self._reading = Reading(warehouse, PolicyFolder(chosen.policies), choices)
        self._page = Page(
            words=words,
            kept=Kept(chosen.client_ip.value, chosen.retention_days),
            made=words.time(at),
            days=WINDOW_DAYS,
        )

    def single(self, live: Live | None = None) -> File:
        """One file: a domain, or the index with the sections of all, where they are not too many."""
        common = replace(self._page, live=live)
        domains = self._wanted.domains
        reading = self._reading
        if len(domains) == 1:
            reading = replace(reading, warehouse=Once(reading.warehouse))
        every = reading.inputs(domains)
        if len(every) == 1 and len(domains) == 1:
            return File(INDEX, page.one(reading.domain(every[0]), common), domains)
        return self._many(reading, every, common)

    def _many(self, reading: Reading, every: Sequence[Inputs], common: Page) -> File:
        index = reading.index(every, LINES)
        are_shown = len(every) <= SECTIONS
        places = {
            (one.advice.policy_domain, one.advice.is_sample): f"#{page.anchor(number)}"
            for number, one in enumerate(index.lines, start=1)
        }
        by_key = {(one.policy_domain, one.is_sample): one for one in every}
        sections = [reading.domain(by_key[key]) for key in places] if are_shown else []
        if are_shown:
            common = replace(common, link=lambda name, is_sample: places.get((name, is_sample)))
        text = page.many(index, sections, common, limit=0 if are_shown else SECTIONS)
        return File(INDEX, text, tuple(dict.fromkeys(one.policy_domain for one in every)))

    def folder(self) -> Iterator[File]:
        """The index and a page for each domain; a name that DNS cannot have has none."""
        reading = self._reading
        every = reading.inputs(self._wanted.domains)
        index = reading.index(every, LINES)
        common = replace(self._page, link=_file_of)
        names = tuple(dict.fromkeys(one.policy_domain for one in every))
        yield File(INDEX, page.many(index, (), common), names)
        for one in every:
            name = _file_of(one.policy_domain, one.is_sample)
            if name is not None:
                text = page.one(reading.domain(one), self._page, index=INDEX)
                yield File(name, text, (one.policy_domain,))


def _file_of(domain: str, is_sample: bool) -> str | None:
    if not is_domain(domain):
        return None
    return f"{domain}{'.sample' if is_sample else ''}.html"

"""The pages of a run: one for a domain, one for many, or a folder of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import quote

from analytics.advice.model import Inputs, Thresholds
from analytics.advice.thresholds import WINDOW_DAYS
from analytics.report import page
from analytics.report.facts import Choices, Reading
from analytics.report.model import Domain, Index, Kept
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
PLACE: Final = "/domain/"  # of a domain's page, where they are served


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
    """The pages of what a warehouse holds now.

    Facts are read while the warehouse is held open, and drawn when it is closed again.
    """

    def __init__(
        self, warehouse: Warehouse, chosen: Settings, wanted: Wanted, at: datetime
    ) -> None:
        operators = catalog.load(chosen.home / "senders").operators
        names = {slug: operator.name for slug, operator in operators.items()}
        words = Words(texts(wanted.language), chosen.timezone)
        self._wanted = wanted
        self._warehouse = warehouse
        self._folder = PolicyFolder(chosen.policies)
        self._choices = Choices(at, wanted.expect, wanted.thresholds, names)
        self._page = Page(
            words=words,
            kept=Kept(chosen.client_ip.value, chosen.retention_days),
            made=words.time(at),
            days=WINDOW_DAYS,
        )

    def single(self) -> File:
        """One file: a domain, or the index with the sections of all, where they are not too many."""
        domains = self._wanted.domains
        if len(domains) == 1:
            return self._one_domain(domains[0], self._page)
        with self._reading() as reading:
            every = reading.inputs(domains)
            index = reading.index(every, LINES, has_strangers=not domains)
            has_sections = len(every) <= SECTIONS
            sections = [reading.domain(one) for one in _as_in(index, every)] if has_sections else []
        return File(INDEX, self._many(index, sections, self._page), _names(every))

    def live(self, live: Live) -> File:
        """As it is served: the one domain that there is or that is wanted, else the index alone."""
        common = replace(self._page, live=live)
        if self._wanted.domains:
            return self._one_domain(self._wanted.domains[0], common, index=f"/{live.query}")
        with self._reading() as reading:
            every = reading.inputs()
            index = reading.index(every, LINES, has_strangers=True)
        if len(every) == 1:
            return self._one_domain(every[0].policy_domain, common)
        linked = replace(
            common, link=lambda name, _is_sample: f"{PLACE}{quote(name, safe='')}{live.query}"
        )
        return File(INDEX, page.many(index, (), linked), _names(every))

    def folder(self) -> Iterator[File]:
        """The index and a page for each domain; a name that DNS cannot have has none."""
        with self._reading() as reading:
            every = reading.inputs(self._wanted.domains)
            index = reading.index(every, LINES, has_strangers=not self._wanted.domains)
        linked = replace(self._page, link=_file_of)
        yield File(INDEX, page.many(index, (), linked), _names(every))
        for given in every:
            name = _file_of(given.policy_domain, given.is_sample)
            if name is not None:
                with self._reading(given.policy_domain) as reading:
                    facts = reading.domain(given)
                yield File(name, page.one(facts, self._page, index=INDEX), (given.policy_domain,))

    @contextmanager
    def _reading(self, domain: str | None = None) -> Iterator[Reading]:
        """For the questions of one page."""
        with self._warehouse.asking(domain) as asked:
            yield Reading(Once(asked), self._folder, self._choices)

    def _one_domain(self, domain: str, common: Page, *, index: str = "") -> File:
        """The page of a domain; where there is sample data beside real one, both."""
        with self._reading(domain) as reading:
            every = reading.inputs((domain,))
            facts = [reading.domain(one) for one in every]
            both = reading.index(every, LINES, has_strangers=False) if len(facts) > 1 else None
        if both is None:
            return File(INDEX, page.one(facts[0], common, index=index), (domain,))
        return File(INDEX, self._many(both, facts, common), (domain,))

    def _many(self, index: Index, sections: Sequence[Domain], common: Page) -> str:
        places = {
            (one.policy_domain, one.is_sample): f"#{page.anchor(number)}"
            for number, one in enumerate(sections, start=1)
        }
        linked = replace(common, link=lambda name, is_sample: places.get((name, is_sample)))
        limit = 0 if sections or not index.lines else SECTIONS
        return page.many(index, sections, linked, limit=limit)


def _as_in(index: Index, every: Sequence[Inputs]) -> list[Inputs]:
    """The same in the order of the index."""
    known = {(one.policy_domain, one.is_sample): one for one in every}
    return [known[line.advice.policy_domain, line.advice.is_sample] for line in index.lines]


def _names(every: Sequence[Inputs]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.policy_domain for one in every))


def _file_of(domain: str, is_sample: bool) -> str | None:
    if not is_domain(domain):
        return None
    return f"{domain}{'.sample' if is_sample else ''}.html"

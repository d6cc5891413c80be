"""Pages as HTML: one file each, with its style inside, no script, and nothing loaded from anywhere."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import jinja2
from markupsafe import Markup

from analytics.report import charts
from analytics.report.model import Domain, Index, Kept
from analytics.report.words import Words, shown
from analytics.texts.catalogue import Language

_FOLDER: Final = Path(__file__).parent / "templates"
_STYLE: Final = (_FOLDER / "style.css").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Live:
    """What only a page that is served has: where it leads to, and how it is loaded anew."""

    every: int = 0  # seconds after which it reloads, 0 where it does not
    toggle: str = ""  # the address of the other way
    other: str = ""  # the address of the other language
    other_language: Language = "ja"
    query: str = ""  # what links to other pages carry on


@dataclass(frozen=True, slots=True)
class Page:
    """What is the same in all pages of a run."""

    words: Words
    kept: Kept
    made: str
    live: Live | None = None
    days: int = 60
    reasons: int = 40  # lines of evidence of each kind
    link: Callable[[str, bool], str | None] = field(default=lambda _name, _is_sample: None)


def style(words: Words, *, is_sample: bool) -> str:
    """The style sheet; on paper each page of sample data says so in its margin."""
    if not is_sample:
        return _STYLE
    said = words.say("sample").replace("\\", "").replace('"', "").replace("<", "")
    return f'{_STYLE}@page {{ @top-center {{ content: "{said}"; font: bold 9pt sans-serif; }} }}\n'


def rules(styles: Iterable[str]) -> str:
    """The Content-Security-Policy of pages with one of these style sheets: nothing else is had.

    For a meta element, which cannot forbid frames (CSP 3, 3.3).
    """
    known = " ".join(f"'sha256-{_hash(one)}'" for one in styles)
    return (
        f"default-src 'none'; style-src {known}; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def one(given: Domain, page: Page, *, index: str = "") -> str:
    """The page of one domain; ``index`` is where the list of all is."""
    title = page.words.say("title", domain=given.policy_domain)
    return _render(
        "one.html",
        page,
        title,
        domains=[_drawn(given, page, 1)],
        index_at=index,
        is_sample=given.is_sample,
    )


def many(index: Index, sections: Sequence[Domain], page: Page, *, limit: int = 0) -> str:
    """The list of all domains, and below it the sections that fit; ``limit`` says why there is none."""
    title = page.words.say("index-title", count=index.cuts["lines"].count)
    drawn = [_drawn(given, page, number) for number, given in enumerate(sections, start=1)]
    return _render(
        "many.html",
        page,
        title,
        index=index,
        domains=drawn,
        limit=limit,
        is_sample=bool(index.lines) and all(line.advice.is_sample for line in index.lines),
    )


def anchor(number: int) -> str:
    """The name of the section of a domain within a file; domains themselves may be anything."""
    return f"d{number}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A domain with its charts, ready for the template."""

    key: str
    of: Domain
    fetches: dict[str, Markup]
    sessions: dict[str, Markup]
    labels: Sequence[tuple[object, str]]


def _drawn(given: Domain, page: Page, number: int) -> Drawn:
    words, key = page.words, anchor(number)
    span = {"first": words.day(given.fetches.first), "last": words.day(given.fetches.last)}
    labels = words.labels(given.fetches)
    fetches: dict[str, str] = {}
    if given.fetches.counts:
        said = charts.Said(
            words.say("fetches-chart"), words.say("fetches-described", **span), words.axis_days
        )
        fetches = charts.fetches(given.fetches, labels, said, f"{key}-fetches")
    sessions: dict[str, str] = {}
    if given.sessions.days:
        said = charts.Said(
            words.say("sessions-chart"),
            words.say("sessions-described", **span),
            words.axis_days,
            (words.say("sessions-all"), words.say("sessions-failed")),
        )
        sessions = charts.sessions(given.sessions, said, f"{key}-sessions")
    return Drawn(key, given, _marked(fetches), _marked(sessions), list(labels.items()))


def _marked(drawings: dict[str, str]) -> dict[str, Markup]:
    return {name: Markup(drawing) for name, drawing in drawings.items()}  # noqa: S704 - svg.fit wrote it


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(template: str, page: Page, title: str, *, is_sample: bool, **values: object) -> str:
    words = page.words
    sheet = style(words, is_sample=is_sample)
    text = (
        _environment()
        .get_template(template)
        .render(
            page=page,
            title=title,
            lang=words.texts.language,
            w=words,
            t=words.say,
            style=Markup(sheet),  # noqa: S704 - a file of ours
            policy=rules([sheet]),
            is_sample=is_sample,
            rows=charts.ROWS,
            **values,
        )
    )
    return text.encode("utf-8", "backslashreplace").decode("utf-8")

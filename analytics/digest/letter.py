"""The digest as text, as a page, and as one mail of both. Pure."""

import textwrap
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from analytics.digest import words
from analytics.digest.model import Entry, News, Week
from analytics.messages.model import Message
from analytics.messages.words import inert

WIDTH = 76  # columns of the text; RFC 5322, 2.1.1 recommends at most 78
_LONG = 600  # characters of one piece of news: a remedy is longer than a name


def letter(message_id: str, week: Week) -> Message:
    """One mail."""
    return Message(message_id, words.subject(week), text(week), page(week))


def text(week: Week) -> str:
    """Plain text, wrapped; nothing from outside acts in it."""
    lines = [f"STS Witness, {words.span(week)} (UTC)", words.totals(week), ""]
    if week.news:
        lines += ["The log as a whole", *_news(week.news), ""]
    for entry in week.changed[: words.LISTED]:
        lines += [*_entry(entry), ""]
    if said := words.rest(week):
        lines += [*_wrapped(f"{said}."), ""]
    lines += ["What to do next: mta-sts advise --all"]
    return "\n".join(lines) + "\n"


def page(week: Week) -> str:
    """One HTML page without script, and without anything from elsewhere."""
    return _template().render(week=week, words=words, inert=inert, long=_LONG)


def _entry(entry: Entry) -> Iterator[str]:
    sample = " (sample data)" if entry.is_sample else ""
    yield f"{inert(entry.policy_domain)}{sample}"
    yield f"  {words.standing(entry)}"
    for name, figure in words.counts(entry):
        yield from _wrapped(f"{name}: {inert(figure)}", "  ")
    yield from _news(entry.news)
    yield from _wrapped(f"Next: {inert(entry.next_step, _LONG)}", "  ")


def _news(news: Sequence[News]) -> Iterator[str]:
    for one in news[: words.NEWS]:
        yield from _wrapped(f"* {words.HEADINGS[one.kind]}: {inert(one.text, _LONG)}", "  ")
        if one.todo:
            yield from _wrapped(f"Do: {inert(one.todo, _LONG)}", "    ")
    if (more := len(news) - words.NEWS) > 0:
        yield f"  and {more:,} more"


def _wrapped(line: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        line,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("digest.html.j2")

"""The words of a page in one language: messages, days and times, numbers, and text from outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from analytics.advice import told
from analytics.advice.model import Advice, Reason, Stage, Step, Verdict
from analytics.report.model import (
    Client,
    Explained,
    Failure,
    Fetches,
    Found,
    Holder,
    Tile,
    Version,
    Who,
)
from analytics.texts import arrivals, registers
from analytics.texts.catalogue import Texts, Value
from policy.domain import is_domain

_LONGEST = 2_000  # characters of one text; the views cut most of them before
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def visible(text: str, limit: int = _LONGEST) -> str:
    """A text in which control and direction characters are written out, cut with "…"."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or char == "\n"
        else char.encode("unicode_escape", "backslashreplace").decode()
        for char in text
    )


def shown(value: object) -> object:
    """What a template may write: every text that is not markup of ours is made visible."""
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@dataclass(frozen=True, slots=True)
class Words:
    """One language, in the zone of those who read."""

    texts: Texts
    timezone: str = "UTC"

    def say(self, key: str, **values: Value) -> str:
        """The message ``page-…``.

        Raises:
            LookupError: there is no such message, or a variable of it is not given.
        """
        made = {
            name: visible(value) if isinstance(value, str) else value
            for name, value in values.items()
        }
        return self.texts.say(f"page-{key}", made)

    def either(self, key: str, otherwise: str) -> str:
        """The message, or a text where there is none, as for a value that a later version adds."""
        return self.say(key) if self.texts.has(f"page-{key}") else otherwise

    def number(self, value: int) -> str:
        """A number as both languages write it."""
        return f"{value:,}"

    def day(self, value: date) -> str:
        """A day; of a time that of the zone."""
        if isinstance(value, datetime):
            value = self._there(value)
        if self.texts.language == "ja":
            return f"{value.year}年{value.month}月{value.day}日"
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"

    def time(self, value: datetime) -> str:
        """A time of the zone, to the minute."""
        return f"{self.day(value)} {self._there(value):%H:%M}"

    def when(self, value: datetime) -> str:
        """A time, or the day where midnight in UTC stands for one."""
        at = value.astimezone(UTC)
        is_day = (at.hour, at.minute, at.second) == (0, 0, 0)
        return self.day(at.date()) if is_day else self.time(value)

    def _there(self, value: datetime) -> datetime:
        try:
            return value.astimezone(ZoneInfo(self.timezone))
        except OverflowError:  # at the edges of the calendar a zone has no such day
            return value.astimezone(UTC)

    @property
    def axis_days(self) -> str:
        """How a chart writes a day, as Vega has it."""
        return "%-m/%-d" if self.texts.language == "ja" else "%-d %b"

    # what is advised

    def headline(self, said: Advice) -> str:
        """The verdict in words."""
        own = f"headline-leaving-{said.verdict}"
        has_own = said.stage is Stage.LEAVING and self.texts.has(f"page-{own}")
        return self.say(own if has_own else f"headline-{said.verdict}")

    def reason(self, one: Reason) -> str:
        """A line of evidence, which begins as a sentence does, unless by a name."""
        said = told.reason(one, self.texts)
        return said[:1].upper() + said[1:] if said.partition(" ")[0].isalpha() else said

    def step(self, one: Step) -> str:
        """The next step."""
        return told.step(one, self.texts)

    def verdict(self, one: Verdict) -> str:
        """A verdict in a word or two."""
        return self.say(f"short-{one}")

    def command_domain(self, name: str) -> str:
        """The domain as it may stand in a command; a name that DNS cannot have stands in none."""
        return name if is_domain(name) else "DOMAIN"

    # what failed

    def cause(self, one: Failure) -> str:
        """What was wrong."""
        return registers.result_as(one.result_type, one.cause, one.remedy, self.texts)[0]

    def remedy(self, one: Failure, policy_domain: str) -> str:
        """What to do about it, with the names of the domain and the MX host in its commands."""
        _cause, text = registers.result_as(one.result_type, one.cause, one.remedy, self.texts)
        text = text.replace("DOMAIN", self.command_domain(policy_domain))
        host = next((name for name in one.hosts if is_domain(name)), "")
        if not host:
            return text
        return text.replace("MX:25", f"{host}:25").replace("_tcp.MX", f"_tcp.{host}")

    def explanation(self, one: Explained) -> str:
        """What our own log says of a fetch that failed."""
        said, step = arrivals.explained(one.row, self.texts)
        return f"{said} {step}" if self.texts.language == "en" else said + step

    # what a check found

    def meaning(self, one: Found) -> str:
        """What a finding means; "" where no register has its code."""
        said = registers.finding(one.code, self.texts)
        return said[0] if said is not None else ""

    def general(self, one: Found) -> str:
        """What mends every such finding, where its own remedy is in another language; else ""."""
        said = registers.finding(one.code, self.texts)
        return said[1] if said is not None and self.texts.language != "en" else ""

    # who has the policy

    def days_of(self, given: Fetches) -> list[date]:
        """The days on which anybody fetched, the newest first."""
        return sorted({day for days in given.counts.values() for day in days}, reverse=True)

    def tile(self, one: Tile) -> str:
        """How well an operator is proven, in a few words."""
        if one.is_confirmed:
            return self.say("tile-confirmed" if one.has_served_policy else "tile-older")
        return self.either(f"tile-{one.confirmation}", one.confirmation)

    def proof(self, one: Tile) -> str:
        """What proves it."""
        fetch = self.say("tile-how-fetch", fetches=one.fetch_count, clients=one.client_count)
        report = self.say("tile-how-report", reports=one.report_count)
        match one.confirmation:
            case "confirmed-by-fetch":
                return fetch
            case "confirmed-by-report":
                return report
            case "confirmed-by-both":
                return self.say("tile-and", one=fetch, two=report)
            case "owned-network-only":
                return self.say("tile-how-owned", fetches=one.fetch_count)
            case "claimed-only":
                return self.say("tile-how-claimed", fetches=one.fetch_count)
            case _ if one.report_count:
                return self.say("tile-how-no-text", reports=one.report_count)
            case _:
                return self.say("tile-how-none")

    def silent(self, one: Tile) -> str:
        """That it has stopped, by its own rhythm; "" where it has not."""
        if one.silence != "silent":
            return ""
        gap = self.texts.say("words-days", {"count": max(1, round(one.median_gap_days))})
        return self.say("tile-silent", days=one.days_since_last, gap=gap)

    def version(self, one: Version) -> str:
        """Whether it is the text that is served now, else since when it was."""
        if one.is_served_now:
            return self.say("version-now")
        if one.first_served_at is None:
            return self.say("version-older")
        since = self.day(one.first_served_at)
        return self.say("version-since", mode=one.mode or "–", day=since)

    def pickup(self, one: Holder) -> str:
        """How far a sender has a text."""
        key = f"pickup-{one.pickup}"
        if one.pickup in ("some-addresses", "all-known-addresses"):
            everybody = one.holder_count + one.other_count
            counts: Mapping[str, int] = {"holders": one.holder_count, "all": everybody}
            return self.say(key, **counts)
        return self.either(key, one.pickup)

    def holder(self, one: Holder) -> str:
        """Who has a text."""
        if one.sender == "anybody" and not one.verdict:
            return self.say("anybody")
        if one.sender in ("", "unknown"):
            return self.say("who-not-judged" if not one.sender else "who-unknown")
        if one.verdict in ("claimed", "mismatch"):
            return f"{one.sender}: {self.say(f'verdict-{one.verdict}')}"
        return one.sender

    def who(self, one: Who) -> str:
        """Whose fetches they are."""
        if one.name:
            return one.name if one.is_proven else self.say("who-not-proven", name=one.name)
        return self.either(f"who-{one.key or 'not-judged'}", one.key)

    def labels(self, given: Fetches) -> dict[Who, str]:
        """The names of all senders, each another one."""
        found: dict[Who, str] = {}
        for one in given.counts:
            name = visible(self.who(one), 60)
            found[one] = f"{name} ({one.key})" if name in found.values() else name
        return found

    def client(self, one: Client) -> str:
        """The verdict on a client, and its software where that is known."""
        said = self.either(f"verdict-{one.verdict or 'not-judged'}", one.verdict)
        is_named = one.sender not in ("", "unknown", one.verdict)
        return f"{said}: {one.sender}" if is_named else said

    def agent(self, given: str | None) -> str:
        """A User-Agent; that none was sent is another thing than an empty one."""
        if given is None:
            return self.say("agent-none")
        return visible(given, 200) or self.say("agent-empty")

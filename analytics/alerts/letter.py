"""Openings and closes of alerts as one message. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from analytics.alerts.model import Alert
from analytics.messages.model import Message
from analytics.messages.words import inert
from policy.events import instant

LISTED = 100  # alerts that one message lists; the rest is counted


@dataclass(frozen=True, slots=True)
class Event:
    """An alert's opening or close."""

    alert: Alert
    what: str  # opened, closed

    @property
    def event_id(self) -> str:
        """What a receiver can tell a double by."""
        return f"{self.alert.alert_id}-{self.what}"


def letter(message_id: str, events: Sequence[Event], timezone: str) -> Message:
    """One message about all of them, the new ones first; LISTED are told one by one."""
    new = [one for one in events if one.what == "opened" and not _is_over(one, events)]
    over = [one for one in events if one.what == "closed"]
    told = [*new, *over]
    listed = told[:LISTED]
    lines: list[str] = []
    for heading, part in (("New", new), ("Over", over)):
        shown = [one for one in part if one in listed]
        if shown:
            lines += [heading, *(line for one in shown for line in _lines(one, timezone)), ""]
    if more := len(told) - len(listed):
        lines += [f"and {more:,} more: mta-sts alerts", ""]
    lines += ["Sent by STS Witness. All that is open: mta-sts alerts"]
    return Message(
        message_id,
        _subject(new, over),
        "\n".join(lines) + "\n",
        data={"type": "alerts", "more_count": more, "alerts": [_row(one) for one in listed]},
    )


def _is_over(opened: Event, events: Sequence[Event]) -> bool:
    """Whether its close is told with it: then that alone is."""
    return opened.alert.closed_at is not None and any(
        one.what == "closed" and one.alert.alert_id == opened.alert.alert_id for one in events
    )


def _subject(new: Sequence[Event], over: Sequence[Event]) -> str:
    parts = [f"{len(part):,} {word}" for part, word in ((new, "new"), (over, "over")) if part]
    word = "alert" if len(new) + len(over) == 1 else "alerts"
    domains = sorted({one.alert.condition.policy_domain for one in (*new, *over)} - {""})
    where = (
        f" ({domains[0]})" if len(domains) == 1 else f" ({len(domains)} domains)" * bool(domains)
    )
    return f"STS Witness: {word}, {' and '.join(parts)}{where}"


def _lines(one: Event, timezone: str) -> Iterator[str]:
    said = one.alert.condition
    about = f"{inert(said.policy_domain, 253)}: " if said.policy_domain else ""
    sample = " (sample data)" if said.is_sample else ""
    yield f"  {said.kind}  {about}{inert(said.text)}{sample}"
    since = when(one.alert.opened_at, timezone)
    if one.what == "closed" and one.alert.closed_at is not None:
        yield f"    from {since} to {when(one.alert.closed_at, timezone)}"
    else:
        yield f"    since {since}"
        yield f"    next: {inert(said.next_command)}"


def _row(one: Event) -> Mapping[str, object]:
    said = one.alert.condition
    closed = one.alert.closed_at
    return {
        "event_id": one.event_id,
        "event": one.what,
        "alert_id": one.alert.alert_id,
        "kind": str(said.kind),
        "policy_domain": inert(said.policy_domain, 253),
        "subject": inert(said.subject),
        "text": inert(said.text),
        "next_command": inert(said.next_command),
        "opened_at": instant(one.alert.opened_at),
        "closed_at": instant(closed) if closed is not None and one.what == "closed" else None,
        "is_sample": said.is_sample,
    }


def when(at: datetime, timezone: str) -> str:
    """A time as people read it, to the minute, with its zone."""
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")

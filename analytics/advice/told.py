"""The advice in words, of the language whose texts are given.

What is filled in comes from reports and DNS too: it is told as it came, and escaped where it is
shown.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from analytics.advice.model import Advice, Reason, Refused, Stage, Step, Value, Verdict
from analytics.texts import registers
from analytics.texts.catalogue import Texts
from policy import plan

_NAMED = 5  # hosts, operators and codes that are named
# characters of a name; a reporter's may be anything, and a line with some of them stands in a step
_LONGEST = 400
_UNITS = (("days", plan.DAY), ("hours", 3600), ("minutes", 60))


def reason(one: Reason, texts: Texts) -> str:
    """A line of evidence, without full stop."""
    return filled(f"advice-reason-{one.code}", one.values, texts)


def step(one: Step, texts: Texts) -> str:
    """The step in sentences."""
    values = _plain(one.values, texts)
    if one.because is not None:
        values["because"] = reason(one.because, texts)
    return texts.say(f"advice-step-{one.says or one.code}", values)


def stage(one: Stage, texts: Texts) -> str:
    """Where the domain stands, without full stop."""
    return texts.say(f"advice-stage-{one}")


def verdict(one: Verdict, of: Stage, texts: Texts) -> str:
    """The answer to :func:`question`, without full stop."""
    return texts.say(f"advice-verdict-{one}", {"stage": str(of)})


def question(of: Stage, texts: Texts) -> str:
    """What the verdict answers."""
    return texts.say("advice-question", {"stage": str(of)})


def bars(said: Advice, texts: Texts) -> str:
    """What the verdict is measured by, in brackets; "" where it is by none."""
    if said.stage in (Stage.ENFORCE, Stage.LEAVING):
        return ""
    by = said.thresholds
    return texts.say(
        "advice-bars",
        {
            "days": by.days,
            "sessions": by.sessions,
            "reporters": by.reporters,
            "recent": by.recent_days,
        },
    )


def refused(one: Refused, texts: Texts) -> str:
    """Sessions that enforce refuses or would have: where, told by whom, why, and what mends it."""
    cause, remedy = registers.result_as(one.result_type, one.cause, one.remedy, texts)
    values: dict[str, Value] = {
        "count": one.session_count,
        "kind": one.result_type or "not-stated",
        "has_host": bool(one.mx_host),
        "host": one.mx_host,
        "reporter": one.reporter,
        "is_one_day": one.first_date == one.last_date,
        "first": one.first_date,
        "last": one.last_date,
    }
    told = _plain(values, texts) | {"cause": cause, "remedy": remedy}
    return texts.say("advice-refused-line", told)


def filled(key: str, values: Mapping[str, Value], texts: Texts) -> str:
    """A message of the catalogue with values of the advice.

    Raises:
        LookupError: there is no such message, or a variable of it is not given.
    """
    return texts.say(key, _plain(values, texts))


def span(length: timedelta, texts: Texts) -> str:
    """A length of time as the record or policy has it, and for people."""
    seconds = int(length.total_seconds())
    for unit, size in _UNITS:
        if seconds >= size and seconds % size == 0:
            values: Mapping[str, str | int] = {"seconds": str(seconds), "count": seconds // size}
            return texts.say(f"words-span-{unit}", values)
    return texts.say("words-span-seconds", {"seconds": str(seconds)})


def _plain(values: Mapping[str, Value], texts: Texts) -> dict[str, str | int | float]:
    return {name: _value(value, texts) for name, value in values.items()}


def _value(value: Value, texts: Texts) -> str | int:
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return _cut(value)
        case int():
            return value
        case datetime():
            return plan.text(value)
        case date():
            return value.isoformat()
        case timedelta():
            return span(value, texts)
        case _:
            return _names(value, texts)


def _names(names: tuple[str, ...], texts: Texts) -> str:
    told = texts.say("words-between").join(_cut(name) for name in names[:_NAMED])
    if (more := len(names) - _NAMED) > 0:
        return texts.say("words-and-more", {"names": told, "count": more})
    return told


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

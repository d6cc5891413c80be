"""The charts of a page, drawn by Vega-Altair as SVG that stands still.

Two widths of each, for a screen and for a phone. Colours are of the set by Okabe and Ito, which
colour-blind readers tell apart; nothing is told by colour alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import altair as alt
import vl_convert

from analytics.report import svg
from analytics.report.model import Fetches, Sessions, Who

BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"

ROWS = 8  # senders that have a line of their own

_VEGA_LITE = "6.1"  # the grammar of Altair 6
_ROW = 40  # pixels of a sender's line
_SESSIONS, _FAILED = 130, 60  # pixels of the bars of sessions, and of those that failed


@dataclass(frozen=True, slots=True)
class Width:
    """One of the widths that a chart is drawn in, in pixels."""

    name: str
    pixels: int
    font: int
    weeks: int  # from one day that is written below to the next


WIDTHS: Final = (Width("wide", 720, 13, 1), Width("narrow", 330, 12, 2))


@dataclass(frozen=True, slots=True)
class Said:
    """What a chart says in words."""

    title: str
    described: str
    day_format: str  # of a day below the axis, as Vega has it
    labels: Sequence[str] = ()


def fetches(given: Fetches, names: Mapping[Who, str], said: Said, key: str) -> dict[str, str]:
    """A line a sender with a dot a day, the larger the more fetches; hollow where nothing is proven.

    By the name of the width.
    """
    shown = list(given.counts)[:ROWS]
    order = [names[who] for who in shown]
    values = [
        {"day": _noon(day), "who": names[who], "count": count, "proof": str(who.is_proven)}
        for who in shown
        for day, count in sorted(given.counts[who].items())
    ]
    return {
        width.name: _drawn(_dots(values, order, given, width, said), width, said, key)
        for width in WIDTHS
    }


def _dots(
    values: list[dict[str, object]], order: list[str], given: Fetches, width: Width, said: Said
) -> alt.TopLevelMixin:
    label = alt.Axis(
        labelAlign="left",
        labelPadding=0,
        labelOffset=-14,
        labelLimit=width.pixels,
        ticks=False,
        domain=False,
        title=None,
        grid=True,
        zindex=1,
    )
    pitch = width.pixels / ((given.last - given.first).days + 1)
    most = max((int(str(value["count"])) for value in values), default=1)
    largest = max(40.0, min(150.0, (pitch * 1.1) ** 2))
    dots: alt.Chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_point(shape="circle", strokeWidth=1.4, opacity=0.9, stroke=BLUE)
        .encode(
            x=_x(given.first, given.last, width, said),
            y=alt.Y("who:N", sort=order, axis=label),
            size=alt.Size(
                "count:Q",
                legend=None,
                scale=alt.Scale(domain=[0, most], range=[10, largest]),
            ),
            fill=alt.Fill(
                "proof:N",
                legend=None,
                scale=alt.Scale(domain=["True", "False"], range=[BLUE, "transparent"]),
            ),
        )
        .properties(width=width.pixels, height=alt.Step(_ROW))
    )
    return dots


def sessions(given: Sessions, said: Said, key: str) -> dict[str, str]:
    """Bars of the sessions of each day, and below them, on a scale of its own, those that failed."""
    counts = [
        {"day": _noon(each.day), "count": each.session_count, "failed": each.failed_count}
        for each in given.days
    ]
    return {
        width.name: _drawn(_bars(counts, given, width, said), width, said, key) for width in WIDTHS
    }


def _bars(
    values: list[dict[str, object]], given: Sessions, width: Width, said: Said
) -> alt.TopLevelMixin:
    both = [("count", BLUE, _SESSIONS, said.labels[0])]
    if given.failed_count:
        both.append(("failed", VERMILION, _FAILED, said.labels[1]))
    pitch = width.pixels / ((given.last - given.first).days + 1)
    parts = [
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(color=colour, width=max(2.0, round(pitch * 0.66, 1)))
        .encode(
            x=_x(given.first, given.last, width, said, is_last=number == len(both) - 1),
            y=alt.Y(
                f"{column}:Q",
                axis=alt.Axis(
                    title=None, tickCount=3 if height == _SESSIONS else 2, tickMinStep=1, format=",d", domain=False, ticks=False,
                    labelPadding=6,
                ),
            ),
        )
        .properties(
            width=width.pixels - 50,
            height=height,
            title=alt.TitleParams(
                label, anchor="start", fontSize=width.font, fontWeight="normal", color=svg.INK,
                frame="group", offset=8,
            ),
        )
        for number, (column, colour, height, label) in enumerate(both)
    ]  # fmt: skip
    return alt.vconcat(*parts, spacing=14)


def _x(first: date, last: date, width: Width, said: Said, *, is_last: bool = True) -> alt.X:
    """The days, the same ones in every chart of a page."""
    ends = [f"{first}T00:00:00Z", f"{last + timedelta(days=1)}T00:00:00Z"]
    axis = alt.Axis(
        title=None,
        format=said.day_format,
        tickCount=alt.TimeIntervalStep(interval="week", step=width.weeks),
        grid=False,
        labels=is_last,
        ticks=is_last,
        labelOverlap=True,
        labelFlush=False,
        labelPadding=6,
    )
    scale = alt.Scale(type="utc", domain=ends, nice=False)
    return alt.X("day:T", axis=axis, scale=scale)


def _drawn(chart: alt.TopLevelMixin, width: Width, said: Said, key: str) -> str:
    spec: dict[str, Any] = chart.to_dict(validate=False)
    spec["background"] = "transparent"
    spec["config"] = {
        "view": {"stroke": None},
        "axis": {
            "labelColor": svg.INK,
            "labelFontSize": width.font,
            "gridColor": svg.LINE,
            "domainColor": svg.LINE,
            "tickColor": svg.LINE,
        },
    }
    made = vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE)
    return svg.fit(made, f"{key}-{width.name}", said.title, said.described)


def _noon(day: date) -> str:
    return f"{day}T12:00:00Z"

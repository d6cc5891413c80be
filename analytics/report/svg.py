"""A drawing that the chart library made, fit to stand in a page under our Content-Security-Policy.

Only what draws is kept: no script, link, style or event can come with it, whatever a label says.
"""

import re
from typing import Final
from xml.etree import ElementTree as ET

INK: Final = "#010203"  # stands for the colour of the text around
LINE: Final = "#010204"  # stands for the same, faint
# colours that the style sheet gives, another one on dark ground; here as on light
CLASSES: Final = {"#0072B2": "blue", "#D55E00": "vermilion"}

_SPACE = "http://www.w3.org/2000/svg"
_FAINT = "0.22"
_TAGS = frozenset({"svg", "g", "path", "line", "rect", "text"})
_KEPT = frozenset(
    {"d", "transform", "viewBox", "width", "height", "x", "y", "x1", "x2", "y1", "y2", "fill",
     "stroke", "stroke-width", "stroke-dasharray", "opacity", "fill-opacity", "stroke-opacity",
     "text-anchor", "font-size", "font-weight"}
)  # fmt: skip
_VALUE = re.compile(r"[A-Za-z0-9 .,#()%+-]*")  # no quotes, no url()
_NOTHING = "M0,0h0v0h0Z"  # a path that draws none
_LONG = re.compile(r"(\d+\.\d{2})\d+")
_USUAL = frozenset({("opacity", "1"), ("transform", "translate(0,0)"), ("stroke-width", "1")})


def fit(drawn: str, key: str, title: str, described: str) -> str:
    """The drawing as an image with a name and a description; ``key`` makes its ids its own.

    Raises:
        ValueError: it is no SVG.
    """
    try:
        root = ET.fromstring(drawn)  # noqa: S314 - the library's own, of this process
    except ET.ParseError as error:
        raise ValueError(f"chart {key}: expected SVG, found {error}") from error
    made = _copy(root)
    if made is None or made.tag != "svg":
        raise ValueError(f"chart {key}: expected SVG, found <{_name(root)}>")
    made.set("role", "img")
    made.set("aria-labelledby", f"{key}-title {key}-desc")
    made.set("focusable", "false")
    for place, (tag, text) in enumerate((("title", title), ("desc", described))):
        told = ET.Element(tag, {"id": f"{key}-{tag}"})
        told.text = text
        made.insert(place, told)
    return ET.tostring(made, encoding="unicode")


def _copy(element: ET.Element) -> ET.Element | None:
    """The element with what is kept of it; None where nothing is."""
    name = _name(element)
    if name not in _TAGS or element.get("display") == "none":
        return None
    if name == "path" and element.get("d", "").startswith(_NOTHING):
        return None
    made = ET.Element(name, dict(_attributes(element)))
    made.text = element.text if name == "text" else None
    for child in element:
        copied = _copy(child)
        if copied is not None:
            made.append(copied)
    if name == "g" and not len(made):
        return None
    return made


def _name(element: ET.Element) -> str:
    return str(element.tag).removeprefix(f"{{{_SPACE}}}")


def _attributes(element: ET.Element) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    classes: list[str] = []
    for name, given in element.attrib.items():
        if name not in _KEPT or not _VALUE.fullmatch(given) or "url" in given:
            continue
        value = _LONG.sub(r"\1", given)
        if (name, value) in _USUAL:
            continue
        if value.upper() in CLASSES:
            classes.append(f"{CLASSES[value.upper()]}-{name}")
        if value == LINE:
            found.append((f"{name}-opacity", _FAINT))
        found.append((name, "currentColor" if value in (INK, LINE) else value))
    return [*found, ("class", " ".join(classes))] if classes else found

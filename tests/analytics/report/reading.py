"""A page as a test reads it: the texts of its parts, without a browser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_EMPTY = frozenset({"meta", "link", "br", "img", "circle", "rect", "path", "line"})


@dataclass
class Element:
    """An element with its attributes and what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, with one blank between words."""
        parts = [one if isinstance(one, str) else one.text for one in self.children]
        return " ".join("".join(f" {part}" if part else "" for part in parts).split())

    def all(self, tag: str = "", name: str = "") -> list["Element"]:
        """The elements in it of that tag, or class."""
        found: list[Element] = []
        for one in self.children:
            if isinstance(one, Element):
                is_tag = not tag or one.tag == tag
                is_class = not name or name in one.attributes.get("class", "").split()
                found += [one] if is_tag and is_class else []
                found += one.all(tag, name)
        return found

    def by_id(self, name: str) -> "Element":
        """The element with that id."""
        (found,) = [one for one in self.all() if one.attributes.get("id") == name]
        return found

    def section(self, name: str) -> "Element":
        """The section whose heading has that id."""
        (found,) = [
            one for one in self.all("section") if one.attributes.get("aria-labelledby") == name
        ]
        return found

    def rows(self) -> list[list[str]]:
        """The texts of the cells of each row of its first table, without the heading."""
        body = self.all("tbody")[0]
        return [
            [cell.text for cell in row.all() if cell.tag in ("td", "th")] for row in body.all("tr")
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        assert len(made.attributes) == len(attrs), f"<{tag}> has an attribute twice"
        self._open[-1].children.append(made)
        if tag not in _EMPTY:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            opened = self._open.pop().tag
            assert opened == tag, f"<{opened}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def read(text: str) -> Element:
    """The page; one whose elements do not close as they open fails."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.root.all("html")
    ids = [one.attributes["id"] for one in reader.root.all() if "id" in one.attributes]
    assert len(ids) == len(set(ids)), "an id stands there twice"
    return reader.root

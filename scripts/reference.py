"""Write the tables of views and settings into docs/reference.md: python -m scripts.reference."""

import re
from collections.abc import Sequence
from pathlib import Path

from analytics.warehouse.catalogue import Catalogue
from policy import config

PAGE = Path(__file__).parent.parent / "docs/reference.md"
_VIEWS = ("view", "one row per", "answers")
_SETTINGS = ("variable", "default", "meaning")


def tables(page: str) -> str:
    """The page with the tables as the program has them."""
    catalogue = Catalogue()
    schemas = {view: catalogue.schema(view) for view in catalogue.views}
    views = [(f"`{view}`", one.grain, one.answers) for view, one in schemas.items()]
    settings = [(f"`{name}`", default, meaning) for name, default, meaning in config.KNOWN]
    return _with(_with(page, _VIEWS, views), _SETTINGS, settings)


def _with(page: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    first = f"{_row(head)}\n{'|---' * len(head)}|\n"
    body = "".join(f"{_row(row)}\n" for row in rows)
    return re.sub(re.escape(first) + r"(?:\|.*\n)*", lambda _found: first + body, page)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

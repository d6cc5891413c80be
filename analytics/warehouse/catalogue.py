"""The tables and views of the warehouse, as analytics/sql describes them.

One folder an object: ``schema.yaml`` (what it is, its key, its columns) and, for a view, the
GoogleSQL text. ``loads/<table>`` holds the statements that keep a table up in BigQuery. File contents
are read when asked for: a command that only reads data needs none.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from analytics.errors import CatalogueError

SHIPPED = Path(__file__).parent.parent / "sql"
RAW, VIEWS = "mta_sts_raw", "mta_sts"  # the datasets that SQL texts name
# what the log sink writes into RAW, in a shape that we do not choose
SINK_TABLES = ("run_googleapis_com_requests", "run_googleapis_com_stdout")

TYPES = ("BOOL", "DATE", "FLOAT64", "INT64", "STRING", "TIMESTAMP", "BYTES")
_MODES = ("required", "nullable")
_CLOUD = "cloud"  # what ``where`` may say: a view that only BigQuery can have

# what a table token is not in, then a table token
_TOKEN = re.compile(
    r"""'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | --[^\n]* | \#[^\n]* | /\*.*?\*/
      | \b(?P<dataset>mta_sts_raw|mta_sts)\.(?P<name>[a-z][a-z0-9_]*)""",
    re.VERBOSE | re.DOTALL,
)

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a tenth of the time where libyaml is


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``type`` is BigQuery's word."""

    name: str
    type: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Schema:
    """What a schema.yaml says."""

    description: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition: str  # as PARTITION BY has it, "" where there is none
    cluster: tuple[str, ...]
    answers: str  # the question that a view answers, "" for a table
    is_cloud_only: bool = False  # it reads what the log sink writes


class Catalogue:
    """The objects in ``root``: names at once, schemas and texts on demand.

    Raises:
        CatalogueError: a file is not what it must be, or views read one another in a circle.
    """

    def __init__(self, root: Path = SHIPPED) -> None:
        self._root = root
        self._schemas: dict[str, Schema] = {}

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables, in alphabetical order."""
        return self._names("tables")

    @cached_property
    def views(self) -> tuple[str, ...]:
        """The names of the views, in alphabetical order."""
        return self._names("views")

    @property
    def desk_views(self) -> tuple[str, ...]:
        """Those of the views that the desk has too, in alphabetical order."""
        return tuple(view for view in self.views if not self.schema(view).is_cloud_only)

    def _names(self, kind: str) -> tuple[str, ...]:
        return tuple(sorted(path.parent.name for path in self._root.glob(f"{kind}/*/schema.yaml")))

    def schema(self, name: str) -> Schema:
        """The schema of a table or view."""
        if name not in self._schemas:
            kind = "tables" if name in self.tables else "views"
            path = self._root / kind / name / "schema.yaml"
            self._schemas[name] = _schema(path.read_bytes(), f"{kind}/{name}/schema.yaml")
        return self._schemas[name]

    def text(self, view: str) -> str:
        """The GoogleSQL text of a view."""
        return (self._root / "views" / view / "view.sql").read_text(encoding="utf-8")

    def statement(self, table: str, name: str) -> str:
        """The GoogleSQL text of one of the statements that keep a table up in BigQuery."""
        return (self._root / "loads" / table / f"{name}.sql").read_text(encoding="utf-8")

    def dataset(self, name: str) -> str:
        """The dataset that a table or view is in."""
        return RAW if name in self.tables else VIEWS

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all texts: it differs where anything in the catalogue does."""
        digest = hashlib.sha256()
        for path in sorted([*self._root.rglob("schema.yaml"), *self._root.rglob("view.sql")]):
            body = path.read_bytes()
            digest.update(f"{path.relative_to(self._root)}\0{len(body)}\0".encode())
            digest.update(body)
        return digest.hexdigest()

    def views_in_order(self) -> tuple[str, ...]:
        """The views, each after those that it reads."""
        placed: dict[str, None] = {}
        for view in self.views:
            self._place(view, placed, ())
        return tuple(placed)

    def _place(self, view: str, placed: dict[str, None], readers: tuple[str, ...]) -> None:
        if view in readers:
            raise CatalogueError(f"views read one another: {' → '.join([*readers, view])}")
        for dataset, name in sorted(references(self.text(view))):
            if dataset == VIEWS and name in self.views and name not in placed:
                self._place(name, placed, (*readers, view))
            elif name not in self._readable(view, dataset):
                raise CatalogueError(f"views/{view}/view.sql: there is no {dataset}.{name}")
        placed.setdefault(view)

    def _readable(self, view: str, dataset: str) -> tuple[str, ...]:
        if dataset == VIEWS:
            return self.views
        return self.tables + (SINK_TABLES if self.schema(view).is_cloud_only else ())


def references(sql: str) -> set[tuple[str, str]]:
    """The (dataset, name) pairs of the tables and views that a text names."""
    return {(match["dataset"], match["name"]) for match in _TOKEN.finditer(sql) if match["dataset"]}


def with_datasets(sql: str, datasets: Mapping[str, str]) -> str:
    """The text with the datasets of its table tokens replaced, and nothing else."""

    def replaced(match: re.Match[str]) -> str:
        if not match["dataset"]:
            return match[0]
        return f"{datasets[match['dataset']]}.{match['name']}"

    return _TOKEN.sub(replaced, sql)


def _schema(body: bytes, where: str) -> Schema:
    try:
        given = yaml.load(body, Loader=_Loader)  # noqa: S506 - one of the two safe loaders
        columns = tuple(_column(column) for column in given["columns"])
        schema = Schema(
            description=given["description"].strip(),
            grain=given["grain"],
            key=tuple(given["key"]),
            columns=columns,
            partition=given.get("partition", ""),
            cluster=tuple(given.get("cluster", ())),
            answers=given.get("answers", ""),
            is_cloud_only=_is_cloud_only(given.get("where", "")),
        )
    except KeyError as error:
        raise CatalogueError(f"{where}: {error} is missing") from error
    except (yaml.YAMLError, TypeError, AttributeError, ValueError) as error:
        raise CatalogueError(f"{where}: {error}") from error
    names = [column.name for column in columns]
    if len(set(names)) != len(names):
        raise CatalogueError(f"{where}: a column stands twice")
    if missing := sorted({*schema.key, *schema.cluster} - set(names)):
        raise CatalogueError(f"{where}: {', '.join(missing)} is no column")
    return schema


def _is_cloud_only(where: str) -> bool:
    if where not in ("", _CLOUD):
        raise ValueError(f"where: expected {_CLOUD}, or no such line")
    return where == _CLOUD


def _column(given: Mapping[str, str]) -> Column:
    if given["type"] not in TYPES:
        raise ValueError(f"{given['name']}: expected one of {', '.join(TYPES)}")
    if given["mode"] not in _MODES:
        raise ValueError(f"{given['name']}: expected one of {', '.join(_MODES)}")
    return Column(
        given["name"], given["type"], given["mode"] == "required", given["description"].strip()
    )

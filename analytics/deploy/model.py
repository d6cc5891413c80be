"""The things that a deployment makes, as values: wanted from our side, found in the project.

They name no client library, so that a plan is made and tested without one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from analytics.warehouse.catalogue import Column


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset; ``location`` cannot be changed once it is made.

    A closed one is not read by whoever may view the project: such people ask the views.
    ``expires_days`` is what the log sink's tables get, which Google makes.
    """

    name: str
    location: str
    description: str
    is_closed: bool = False
    expires_days: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what of it can be changed later is added columns, texts, clustering and expiry."""

    dataset: str
    name: str
    description: str
    columns: tuple[Column, ...]
    partition: str  # the column it is parted by, a partition a day; "" where it is not
    expires_days: int | None  # how long a partition stays
    cluster: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A view over tables and other views. ``awaits`` names tables that it cannot be made without."""

    dataset: str
    name: str
    description: str
    text: str
    columns: tuple[tuple[str, str], ...]  # name and description
    awaits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """A right on one dataset; ``member`` is "" where it is the sink's writer, known once that is made."""

    dataset: str
    role: str  # as a dataset's access list spells it
    member: str = ""


@dataclass(frozen=True, slots=True)
class Authorised:
    """Views of one dataset may read another, without a right of those who ask them."""

    dataset: str  # that is read
    reader: str  # whose views read it


@dataclass(frozen=True, slots=True)
class Sink:
    """What copies log entries into a dataset as they come."""

    name: str
    destination: str
    filter: str
    is_partitioned: bool = True
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Entries that the project's own log bucket does not keep."""

    name: str
    filter: str


@dataclass(frozen=True, slots=True)
class Seed:
    """One event of ours in the log, so that the sink makes its table with every column."""

    table: str
    columns: tuple[str, ...]  # paths that the table must have


Wanted = Dataset | Table | View | Grant | Authorised | Sink | Exclusion | Seed


@dataclass(frozen=True, slots=True)
class Desired:
    """All that must be there, each after what it needs."""

    objects: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What is there of it; a name that is absent is not there."""

    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    tables: Mapping[tuple[str, str], Table] = field(default_factory=dict)
    views: Mapping[tuple[str, str], View] = field(default_factory=dict)
    grants: frozenset[Grant] = frozenset()
    authorised: frozenset[Authorised] = frozenset()
    sink: Sink | None = None
    writer: str = ""  # the account that the sink writes with
    exclusions: Mapping[str, Exclusion] = field(default_factory=dict)
    # paths of the columns of each table that the sink has made
    sink_tables: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Action(StrEnum):
    """What is done about a thing."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    WAIT = "wait"  # for what only time brings; the next run makes it
    REFUSE = "refuse"  # nothing is done at all until somebody has


@dataclass(frozen=True, slots=True)
class Step:
    """One thing, and what is done about it; ``details`` says what differs."""

    action: Action
    kind: str
    name: str
    wanted: Wanted
    details: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the project is not yet as it should be here."""
        return self.action is not Action.KEEP

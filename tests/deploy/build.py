"""A deployment to play with: the choices, and a BigQuery that is a few dictionaries."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from analytics.deploy.desired import Choices
from analytics.deploy.model import Authorised, Dataset, Desired, Found, Grant, Table, View
from analytics.errors import WarehouseError
from analytics.warehouse.bigquery.place import Place
from policy.address import ClientIp

CHOICES = Choices(
    Place("my-project", "mta_sts"),
    location="europe-west1",
    service="mta-sts",
    region="europe-west1",
    sink="mta-sts",
    client_ip=ClientIp.FULL,
    retention_days=400,
)


@dataclass
class Kept:
    """What the BigQuery of a test holds. ``dies_at`` is the number of the change that fails."""

    datasets: dict[str, Dataset] = field(default_factory=dict)
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    views: dict[tuple[str, str], View] = field(default_factory=dict)
    grants: set[Grant] = field(default_factory=set)
    authorised: set[Authorised] = field(default_factory=set)
    sink_tables: Callable[[], dict[str, frozenset[str]]] = dict
    dies_at: int | None = None
    changes: int = 0

    def found(self, _desired: Desired) -> Found:
        """What is there."""
        return Found(
            dict(self.datasets),
            dict(self.tables),
            dict(self.views),
            frozenset(self.grants),
            frozenset(self.authorised),
            sink_tables=self.sink_tables(),
        )

    def make_dataset(self, wanted: Dataset) -> None:
        """Create or change it."""
        self._count()
        self.datasets[wanted.name] = wanted

    def make_table(self, wanted: Table) -> None:
        """Create or change it; columns that we do not know stay."""
        self._count()
        there = self.tables.get((wanted.dataset, wanted.name), wanted)
        names = {column.name for column in wanted.columns}
        kept = tuple(column for column in there.columns if column.name not in names)
        self.tables[(wanted.dataset, wanted.name)] = replace(wanted, columns=wanted.columns + kept)

    def make_view(self, wanted: View) -> None:
        """Create or change it."""
        self._count()
        self.views[(wanted.dataset, wanted.name)] = replace(wanted, awaits=())

    def grant(self, wanted: Grant) -> None:
        """Add a right."""
        self._count()
        self.grants.add(wanted)

    def authorise(self, wanted: Authorised) -> None:
        """Let views read."""
        self._count()
        self.authorised.add(wanted)

    def _count(self) -> None:
        self.changes += 1
        if self.changes == self.dies_at:
            raise WarehouseError("BigQuery does not answer")

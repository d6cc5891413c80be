"""BigQuery's side of a deployment: what is there, and how each step is carried out."""

from collections.abc import Iterator, Sequence

from google.api_core import exceptions
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from analytics.deploy.desired import REQUESTS, STDOUT, WRITER
from analytics.deploy.model import (
    Authorised,
    Dataset,
    Desired,
    Found,
    Grant,
    Table,
    View,
)
from analytics.warehouse.bigquery.faults import told
from analytics.warehouse.bigquery.objects import fields
from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.catalogue import Column

_DAY_MS = 86_400_000
_TIMEOUT_S = 60.0  # of one request
_RETRY = DEFAULT_RETRY.with_timeout(120.0)  # of its repeats; who stops here goes on by another run
_TYPES = {"BOOLEAN": "BOOL", "FLOAT": "FLOAT64", "INTEGER": "INT64"}  # how the API may answer
_ROLES = {
    "roles/bigquery.dataEditor": WRITER,
    "roles/bigquery.dataViewer": "READER",
    "roles/bigquery.dataOwner": "OWNER",
}
_VIEWERS = "projectReaders"


class Datasets:
    """The datasets of a place, and what is in them."""

    def __init__(self, client: bigquery.Client, place: Place) -> None:
        self._client = client
        self._place = place

    def found(self, desired: Desired) -> Found:
        """What is there of what is wanted.

        Raises:
            AnalyticsError: BigQuery does not answer, or does not let us look.
        """
        names = [wanted.name for wanted in desired.objects if isinstance(wanted, Dataset)]
        with told(self._place):
            present = {name: there for name in names if (there := self._dataset(name))}
            grants: set[Grant] = set()
            authorised: set[Authorised] = set()
            for name, dataset in present.items():
                grants |= set(_grants(name, dataset.access_entries))
                authorised |= set(_authorised(name, dataset.access_entries, self._place.project))
            return Found(
                datasets={name: _found(name, dataset) for name, dataset in present.items()},
                tables=dict(self._tables(desired, present)),
                views=dict(self._views(desired, present)),
                grants=frozenset(grants),
                authorised=frozenset(authorised),
                sink_tables=dict(self._sink_tables(present)),
            )

    def location(self) -> str:
        """Where the data is already; "" where there is none yet.

        Raises:
            AnalyticsError: BigQuery does not answer, or does not let us look.
        """
        with told(self._place):
            there = self._dataset(self._place.raw) or self._dataset(self._place.views)
        return (there.location or "") if there else ""

    def make_dataset(self, wanted: Dataset) -> None:
        """Create a dataset, or give it the texts and readers that are wanted."""
        with told(self._place):
            there = self._dataset(wanted.name)
            if there is None:
                new = bigquery.Dataset(f"{self._place.project}.{wanted.name}")
                new.location = wanted.location
                new.description = wanted.description
                there = self._client.create_dataset(
                    new, exists_ok=True, retry=_RETRY, timeout=_TIMEOUT_S
                )
            there.description = wanted.description
            days = wanted.expires_days
            there.default_partition_expiration_ms = None if days is None else days * _DAY_MS
            if wanted.is_closed:
                entries = [entry for entry in there.access_entries if not _is_of_viewers(entry)]
                there.access_entries = entries
            changed = ["description", "access_entries", "default_partition_expiration_ms"]
            self._client.update_dataset(there, changed, retry=_RETRY, timeout=_TIMEOUT_S)

    def make_table(self, wanted: Table) -> None:
        """Create a table, or add the columns and texts that it lacks; no column is ever taken away."""
        name = f"{self._place.project}.{wanted.dataset}.{wanted.name}"
        with told(self._place):
            there = self._table(name)
            if there is None:
                new = bigquery.Table(name, schema=fields(wanted.columns))
                _describe(new, wanted)
                self._client.create_table(new, exists_ok=True, retry=_RETRY, timeout=_TIMEOUT_S)
                return
            there.schema = _merged(there.schema, wanted.columns)
            _describe(there, wanted)
            changed = ["schema", "description", "clustering_fields", "time_partitioning"]
            self._client.update_table(there, changed, retry=_RETRY, timeout=_TIMEOUT_S)

    def make_view(self, wanted: View) -> None:
        """Create a view or give it another text, then describe its columns."""
        name = f"{self._place.project}.{wanted.dataset}.{wanted.name}"
        with told(self._place):
            there = self._table(name)
            if there is None:
                new = bigquery.Table(name)
                new.view_query = wanted.text
                new.description = wanted.description
                self._client.create_table(new, exists_ok=True, retry=_RETRY, timeout=_TIMEOUT_S)
            elif _text(there) != wanted.text or there.description != wanted.description:
                there.view_query = wanted.text
                there.description = wanted.description
                self._client.update_table(
                    there, ["view_query", "description"], retry=_RETRY, timeout=_TIMEOUT_S
                )
            made = self._client.get_table(name, retry=_RETRY, timeout=_TIMEOUT_S)
            made.schema = [_described(field, dict(wanted.columns)) for field in made.schema]
            self._client.update_table(made, ["schema"], retry=_RETRY, timeout=_TIMEOUT_S)

    def grant(self, wanted: Grant) -> None:
        """Let an account read or write a dataset; the others' rights stay."""
        entry = bigquery.AccessEntry(wanted.role, "userByEmail", wanted.member)
        self._add(wanted.dataset, entry)

    def authorise(self, wanted: Authorised) -> None:
        """Let the views of one dataset read another."""
        reader = {"projectId": self._place.project, "datasetId": wanted.reader}
        entry = bigquery.AccessEntry.from_api_repr(
            {"dataset": {"dataset": reader, "targetTypes": ["VIEWS"]}}
        )
        self._add(wanted.dataset, entry)

    def _add(self, name: str, entry: bigquery.AccessEntry) -> None:
        with told(self._place):
            there = self._client.get_dataset(
                f"{self._place.project}.{name}", retry=_RETRY, timeout=_TIMEOUT_S
            )
            there.access_entries = [*there.access_entries, entry]
            # the etag goes with it: who changed the rights meanwhile is not overwritten
            self._client.update_dataset(there, ["access_entries"], retry=_RETRY, timeout=_TIMEOUT_S)

    def _dataset(self, name: str) -> bigquery.Dataset | None:
        try:
            return self._client.get_dataset(
                f"{self._place.project}.{name}", retry=_RETRY, timeout=_TIMEOUT_S
            )
        except exceptions.NotFound:
            return None

    def _table(self, name: str) -> bigquery.Table | None:
        try:
            return self._client.get_table(name, retry=_RETRY, timeout=_TIMEOUT_S)
        except exceptions.NotFound:
            return None

    def _tables(
        self, desired: Desired, present: dict[str, bigquery.Dataset]
    ) -> Iterator[tuple[tuple[str, str], Table]]:
        for wanted in desired.objects:
            if isinstance(wanted, Table) and wanted.dataset in present:
                name = f"{self._place.project}.{wanted.dataset}.{wanted.name}"
                if there := self._table(name):
                    yield (wanted.dataset, wanted.name), _found_table(wanted, there)

    def _views(
        self, desired: Desired, present: dict[str, bigquery.Dataset]
    ) -> Iterator[tuple[tuple[str, str], View]]:
        for wanted in desired.objects:
            if isinstance(wanted, View) and wanted.dataset in present:
                name = f"{self._place.project}.{wanted.dataset}.{wanted.name}"
                if there := self._table(name):
                    columns = tuple((each.name, each.description or "") for each in there.schema)
                    yield (
                        (wanted.dataset, wanted.name),
                        View(
                            wanted.dataset,
                            wanted.name,
                            there.description or "",
                            _text(there),
                            columns,
                        ),
                    )

    def _sink_tables(
        self, present: dict[str, bigquery.Dataset]
    ) -> Iterator[tuple[str, frozenset[str]]]:
        if self._place.raw in present:
            for name in (STDOUT, REQUESTS):
                if there := self._table(self._place.table(name)):
                    yield name, frozenset(_paths(there.schema, ""))


def _found(name: str, dataset: bigquery.Dataset) -> Dataset:
    is_closed = not any(_is_of_viewers(entry) for entry in dataset.access_entries)
    expires = dataset.default_partition_expiration_ms
    return Dataset(
        name,
        dataset.location or "",
        dataset.description or "",
        is_closed,
        expires // _DAY_MS if expires else None,
    )


def _found_table(wanted: Table, there: bigquery.Table) -> Table:
    parted = there.time_partitioning
    expires = parted.expiration_ms if parted else None
    return Table(
        wanted.dataset,
        wanted.name,
        there.description or "",
        tuple(_column(field) for field in there.schema),
        (parted.field or "_PARTITIONTIME") if parted else "",
        expires // _DAY_MS if expires else None,
        tuple(there.clustering_fields or ()),
    )


def _column(field: bigquery.SchemaField) -> Column:
    kind = _TYPES.get(field.field_type, field.field_type)
    return Column(field.name, kind, field.mode == "REQUIRED", field.description or "")


def _describe(table: bigquery.Table, wanted: Table) -> None:
    table.description = wanted.description
    table.clustering_fields = list(wanted.cluster) or None
    if wanted.partition:
        expires = None if wanted.expires_days is None else wanted.expires_days * _DAY_MS
        table.time_partitioning = bigquery.TimePartitioning(
            field=wanted.partition, expiration_ms=expires
        )


def _merged(
    there: Sequence[bigquery.SchemaField], wanted: Sequence[Column]
) -> list[bigquery.SchemaField]:
    """The columns that are there, with our texts, and behind them those that are new."""
    ours = {field.name: field for field in fields(tuple(wanted))}
    kept = [ours.pop(field.name, field) for field in there]
    return [*kept, *ours.values()]


def _described(field: bigquery.SchemaField, texts: dict[str, str]) -> bigquery.SchemaField:
    shape = field.to_api_repr()
    if text := texts.get(field.name):
        shape["description"] = text
    return bigquery.SchemaField.from_api_repr(shape)


def _text(view: bigquery.Table) -> str:
    return (view.view_query or "").strip()


def _grants(dataset: str, entries: Sequence[bigquery.AccessEntry]) -> Iterator[Grant]:
    for entry in entries:
        if entry.entity_type == "userByEmail" and entry.role:
            yield Grant(dataset, _ROLES.get(entry.role, entry.role), str(entry.entity_id))


def _authorised(
    dataset: str, entries: Sequence[bigquery.AccessEntry], project: str
) -> Iterator[Authorised]:
    for entry in entries:
        if entry.entity_type == "dataset" and isinstance(entry.entity_id, dict):
            reader = entry.entity_id.get("dataset", {})
            if reader.get("projectId") == project:
                yield Authorised(dataset, reader.get("datasetId", ""))


def _is_of_viewers(entry: bigquery.AccessEntry) -> bool:
    return entry.entity_type == "specialGroup" and entry.entity_id == _VIEWERS


def _paths(schema: Sequence[bigquery.SchemaField], before: str) -> Iterator[str]:
    for field in schema:
        yield before + field.name
        yield from _paths(field.fields, f"{before}{field.name}.")

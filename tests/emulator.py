"""A BigQuery emulator on loopback, and the sink's tables in it."""

import base64
import contextlib
import os
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from analytics.warehouse.bigquery import objects
from analytics.warehouse.bigquery.adapter import PATIENCE_S, BigQueryWarehouse
from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.bigquery.rows import SMALL
from analytics.warehouse.catalogue import Catalogue
from policy.store import PolicyFolder
from tests.host import ROOT, environment, free_port
from tests.sink import PROJECT, Column, Sink

HOME = ROOT / ".venv" / "bigquery"
PYTHON = HOME / "bin" / "python"
SERVER = ROOT / "tests" / "bigquery_server.py"
START_S = 60.0
_AT_ONCE = 500  # rows streamed by one request, as the sink does
MAX_BYTES = 10**12


def missing() -> str:
    """Why the emulator is not here, as a reason to skip; "" where it is."""
    if PYTHON.exists():
        return ""
    return "needs .venv/bigquery (make .venv/.bigquery, which needs Python 3.13)"


@contextlib.contextmanager
def emulator() -> Iterator[str]:
    """A running emulator; gives its address, such as http://127.0.0.1:9050."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sts-bigquery-") as folder:
        command = [str(PYTHON), str(SERVER), "--host", "127.0.0.1", "--port", str(port)]
        command += ["--grpc-port", str(free_port()), "--data-dir", f"{folder}/data"]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                env=environment(HOME=str(HOME)),  # where its DuckDB finds the extensions
                cwd=folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process)
            yield address
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it has is thrown away
            process.wait()


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the emulator ended with status {process.returncode}")
        with contextlib.suppress(GoogleAPICallError, OSError):
            list(client(address).list_datasets(timeout=5))
            return
        time.sleep(0.1)
    raise RuntimeError(f"the emulator does not answer after {START_S} s")


def client(address: str) -> bigquery.Client:
    """The library's client for the emulator."""
    return bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": address},
    )


class Cloud:
    """Two datasets of their own in an emulator, and the sink that writes to one of them."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.place = Place(PROJECT, f"t{uuid.uuid4().hex[:12]}")
        self.catalogue = Catalogue()
        self.sink = Sink()
        self.client = client(address)
        self._sent: dict[str, int] = {}
        self._put: list[str] = []
        for dataset in (self.place.raw, self.place.views):
            self.client.create_dataset(dataset)
        for name in self.catalogue.tables:
            made = objects.table(self.catalogue, self.place, name, retention_days=400)
            self.client.create_table(made)

    @property
    def setting(self) -> str:
        """What --warehouse takes."""
        return f"bigquery:{self.place.project}.{self.place.prefix}"

    def warehouse(
        self,
        *,
        address: str | None = None,
        policies: PolicyFolder | None = None,
        retention_days: int = 400,
        small: int = SMALL,
        patience_s: float = PATIENCE_S,
    ) -> BigQueryWarehouse:
        """The adapter, by way of a proxy where an address is given."""
        return BigQueryWarehouse(
            self.place,
            retention_days=retention_days,
            max_bytes=MAX_BYTES,
            policies=policies,
            endpoint=address or self.address,
            small=small,
            patience_s=patience_s,
        )

    def flush(self) -> None:
        """Let the sink write what it has: new columns first, then the rows, by streaming.

        The emulator cannot add a column within a RECORD: then the table is made anew, with all rows.
        """
        for name, table in self.sink.tables.items():
            schema = fields(table.columns)
            made = bigquery.Table(self.place.table(name), schema=schema)
            made.time_partitioning = bigquery.TimePartitioning(field="timestamp")
            if name in self._sent and self.client.get_table(made).schema != schema:
                self.client.delete_table(made)
                del self._sent[name]
            if name not in self._sent:
                self.client.create_table(made)
            start = self._sent.get(name, 0)
            for first in range(start, len(table.rows), _AT_ONCE):
                part = table.rows[first : min(first + _AT_ONCE, len(table.rows))]
                assert self.client.insert_rows_json(made, part, row_ids=[None] * len(part)) == []
            self._sent[name] = len(table.rows)

    def put(self, name: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Stream rows into a table of ours, past the adapter; ``take_back`` deletes them."""
        self._put.append(name)
        given = [{column: _plain(value) for column, value in row.items()} for row in rows]
        assert self.client.insert_rows_json(self.place.table(name), given) == []

    def take_back(self) -> None:
        """Delete all rows of the tables that ``put`` was called for."""
        deletes = [f"DELETE FROM mta_sts_raw.{name} AS t WHERE TRUE" for name in self._put]  # noqa: S608
        self._put = []
        if deletes:
            self.rows(";\n".join(deletes))

    def empty(self) -> None:
        """Delete the rows of all tables of ours that have some, and the sink's tables."""
        for name in self._sent:
            self.client.delete_table(self.place.table(name))
        self._sent, self.sink = {}, Sink()
        counts = " UNION ALL ".join(
            f"SELECT '{name}' AS name, COUNT(*) AS n FROM mta_sts_raw.{name}"  # noqa: S608
            for name in self.catalogue.tables
        )
        full = self.rows(f"SELECT name FROM ({counts}) AS counts WHERE n > 0")  # noqa: S608
        for (table,) in full:
            self.rows(f"DELETE FROM mta_sts_raw.{table} AS t WHERE TRUE")  # noqa: S608

    def make_views(self, *, now: datetime | None = None, in_cloud: bool = True) -> None:
        """Make the views, those first that others read; the clock of their texts stands at ``now``.

        Those that read the log sink's tables can only be made once it has written.
        """
        for name in self.catalogue.views_in_order():
            made = objects.view(self.catalogue, self.place, name)
            if now is not None:
                made.view_query = made.view_query.replace(
                    "CURRENT_TIMESTAMP()", f"TIMESTAMP '{now.isoformat()}'"
                )
            if in_cloud or not self.catalogue.schema(name).is_cloud_only:
                self.client.create_table(made)

    def rows(self, sql: str) -> Sequence[tuple[object, ...]]:
        """The answer to a text with our names for the datasets, past the adapter."""
        return [row.values() for row in self.client.query(self.place.text(sql)).result()]


def _plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def fields(columns: dict[str, Column]) -> list[bigquery.SchemaField]:
    """The sink's columns as the client library describes them."""
    return [
        bigquery.SchemaField(
            name,
            column.kind,
            "REPEATED" if column.is_repeated else "NULLABLE",
            fields=fields(column.parts),
        )
        for name, column in columns.items()
    ]

"""The cloud's warehouse: the same questions and rows as the desk's, in BigQuery."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError as WaitedTooLong
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from analytics.errors import QueryStoppedError
from analytics.warehouse import result_types
from analytics.warehouse.base import Answer, Asking, Change, Limits, Loaded, Parameter
from analytics.warehouse.bigquery.erase import erase
from analytics.warehouse.bigquery.faults import told
from analytics.warehouse.bigquery.jobs import REQUEST_S, Deadline, Jobs
from analytics.warehouse.bigquery.loads import Loader
from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.bigquery.posted import posted
from analytics.warehouse.bigquery.rows import SMALL, Row, Writer
from analytics.warehouse.catalogue import Catalogue
from policy.store import PolicyFolder

PATIENCE_S = 300.0  # a first load may find a year

_KINDS: Mapping[type, str] = {
    str: "STRING",
    bool: "BOOL",
    int: "INT64",
    float: "FLOAT64",
    date: "DATE",
    datetime: "TIMESTAMP",
    type(None): "STRING",
}


class BigQueryWarehouse:
    """The datasets at ``place``, filled from what the log sink writes there.

    ``policies`` are those that are served, where that is known here. ``location`` is where the
    datasets are; without it they are asked. ``endpoint`` is an emulator's; without it Google's is
    asked, with the credentials of the environment. ``patience_s`` is how long a load or a write may
    take with all that is repeated in it.
    """

    def __init__(
        self,
        place: Place,
        *,
        retention_days: int,
        max_bytes: int,
        location: str | None = None,
        policies: PolicyFolder | None = None,
        catalogue: Catalogue | None = None,
        endpoint: str | None = None,
        small: int = SMALL,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._place = place
        self._retention_days = retention_days
        self._max_bytes = max_bytes
        self._location = location
        self._policies = policies
        self._catalogue = catalogue or Catalogue()
        self._endpoint = endpoint
        self._small = small
        self._patience_s = patience_s

    @cached_property
    def _jobs(self) -> Jobs:
        client = bigquery.Client(
            project=self._place.project,
            credentials=AnonymousCredentials() if self._endpoint else None,  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": self._endpoint} if self._endpoint else None,
        )
        location = self._location
        if location is None:
            raw = client.get_dataset(
                f"{self._place.project}.{self._place.raw}",
                retry=Deadline(REQUEST_S).repeated(),
                timeout=REQUEST_S,
            )
            location = raw.location
        return Jobs(client, self._place, location, self._max_bytes)

    def load(self, at: datetime) -> Loaded:
        """Bring in what is new in the log sink's tables; delete what is past the retention.

        Raises:
            WarehouseError: it could not be done; what was loaded before stays.
        """
        with told(self._place):
            loader = Loader(self._jobs, self._catalogue, self._retention_days, self._policies)
            loaded = loader.load(at, Deadline(self._patience_s))
        self._take_result_types()
        return loaded

    def _take_result_types(self) -> None:
        """Let views tell of result types what this version knows of them."""
        rows = result_types.rows()
        there = self.ask(result_types.THERE, limits=Limits(REQUEST_S))
        if list(there.records()) != rows:
            self.write(result_types.TABLE, rows, by=())

    def write(
        self,
        table: str,
        values: Iterable[Row],
        *,
        by: Sequence[str] | None = None,
        gone: Iterable[Row] = (),
    ) -> int:
        """Write rows, all or none, in place of those that agree with one, or of ``gone``, in ``by``.

        Raises:
            WarehouseError: it could not be done; the table is as it was.
            ValueError: a row is none of that table.
        """
        with told(self._place):
            writer = Writer(self._jobs, self._catalogue, self._small)
            return writer.write(table, values, by, gone, Deadline(self._patience_s))

    def write_all(self, changes: Iterable[Change]) -> None:
        """Write to several tables, one after the other.

        Raises:
            WarehouseError: it could not be done; some of the first tables may be written.
            ValueError: a row is none of its table.
        """
        for change in changes:
            self.write(change.table, change.values, by=change.by, gone=change.gone)

    def recount(self) -> None:
        """Count the fetches anew.

        Raises:
            WarehouseError: it could not be done; the counts are as they were.
        """
        text = self._catalogue.statement("client_versions_v1", "recount")
        with told(self._place):
            self._jobs.rows(text, (), Deadline(self._patience_s))

    def erase_logged(self, domain: str) -> int:
        """Erase what the log sink wrote of a policy domain, and say how many rows.

        Raises:
            WarehouseError: it could not be done: rows that came in the last 90 minutes may still be
                in a buffer, where nothing can be erased.
        """
        with told(self._place):
            return erase(self._jobs, self._catalogue, domain, Deadline(self._patience_s))

    def posted(self, since: datetime) -> Iterator[str]:
        """The parts of posted reports that were logged since then, each as a JSON text.

        Only those of bodies that were not taken in; parts of one body come together.

        Raises:
            WarehouseError: they cannot be read now.
        """
        with told(self._place):
            yield from posted(self._jobs, self._catalogue, since)

    def ask(
        self, sql: str, parameters: Mapping[str, Parameter] | None = None, *, limits: Limits
    ) -> Answer:
        """The answer to one GoogleSQL query; what it may scan is limited by ``max_bytes``.

        Raises:
            QueryRefusedError: the text is no query that can be run, or would scan too much.
            QueryStoppedError: it took longer than ``limits.seconds``.
            WarehouseError: the warehouse cannot answer now.
        """
        bound = [
            bigquery.ScalarQueryParameter(name, _KINDS[type(value)], value)
            for name, value in (parameters or {}).items()
        ]
        deadline = Deadline(limits.seconds)
        with told(self._place, is_query=True), _stopped_after(limits.seconds):
            rows = self._jobs.rows(sql, bound, deadline, limit=limits.rows)
            answer = Answer(tuple(field.name for field in rows.schema))
            for page in rows.pages:
                answer.add([row.values() for row in page])
                if not deadline.left:
                    raise WaitedTooLong
            answer.is_cut = rows.total_rows is not None and rows.total_rows > len(answer)
            return answer

    @contextmanager
    def asking(self, domain: str | None = None) -> Iterator[Asking]:
        """The warehouse itself: its jobs are of their own moments, and BigQuery is not held."""
        del domain
        yield self


@contextmanager
def _stopped_after(seconds: float) -> Iterator[None]:
    try:
        yield
    except WaitedTooLong as error:
        stopped = f"query: stopped after {seconds:g} s; --timeout allows more"
        raise QueryStoppedError(stopped) from error

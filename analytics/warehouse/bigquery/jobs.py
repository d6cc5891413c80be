"""Jobs in BigQuery: each has its id before it is sent, so that nothing runs twice or is lost.

The library's own policies repeat a request: a job that is there already answers with a conflict,
and is then asked for by its id. A job that failed through no fault of its own is started anew, which
is safe since it changed nothing. All of that has one deadline.
"""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass
from typing import IO, TypeVar

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.auth.exceptions import TransportError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from google.cloud.bigquery.table import RowIterator
from requests.exceptions import RequestException, SSLError

from analytics.errors import WarehouseError
from analytics.warehouse.bigquery.faults import OF_THE_LIBRARY
from analytics.warehouse.bigquery.place import Place

Parameter = (
    bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter | bigquery.StructQueryParameter
)
Predicate = Callable[[BaseException], bool]
_Result = TypeVar("_Result")

REQUEST_S = 60.0  # of one request; an answer that is not there yet is held back for 10 s
_REPEAT_S = 30.0  # of the repeats of one request, before the job itself is looked at
_CANCEL_S = 5.0
_ID = "mta-sts-"
_LABELS = {"tool": "sts-witness"}

# a job that ended with one of these may be started anew (the library's lists of the same)
_PASSING = (
    "backendError",
    "internalError",
    "rateLimitExceeded",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
)
# and so may one that wrote to a table while another did
_OF_THE_LINE = (ConnectionError, RequestException, TransportError)
_CONFLICTS = ("concurrent update", "Could not serialize access", "transaction conflict")


class Deadline:
    """A moment until which all of a piece of work must be done."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then; never below 0."""
        return max(0.0, self._until - time.monotonic())

    def repeated(self, at_most: float = _REPEAT_S) -> Retry:
        """The library's policy for one request."""
        policy: Retry = DEFAULT_RETRY.with_delay(initial=0.5, maximum=8)
        return policy.with_timeout(max(0.1, min(self.left, at_most)))

    def started_anew(self, predicate: Predicate) -> Retry:
        """The policy for a job."""
        return Retry(predicate=predicate, initial=0.5, maximum=8, timeout=max(0.1, self.left))


@dataclass(frozen=True, slots=True)
class Jobs:
    """What runs jobs in a place; ``location`` is where its datasets are."""

    client: bigquery.Client
    place: Place
    location: str | None
    max_bytes: int

    def rows(
        self,
        sql: str,
        parameters: Sequence[Parameter],
        deadline: Deadline,
        *,
        limit: int | None = None,
        anew: Predicate | None = None,
    ) -> RowIterator:
        """Run a text of ours or a person's to its end; at most ``limit`` of its rows are taken.

        ``anew`` says after which errors the job is started anew, rather than ``may_start_anew``.

        Raises:
            OF_THE_LIBRARY: what went wrong, as the library says it.
        """
        config = bigquery.QueryJobConfig(
            query_parameters=list(parameters),
            maximum_bytes_billed=self.max_bytes,
            default_dataset=f"{self.place.project}.{self.place.views}",
            job_timeout_ms=int(deadline.seconds * 1000),
            labels=_LABELS,
        )
        job = self.client.query(
            self.place.text(sql),
            job_config=config,
            job_id_prefix=_ID,
            location=self.location,
            retry=deadline.repeated(),
            timeout=REQUEST_S,
            job_retry=None,  # of the waiting below, which has the deadline
        )
        with self._cancelled_if_left(job):
            while True:
                try:
                    return job.result(
                        max_results=limit,
                        retry=deadline.repeated(),
                        timeout=max(0.1, min(deadline.left, REQUEST_S)),
                        job_retry=deadline.started_anew(anew or may_start_anew),
                    )
                except WaitedTooLong:
                    if not deadline.left:
                        raise

    def load(
        self,
        body: IO[bytes],
        table: str,
        schema: Sequence[bigquery.SchemaField],
        deadline: Deadline,
    ) -> int:
        """Make JSON lines the whole content of a table, and say how many rows it then has.

        Raises:
            OF_THE_LIBRARY: what went wrong, as the library says it.
        """
        config = bigquery.LoadJobConfig(
            schema=list(schema),
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            labels=_LABELS,
        )
        size = body.seek(0, 2)

        def once() -> int:
            job_id = f"{_ID}{uuid.uuid4()}"
            job: bigquery.LoadJob
            try:
                job = self.client.load_table_from_file(
                    body,
                    table,
                    rewind=True,
                    size=size,
                    job_id=job_id,
                    job_config=config,
                    location=self.location,
                    timeout=REQUEST_S,
                )
            except OF_THE_LIBRARY:
                # its answer may be what was lost
                found = self._found(job_id, deadline)
                if found is None:
                    raise
                job = found
            job.result(retry=deadline.repeated(), timeout=max(0.1, deadline.left))
            return int(job.output_rows or 0)

        return self.patiently(once, deadline)

    def patiently(self, work: Callable[[], _Result], deadline: Deadline) -> _Result:
        """Do a piece of work that may be done again from its start."""
        repeated: Callable[[], _Result] = deadline.started_anew(may_start_anew)(work)
        return repeated()

    def _found(self, job_id: str, deadline: Deadline) -> bigquery.LoadJob | None:
        try:
            job = self.client.get_job(
                job_id, location=self.location, retry=deadline.repeated(), timeout=REQUEST_S
            )
        except exceptions.NotFound:
            return None
        if not isinstance(job, bigquery.LoadJob):
            raise WarehouseError(f"{self.place.project}: job {job_id} is none of ours")
        return job

    @contextlib.contextmanager
    def _cancelled_if_left(self, job: bigquery.QueryJob) -> Iterator[None]:
        """Whoever stops waiting, by Ctrl-C or the deadline, stops the job too."""
        try:
            yield
        except (KeyboardInterrupt, WaitedTooLong):
            with contextlib.suppress(*OF_THE_LIBRARY):
                job.cancel(retry=None, timeout=_CANCEL_S)
            raise


def may_start_anew(error: BaseException) -> bool:
    """Whether what ended so may be done again: also where another job was in the way."""
    return failed_by_itself(error) or any(text in str(error) for text in _CONFLICTS)


def failed_by_itself(error: BaseException) -> bool:
    """Whether the line broke, or the job failed by no fault of it."""
    if isinstance(error, exceptions.RetryError):
        return error.cause is not None and failed_by_itself(error.cause)
    if not isinstance(error, exceptions.GoogleAPICallError):
        return isinstance(error, _OF_THE_LINE) and not isinstance(error, SSLError)
    reason = str(error.errors[0].get("reason", "")) if error.errors else ""
    return reason in _PASSING or (not reason and isinstance(error, exceptions.ServerError))

"""Cloud Logging's side of a deployment: the sink, what the project's own bucket leaves out, the seed."""

from collections.abc import Mapping
from datetime import datetime

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.cloud.logging_v2.services.config_service_v2 import ConfigServiceV2Client
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.types import BigQueryOptions, LogExclusion, LogSink

from analytics.cloudlog.faults import RETRY, TIMEOUT_S, told
from analytics.deploy import seed
from analytics.deploy.model import Exclusion, Sink
from analytics.errors import WarehouseError

_DEFAULT = "_Default"
_MEMBER = "serviceAccount:"
_ROLE = "roles/logging.configWriter"
_WRITER_ROLE = "roles/logging.logWriter"
_STDOUT = "run.googleapis.com%2Fstdout"


class Router:
    """The log sinks of a project."""

    def __init__(
        self,
        config: ConfigServiceV2Client,
        log: LoggingServiceV2Client,
        project: str,
        retry: Retry = RETRY,
    ) -> None:
        self._config = config
        self._log = log
        self._project = project
        self._retry = retry

    def sink(self, name: str) -> tuple[Sink | None, str]:
        """A sink as it is, and the account that it writes with.

        Raises:
            AnalyticsError: the API does not answer, or does not let us look.
        """
        with told(self._project, _ROLE):
            there = self._get(name)
        if there is None:
            return None, ""
        found = Sink(
            name,
            there.destination,
            there.filter,
            there.bigquery_options.use_partitioned_tables,
            there.disabled,
        )
        return found, there.writer_identity.removeprefix(_MEMBER)

    def exclusions(self) -> dict[str, Exclusion]:
        """What the project's own bucket leaves out, by name; one that is off is none.

        Raises:
            AnalyticsError: the API does not answer, or does not let us look.
        """
        with told(self._project, _ROLE):
            there = self._get(_DEFAULT)
        listed = there.exclusions if there else ()
        return {
            each.name: Exclusion(each.name, each.filter) for each in listed if not each.disabled
        }

    def make_sink(self, wanted: Sink) -> None:
        """Create the sink, or give it the destination and filter that are wanted."""
        sink = LogSink(
            name=wanted.name,
            destination=wanted.destination,
            filter=wanted.filter,
            description="STS Witness: fetch events for BigQuery",
            bigquery_options=BigQueryOptions(use_partitioned_tables=True),
        )
        with told(self._project, _ROLE):
            if self._get(wanted.name) is None:
                try:
                    self._config.create_sink(
                        request={
                            "parent": f"projects/{self._project}",
                            "sink": sink,
                            "unique_writer_identity": True,
                        },
                        retry=self._retry,
                        timeout=TIMEOUT_S,
                    )
                except exceptions.AlreadyExists:  # its first answer was lost
                    pass
                else:
                    return
            self._update(wanted.name, sink, "destination", "filter", "description", "disabled")

    def make_exclusion(self, wanted: Exclusion) -> None:
        """Leave entries out of the project's own bucket; what else it leaves out stays so."""
        with told(self._project, _ROLE):
            there = self._get(_DEFAULT)
            if there is None:
                raise WarehouseError(
                    f"{self._project}: there is no log sink {_DEFAULT} to leave anything out of"
                )
            kept = [each for each in there.exclusions if each.name != wanted.name]
            new = LogExclusion(
                name=wanted.name, filter=wanted.filter, description="STS Witness: kept in BigQuery"
            )
            self._update(_DEFAULT, LogSink(exclusions=[*kept, new]), "exclusions")

    def seed(self, service: str, region: str, at: datetime) -> None:
        """Write one event of ours as the function would, so that the sink makes every column."""
        with told(self._project, _WRITER_ROLE):
            self._log.write_log_entries(
                request={
                    "log_name": f"projects/{self._project}/logs/{_STDOUT}",
                    "resource": _resource(self._project, service, region),
                    "entries": [seed.entry(seed.event(at), self._project)],
                },
                retry=self._retry,
                timeout=TIMEOUT_S,
            )

    def _get(self, name: str) -> LogSink | None:
        try:
            return self._config.get_sink(
                request={"sink_name": self._path(name)}, retry=self._retry, timeout=TIMEOUT_S
            )
        except exceptions.NotFound:
            return None

    def _update(self, name: str, sink: LogSink, *paths: str) -> None:
        self._config.update_sink(
            request={
                "sink_name": self._path(name),
                "sink": sink,
                "unique_writer_identity": True,
                "update_mask": {"paths": paths},
            },
            retry=self._retry,
            timeout=TIMEOUT_S,
        )

    def _path(self, name: str) -> str:
        return f"projects/{self._project}/sinks/{name}"


def _resource(project: str, service: str, region: str) -> Mapping[str, object]:
    labels = {
        "project_id": project,
        "service_name": service,
        "configuration_name": service,
        "revision_name": f"{service}-seed",
        "location": region,
    }
    return {"type": "cloud_run_revision", "labels": labels}

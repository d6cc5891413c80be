"""The clients that a deployment uses: Google's, or those of a stand-in at another address."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import google.auth
import requests
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import bigquery

from analytics.cloudlog import client as cloudlog
from analytics.cloudlog import filters
from analytics.deploy import apis, iam
from analytics.deploy.datasets import Datasets
from analytics.deploy.project import Project
from analytics.deploy.rights import Held
from analytics.deploy.router import Router
from analytics.warehouse.bigquery.place import Place

BIGQUERY_HOST = "BIGQUERY_EMULATOR_HOST"  # as BigQuery's own library has it
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True)
class Connection:
    """A project as the environment lets us reach it.

    Raises:
        AccessDeniedError: there are no credentials that can be used.
    """

    place: Place
    environ: Mapping[str, str]

    @cached_property
    def datasets(self) -> Datasets:
        """BigQuery's side."""
        endpoint = self.environ.get(BIGQUERY_HOST)
        try:
            client = bigquery.Client(
                project=self.place.project,
                credentials=AnonymousCredentials() if endpoint else None,  # type: ignore[no-untyped-call]
                client_options={"api_endpoint": endpoint} if endpoint else None,
            )
        except auth.GoogleAuthError as error:
            raise cloudlog.no_login(error) from error
        return Datasets(client, self.place)

    @cached_property
    def router(self) -> Router:
        """Cloud Logging's side."""
        sinks, entries = cloudlog.sinks(self.environ), cloudlog.entries(self.environ)
        return Router(sinks, entries, self.place.project)

    def region(self, sink: str) -> str:
        """The region whose log an existing sink copies; "" where it tells none."""
        found, _writer = self.router.sink(sink)
        return filters.region_of(found.filter) if found else ""

    def project(self, service: str, region: str, sink: str) -> Project:
        """Both sides, for one service and one sink."""
        return Project(self.datasets, self.router, service, region, sink)

    def disabled_apis(self) -> tuple[str, ...] | None:
        """The APIs that we need and that are off; None where it cannot be told."""
        with self._session() as session:
            return apis.disabled(session, self.place.project) if session else None

    def held(self, accounts: Iterable[str]) -> Held:
        """Who may do what in the project and on the accounts with these addresses."""
        with self._session() as session:
            return iam.held(session, self.place.project, accounts) if session else Held()

    @contextmanager
    def _session(self) -> Iterator[requests.Session | None]:
        """What signs requests to Google; None where BigQuery is a stand-in, or nobody is logged in."""
        if BIGQUERY_HOST in self.environ:
            yield None
            return
        try:
            credentials, _project = google.auth.default(scopes=[_SCOPE])
        except auth.GoogleAuthError:
            yield None
            return
        session: requests.Session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        with session:
            yield session

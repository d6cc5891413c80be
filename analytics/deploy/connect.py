"""The clients that a deployment uses: Google's, or those of a stand-in at another address."""

from collections.abc import Mapping
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
from analytics.deploy import apis
from analytics.deploy.datasets import Datasets
from analytics.deploy.project import Project
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
        if BIGQUERY_HOST in self.environ:
            return None
        try:
            credentials, _project = google.auth.default(scopes=[_SCOPE])
        except auth.GoogleAuthError:
            return None
        session: requests.Session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        with session:
            return apis.disabled(session, self.place.project)

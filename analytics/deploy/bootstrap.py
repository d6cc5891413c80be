"""What an owner of the project does once: APIs, accounts and their exact roles, as gcloud commands.

Each command changes nothing where it was run before, so the whole may be run again.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from analytics.warehouse.bigquery.place import Place

APIS = (
    "artifactregistry.googleapis.com",  # the built image
    "bigquery.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudresourcemanager.googleapis.com",  # lets deploy --check see who may do what
    "cloudscheduler.googleapis.com",  # the refresh, every 15 minutes
    "iam.googleapis.com",
    "logging.googleapis.com",
    "run.googleapis.com",
    "serviceusage.googleapis.com",
)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The first parts of the service accounts' addresses."""

    host: str = "mta-sts-host"
    refresh: str = "mta-sts-refresh"
    scheduler: str = "mta-sts-scheduler"
    build: str = "mta-sts-build"


@dataclass(frozen=True, slots=True)
class Command:
    """One command; ``unless`` is another that succeeds where nothing is to be done."""

    title: str
    words: tuple[str, ...]
    unless: tuple[str, ...] = ()

    def shell(self) -> str:
        """It as a line of a shell."""
        if not self.unless:
            return shlex.join(self.words)
        return f"{shlex.join(self.unless)} >/dev/null 2>&1 || {shlex.join(self.words)}"


class On(StrEnum):
    """What a right is given on."""

    PROJECT = "project"
    ACCOUNT = "account"
    DATASET = "dataset"


@dataclass(frozen=True, slots=True)
class Right:
    """What an account may do, and the command that lets it; ``where`` is as ``on`` has its names."""

    who: str  # the account's address
    role: str
    on: On
    where: str
    command: Command


# of the project; what stands here is all that each account may do there
_PROJECT_ROLES = (
    ("build", "roles/cloudbuild.builds.builder", "builds, and keeps what it built"),
    ("build", "roles/run.admin", "deploys both functions and makes the first one public"),
    ("build", "roles/logging.configWriter", "makes the log sink"),
    (
        "build",
        "roles/bigquery.jobUser",
        "runs queries: which policies are served, whether the first event is there",
    ),
    ("build", "roles/cloudscheduler.admin", "makes the refresh's schedule"),
    ("build", "roles/serviceusage.serviceUsageViewer", "sees which APIs are enabled"),
    ("refresh", "roles/bigquery.jobUser", "runs its own queries"),
)
ACT_AS = "roles/iam.serviceAccountUser"
_DATASET_ROLES = (
    ("build", "roles/bigquery.dataOwner", ("raw", "views")),
    ("refresh", "roles/bigquery.dataEditor", ("raw",)),
    ("refresh", "roles/bigquery.dataViewer", ("views",)),
)


def commands(place: Place, location: str, accounts: Accounts) -> tuple[Command, ...]:
    """All of them, in order."""
    given = rights(place, location, accounts)
    return (
        Command("The APIs", ("gcloud", "services", "enable", *APIS, f"--project={place.project}")),
        *made(place, accounts).values(),
        *(right.command for right in given if right.on is not On.DATASET),
        *_datasets(place, location),
        *(right.command for right in given if right.on is On.DATASET),
    )


def rights(place: Place, location: str, accounts: Accounts) -> tuple[Right, ...]:
    """What each account may do, which is all of it."""
    return (
        *_project_rights(place, accounts),
        *_acting_as(place, accounts),
        *_dataset_rights(place, location, accounts),
    )


def address(place: Place, name: str) -> str:
    """The address of a service account."""
    return f"{name}@{place.project}.iam.gserviceaccount.com"


def made(place: Place, accounts: Accounts) -> Mapping[str, Command]:
    """The command that makes each account, by its address."""
    texts = {
        accounts.host: "serves policies; it has no role at all",
        accounts.refresh: "judges, loads and refreshes lists",
        accounts.scheduler: "calls the refresh",
        accounts.build: "builds and deploys",
    }
    return {address(place, name): _account(place, name, what) for name, what in texts.items()}


def _account(place: Place, name: str, what: str) -> Command:
    return Command(
        f"An account that {what}",
        (
            "gcloud", "iam", "service-accounts", "create", name,
            f"--display-name=STS Witness: {what}", f"--project={place.project}",
        ),
        (
            "gcloud", "iam", "service-accounts", "describe", address(place, name),
            f"--project={place.project}",
        ),
    )  # fmt: skip


def _project_rights(place: Place, accounts: Accounts) -> Iterator[Right]:
    for who, role, what in _PROJECT_ROLES:
        name = getattr(accounts, who)
        command = Command(
            f"{name} {what}",
            (
                "gcloud", "projects", "add-iam-policy-binding", place.project,
                f"--member=serviceAccount:{address(place, name)}", f"--role={role}",
                "--condition=None", "--format=none",
            ),
        )  # fmt: skip
        yield Right(address(place, name), role, On.PROJECT, place.project, command)


def _acting_as(place: Place, accounts: Accounts) -> Iterator[Right]:
    builder = address(place, accounts.build)
    for name in (accounts.host, accounts.refresh, accounts.scheduler, accounts.build):
        command = Command(
            f"{accounts.build} deploys what runs as {name}",
            (
                "gcloud", "iam", "service-accounts", "add-iam-policy-binding",
                address(place, name), f"--member=serviceAccount:{builder}",
                f"--role={ACT_AS}", f"--project={place.project}", "--format=none",
            ),
        )  # fmt: skip
        yield Right(builder, ACT_AS, On.ACCOUNT, address(place, name), command)


def _datasets(place: Place, location: str) -> Iterator[Command]:
    for name in (place.raw, place.views):
        dataset = f"{place.project}:{name}"
        yield Command(
            f"The dataset {name}, in {location}, which cannot be changed later",
            ("bq", f"--location={location}", "mk", "--dataset", dataset),
            ("bq", "show", "--dataset", dataset),
        )


def _dataset_rights(place: Place, location: str, accounts: Accounts) -> Iterator[Right]:
    for who, role, where in _DATASET_ROLES:
        name = getattr(accounts, who)
        for kind in where:
            dataset = place.raw if kind == "raw" else place.views
            member = f"serviceAccount:{address(place, name)}"
            sql = f"GRANT `{role}` ON SCHEMA `{place.project}.{dataset}` TO '{member}'"
            command = Command(
                f"{name} on {dataset} alone",
                (
                    "bq", f"--project_id={place.project}", f"--location={location}", "query",
                    "--use_legacy_sql=false", sql,
                ),
            )  # fmt: skip
            yield Right(address(place, name), role, On.DATASET, dataset, command)

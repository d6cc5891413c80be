"""The owner's commands: what each account may do, and nothing more."""

import re

from analytics.deploy.bootstrap import APIS, Accounts, commands
from analytics.warehouse.bigquery.place import Place

COMMANDS = commands(Place("my-project", "mta_sts"), "europe-west1", Accounts())
TEXT = "\n".join(command.shell() for command in COMMANDS)


def granted() -> set[tuple[str, str, str]]:
    found = set()
    for command in COMMANDS:
        words = command.words
        member = next((w for w in words if "--member=" in w), "")
        role = next((w.removeprefix("--role=") for w in words if w.startswith("--role=")), "")
        if role:
            where = words[words.index("add-iam-policy-binding") + 1]
            found.add((_name(member), _name(where), role))
        if sql := re.search(r"GRANT `(\S+)` ON SCHEMA `(\S+)` TO '(\S+)'", words[-1]):
            found.add((_name(sql[3]), sql[2], sql[1]))
    return found


def _name(text: str) -> str:
    return text.rpartition(":")[2].partition("@")[0]


def test_rights_are_these_and_no_others() -> None:
    assert granted() == {
        ("mta-sts-build", "my-project", "roles/cloudbuild.builds.builder"),
        ("mta-sts-build", "my-project", "roles/run.admin"),
        ("mta-sts-build", "my-project", "roles/logging.configWriter"),
        ("mta-sts-build", "my-project", "roles/bigquery.jobUser"),
        ("mta-sts-build", "my-project", "roles/cloudscheduler.admin"),
        ("mta-sts-build", "my-project", "roles/serviceusage.serviceUsageViewer"),
        ("mta-sts-build", "mta-sts-host", "roles/iam.serviceAccountUser"),
        ("mta-sts-build", "mta-sts-refresh", "roles/iam.serviceAccountUser"),
        ("mta-sts-build", "mta-sts-scheduler", "roles/iam.serviceAccountUser"),
        ("mta-sts-build", "mta-sts-build", "roles/iam.serviceAccountUser"),
        ("mta-sts-build", "my-project.mta_sts_raw", "roles/bigquery.dataOwner"),
        ("mta-sts-build", "my-project.mta_sts", "roles/bigquery.dataOwner"),
        ("mta-sts-refresh", "my-project", "roles/bigquery.jobUser"),
        ("mta-sts-refresh", "my-project.mta_sts_raw", "roles/bigquery.dataEditor"),
        ("mta-sts-refresh", "my-project.mta_sts", "roles/bigquery.dataViewer"),
    }


def test_public_function_has_no_role_anywhere() -> None:
    assert not [grant for grant in granted() if grant[0] == "mta-sts-host"]


def test_every_api_is_enabled_and_each_thing_made_once() -> None:
    assert COMMANDS[0].words[:3] == ("gcloud", "services", "enable")
    assert set(APIS) < set(COMMANDS[0].words)
    made = [c for c in COMMANDS if "create" in c.words or "mk" in c.words]
    assert len(made) == 6
    assert all(command.unless for command in made)
    assert "bq --location=europe-west1 mk --dataset my-project:mta_sts_raw" in TEXT

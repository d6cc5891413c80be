"""cloudbuild.yaml against Cloud Build's published fields, and each step's script against stand-ins."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from analytics.deploy.bootstrap import Accounts
from tests.answering import answering
from tests.host import ROOT, framework, get
from tests.policyhost import Served, policy_host

BUILD: Mapping[str, Any] = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
BASH = "/bin/bash"
SCRIPTS = ROOT / "scripts/deploy"

# what each object may hold, of the reference of the Build resource (v1), and its type
_TEXT, _YES, _LIST, _MAP = str, bool, list, dict
FIELDS: Mapping[str, Mapping[str, type]] = {
    "build": {
        "steps": _LIST, "timeout": _TEXT, "queueTtl": _TEXT, "logsBucket": _TEXT,
        "options": _MAP, "substitutions": _MAP, "tags": _LIST, "serviceAccount": _TEXT,
        "secrets": _LIST, "availableSecrets": _MAP, "artifacts": _MAP, "images": _LIST,
        "dependencies": _LIST,
    },
    "step": {
        "name": _TEXT, "args": _LIST, "env": _LIST, "allowFailure": _YES, "allowExitCodes": _LIST,
        "dir": _TEXT, "id": _TEXT, "waitFor": _LIST, "entrypoint": _TEXT, "secretEnv": _LIST,
        "volumes": _LIST, "timeout": _TEXT, "script": _TEXT, "automapSubstitutions": _YES,
        "results": _LIST,
    },
    "options": {
        "env": _LIST, "secretEnv": _LIST, "volumes": _LIST, "sourceProvenanceHash": _LIST,
        "machineType": _TEXT, "diskSizeGb": _TEXT, "substitutionOption": _TEXT,
        "dynamicSubstitutions": _YES, "automapSubstitutions": _YES, "logStreamingOption": _TEXT,
        "logging": _TEXT, "defaultLogsBucketBehavior": _TEXT, "pool": _MAP,
        "requestedVerifyOption": _TEXT,
    },
}  # fmt: skip
BUILT_IN = {
    "PROJECT_ID", "BUILD_ID", "PROJECT_NUMBER", "LOCATION", "TRIGGER_NAME", "COMMIT_SHA",
    "REVISION_ID", "SHORT_SHA", "REPO_NAME", "REPO_FULL_NAME", "BRANCH_NAME", "TAG_NAME", "REF_NAME",
    "SERVICE_ACCOUNT_EMAIL", "SERVICE_ACCOUNT",
}  # fmt: skip


def texts() -> dict[str, str]:
    """Each step's script, with that of the file that it runs."""
    found = {}
    for step in BUILD["steps"]:
        text = step["script"]
        for name in re.findall(r"scripts/deploy/\w+\.sh", text):
            text += (ROOT / name).read_text()
        found[step["id"]] = text
    return found


def test_every_field_is_one_that_cloud_build_has() -> None:
    for kind, given in (
        ("build", BUILD),
        ("options", BUILD["options"]),
        *(("step", step) for step in BUILD["steps"]),
    ):
        for name, value in given.items():
            assert type(value) is FIELDS[kind][name], (kind, name)


def test_steps_have_names_scripts_and_nothing_beside_them() -> None:
    ids = [step["id"] for step in BUILD["steps"]]
    assert len(set(ids)) == len(ids)
    assert ids == [
        "test", "audit", "before", "data", "function", "first-request", "views", "refresh", "smoke",
        "roll-back",
    ]  # fmt: skip
    for step in BUILD["steps"]:
        assert step.keys() == {"id", "name", "script"}
        assert step["script"].startswith("#!/usr/bin/env bash\n")  # else it is run by sh
        assert not {"args", "entrypoint"} & step.keys()


def test_account_of_ones_own_says_where_its_log_goes() -> None:
    assert BUILD["options"]["logging"] == "CLOUD_LOGGING_ONLY"
    assert BUILD["options"]["automapSubstitutions"] is True
    assert BUILD["serviceAccount"].startswith("projects/$PROJECT_ID/serviceAccounts/${_BUILD_ACC")


def test_substitutions_are_those_that_are_used_each_with_a_default_that_is_text() -> None:
    used = set(
        re.findall(r"\$\{?(_[A-Z_]+)", "".join([*texts().values(), BUILD["serviceAccount"]]))
    )
    assert used == set(BUILD["substitutions"])
    for name, value in BUILD["substitutions"].items():
        assert type(value) is str, name
        assert re.fullmatch("_[A-Z0-9_]{1,99}", name)
    assert len(BUILD["substitutions"]) <= 200
    upper = set(re.findall(r"\$\{?([A-Z][A-Z_]+)\b", "".join(texts().values())))
    own = {"SERVICE_URL", "DEPLOY_STATE", "MTA_STS", "PYTHON"}  # set here, or for stand-ins
    assert upper - BUILT_IN <= own


def test_accounts_are_those_of_the_bootstrap() -> None:
    made, given = Accounts(), BUILD["substitutions"]
    assert given["_HOST_ACCOUNT"] == made.host
    assert given["_REFRESH_ACCOUNT"] == made.refresh
    assert given["_SCHEDULER_ACCOUNT"] == made.scheduler
    assert given["_BUILD_ACCOUNT"] == made.build


def test_libraries_are_audited_before_anything_is_made_unless_that_is_switched_off(
    tmp_path: Path,
) -> None:
    (script,) = [step["script"] for step in BUILD["steps"] if step["id"] == "audit"]
    assert "--strict --require-hashes --disable-pip" in script
    tool = tmp_path / "python"
    tool.write_text('#!/bin/sh\necho "$@" >> calls\nexit 7\n')
    tool.chmod(0o755)
    for audit, status in (("true", 7), ("", 7), ("false", 0)):
        done = subprocess.run(
            [BASH, "-c", script],
            cwd=tmp_path, env={"PATH": f"{tmp_path}:/usr/bin:/bin", "_AUDIT": audit}, check=False,
        )  # fmt: skip
        assert done.returncode == status
    assert (tmp_path / "calls").read_text() == "-m venv /tmp/audit\n" * 2


def test_test_step_has_no_secret_and_no_right() -> None:
    text = texts()["test"] + texts()["audit"]
    assert not re.search("secret|gcloud|bq |PROJECT_ID", text, re.IGNORECASE)
    assert "secrets" not in BUILD
    assert "availableSecrets" not in BUILD


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.sh")), ids=lambda path: path.name)
def test_script_can_be_read_by_bash(path: Path) -> None:
    assert os.access(path, os.X_OK)
    done = subprocess.run([BASH, "-n", str(path)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert "set -euo pipefail\n" in path.read_text()


def test_tests_and_policies_are_sent_and_what_a_desk_has_written_is_not() -> None:
    lines = (ROOT / ".gcloudignore").read_text().splitlines()
    assert {".git", ".venv/", "var/*", "!var/policies/"} <= set(lines)
    assert not [line for line in lines if line.startswith(("tests", "scripts", "policy"))]


TOOL = """#!{python}
import json, os, sys
name, words = os.path.basename(sys.argv[0]), sys.argv[1:]
with open(os.environ["CALLS"], "a") as file:
    file.write(json.dumps([name, *words]) + "\\n")
text = " ".join(words)
for part, answer in json.loads(os.environ["ANSWERS"]):
    if part in text:
        if answer is None:
            sys.exit(1)
        print(answer)
        sys.exit(0)
"""


@dataclass
class Build:
    """A source folder, and a gcloud and an mta-sts that write down how they are called."""

    folder: Path
    env: dict[str, str]

    def run(
        self,
        script: str,
        *arguments: str,
        answers: object = (),
        status: int = 0,
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Run a step's script as Cloud Build would, and give what it printed."""
        done = subprocess.run(
            [BASH, str(SCRIPTS / script), *arguments],
            cwd=self.folder, env={**self.env, "ANSWERS": json.dumps(answers), **(env or {})},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == status, (done.stdout, done.stderr)
        return done.stdout + done.stderr

    @property
    def calls(self) -> list[list[str]]:
        """The calls, in order."""
        path = Path(self.env["CALLS"])
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def state(self, name: str) -> Path:
        """A file that one step leaves for another."""
        return self.folder / ".deploy" / name


@pytest.fixture
def build(tmp_path: Path) -> Build:
    source, tools = tmp_path / "source", tmp_path / "bin"
    for folder in (source / "policy/data", source / "analytics", source / "own", tools):
        folder.mkdir(parents=True)
    (source / "main.py").write_text("def policy_host(request):\n    pass\n")
    (source / "requirements.txt").write_text("")
    (source / "policy/data/example.com.txt").write_text("sample")
    (source / "own/example.net.txt").write_text("own")
    for name in ("gcloud", "mta-sts"):
        path = tools / name
        path.write_text(TOOL.format(python=sys.executable))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    env = {name: value for name, value in os.environ.items() if not name.startswith("MTA_STS_")}
    env |= BUILD["substitutions"] | {
        "PROJECT_ID": "my-project",
        "PATH": f"{tools}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "MTA_STS": str(tools / "mta-sts"),
        "PYTHON": sys.executable,
        "TMPDIR": str(tmp_path),
    }
    return Build(source, env)


DEPLOYED = [("latestReadyRevisionName", "mta-sts-00007-abc"), ("status.url", "https://x.run.app")]


def test_function_is_public_and_without_a_role(build: Build) -> None:
    build.run("function.sh", answers=DEPLOYED)
    assert build.state("previous").read_text() == "mta-sts-00007-abc\n"
    assert build.state("url").read_text() == "https://x.run.app\n"
    (deploy,) = [call for call in build.calls if call[1:3] == ["run", "deploy"]]
    given = dict(word.partition("=")[::2] for word in deploy[4:])
    assert given.pop("--source").startswith(build.env["TMPDIR"])
    env = given.pop("--set-env-vars").removeprefix("^|^").split("|")
    assert env == [
        "GOOGLE_CLOUD_PROJECT=my-project",
        "MTA_STS_CLIENT_ADDRESS=forwarded:1",
        "MTA_STS_CLIENT_IP=full",
    ]
    assert given == {
        "--quiet": "",
        "--project": "my-project",
        "--region": "europe-west1",
        "--function": "policy_host",
        "--base-image": "python313",
        "--build-service-account": (
            "projects/my-project/serviceAccounts/mta-sts-build@my-project.iam.gserviceaccount.com"
        ),
        "--service-account": "mta-sts-host@my-project.iam.gserviceaccount.com",
        "--no-invoker-iam-check": "",
        "--ingress": "all",
        "--cpu": "1",
        "--memory": "256Mi",
        "--concurrency": "80",
        "--min": "0",
        "--max": "20",
    }
    assert [call[1:4] for call in build.calls if "--to-latest" in call] == [
        ["run", "services", "update-traffic"]
    ]


def test_first_deployment_has_nothing_to_go_back_to(build: Build) -> None:
    build.run("function.sh", answers=[("latestReady", None), *DEPLOYED[1:]])
    assert build.state("previous").read_text() == ""


def test_function_holds_the_policies_that_are_named_and_no_others(build: Build) -> None:
    build.run("function.sh", answers=DEPLOYED, env={"_POLICIES": "own"})
    (deploy,) = [call for call in build.calls if call[1:3] == ["run", "deploy"]]
    (source,) = [Path(word.partition("=")[2]) for word in deploy if word.startswith("--source=")]
    files = sorted(str(path.relative_to(source)) for path in source.rglob("*") if path.is_file())
    assert files == ["main.py", "policy/data/example.net.txt", "requirements.txt"]


def test_function_as_it_is_sent_serves_with_the_settings_it_gets(
    build: Build, tmp_path: Path
) -> None:
    whole = Build(ROOT, build.env | {"DEPLOY_STATE": str(tmp_path / "state")})
    whole.run("function.sh", answers=DEPLOYED)
    (deploy,) = [call for call in whole.calls if call[1:3] == ["run", "deploy"]]
    given = dict(word.partition("=")[::2] for word in deploy[4:])
    env = dict(
        pair.partition("=")[::2] for pair in given["--set-env-vars"].removeprefix("^|^").split("|")
    )
    source, home = Path(given["--source"]), tmp_path / "home"
    home.mkdir()
    with framework(source / "main.py", given["--function"], home, env, cwd=source) as host:
        answer = host.ask(
            get("mta-sts.example.com", more="X-Forwarded-For: 6.6.6.6, 192.0.2.7\r\n")
        )
    assert answer.status == 200
    assert answer.body == (ROOT / "policy/data/example.com.txt").read_bytes()


def test_data_is_deployed_with_all_choices_and_waits_only_when_told(build: Build) -> None:
    build.run("data.sh")
    build.run("data.sh", "600", env={"_LOCATION": "EU", "_KEEP_IN_DEFAULT": "false"})
    build.run("data.sh", "600", env={"_INGRESS": "internal-and-cloud-load-balancing"})
    common = ["mta-sts", "deploy", "--yes", "--region", "europe-west1", "--service", "mta-sts"]
    common += ["--sink", "mta-sts", "--wait"]
    assert build.calls == [
        [*common, "0"],
        [*common, "600", "--location", "EU", "--exclude-from-default"],
        [*common, "0"],
    ]


@pytest.mark.parametrize(("is_there", "verb"), [(True, "update"), (False, "create")])
def test_refresh_is_private_and_called_by_its_schedule(
    build: Build, is_there: bool, verb: str
) -> None:
    build.run(
        "refresh.sh",
        env={"_POLICIES": "own"},
        answers=[("jobs describe", "x" if is_there else None), ("status.url", "https://r.run.app")],
    )
    (deploy,) = [call for call in build.calls if call[1:3] == ["run", "deploy"]]
    assert "--no-allow-unauthenticated" in deploy
    assert "--service-account=mta-sts-refresh@my-project.iam.gserviceaccount.com" in deploy
    (env,) = [word for word in deploy if word.startswith("--set-env-vars=")]
    assert "|MTA_STS_WAREHOUSE=bigquery:my-project.mta_sts|" in env
    assert env.endswith("|MTA_STS_REPORT_MAILBOX=")
    assert not any("secret" in word for word in deploy)
    (source,) = [word.partition("=")[2] for word in deploy if word.startswith("--source=")]
    assert [path.name for path in (Path(source) / "policy/data").iterdir()] == ["example.net.txt"]
    (bound,) = [call for call in build.calls if "add-iam-policy-binding" in call]
    assert bound[-2:] == [
        "--member=serviceAccount:mta-sts-scheduler@my-project.iam.gserviceaccount.com",
        "--role=roles/run.invoker",
    ]
    (job,) = [call for call in build.calls if "http" in call]
    assert job[1:6] == ["scheduler", "jobs", verb, "http", "mta-sts-refresh"]
    assert "--schedule=*/15 * * * *" in job
    assert "--uri=https://r.run.app" in job
    assert "--oidc-token-audience=https://r.run.app" in job


def test_refresh_reads_the_report_mailbox_with_a_password_from_secret_manager(build: Build) -> None:
    place = "imaps://tlsrpt@imap.example.com/INBOX"
    build.run(
        "refresh.sh",
        env={"_REPORT_MAILBOX": place, "_IMAP_PASSWORD_SECRET": "tlsrpt-imap"},
        answers=[("jobs describe", "x"), ("status.url", "https://r.run.app")],
    )
    (deploy,) = [call for call in build.calls if call[1:3] == ["run", "deploy"]]
    assert "--set-secrets=MTA_STS_IMAP_PASSWORD=tlsrpt-imap:latest" in deploy
    (env,) = [word for word in deploy if word.startswith("--set-env-vars=")]
    assert env.endswith(f"|MTA_STS_REPORT_MAILBOX={place}")


def test_refresh_sends_alerts_with_what_is_secret_from_secret_manager(build: Build) -> None:
    build.run(
        "refresh.sh",
        env={
            "_ALERT_MAIL": "a@example.com,b@example.com",
            "_SMTP": "smtp://sts@example.com@smtp.example.com:587",
            "_SMTP_PASSWORD_SECRET": "sts-smtp",
            "_WEBHOOK_URL_SECRET": "sts-hook",
        },
        answers=[("jobs describe", "x"), ("status.url", "https://r.run.app")],
    )
    (deploy,) = [call for call in build.calls if call[1:3] == ["run", "deploy"]]
    secrets = "MTA_STS_SMTP_PASSWORD=sts-smtp:latest,MTA_STS_ALERT_WEBHOOK=sts-hook:latest"
    assert f"--set-secrets={secrets}" in deploy
    (env,) = [word for word in deploy if word.startswith("--set-env-vars=")]
    given = dict(pair.split("=", 1) for pair in env.partition("^|^")[2].split("|"))
    assert given["MTA_STS_ALERT_MAIL"] == "a@example.com,b@example.com"
    assert given["MTA_STS_SMTP"] == "smtp://sts@example.com@smtp.example.com:587"
    assert given["MTA_STS_DIGEST"] == "monday"
    assert given["MTA_STS_ALERT_FROM"] == ""


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        ("404 Not Found", 0, "answers 404"),
        ("403 Forbidden", 1, "mta-sts deploy --check --warehouse bigquery:my-project"),
        ("200 OK", 1, "expected 404 from a host that has no policy"),
    ],
)
def test_first_request_is_no_fetch_and_tells_a_closed_function(
    build: Build, tmp_path: Path, status: str, code: int, said: str
) -> None:
    build.state("").mkdir()
    with policy_host(tmp_path / "ca", Served(b"", status), "localhost") as host:
        build.state("url").write_text(f"https://localhost:{host.port}\n")
        assert said in build.run(
            "first_request.sh", status=code, env={"CURL_CA_BUNDLE": host.ca_file}
        )
        (request,) = host.requests
    assert b"User-Agent: sts-witness-deploy\r\n" in request


def test_first_request_is_left_out_where_only_a_load_balancer_may_ask(build: Build) -> None:
    assert "only the load balancer" in build.run("first_request.sh", env={"_INGRESS": "internal"})


def test_only_wrong_bytes_are_taken_back(build: Build) -> None:
    build.state("").mkdir()
    build.state("previous").write_text("mta-sts-00007-abc\n")
    build.run("roll_back.sh")
    assert build.calls == []
    build.state("wrong").touch()
    told = build.run("roll_back.sh", status=1)
    assert "wrong bytes were served; mta-sts-00007-abc serves again" in told
    assert build.calls[-1][-1] == "--to-revisions=mta-sts-00007-abc=100"


def test_where_there_is_nothing_to_go_back_to_the_build_fails_and_says_so(build: Build) -> None:
    build.state("").mkdir()
    build.state("previous").write_text("")
    build.state("wrong").touch()
    assert "no revision of before to go back to" in build.run("roll_back.sh", status=1)
    assert build.calls == []


POLICY = b"version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: mx.example.com\r\n"
NO_VIEW = (
    b'{"error": {"code": 404, "message": "Not found: Dataset", "errors": [{"reason": "notFound"}]}}'
)
OLD = POLICY.replace(b"mx.example.com", b"old.example.com")


@pytest.fixture
def smoked(build: Build, tmp_path: Path) -> Iterator[Build]:
    """A build whose own policy is POLICY, and no BigQuery to find an event in."""
    (build.folder / "own/example.net.txt").unlink()
    (build.folder / "own/example.com.txt").write_bytes(POLICY)
    (build.folder / "scripts").symlink_to(ROOT / "scripts")
    build.state("").mkdir()
    build.state("url").write_text("https://mta-sts.example.com\n")
    build.env |= {
        "_POLICIES": "own",
        "EVENT_WAIT_S": "0",
    }
    with answering(404, NO_VIEW) as bigquery:
        build.env["BIGQUERY_EMULATOR_HOST"] = bigquery.address
        yield build


def smoke(build: Build, tmp_path: Path, served: Served, *, before: Served | None) -> str:
    """Look before, look after."""
    names = "mta-sts.example.com"
    build.env["MTA_STS_POLICIES"] = "own"
    for number, (each, what) in enumerate(((before, "before"), (served, "after"))):
        if each is None:
            continue
        with policy_host(tmp_path / f"ca{number}", each, names) as host:
            more = {"CONNECT_TO": host.option, "CA_FILE": host.ca_file}
            if what == "after":
                return build.run("smoke.sh", env=more)
            subprocess.run(
                [sys.executable, str(SCRIPTS / "smoke.py"), "before"],
                cwd=build.folder, env={**build.env, **more}, check=True, timeout=60,
            )  # fmt: skip
    raise AssertionError


SMOKES = [
    (Served(POLICY), Served(OLD), "ok: https://mta-sts.example.com/.well-known/mta-sts.txt serves the policy of this commit", False),
    (Served(POLICY), None, "serves the policy of this commit, byte for byte", False),
    (Served(OLD), Served(OLD), "warning: https://mta-sts.example.com/.well-known/mta-sts.txt serves the text of before", False),
    (Served(POLICY + b"\r\n"), Served(OLD), "WRONG: https://mta-sts.example.com/.well-known/mta-sts.txt serves neither", True),
    (Served(b"", "503 Service Unavailable"), Served(OLD), "serves no policy (HTTP status 503)", False),
]  # fmt: skip


@pytest.mark.parametrize(("after", "before", "said", "is_wrong"), SMOKES, ids=range(len(SMOKES)))
def test_smoke_check_takes_back_wrong_bytes_alone(
    smoked: Build, tmp_path: Path, after: Served, before: Served | None, said: str, is_wrong: bool
) -> None:
    told = smoke(smoked, tmp_path, after, before=before)
    assert said in told
    assert smoked.state("wrong").exists() is is_wrong
    assert "the first fetch after the deployment took" in told
    assert "warning: the event of the first fetch is not in BigQuery yet" in told

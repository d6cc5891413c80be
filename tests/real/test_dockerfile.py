"""The Dockerfile's steps, and what they leave: a policy host that runs without root."""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import dockerfile
from tests.dockerfile import Built
from tests.host import ROOT, environment, free_port, wait_for

pytestmark = pytest.mark.real

POLICY = b"version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"


@pytest.fixture(scope="module")
def built() -> Iterator[Built]:
    """The first stage, in a folder that anybody may read."""
    with tempfile.TemporaryDirectory(prefix="sts-image-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        yield dockerfile.build(root)


def get(port: int, host: str, path: str) -> tuple[int, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(client):
        client.request("GET", path, headers={"Host": host})
        answer = client.getresponse()
        return answer.status, answer.read()


def test_host_of_the_image_serves_without_root_and_its_health_is_told(built: Built) -> None:
    image = dockerfile.stages()[-1]
    policies = built.root / "policies"
    policies.mkdir()
    (policies / "example.com.txt").write_bytes(POLICY)
    port = free_port()
    env = {name: built.inside(value) for name, value in dockerfile.environment().items()}
    env |= {"MTA_STS_POLICIES": str(policies), "PATH": f"{built.root}/venv/bin:/usr/bin:/bin"}
    command = [
        built.inside(word).replace("8080", str(port)) for word in json.loads(image.last("CMD"))
    ]
    command[0] = f"{built.root}/venv/bin/{command[0]}"
    health = json.loads(image.last("HEALTHCHECK").partition(" CMD ")[2])
    health = [
        f"{built.root}/venv/bin/{health[0]}",
        *(word.replace("8080", str(port)) for word in health[1:]),
    ]
    may_change = os.geteuid() == 0 and dockerfile.is_open(built.root / "venv/bin/python")
    user = int(image.last("USER")) if may_change else None
    with subprocess.Popen(
        command,
        env=environment(**env),
        cwd=built.root / "app",
        stdout=subprocess.PIPE,
        user=user,
        group=user,
    ) as process:
        try:
            wait_for(port, process)
            assert get(port, "mta-sts.example.com", "/.well-known/mta-sts.txt") == (200, POLICY)
            assert get(port, "mta-sts.example.net", "/.well-known/mta-sts.txt")[0] == 404
            healthy = subprocess.run(health, env=environment(), check=False, timeout=20)
        finally:
            process.terminate()
        lines = [json.loads(line) for line in (process.stdout or ()) if line.strip()]
    ill = subprocess.run(
        health, env=environment(), check=False, timeout=20, stderr=subprocess.DEVNULL
    )
    assert (healthy.returncode, ill.returncode) == (0, 1)
    assert [line["fetch"]["outcome"] for line in lines] == ["served", "unknown-host"]


def test_code_is_compiled_and_no_sample_policy_is_in_it(built: Built) -> None:
    app = built.root / "app"
    sources = sorted(app.rglob("*.py"))
    assert app / "main.py" in sources
    for source in sources:
        assert list(source.parent.glob(f"__pycache__/{source.stem}.*.pyc")), source
    assert not (app / "policy/data").exists()
    flask = next((built.root / "venv").rglob("site-packages/flask/app.py"))
    assert list(flask.parent.glob("__pycache__/app.*.pyc"))


def test_image_is_built_by_a_builder() -> None:
    for name in ("docker", "podman", "buildah"):
        if shutil.which(name):
            there = subprocess.run([name, "info"], capture_output=True, check=False, timeout=30)
            if there.returncode == 0:
                done = subprocess.run(
                    [name, "build", "-t", "sts-witness-test", str(ROOT)], check=False, timeout=900
                )
                assert done.returncode == 0
                return
    pytest.skip("needs a running docker, podman or buildah; its steps are done in a folder above")

"""The Dockerfile: what can be told of it without a builder."""

import json

from policy import config
from tests import dockerfile
from tests.host import ROOT


def test_image_runs_the_policy_host_without_root_and_asks_its_health() -> None:
    built, image = dockerfile.stages()
    assert built.image == image.image
    assert int(image.last("USER")) > 0
    command = json.loads(image.last("CMD"))
    assert command[:3] == ["functions-framework", "--target", "policy_host"]
    assert "http://127.0.0.1:8080/health" in image.last("HEALTHCHECK")
    names = [step.name for step in image.steps]
    assert names.index("USER") > names.index("RUN")
    assert all("--from=built" in step.text for step in image.steps if step.name == "COPY")


def test_every_package_is_pinned_by_its_hash() -> None:
    steps = [step.text for step in dockerfile.stages()[0].steps if step.name == "RUN"]
    installs = [text for text in steps if "pip install" in text]
    assert len(installs) == 1
    assert "--require-hashes --requirement requirements.txt" in installs[0]


def test_what_is_copied_is_sent_to_the_builder() -> None:
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [
        source
        for step in dockerfile.stages()[0].steps
        if step.name == "COPY"
        for source in step.text.split()[:-1]
    ]
    assert {f"!{source}" for source in copied} == {line for line in sent if line.startswith("!")}


def test_settings_of_the_image_are_known() -> None:
    env = {name: value for name, value in dockerfile.environment().items() if name != "PATH"}
    chosen = config.settings(env, cwd=ROOT)
    assert (str(chosen.policies), chosen.events) == ("/policies", "stdout")

"""A policy changes, in the right order and in wrong ones.

What a real sender then holds, and what ``mta-sts check`` says at each step: a wrong one is told
while there is still time to mend it.
"""

import json
import sys
from pathlib import Path

import pytest

from policy.model import Mode, MxPattern, Policy
from tests.lab import Lab
from tests.lab.wait import LabError

pytestmark = pytest.mark.real

_CHANGES = {
    "record-id-unchanged",
    "record-ahead-of-policy",
    "policy-changed",
    "policy-removed-early",
}


def policy(mx: str, mode: Mode = Mode.ENFORCE) -> str:
    return str(Policy(mode, 604_800, (MxPattern(mx),)))


class Watched:
    """A domain on line, its sender, and the checks of whoever looks after it."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab, self.name = lab, name
        self.mx = f"mx.{name}"
        lab.domain(name, policy(self.mx))

    def told(self) -> list[tuple[str, str]]:
        """What check says of a change: code and severity."""
        done = self.lab.namespace.run(
            [
                Path(sys.executable).with_name("mta-sts"),
                *("check", self.name, "--json", "--no-smtp", "--allow-private"),
            ],
            environ={
                "SSL_CERT_FILE": str(self.lab.authority.file),
                "MTA_STS_HOME": str(self.lab.folder / "watched" / self.name),
                "MTA_STS_POLICIES": str(self.lab.folder / "no-policies"),
            },
        )
        if done.returncode not in (0, 1):
            raise LabError(done.stdout + done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return [(row["code"], row["severity"]) for row in rows if row["code"] in _CHANGES]

    def held(self) -> str:
        """The pattern that the sender holds mail to; "" where it holds none."""
        answer = self.lab.sender.ask(self.name)
        return answer.partition("match=")[2].partition(" ")[0]


@pytest.fixture
def watched(lab: Lab, request: pytest.FixtureRequest) -> Watched:
    label = request.node.name.removeprefix("test_").split("_")[0]
    domain = Watched(lab, f"{label}-rotation.example")
    assert domain.told() == []
    assert domain.held() == domain.mx
    return domain


def test_right_order_is_taken_at_the_next_question(watched: Watched) -> None:
    new = watched.lab.policy(watched.name, policy("new.example"))
    watched.lab.record(watched.name, new)

    assert watched.told() == [("policy-changed", "notice")]
    assert watched.held() == "new.example"


def test_hasty_id_leaves_the_old_text_with_the_sender(watched: Watched) -> None:
    watched.lab.record(watched.name, "20261124120000")

    assert watched.told() == [("record-ahead-of-policy", "warning")]  # before anybody lost a text
    assert watched.held() == watched.mx
    watched.lab.policy(watched.name, policy("new.example"))
    assert watched.held() == watched.mx  # the old text is stored under the new id
    watched.lab.record(watched.name, "20261124120001")  # what check says to do
    assert watched.held() == "new.example"


def test_forgotten_id_is_an_error_and_the_change_is_never_seen(watched: Watched) -> None:
    new = watched.lab.policy(watched.name, policy("new.example"))

    assert watched.told() == [("record-id-unchanged", "error")]
    assert watched.held() == watched.mx
    watched.lab.record(watched.name, new)
    assert watched.held() == "new.example"


def test_leaving_by_mode_none_frees_the_sender(watched: Watched) -> None:
    new = watched.lab.policy(watched.name, str(Policy(Mode.NONE, 604_800)))
    watched.lab.record(watched.name, new)

    assert watched.told() == [("policy-changed", "notice")]
    assert watched.held() == ""


def test_removed_at_once_is_warned_of_and_enforce_stays(watched: Watched) -> None:
    label = watched.name.removesuffix(".example")
    watched.lab.dns.publish({f"_mta-sts.{label}": (), f"mta-sts.{label}": ()})

    assert watched.told() == [("policy-removed-early", "warning")]
    assert watched.held() == watched.mx

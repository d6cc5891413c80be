"""The command incident, on a small world of real servers: answer, repair, way back, who holds what."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policy.events import instant
from policy.model import policy_id
from tests.analytics.build import Desk as Warehouse
from tests.analytics.build import changed
from tests.cli.desk import flat
from tests.cli.run import Done, run
from tests.mxhost import Mail
from tests.policyhost import server_context
from tests.world import Place, World, policy, world

NOT_COVERED = "450 4.4.8 MX hosts of moved.example failed MTA-STS validation"
KEYS = {
    "policy_domain", "answer", "why", "mode", "repairs", "back", "back_text", "holders", "partner",
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as made:
        made.add("good.example")
        made.add("plain.example", Place(mail={"mx.plain.example": Mail()}))
        made.add("trial.example", Place(policy("mx.trial.example", mode="testing"),
                                        mail={"mx.trial.example": Mail()}))  # fmt: skip
        made.add("moved.example", Place(policy("old.example.net")))
        expired = made.chain("mx.late.example", lasts=timedelta(seconds=-60))
        made.add("late.example", Place(mail={"mx.late.example": Mail(server_context(expired))}))
        yield made


class Desk:
    """The command in a folder of its own, with the world's roots."""

    def __init__(self, folder: Path, place: World, patch: pytest.MonkeyPatch) -> None:
        self.home, self.place = folder / "home", place
        self.home.mkdir()
        patch.chdir(folder)
        patch.setenv("MTA_STS_HOME", str(self.home))
        patch.setenv("MTA_STS_POLICIES", str(folder / "policies"))
        patch.setenv("SSL_CERT_FILE", str(place.authority.file))

    def incident(self, *arguments: str, stdin: str = "") -> Done:
        return run("incident", *arguments, *self.place.options, stdin=stdin)


@pytest.fixture
def desk(tmp_path: Path, place: World, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, place, monkeypatch)


@pytest.mark.parametrize(
    ("arguments", "status", "answer", "code"),
    [
        (("good.example",), 0, "unlikely", None),
        (("good.example", "550 5.1.1 User unknown"), 0, "unlikely", None),
        (("good.example", NOT_COVERED), 1, "likely", None),
        (("plain.example",), 1, "yes", "starttls-not-supported"),
        (("moved.example", NOT_COVERED), 1, "yes", "mx-not-covered"),
        (("late.example",), 1, "yes", "certificate-expired"),
        (("trial.example",), 0, "no", "starttls-not-supported"),
        (("absent.example",), 0, "no", None),
    ],
)
def test_answer_and_repair(
    desk: Desk, arguments: tuple[str, ...], status: int, answer: str, code: str | None
) -> None:
    done = desk.incident(*arguments, "--json")
    (row,) = done.rows()
    assert set(row) == KEYS
    assert (done.status, row["answer"]) == (status, answer)
    assert [one["code"] for one in row["repairs"]] == ([code] if code else [])
    assert bool(row["back"]) is (row["mode"] == "enforce")
    assert row["partner"]


def test_screen_has_the_repair_before_the_way_back_and_the_partners_text_last(desk: Desk) -> None:
    done = desk.incident("moved.example", NOT_COVERED)
    assert done.status == 1
    parts = [
        "Is it MTA-STS? Yes: the policy on line is in enforce, and the look finds mx-not-covered",
        "The bounce: Exchange Online 4.4.8.",
        "Mend it first",
        "1. mx-not-covered at mx.moved.example, about 3 minutes",
        "$ mta-sts mx moved.example add mx.moved.example",
        "$ mta-sts check moved.example",
        "Only if the repair takes longer",
        "mta-sts mode moved.example testing",
        "3 minutes of work, then the TTL of the STS record (300 s, 5 minutes)",
        "Who holds a policy in enforce",
        "nobody that is known here",
        "Our log: 0 fetches served and 0 refused in 24 hours",
        "TLS reports say nothing of today yet",
        "For the partner, to copy",
        "At mx.moved.example we found: mx-not-covered.",
    ]
    said = flat(done.out)
    places = [said.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)
    assert len(done.out.splitlines()) <= 45  # one screen
    prose = [line for line in done.out.splitlines() if "$ " not in line]
    assert max(map(len, prose)) <= 100


def test_bounce_may_come_by_standard_input_whatever_is_in_it(desk: Desk) -> None:
    done = desk.incident("good.example", "-", stdin=f"\x1b[2J\nSubject: x\n\n{NOT_COVERED}\n")
    assert done.status == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.out + done.err)
    assert "The bounce: Exchange Online 4.4.8." in done.out


def test_who_still_holds_enforce_after_the_way_back_is_told_until_when(desk: Desk) -> None:
    now = datetime.now(UTC)
    old = policy("mx.trial.example", max_age=604_800)
    new = policy("mx.trial.example", mode="testing")
    (desk.home.parent / "policies").mkdir()
    (desk.home.parent / "policies" / "trial.example.txt").write_bytes(new)
    fetch = {
        "policy_domain": "trial.example", "policy_host": "mta-sts.trial.example",
        "policy_id": policy_id(old), "policy_mode": "enforce", "policy_max_age": 604_800,
        "policy_fingerprint": "fe", "fetched_at": instant(now - timedelta(days=2)),
        "client_ip": "40.107.1.1", "client_prefix": "40.107.1.0/24", "user_agent": "",
        "has_user_agent": False,
    }  # fmt: skip
    Warehouse(desk.home).append(changed(1, **fetch))
    run("identify", "--offline")
    done = desk.incident("trial.example", "--json")
    (row,) = done.rows()
    assert (done.status, row["answer"], row["mode"]) == (1, "yes", "testing")
    assert "microsoft" in [one["name"] for one in row["holders"]]
    assert all(one["until"] > instant(now) for one in row["holders"])
    said = flat(desk.incident("trial.example").out)
    assert "some may hold an older policy in enforce" in said
    assert "microsoft (verified): " in said
    assert "may count until" in said


def test_without_a_warehouse_the_rest_is_told(desk: Desk) -> None:
    desk.home.rmdir()
    desk.home.write_text("no folder")
    done = desk.incident("plain.example")
    assert done.status == 1
    assert "what is in the warehouse is not told" in done.err
    assert "starttls-not-supported at mx.plain.example" in done.out
    assert "The warehouse cannot be asked now." in done.out


def test_wrong_usage_is_told(desk: Desk) -> None:
    done = desk.incident("not a domain")
    assert (done.status, done.out) == (2, "")
    assert "expected a domain such as example.com" in done.err

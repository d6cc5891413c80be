"""What is said after a deployment, and that only wrong bytes are a reason to go back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.deploy import smoke
from analytics.deploy.smoke import Asked, Served, Told
from policy.check.model import Fetch, Outcome
from tests.policyhost import Served as Answer
from tests.policyhost import policy_host

URL = "https://mta-sts.example.com/.well-known/mta-sts.txt"
ASKED = Asked("sts-witness-smoke/1", 0.4, 404)


def fetched(body: bytes, status: int = 200) -> Fetch:
    return Fetch(URL, Outcome.ANSWER, status=status, body=body)


CASES = [
    (b"new", b"old", fetched(b"new"), Served.RIGHT, False, False),
    (b"new", None, fetched(b"new"), Served.RIGHT, False, False),
    (b"new", b"old", fetched(b"old"), Served.OTHER, True, False),
    (b"new", b"old", fetched(b"torn"), Served.WRONG, False, True),
    (b"new", None, fetched(b"torn"), Served.WRONG, False, True),
    (b"new", b"old", fetched(b"", 500), Served.ABSENT, True, False),
    (b"new", b"old", Fetch(URL, Outcome.ABSENT, "address", "no such name"), Served.ABSENT, True, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "before", "after", "what", "is_warning", "is_wrong"), CASES, ids=range(len(CASES))
)
def test_what_is_served_is_right_wrong_or_not_ours(
    expected: bytes,
    before: bytes | None,
    after: Fetch,
    what: Served,
    is_warning: bool,
    is_wrong: bool,
) -> None:
    assert smoke.served(expected, before, after) is what
    told = smoke.tell("example.com", what, after)
    assert (told.is_warning, told.is_wrong) == (is_warning, is_wrong)
    assert URL in told.text


def pauses(count: int) -> Iterator[bool]:
    yield from [True] * count
    while True:
        yield False


def address(*answers: list[str | None], waits: int) -> Told:
    given, paused = iter(answers), pauses(waits)
    return smoke.address(ASKED, lambda _agent: next(given, []), lambda: next(paused))


def test_event_that_has_not_come_is_a_warning() -> None:
    told = address([], [], waits=1)
    assert told.is_warning
    assert told.text.startswith("the event of the first fetch is not in BigQuery yet")
    assert "sts-witness-smoke/1" in told.text


def test_forged_address_that_is_believed_is_a_warning() -> None:
    told = address([], ["203.0.113.77"], waits=3)
    assert told.is_warning
    assert "another _CLIENT_ADDRESS is needed" in told.text


@pytest.mark.parametrize(("found", "said"), [("198.51.100.7", "198.51.100.7"), (None, "withheld")])
def test_true_address_is_told(found: str | None, said: str) -> None:
    assert address([found], waits=0) == Told(
        f"the event has the client's address ({said}), not the forged one"
    )


@pytest.mark.parametrize(("seconds", "is_warning"), [(0.3, False), (1.5, False), (1.51, True)])
def test_slow_start_is_told_with_its_remedy_and_price(seconds: float, is_warning: bool) -> None:
    told = smoke.start(Asked("x", seconds, 200))
    assert told.is_warning is is_warning
    assert ("_MIN_INSTANCES=1" in told.text) is is_warning
    assert ("US dollars a month" in told.text) is is_warning


def test_request_lies_about_its_address_and_has_a_name_of_its_own(tmp_path: Path) -> None:
    with policy_host(tmp_path, Answer(b"x"), "mta-sts.example.com") as host:
        told = [
            smoke.ask(URL, ca_file=host.ca_file, connect_to=(host.address, host.port))
            for _number in range(2)
        ]
        request = host.requests[0].decode()
    assert request.startswith("GET /.well-known/mta-sts.txt HTTP/1.1\r\n")
    assert "\r\nX-Forwarded-For: 203.0.113.77\r\n" in request
    assert f"\r\nUser-Agent: {told[0].user_agent}\r\n" in request
    assert request.count("Host: ") == 1
    assert told[0].user_agent != told[1].user_agent


def test_what_was_served_before_is_kept_for_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "state" / "before.json"
    assert smoke.kept(path) == {}
    smoke.keep({"example.com": b"\x00\xff", "example.net": None}, path)
    assert smoke.kept(path) == {"example.com": b"\x00\xff", "example.net": None}

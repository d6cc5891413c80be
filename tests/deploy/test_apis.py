"""Which APIs are off, as a server on loopback answers for Service Usage."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from analytics.deploy.apis import disabled
from analytics.deploy.bootstrap import APIS
from tests.answering import Answering, answering

PREFIX = "projects/123456789012/services/"


def states(**off: str) -> bytes:
    """An answer in which every API is on but these."""
    return json.dumps(
        {
            "services": [
                {"name": PREFIX + api, "state": off.get(api.partition(".")[0], "ENABLED")}
                for api in APIS
            ]
        }
    ).encode()


def asked(told: Answering) -> tuple[str, ...] | None:
    with requests.Session() as session:
        return disabled(session, "my-project", endpoint=told.address)


def test_those_that_are_off_are_told_after_one_question() -> None:
    off = states(run="DISABLED", cloudscheduler="STATE_UNSPECIFIED")
    with answering(200, off) as told:
        assert asked(told) == ("cloudscheduler.googleapis.com", "run.googleapis.com")
        (path,) = told.asked
    assert urlsplit(path).path == "/v1/projects/my-project/services:batchGet"
    names = parse_qs(urlsplit(path).query)["names"]
    assert names == [f"projects/my-project/services/{api}" for api in APIS]


def test_where_all_are_on_none_is_told() -> None:
    with answering(200, states()) as told:
        assert asked(told) == ()


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, b"{}"), (200, b"no json"), (200, b"[]"), (200, b'{"services": 3}'), (500, b"")],
)
def test_what_tells_nothing_is_not_known(status: int, body: bytes) -> None:
    with answering(status, body) as told:
        assert asked(told) is None


def test_nobody_there_is_not_known() -> None:
    assert asked(Answering(address="http://127.0.0.1:1")) is None

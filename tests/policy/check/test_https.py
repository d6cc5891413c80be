"""Fetching: as a sending MTA does, and no longer."""

import time
from pathlib import Path

import pytest

from policy.check import https
from policy.check.model import Fetch, Outcome
from policy.model import MAX_POLICY_BYTES
from tests.nameserver import unused_port
from tests.policyhost import Served, policy_host

BODY = b"version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"
NAME = "mta-sts.example.com"


def fetched(folder: Path, served: Served, *names: str, is_expired: bool = False) -> Fetch:
    with policy_host(folder, served, *(names or (NAME,)), is_expired=is_expired) as host:
        return https.fetch(
            "example.com", [host.address], port=host.port, ca_file=host.ca_file, deadline_s=10
        )


def test_one_get_with_the_name_of_the_policy_host(tmp_path: Path) -> None:
    with policy_host(tmp_path, Served(BODY), NAME) as host:
        found = https.fetch("example.com", [host.address], port=host.port, ca_file=host.ca_file)
    assert found == Fetch(
        "https://mta-sts.example.com/.well-known/mta-sts.txt",
        Outcome.ANSWER,
        address="127.0.0.1",
        status=200,
        content_type="text/plain; charset=utf-8",
        body=BODY,
    )
    (request,) = host.requests
    assert request.startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: " + NAME.encode())


def test_a_redirect_is_told_and_not_followed(tmp_path: Path) -> None:
    extra = ("Location: https://www.example.com/",)
    found = fetched(tmp_path, Served(b"", "301 Moved Permanently", extra=extra))
    assert (found.outcome, found.status) == (Outcome.ANSWER, 301)
    assert found.location == "https://www.example.com/"


def test_no_content_type_is_an_empty_one(tmp_path: Path) -> None:
    assert fetched(tmp_path, Served(BODY, content_type=None)).content_type == ""


def test_a_body_is_read_to_one_byte_more_than_senders_read(tmp_path: Path) -> None:
    assert len(fetched(tmp_path, Served(b"x" * 200_000)).body) == MAX_POLICY_BYTES + 1


@pytest.mark.parametrize(
    ("names", "is_expired", "said"),
    [
        (("www.example.com",), False, "it is for www.example.com, not for mta-sts.example.com"),
        ((NAME,), True, "certificate has expired"),
    ],
)
def test_a_certificate_that_senders_refuse(
    tmp_path: Path, names: tuple[str, ...], is_expired: bool, said: str
) -> None:
    found = fetched(tmp_path, Served(BODY), *names, is_expired=is_expired)
    assert (found.outcome, found.failed_at) == (Outcome.UNKNOWN, "tls")
    assert found.reason.startswith("the certificate is not valid for senders: ")
    assert said in found.reason
    assert found.body == b""


def test_the_systems_roots_do_not_vouch_for_a_throw_away_ca(tmp_path: Path) -> None:
    with policy_host(tmp_path, Served(BODY), NAME) as host:
        found = https.fetch("example.com", [host.address], port=host.port)
    assert found.failed_at == "tls"
    assert "unable to get local issuer certificate" in found.reason


def test_a_wildcard_certificate_counts(tmp_path: Path) -> None:
    assert fetched(tmp_path, Served(BODY), "*.example.com").status == 200


def test_the_next_address_gets_its_turn(tmp_path: Path) -> None:
    with policy_host(tmp_path, Served(BODY), NAME) as host:
        found = https.fetch(
            "example.com", ["::1", host.address], port=host.port, ca_file=host.ca_file
        )
    assert (found.status, found.address) == (200, "127.0.0.1")


def test_where_nothing_listens_each_address_is_told() -> None:
    found = https.fetch("example.com", ["127.0.0.1"], port=unused_port(), deadline_s=2)
    assert (found.outcome, found.failed_at) == (Outcome.UNKNOWN, "connection")
    assert found.reason == "127.0.0.1: Connection refused"
    assert https.fetch("example.com", []).reason == "no address to connect to"


@pytest.mark.parametrize("tells_length", [True, False])
def test_a_host_that_drips_is_left_at_the_deadline(tmp_path: Path, tells_length: bool) -> None:
    start = time.monotonic()
    served = Served(b"x" * 100, drip_s=0.05, tells_length=tells_length)
    with policy_host(tmp_path, served, NAME) as host:
        found = https.fetch(
            "example.com", [host.address], port=host.port, ca_file=host.ca_file, deadline_s=0.5
        )
        elapsed = time.monotonic() - start
    assert (found.outcome, found.failed_at) == (Outcome.UNKNOWN, "http")
    assert found.reason == "no whole answer within 0.5 s"
    assert elapsed < 3


def test_what_is_no_http_is_told(tmp_path: Path) -> None:
    found = fetched(tmp_path, Served(b"", "not a status"))
    assert (found.outcome, found.failed_at) == (Outcome.UNKNOWN, "http")


def test_roots_that_are_not_there_are_told(tmp_path: Path) -> None:
    found = https.fetch("example.com", ["127.0.0.1"], ca_file=str(tmp_path / "none.pem"))
    assert found.failed_at == "tls"
    assert found.reason.endswith("none.pem: No such file or directory")

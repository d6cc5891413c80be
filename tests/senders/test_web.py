"""A published list is read within its time and size, from where it was asked for."""

import socket
import time
from pathlib import Path

import pytest

from analytics.senders import web
from analytics.senders.feeds import FeedError
from tests.policyhost import Served, policy_host
from tests.senders.listserver import list_server


def test_what_stands_at_a_url() -> None:
    with list_server({"/list.json?a=b": b"{}", "/": b"[]"}) as url:
        assert web.read(f"{url}/list.json?a=b") == b"{}"
        assert web.read(url) == b"[]"


def test_a_file_stands_in_for_a_url(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(b"{}")
    assert web.read(str(path)) == b"{}"
    with pytest.raises(FeedError, match="longer than 1 bytes"):
        web.read(str(path), limit=1)


@pytest.mark.parametrize(
    "status",
    [
        "301 Moved Permanently",
        "302 Found",
        "404 Not Found",
        "204 No Content",
        "206 Partial Content",
    ],
)
def test_nothing_but_200_is_taken_and_no_redirect_followed(status: str) -> None:
    with list_server({"/": b""}, status=status) as url, pytest.raises(FeedError) as caught:
        web.read(url)
    assert str(caught.value) == f"'{url}': status {status[:3]}"


def test_a_list_that_is_too_long_is_refused() -> None:
    with list_server({"/": b"x" * 101}) as url:
        assert len(web.read(url, limit=101)) == 101
        with pytest.raises(FeedError, match="longer than 100 bytes"):
            web.read(url, limit=100)


def test_a_list_that_ends_early_is_refused() -> None:
    with (
        list_server({"/": b"{}"}, length=9) as url,
        pytest.raises(FeedError, match="IncompleteRead"),
    ):
        web.read(url)


def test_a_list_that_trickles_ends_with_its_time() -> None:
    begun = time.monotonic()
    with (
        list_server({"/": b"x" * 40}, pause_s=0.05) as url,
        pytest.raises(FeedError, match="no whole answer within 0.3 s"),
    ):
        web.read(url, deadline_s=0.3)
    assert time.monotonic() - begun < 1.9  # 40 bytes would take 2 s, each well within its read


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("http://example.com/list.json", "expected an https URL or a file"),
        ("https:///list.json", "expected an https URL or a file"),
        ("/no/such/file", "No such file"),
        ("ftp://example.com/x", "No such file"),
        ("/no\x00file", "null byte"),
        ("https://127.0.0.1:99999/", "Port out of range"),
        ("http://[::1/", "Invalid IPv6 URL"),
        ("https://127.0.0.1:x/", "Port could not be cast"),
    ],
)
def test_another_place_is_refused(place: str, reason: str) -> None:
    with pytest.raises(FeedError, match=reason):
        web.read(place)


def test_a_port_where_nothing_listens() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(FeedError, match="refused"):
            web.read(f"https://127.0.0.1:{held.getsockname()[1]}/")


def test_a_server_without_tls_is_refused() -> None:
    with list_server({"/": b""}) as url, pytest.raises(FeedError):
        web.read(url.replace("http:", "https:"), deadline_s=2)


def test_https_is_verified(tmp_path: Path) -> None:
    with policy_host(tmp_path, Served(b"{}"), "localhost") as host:
        url = f"https://localhost:{host.port}/list.json"
        assert web.read(url, ca_file=host.ca_file) == b"{}"
        assert host.requests[0].startswith(b"GET /list.json HTTP/1.1\r\n")
        with pytest.raises(FeedError, match="certificate verify failed"):
            web.read(url)


def test_https_for_another_name_is_refused(tmp_path: Path) -> None:
    with policy_host(tmp_path, Served(b"{}"), "lists.example") as host:
        with pytest.raises(FeedError, match="certificate verify failed"):
            web.read(f"https://localhost:{host.port}/", ca_file=host.ca_file)
        assert host.requests == []


def test_https_that_trickles_ends_with_its_time(tmp_path: Path) -> None:
    late = pytest.raises(FeedError, match="no whole answer within 0.5 s")
    with policy_host(tmp_path, Served(b"x" * 60, drip_s=0.05), "localhost") as host, late:
        web.read(f"https://localhost:{host.port}/", ca_file=host.ca_file, deadline_s=0.5)

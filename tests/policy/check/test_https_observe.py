"""The policy host: what a sending MTA meets there, and what stands behind a failure."""

import ssl
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policy.check.model import How, HttpsObservation, Outcome, Step
from policy.check.stream import Place
from policy.model import MAX_POLICY_BYTES
from tests.authority import Authority
from tests.nameserver import unused_port
from tests.policy.check.seen import https_seen
from tests.policyhost import PolicyHost, Served, policy_host, server_context

BODY = b"version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"
NAME = "mta-sts.example.com"


def seen(host: PolicyHost, *, within_s: float = 10) -> HttpsObservation:
    return https_seen(Place(NAME, host.address, host.port), host.ca_file or None, within_s=within_s)


def seen_of(folder: Path, served: Served, *, within_s: float = 10) -> HttpsObservation:
    with policy_host(folder, served, NAME) as host:
        return seen(host, within_s=within_s)


def seen_behind(
    folder: Path, chain: Path, change: Callable[[ssl.SSLContext], None] = lambda _context: None
) -> HttpsObservation:
    """With this certificate, and a TLS that is set up otherwise; the CA is that of the folder."""
    context = server_context(chain)
    change(context)
    with policy_host(folder, Served(BODY), context=context) as host:
        return seen(host)


def test_a_good_host(tmp_path: Path) -> None:
    with policy_host(tmp_path, Served(BODY), NAME) as host:
        found = seen(host)
    assert (found.outcome, found.fault, found.address) == (Outcome.ANSWER, None, "127.0.0.1")
    assert found.answer is not None
    assert (found.answer.status, found.answer.body) == (200, BODY)
    assert found.answer.header("Content-Type") == "text/plain; charset=utf-8"
    assert 0 < found.connect_s <= found.answer.first_byte_s <= found.answer.whole_s < 10
    assert found.tls is not None
    assert (found.tls.version, found.tls.accepted) == ("TLSv1.3", ("TLSv1.2", "TLSv1.3"))
    assert found.tls.is_trusted
    certificate = found.tls.certificate
    assert certificate is not None
    assert certificate.names(NAME)
    assert not certificate.names("example.com")
    assert (certificate.dns_ids, certificate.issuer) == ((NAME,), "CN=throw-away CA")
    assert certificate.not_before < datetime.now(UTC) < certificate.not_after
    assert (certificate.key, certificate.is_self_signed) == ("EC secp256r1", False)
    assert found.tls.chain == (f"CN={NAME}",)


def test_one_get_with_the_name_and_no_more(tmp_path: Path) -> None:
    with policy_host(tmp_path, Served(BODY), NAME) as host:
        seen(host)
    (request, empty) = host.requests  # the second handshake only asks for TLS 1.2
    assert empty == b""
    head = request.decode().split("\r\n")
    assert head[0] == "GET /.well-known/mta-sts.txt HTTP/1.1"
    assert f"host: {NAME}" in [line.lower() for line in head]
    assert not any("encoding" in line.lower() for line in head)


def test_ipv6(tmp_path: Path) -> None:
    with policy_host(tmp_path, Served(BODY), NAME, at=("::1", 0)) as host:
        found = seen(host)
    assert (found.address, found.outcome) == ("::1", Outcome.ANSWER)


@pytest.mark.parametrize(
    ("names", "common_name", "is_named"),
    [
        ((NAME,), "", True),
        (("www.example.com", NAME.upper()), "", True),
        (("*.example.com",), "", True),
        (("www.example.com",), "", False),
        (("example.com",), "", False),
        (("*.mta-sts.example.com",), "", False),
        (("m*.example.com",), "", False),  # RFC 8461, 3.3: the complete left-most label
        (("*.*.com",), "", False),
        (("*.com",), "", False),
        ((), NAME, False),  # Python's default would take it, senders go by the DNS-ID
    ],
)
def test_the_name_is_a_dns_id_or_it_is_none(
    tmp_path: Path, names: tuple[str, ...], common_name: str, *, is_named: bool
) -> None:
    chain = Authority(tmp_path).issue(*names, common_name=common_name)
    found = seen_behind(tmp_path, chain).tls
    assert found is not None
    assert found.is_trusted  # trust and name are two facts
    assert found.certificate is not None
    assert found.certificate.names(NAME) == is_named


def test_an_expired_certificate_is_read_and_the_policy_asked_for_all_the_same(
    tmp_path: Path,
) -> None:
    found = seen_behind(tmp_path, Authority(tmp_path).issue(NAME, is_expired=True))
    assert found.tls is not None
    assert not found.tls.is_trusted
    assert (found.tls.verify_code, found.tls.verify_message) == (10, "certificate has expired")
    assert found.tls.certificate is not None
    assert found.tls.certificate.not_after < datetime.now(UTC)
    assert found.answer is not None
    assert found.answer.body == BODY


def test_a_root_that_nobody_knows(tmp_path: Path) -> None:
    Authority(tmp_path)
    found = seen_behind(tmp_path, Authority(tmp_path / "other").issue(NAME)).tls
    assert found is not None
    assert (found.verify_code, found.is_trusted) == (20, False)
    assert found.certificate is not None


@pytest.mark.parametrize(("is_sent", "code"), [(True, 0), (False, 20)])
def test_the_chain_as_it_was_sent(tmp_path: Path, *, is_sent: bool, code: int) -> None:
    middle = Authority(tmp_path / "middle", name="middle CA", parent=Authority(tmp_path))
    chain = middle.issue(NAME)
    if is_sent:
        chain.write_bytes(chain.read_bytes() + middle.file.read_bytes())
    found = seen_behind(tmp_path, chain).tls
    assert found is not None
    assert found.chain == ((f"CN={NAME}", "CN=middle CA") if is_sent else (f"CN={NAME}",))
    assert found.verify_code == code


def test_a_proxy_that_inspects_is_known_by_its_issuer(tmp_path: Path) -> None:
    proxy = Authority(tmp_path, name="Zscaler Intermediate Root CA")
    found = seen_behind(tmp_path, proxy.issue(NAME)).tls
    assert found is not None
    assert found.certificate is not None
    assert found.certificate.inspected_by == "Zscaler"


def only(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext], None]:
    def change(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = version
            context.minimum_version = version

    return change


@pytest.mark.parametrize(
    ("version", "accepted", "declined", "is_older_only"),
    [
        (ssl.TLSVersion.TLSv1_3, ("TLSv1.3",), ("TLSv1.2",), False),
        (ssl.TLSVersion.TLSv1_2, ("TLSv1.2",), ("TLSv1.3",), False),
        (ssl.TLSVersion.TLSv1_1, ("TLSv1.1",), ("TLSv1.2", "TLSv1.3"), True),
        (ssl.TLSVersion.TLSv1, ("TLSv1",), ("TLSv1.2", "TLSv1.3"), True),
    ],
)
def test_versions(
    tmp_path: Path,
    version: ssl.TLSVersion,
    accepted: tuple[str, ...],
    declined: tuple[str, ...],
    *,
    is_older_only: bool,
) -> None:
    found = seen_behind(tmp_path, Authority(tmp_path).issue(NAME), only(version))
    assert found.tls is not None
    assert (found.tls.accepted, found.tls.declined) == (accepted, declined)
    assert found.tls.is_older_only == is_older_only
    if is_older_only:
        assert found.fault is not None
        assert (found.fault.step, found.fault.how) == (Step.TLS, How.ALERT)
        assert found.outcome is Outcome.REFUSED


def test_a_host_that_does_not_know_the_name_and_says_so(tmp_path: Path) -> None:
    def refuse(_socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
        return None if name == "www.example.com" else int(ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)

    def change(context: ssl.SSLContext) -> None:
        context.sni_callback = refuse

    found = seen_behind(tmp_path, Authority(tmp_path).issue(NAME), change)
    assert found.fault is not None
    assert (found.fault.step, found.fault.how) == (Step.TLS, How.ALERT)
    assert found.fault.reason == "tlsv1 unrecognized name"
    assert found.tls is not None
    assert found.tls.fault == found.fault


def test_nothing_listens() -> None:
    found = https_seen(Place(NAME, "127.0.0.1", unused_port()))
    assert found.fault is not None
    assert (found.fault.step, found.fault.how) == (Step.CONNECT, How.REFUSED)
    assert found.fault.reason == "Connection refused"
    assert found.outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("address", "why"), [("127.0.0.1", "loopback"), ("169.254.169.254", "link-local")]
)
def test_a_private_address_is_not_asked(tmp_path: Path, address: str, why: str) -> None:
    with policy_host(tmp_path, Served(BODY), NAME) as host:
        found = https_seen(Place(NAME, address, host.port), allow_private=False)
    assert found.fault is not None
    assert (found.fault.step, found.fault.how) == (Step.ADDRESS, How.WITHHELD)
    assert found.fault.reason == f"{address} is {why}: not asked"
    assert (found.outcome, host.requests) == (Outcome.UNKNOWN, [])


@pytest.mark.parametrize(
    ("served", "status", "fields"),
    [
        (
            Served(b"", "301 Moved Permanently", extra=("Location: https://www.example.com/",)),
            301,
            {"location": "https://www.example.com/"},
        ),
        (Served(BODY, "203 Non-Authoritative Information"), 203, {}),
        (Served(BODY, "404 Not Found"), 404, {}),
        (Served(BODY, content_type=None), 200, {"content-type": None}),
        (Served(BODY, content_type="text/html"), 200, {"content-type": "text/html"}),
        (Served(BODY, extra=("Content-Encoding: gzip",)), 200, {"content-encoding": "gzip"}),
        (Served(BODY, tells_length=False), 200, {"content-length": None}),
    ],
)
def test_what_is_answered_is_told_as_it_is(
    tmp_path: Path, served: Served, status: int, fields: dict[str, str | None]
) -> None:
    with policy_host(tmp_path, served, NAME) as host:
        answer = seen(host).answer
    assert answer is not None
    assert (answer.status, answer.body) == (status, served.body)
    assert {name: answer.header(name) for name in fields} == fields
    assert len(host.requests) == 2  # a redirect is not followed


def test_a_body_in_chunks(tmp_path: Path) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n"
    served = Served(chunks, tells_length=False, extra=("Transfer-Encoding: chunked",))
    found = seen_of(tmp_path, served)
    assert found.answer is not None
    assert found.answer.body == BODY


@pytest.mark.parametrize("size", [MAX_POLICY_BYTES, MAX_POLICY_BYTES + 1, 5_000_000])
def test_a_body_is_read_to_one_octet_more_than_senders_read(tmp_path: Path, size: int) -> None:
    found = seen_of(tmp_path, Served(b"x" * size))
    assert found.answer is not None
    assert len(found.answer.body) == min(size, MAX_POLICY_BYTES + 1)


def test_the_first_byte_is_timed(tmp_path: Path) -> None:
    answer = seen_of(tmp_path, Served(BODY, wait_s=0.3)).answer
    assert answer is not None
    assert answer.first_byte_s >= 0.3


@pytest.mark.parametrize(
    ("served", "how", "reason"),
    [
        (Served(b"", "not a status"), How.PROTOCOL, "illegal status line"),
        (Served(b"", extra=("x y: 1",)), How.PROTOCOL, "illegal header line"),
        (Served(b"", extra=("x: " + "y" * 200_000,)), How.PROTOCOL, "Receive buffer too long"),
        (
            Served(b"1\r\n", tells_length=False, extra=("Content-Length: 99",)),
            How.CLOSED,
            "the other side ended the connection before its answer was whole",
        ),
        (
            Served(b"zz\r\n", tells_length=False, extra=("Transfer-Encoding: chunked",)),
            How.PROTOCOL,
            "illegal chunk header",
        ),
    ],
)
def test_what_is_no_whole_http_answer(
    tmp_path: Path, served: Served, how: How, reason: str
) -> None:
    found = seen_of(tmp_path, served)
    assert found.fault is not None
    assert (found.fault.step, found.fault.how) == (Step.HTTP, how)
    assert reason in found.fault.reason
    assert (found.answer, found.outcome) == (None, Outcome.REFUSED)
    assert found.tls is not None  # what was seen before stays
    assert found.tls.is_trusted


def test_an_answer_that_does_not_come_in_time_is_could_not_look(tmp_path: Path) -> None:
    found = seen_of(tmp_path, Served(BODY, wait_s=1), within_s=0.4)
    assert found.fault is not None
    assert (found.fault.step, found.fault.how) == (Step.HTTP, How.TIMEOUT)
    assert found.fault.reason == "no whole answer within 0.4 s"
    assert found.took_s > 0.3
    assert found.outcome is Outcome.UNKNOWN


def test_a_name_that_tls_cannot_say_is_told_and_no_more(tmp_path: Path) -> None:
    with policy_host(tmp_path, Served(BODY), NAME) as host:
        place = Place("mta-sts." + "a" * 64 + ".example", host.address, host.port)
        found = https_seen(place, host.ca_file)
    assert found.fault is not None
    assert (found.fault.step, found.fault.how) == (Step.TLS, How.PROTOCOL)


def test_the_file_that_the_environment_names_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with policy_host(tmp_path, Served(BODY), NAME) as host:
        monkeypatch.setenv("SSL_CERT_FILE", host.ca_file)
        found = seen(replace(host, ca_file=""))
    assert found.tls is not None
    assert found.tls.is_trusted


def test_roots_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        https_seen(Place(NAME, "127.0.0.1", 443), str(tmp_path / "none.pem"))

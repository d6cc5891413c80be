"""Lines of each format as requests; what is no line of it says where and what was expected."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.accesslog import detect
from analytics.accesslog.model import FormatError, Logged, NotARequestError

AT = datetime(2026, 11, 24, 10, 0, 1, tzinfo=UTC)
COMBINED = (
    '192.0.2.1 - - [24/Nov/2026:12:00:01 +0200] "GET /.well-known/mta-sts.txt HTTP/1.1" 200 70 '
    '"-" "Google-SMTP-STS"'
)
OWN = (
    '$remote_addr [$time_iso8601] "$request" $status ${body_bytes_sent} "$http_user_agent" '
    '"$http_host" "$http_accept" "$http_accept_encoding" "$http_cache_control" '
    '"$http_content_type" $request_time $upstream_addr'
)
OWN_LINE = (
    '2001:db8::1 [2026-11-24T10:00:01+00:00] "GET /x HTTP/2.0" 404 0 "-" "mta-sts.example.com" '
    '"*/*" "-" "no-cache" "-" 0.004 127.0.0.1:8080, 127.0.0.2:8080'
)
CADDY = {
    "level": "info",
    "ts": 1795514401.25,
    "logger": "http.log.access.log0",
    "msg": "handled request",
    "request": {
        "remote_ip": "192.0.2.1",
        "remote_port": "4711",
        "proto": "HTTP/2.0",
        "method": "GET",
        "host": "mta-sts.example.com",
        "uri": "/.well-known/mta-sts.txt",
        "headers": {"User-Agent": ["caf\u00e9"], "Accept": ["*/*"]},
    },
    "user_id": "",
    "duration": 0.000929675,
    "size": 70,
    "status": 200,
}
FIREBASE = {
    "insertId": "1abc",
    "timestamp": "2026-11-24T10:00:01.250999999Z",
    "logName": "projects/my-project/logs/firebasehosting.googleapis.com%2Fwebrequests",
    "resource": {"type": "firebase_domain", "labels": {"site_name": "my-site"}},
    "httpRequest": {
        "requestMethod": "GET",
        "requestUrl": "https://mta-sts.example.com/.well-known/mta-sts.txt?a=b",
        "requestSize": "100",
        "status": 200,
        "responseSize": "412",
        "userAgent": "Google-SMTP-STS",
        "remoteIp": "192.0.2.1",
        "latency": "0.012s",
        "protocol": "HTTP/1.1",
    },
    "jsonPayload": {"hostname": "mta-sts.example.com", "remoteIpCountry": "US"},
}


def parsed(format_: str, line: object) -> Logged:
    text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
    return detect.given(format_).parse(text.encode())


def test_combined_line_tells_all_but_host_and_headers() -> None:
    assert parsed("combined", COMBINED) == Logged(
        at=AT,
        method="GET",
        target="/.well-known/mta-sts.txt",
        protocol="HTTP/1.1",
        status=200,
        client="192.0.2.1",
        headers={"HTTP_REFERER": None, "HTTP_USER_AGENT": "Google-SMTP-STS"},
        body_bytes=70,
        is_body=False,  # Debian's Apache counts headers too under this name
    )


def test_common_line_tells_no_user_agent() -> None:
    found = parsed("common", COMBINED.partition(' "-"')[0])
    assert "HTTP_USER_AGENT" not in found.headers


def test_format_of_nginx_with_every_header() -> None:
    found = parsed(OWN, OWN_LINE)
    assert (found.at, found.status, found.client) == (AT, 404, "2001:db8::1")
    assert (found.host, found.protocol, found.latency_us) == (
        "mta-sts.example.com",
        "HTTP/2.0",
        4000,
    )
    assert found.is_body
    assert found.has_fingerprint
    assert found.headers["HTTP_USER_AGENT"] is None
    assert found.headers["HTTP_ACCEPT"] == "*/*"
    assert found.headers["HTTP_ACCEPT_ENCODING"] is None


def test_format_of_apache_as_its_configuration_has_it() -> None:
    text = '%v:%p %a %l %u %t \\"%r\\" %>s %b \\"%{User-Agent}i\\" %{Host}i %D %%'
    line = (
        'www.example.com:443 192.0.2.1 - - [24/Nov/2026:10:00:01 +0000] "HEAD /a%20b HTTP/1.1" 304 - '
        '"a \\"b\\" \\\\ \\xc3\\xa9\\t" mta-sts.example.com 1500 %'
    )
    found = parsed(text, line)
    assert found.headers["HTTP_USER_AGENT"] == 'a "b" \\ \u00c3\u00a9\t'  # bytes as characters
    assert (found.host, found.server) == ("mta-sts.example.com", "www.example.com")
    assert (found.body_bytes, found.latency_us, found.target) == (0, 1500, "/a%20b")


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("%{sec}t", "1795514401"),
        ("%{msec}t", "1795514401250"),
        ("%{end:usec}t", "1795514401250000"),
        ("$msec", "1795514401.250"),
    ],
)
def test_finest_time_of_a_line_counts(name: str, time: str) -> None:
    text = f'$remote_addr [$time_local] {name} "$request" $status'
    if "%" in name:
        text = f'%h %t {name} "%r" %s'
    line = f'192.0.2.1 [24/Nov/2026:10:00:01 +0000] {time} "GET / HTTP/1.1" 200'
    assert parsed(text, line).at == AT.replace(microsecond=0 if name == "%{sec}t" else 250_000)


def test_json_of_nginx_by_the_names_of_its_variables_or_of_its_format() -> None:
    line = {
        "remote_addr": "192.0.2.1", "time_iso8601": "2026-11-24T10:00:01+00:00", "request": "GET / HTTP/1.1",
        "status": "200", "body_bytes_sent": "70", "http_user_agent": "", "other": [1],
    }  # fmt: skip
    found = parsed("json", line)
    assert (found.at, found.target, found.headers) == (AT, "/", {"HTTP_USER_AGENT": None})
    shape = '{"ip":"$remote_addr","t":$msec,"r":"$request","s":$status,"ua":"$http_user_agent"}'
    own = {"ip": "192.0.2.1", "t": 1795514401.000, "r": "GET / HTTP/1.1", "s": 200, "ua": "x"}
    assert parsed(shape, own).at == AT
    assert parsed(shape, own).headers == {"HTTP_USER_AGENT": "x"}


def test_caddy_tells_every_header() -> None:
    found = parsed("caddy", CADDY)
    assert found.at == AT.replace(microsecond=250_000)
    assert found.has_fingerprint
    assert found.headers == {
        "HTTP_USER_AGENT": "caf\u00c3\u00a9",
        "HTTP_ACCEPT": "*/*",
        "HTTP_ACCEPT_ENCODING": None,
        "HTTP_CACHE_CONTROL": None,
        "HTTP_CONTENT_TYPE": None,
    }
    assert (found.client, found.host, found.body_bytes) == ("192.0.2.1", "mta-sts.example.com", 70)
    assert found.latency_us == 929


def test_byte_that_caddy_could_not_write_stays_unknown() -> None:
    request = {**CADDY["request"], "headers": {"User-Agent": ["a\ufffd\u00e9"]}}  # type: ignore[dict-item]
    agent = parsed("caddy", {**CADDY, "request": request}).headers["HTTP_USER_AGENT"]
    assert agent == "a\ufffd\u00c3\u00a9"


def test_caddy_later_than_2_7_tells_the_client_behind_a_proxy() -> None:
    request = {**CADDY["request"], "client_ip": "198.51.100.7"}  # type: ignore[dict-item]
    assert parsed("caddy", {**CADDY, "request": request}).client == "198.51.100.7"


def test_firebase_tells_no_body_and_no_headers() -> None:
    found = parsed("firebase", FIREBASE)
    assert found.at == AT.replace(microsecond=250_999)
    assert (found.host, found.target) == ("mta-sts.example.com", "/.well-known/mta-sts.txt?a=b")
    assert (found.body_bytes, found.has_fingerprint) == (None, False)
    assert found.log_id == "2026-11-24T10:00:01.250999999Z 1abc"
    assert found.headers == {"HTTP_USER_AGENT": "Google-SMTP-STS"}


def test_tls_on_the_wrong_port_asks_for_no_path() -> None:
    line = COMBINED.replace("GET /.well-known/mta-sts.txt HTTP/1.1", "\\x16\\x03\\x01 \\x22")
    assert parsed("combined", line).target == ""


BAD = [
    ("combined", "hello", "line: expected one of the format, found 'hello'"),
    ("combined", "", "line: expected one of the format, found ''"),
    ("combined", COMBINED.replace("Nov", "Now"), "time: expected one such as 10/Oct/2026:13:55:36 +0200, found "),
    ("combined", COMBINED.replace("24/", "31/"), "time: expected one such as"),
    ("combined", COMBINED.replace(":12:00", ":25:00"), "time: expected one such as"),
    ("combined", COMBINED.replace(" 200 ", " 999 "), "status: expected 100 to 599, found '999'"),
    ("combined", COMBINED.replace(" 70 ", " 7e0 "), "bytes: expected a number, found '7e0'"),
    ("combined", COMBINED.replace(" 70 ", " \u0667 "), "bytes: expected a number"),
    ("combined", COMBINED.replace("2026:", "0000:"), "time: expected one such as"),
    ("caddy", "[]", "line: expected a JSON object, found '[]'"),
    ("caddy", "{" * 5_000, "line: expected a JSON object"),
    ("caddy", {**CADDY, "request": 7}, "request: expected an object, found '7'"),
    ("caddy", {**CADDY, "ts": 1e300}, "time: expected seconds since 1970"),
    ("caddy", {**CADDY, "ts": "today"}, "time: expected one such as 2026-10-10T13:55:36Z, found 'today'"),
    ("caddy", {**CADDY, "ts": True}, "time: expected one such as 2026-10-10T13:55:36Z, found 'True'"),
    ("caddy", {**CADDY, "status": 0}, "status: expected 100 to 599, found '0'"),
    ("caddy", {**CADDY, "size": -1}, "bytes: expected a number, found '-1'"),
    ("firebase", {**FIREBASE, "logName": "x"}, "logName: expected one that ends in"),
    ("firebase", {**FIREBASE, "timestamp": None}, "timestamp: expected a text, found 'None'"),
    ("json", {"a": 1}, "line: expected keys for client, status, time, request, found 'a'"),
]  # fmt: skip


@pytest.mark.parametrize(("format_", "line", "reason"), BAD)
def test_line_that_is_none_says_what_was_expected(format_: str, line: object, reason: str) -> None:
    with pytest.raises(NotARequestError) as caught:
        parsed(format_, line)
    assert str(caught.value).startswith(reason)


WRONG = [
    ("comined", "--format: expected caddy, firebase, json, combined, vhost_combined, common, or the"),
    ('%h "%r" %s', "--format: expected the log_format of nginx or the LogFormat of Apache with the time;"),
    ("$remote_addr", ("--format: expected the log_format of nginx or the LogFormat of Apache with the "
     "status, time, request; found")),
    ('%h%l %t "%r" %s', "--format: expected a text after %h, found %l"),
    ('{"a": $remote_addr', "--format: expected JSON, found"),
    ('{"a": "$remote_addr"}', "--format: expected the log_format"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), WRONG)
def test_format_that_is_none_says_what_is_missing(text: str, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        detect.given(text)
    assert str(caught.value).startswith(reason)
    assert caught.value.exit_status == 2


LOGS = [
    (COMBINED, "combined"),
    (f"www.example.com:443 {COMBINED}", "vhost_combined"),
    (COMBINED.partition(' "-"')[0], "common"),
    (json.dumps(CADDY), "caddy"),
    (json.dumps(FIREBASE), "firebase"),
    ('{"remote_addr":"192.0.2.1","msec":1.5,"request":"GET / HTTP/1.1","status":200}', "json"),
]


@pytest.mark.parametrize(("line", "name"), LOGS)
def test_format_is_found_by_most_lines(line: str, name: str) -> None:
    found = detect.found([b"torn", line.encode(), b'{"level":"info"}', line.encode()])
    assert found is not None
    assert found.name == name


def test_lines_of_no_format_have_none() -> None:
    assert detect.found([b"hello", b"{}", b""]) is None
    assert detect.found([]) is None


EVERY = [*detect.NAMED, OWN]
BENT = st.sampled_from([line.encode() for line, _name in LOGS] + [OWN_LINE.encode()]).flatmap(
    lambda line: st.tuples(
        st.integers(0, len(line)), st.integers(0, 12), st.binary(max_size=8)
    ).map(lambda cut: line[: cut[0]] + cut[2] + line[cut[0] + cut[1] :])
)


@given(st.sampled_from(EVERY), st.binary(max_size=300) | BENT)
def test_any_line_is_a_request_or_is_told_why_not(name: str, line: bytes) -> None:
    try:
        found = detect.given(name).parse(line)
    except NotARequestError as error:
        assert "expected" in str(error)
    else:
        assert 100 <= found.status <= 599
        assert found.at.tzinfo is UTC

"""Passwords and tokens: where they come from, and that nothing tells them."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from analytics.tlsrpt.sources.errors import CredentialsError, MailboxError
from analytics.tlsrpt.sources.imap.choice import credentials
from analytics.tlsrpt.sources.imap.credentials import Token, command_token, password_of
from analytics.tlsrpt.sources.imap.google import SCOPE, credentials_file, google_token
from analytics.tlsrpt.sources.imap.place import Place

USER = "tls@example.com"
PLACE = Place("imap.example.com", 993, USER)


def script(text: str) -> str:
    return f"{sys.executable} -c '{text}'"


def test_command_prints_a_token() -> None:
    assert command_token(script('print("ya29.token")')) == "ya29.token"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("/nowhere/at/all", "it cannot be run: No such file or directory"),
        ("", "it cannot be run: No such file or directory"),
        ("echo 'open", "it cannot be run: No closing quotation"),
        (script('print("half a secret"); raise SystemExit(3)'), "it ended with status 3"),
        (script("pass"), "expected a token, found nothing"),
        (script('print("a secret"); print("more")'), "expected a token in one line of text"),
        (script('print("a secret\\x1b")'), "expected a token in one line of text"),
        (script('print("s" * 20000)'), "it ended with status -9"),
        ("true; echo x", "it cannot be run: No such file or directory"),  # no shell
    ],
)
def test_command_that_gives_no_token(command: str, message: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        command_token(command)
    assert str(caught.value) == f"MTA_STS_IMAP_TOKEN_COMMAND: {message}"


def test_command_that_does_not_end_is_ended_with_its_children() -> None:
    began = time.monotonic()
    with pytest.raises(CredentialsError) as caught:
        command_token("sh -c 'sleep 60 & sleep 60'", limit_s=0.2)
    assert str(caught.value) == "MTA_STS_IMAP_TOKEN_COMMAND: it printed no token within 0.2 s"
    assert time.monotonic() - began < 30


def test_token_is_kept_until_a_fresh_one_is_asked_for() -> None:
    given = iter(["first", "second"])
    token = Token(lambda: next(given))
    assert [token.secret(), token.secret(), token.secret(fresh=True), token.secret()] == [
        "first",
        "first",
        "second",
        "second",
    ]


def test_password_is_the_line_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("a päss\n", encoding="utf-8")
    assert password_of(path).secret() == "a päss"
    path.write_text("\n")
    with pytest.raises(CredentialsError, match="expected a password, found nothing"):
        password_of(path)
    with pytest.raises(CredentialsError, match="No such file or directory"):
        password_of(tmp_path / "nowhere")


def test_what_is_there_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("of the file")
    command = script('print("of the command")')
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "of a person"

    def secret(**given: object) -> str:
        return credentials(PLACE, environ={}, **given).secret()  # type: ignore[arg-type]

    every = {"password": "of the environment", "token_command": command, "ask": ask}
    assert secret(**every, password_file=path) == "of the file"
    assert secret(**every) == "of the command"
    assert secret(**{**every, "token_command": ""}) == "of the environment"
    assert asked == []
    assert secret(ask=ask) == "of a person"
    assert asked == ["Password of tls@example.com at imap.example.com"]
    with pytest.raises(CredentialsError) as caught:
        secret()
    assert str(caught.value) == (
        "imap.example.com: expected MTA_STS_IMAP_PASSWORD, --password-file or"
        " MTA_STS_IMAP_TOKEN_COMMAND, found none"
    )


def test_place_that_wants_a_token_takes_no_password(tmp_path: Path) -> None:
    place = Place("imap.gmail.com", 993, USER, is_token=True)
    found = credentials(
        place,
        password="x",  # noqa: S106 - of the test
        password_file=tmp_path / "nowhere",
        environ={"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")},
    )
    assert found.is_token
    with pytest.raises(CredentialsError, match="set GOOGLE_APPLICATION_CREDENTIALS to a key file"):
        found.secret()


class Google:
    """What issues tokens; ``answer`` is its status and what it says."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.answer: tuple[int, dict[str, object]] = (
            200,
            {"access_token": "ya29.x", "expires_in": 3599},
        )
        self.uri = ""


@contextmanager
def issuing() -> Iterator[Google]:
    google = Google()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            google.asked.append(parse_qs(data.decode()))
            status, said = google.answer
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        google.uri = f"http://127.0.0.1:{server.server_address[1]}/token"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield google
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def service_account(path: Path, key: rsa.RSAPrivateKey, uri: str) -> Path:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    known = {
        "type": "service_account",
        "client_email": "reader@project.example",
        "private_key": pem.decode(),
        "private_key_id": "1",
        "token_uri": uri,
    }
    path.write_text(json.dumps(known))
    return path


def test_service_account_acts_for_the_user(tmp_path: Path, private_key: rsa.RSAPrivateKey) -> None:
    with issuing() as google:
        path = service_account(tmp_path / "key.json", private_key, google.uri)
        assert google_token(USER, path) == "ya29.x"
        public = private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        claims = jwt.decode(  # type: ignore[no-untyped-call]
            google.asked[0]["assertion"][0],
            certs=public,
            audience="https://oauth2.googleapis.com/token",
        )
        assert (claims["sub"], claims["scope"], claims["iss"]) == (
            USER,
            SCOPE,
            "reader@project.example",
        )


def test_stored_credentials_of_a_user_are_refreshed(tmp_path: Path) -> None:
    path = tmp_path / "user.json"
    with issuing() as google:
        known = {
            "type": "authorized_user",
            "client_id": "id",
            "client_secret": "a secret",
            "refresh_token": "another secret",
            "token_uri": google.uri,
        }
        path.write_text(json.dumps(known))
        assert google_token(USER, path) == "ya29.x"
        assert google.asked[0]["refresh_token"] == ["another secret"]


def test_google_that_refuses(tmp_path: Path, private_key: rsa.RSAPrivateKey) -> None:
    with issuing() as google:
        google.answer = (
            401,
            {"error": "unauthorized_client", "error_description": "not delegated"},
        )
        path = service_account(tmp_path / "key.json", private_key, google.uri)
        with pytest.raises(CredentialsError) as caught:
            google_token(USER, path)
    assert str(caught.value) == (
        f"{path}: Google refused a token for {USER}: unauthorized_client: not delegated"
    )


def test_google_that_cannot_be_asked(tmp_path: Path, private_key: rsa.RSAPrivateKey) -> None:
    path = service_account(tmp_path / "key.json", private_key, "http://127.0.0.1:1/token")
    with pytest.raises(MailboxError, match="Google gave no token") as caught:
        google_token(USER, path)
    assert type(caught.value) is MailboxError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected JSON"),
        ("[]", "expected a key file, its type service_account or authorized_user"),
        (
            '{"type": "external_account"}',
            "expected a key file, its type service_account or authorized_user",
        ),
        ('{"type": "service_account"}', "expected credentials of Google: "),
        ('{"type": "authorized_user"}', "expected credentials of Google: "),
        (
            '{"type": "service_account", "client_email": "x", "private_key": "a secret", "token_uri": "x"}',
            "expected credentials of Google: ",
        ),
    ],
)
def test_file_that_holds_no_credentials(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(text)
    with pytest.raises(CredentialsError) as caught:
        google_token(USER, path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "a secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"GOOGLE_APPLICATION_CREDENTIALS": "/k.json", "HOME": "/h"}, "/k.json"),
        ({"CLOUDSDK_CONFIG": "/c", "HOME": "/h"}, "/c/application_default_credentials.json"),
        ({"HOME": "/h"}, "/h/.config/gcloud/application_default_credentials.json"),
    ],
)
def test_where_google_keeps_credentials(environ: dict[str, str], expected: str) -> None:
    assert credentials_file(environ) == Path(expected)

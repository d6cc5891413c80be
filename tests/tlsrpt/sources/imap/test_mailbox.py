"""What a server may say that it should not, and what is then given."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.tlsrpt.limits import MAX_MAIL_BYTES
from analytics.tlsrpt.model import Channel, Item, Trouble
from analytics.tlsrpt.sources.errors import CredentialsError, MailboxError, PlaceError
from analytics.tlsrpt.sources.imap.credentials import Credentials, Password, Token
from analytics.tlsrpt.sources.imap.mailbox import Limits, Mailbox
from analytics.tlsrpt.sources.imap.place import place
from analytics.tlsrpt.sources.imap.position import Position
from tests.imapserver import CAPABILITY, Answer, answers, imap_server

SECRET = "a sécret"  # noqa: S105 - of the test
RECEIVED = datetime(2026, 11, 24, 2, tzinfo=UTC)


@dataclass
class Seen:
    """What a mailbox gave, how it ended, and what the server was told."""

    items: list[Item | Trouble]
    error: MailboxError | None
    said: list[bytes]


def seen(
    folder: Path,
    answer: Answer,
    *,
    credentials: Credentials | None = None,
    scheme: str = "imaps",
    since: Position | None = None,
    move_to: str = "",
    greeting: bytes = b"* OK ready\r\n",
    authenticated: bytes = b"TAG OK\r\n",
    fetches: int = 3,
) -> Seen:
    is_plain = scheme == "imap"
    with imap_server(
        folder, answer, greeting=greeting, is_plain=is_plain, authenticated=authenticated
    ) as server:
        found = Seen([], None, server.said)
        mailbox = Mailbox(
            place(f"{scheme}://ann@localhost:{server.port}/"),
            credentials or Password(SECRET),
            source="m",
            since=since,
            remember=lambda _position, _mails, _troubles: None,
            move_to=move_to,
            context=server.context,
            limits=Limits(seconds=30, pause_s=0, fetches=fetches),
        )
        with mailbox:
            try:
                for item in mailbox.items():
                    found.items.append(item)
                    mailbox.took(item.member)
                mailbox.move()
            except MailboxError as error:
                found.error = error
    return found


def mail(data: bytes, uid: int = 1, received_at: datetime | None = RECEIVED) -> Item:
    return Item("m", data, Channel.MAIL, str(uid), received_at=received_at)


def body(said: bytes) -> Answer:
    return answers(**{"UID FETCH 1 (UID BODY": said + b"\r\nTAG OK\r\n"})


def envelope(said: bytes) -> Answer:
    return answers(**{"UID FETCH 1 (UID RFC822": said + b"\r\nTAG OK\r\n"})


@pytest.mark.parametrize(
    ("answer", "items"),
    [
        pytest.param(answers(), [mail(b"ab")], id="as it should be"),
        pytest.param(
            body(b"* 1 FETCH (BODY[] {2}\r\nab UID 1)"), [mail(b"ab")], id="UID behind the body"
        ),
        pytest.param(
            body(
                b"* 1 FETCH (FLAGS (\\Seen) UID 1)\r\n* 2 EXISTS\r\n* 1 FETCH (UID 1 BODY[] {2}\r\nab)"
            ),
            [mail(b"ab")],
            id="flags told beside it",
        ),
        pytest.param(body(b"* 1 FETCH (UID 1 BODY[] NIL)"), [mail(b"")], id="no body"),
        pytest.param(body(b'* 1 FETCH (UID 1 BODY[] "")'), [mail(b"")], id="empty body"),
        pytest.param(body(b"* 1 FETCH (UID 1 FLAGS ())"), [], id="body withheld"),
        pytest.param(body(b"* 1 FETCH (UID 9 BODY[] {2}\r\nab)"), [], id="another mail"),
        pytest.param(envelope(b"* 9 EXISTS"), [], id="it is gone"),
        pytest.param(
            envelope(b'* 1 FETCH (UID 1 RFC822.SIZE 2 INTERNALDATE "yesterday")'),
            [mail(b"ab", received_at=None)],
            id="time that is none",
        ),
        pytest.param(
            envelope(b"* 1 FETCH (UID 1 RFC822.SIZE 99999999999)"),
            [
                Trouble(
                    "m",
                    "1",
                    f"too large: expected at most {MAX_MAIL_BYTES} bytes, found 99999999999",
                )
            ],
            id="too large",
        ),
        pytest.param(
            body(b"* 1 FETCH (UID 1 BODY[] {1000000000}"),
            [
                Trouble(
                    "m",
                    "1",
                    "it could not be fetched: 'command: UID => expected at most"
                    f" {MAX_MAIL_BYTES} bytes of a mail, found 1000000000'",
                )
            ],
            id="larger than it said",
        ),
        pytest.param(
            answers(**{"UID FETCH 1 (UID BODY": b"TAG NO \x1b[2J broken\r\n"}),
            [Trouble("m", "1", "it could not be fetched: 'FETCH: \\x1b[2J broken'")],
            id="it does not want to",
        ),
        pytest.param(answers(UID_SEARCH=b"* SEARCH\r\nTAG OK\r\n"), [], id="empty folder"),
        pytest.param(answers(UID_SEARCH=b"TAG OK\r\n"), [], id="nothing said of mails"),
    ],
)
def test_mail_is_given_or_told(tmp_path: Path, answer: Answer, items: list[Item | Trouble]) -> None:
    found = seen(tmp_path, answer)
    assert (found.items, found.error) == (items, None)


def test_last_mail_answers_to_every_range_and_is_not_new(tmp_path: Path) -> None:
    found = seen(tmp_path, answers(), since=Position(7, 5))
    assert found.items == []
    assert b"UID SEARCH UID 6:*" in found.said[-2]


def test_mail_at_which_every_connection_breaks_is_passed_over(tmp_path: Path) -> None:
    three = b"".join(b"* %d FETCH (UID %d RFC822.SIZE 2)\r\n" % (uid, uid) for uid in (1, 2, 3))
    answer = answers(
        **{
            "UID SEARCH": b"* SEARCH 1 2 3\r\nTAG OK\r\n",
            "UID SEARCH UID 2": b"* SEARCH 2 3\r\nTAG OK\r\n",
            "UID SEARCH UID 3": b"* SEARCH 3\r\nTAG OK\r\n",
            "UID FETCH 1:3 (UID RFC822": three + b"TAG OK\r\n",
            "UID FETCH 2:3 (UID RFC822": three + b"TAG OK\r\n",
            "UID FETCH 3 (UID RFC822": three + b"TAG OK\r\n",
            "UID FETCH 1:3 (UID BODY": None,
            "UID FETCH 2 (UID BODY": None,
            "UID FETCH 3 (UID BODY": b"* 3 FETCH (UID 3 BODY[] {2}\r\ncd)\r\nTAG OK\r\n",
        }
    )
    found = seen(tmp_path, answer)
    assert [(type(each), each.member) for each in found.items] == [
        (Item, "1"),
        (Trouble, "2"),
        (Item, "3"),
    ]
    assert found.error is None


BUSY = "no connection: '[UNAVAILABLE] come back later'"


@pytest.mark.parametrize(
    ("answer", "options", "kind", "message"),
    [
        pytest.param(
            answers(EXAMINE=b"TAG NO no such \x1b[2J folder\r\n"),
            {},
            PlaceError,
            "folder 'INBOX' of ann: 'no such \\x1b[2J folder'",
            id="no folder",
        ),
        pytest.param(
            answers(EXAMINE=b"TAG BAD User is authenticated but not connected.\r\n"),
            {},
            PlaceError,
            "User is authenticated but not connected.",
            id="Exchange, without a right to the mailbox",
        ),
        pytest.param(
            answers(EXAMINE=b"* 1 EXISTS\r\nTAG OK\r\n"),
            {},
            PlaceError,
            "folder 'INBOX' of ann: the server keeps no UIDs (UIDVALIDITY)",
            id="no UIDs",
        ),
        pytest.param(
            answers(SELECT=b"* OK [READ-ONLY] x\r\nTAG OK\r\n"),
            {"move_to": "x"},
            PlaceError,
            "folder 'INBOX' of ann: it can only be read, so nothing is moved",
            id="folder that can only be read",
        ),
        pytest.param(
            answers(CAPABILITY=b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK\r\n"),
            {"move_to": "x"},
            PlaceError,
            "localhost: it can neither MOVE nor expunge by UID (UIDPLUS), so nothing is moved",
            id="no way to move",
        ),
        pytest.param(
            answers(UID_MOVE=b"TAG NO over quota\r\n"),
            {"move_to": "x"},
            MailboxError,
            "localhost: mails could not be moved to 'x': MOVE: over quota",
            id="a move that fails",
        ),
        pytest.param(
            answers(), {"greeting": b"* BYE full\r\n"}, MailboxError, "no connection: ", id="full"
        ),
        pytest.param(
            answers(), {"greeting": b"220 ready\r\n"}, MailboxError, "no connection: ", id="SMTP"
        ),
        pytest.param(
            answers(),
            {"authenticated": b"TAG NO [AUTHENTICATIONFAILED] no\r\n"},
            CredentialsError,
            "localhost: it does not let ann in: '[AUTHENTICATIONFAILED] no'",
            id="wrong password",
        ),
        pytest.param(
            answers(),
            {"authenticated": b"TAG NO [UNAVAILABLE] come back later\r\n"},
            MailboxError,
            BUSY,
            id="busy",
        ),
        pytest.param(
            answers(CAPABILITY=b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK\r\n"),
            {},
            CredentialsError,
            "localhost: it does not let ann in: 'it takes no password (LOGINDISABLED)'",
            id="no passwords",
        ),
        pytest.param(
            answers(CAPABILITY=b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n"),
            {},
            CredentialsError,
            "localhost: it cannot take this user and password",
            id="a password that LOGIN has no place for",
        ),
        pytest.param(
            answers(CAPABILITY=b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK\r\n"),
            {"credentials": Token(lambda: "t")},
            CredentialsError,
            "localhost: it takes no token (AUTH=XOAUTH2)",
            id="no tokens",
        ),
        pytest.param(
            answers(UID_SEARCH=b"* SEARCH " + b"1" * 17_000_000),
            {},
            MailboxError,
            "5 connections in a row broke: 'command: UID => expected a line of at most 16777216 bytes'",
            id="endless line",
        ),
    ],
)
def test_mailbox_that_cannot_be_read(
    tmp_path: Path, answer: Answer, options: dict[str, object], kind: type, message: str
) -> None:
    found = seen(tmp_path, answer, **options)  # type: ignore[arg-type]
    assert found.error is not None
    assert type(found.error) is kind
    assert message in str(found.error)
    assert found.error.exit_status == (3 if kind is MailboxError else 2)


def test_answer_without_end_is_cut_off(tmp_path: Path) -> None:
    mails = b"* 1 FETCH (UID 1 BODY[] {16000000}\r\n" + b"x" * 16_000_000 + b")\r\n"
    found = seen(tmp_path, body(mails * 3), fetches=1)
    assert [each.member for each in found.items if isinstance(each, Trouble)] == ["1"]


@pytest.mark.parametrize("is_token", [False, True])
def test_secret_that_a_server_repeats_is_not_told(tmp_path: Path, is_token: bool) -> None:
    secret = "a sécret that is long enough"  # noqa: S105
    sent = f"user=ann\1auth=Bearer {secret}\1\1" if is_token else f"\0ann\0{secret}"
    for form in (secret.encode(), *map(base64.b64encode, (secret.encode(), sent.encode()))):
        for said in (form, form[:-3], form[5:]):
            refusal = b"TAG NO [AUTHENTICATIONFAILED] was: " + said + b"\r\n"
            credentials = Token(lambda: secret) if is_token else Password(secret)
            found = seen(tmp_path, answers(), credentials=credentials, authenticated=refusal)
            assert str(found.error) == (
                "localhost: it does not let ann in: '[AUTHENTICATIONFAILED]'"
            )
            assert found.error is not None
            assert found.error.__cause__ is None


def test_user_and_password_are_quoted_for_login(tmp_path: Path) -> None:
    login = answers(CAPABILITY=b"* CAPABILITY IMAP4rev1 MOVE\r\nTAG OK\r\n")
    found = seen(tmp_path, login, credentials=Password('a"b\\c'))
    assert found.items == [mail(b"ab")]
    assert found.said[1].partition(b" ")[2] == b'LOGIN "ann" "a\\"b\\\\c"'


def test_token_is_asked_for_again_when_it_is_refused(tmp_path: Path) -> None:
    tokens = iter(["first", "second"])
    refused = b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n"
    found = seen(
        tmp_path, answers(), credentials=Token(lambda: next(tokens)), authenticated=refused
    )
    assert isinstance(found.error, CredentialsError)
    sent = [base64.b64decode(line) for line in found.said if b" " not in line and line]
    assert sent == [
        b"user=ann\1auth=Bearer first\1\1",
        b"user=ann\1auth=Bearer second\1\1",
    ]
    assert found.said.count(b"") == 2  # each challenge is answered with nothing (RFC 7628's way)


STARTTLS = b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK\r\n"


def test_starttls_is_used(tmp_path: Path) -> None:
    answer = answers(
        CAPABILITY=b"* CAPABILITY STARTTLS " + CAPABILITY + b"\r\nTAG OK\r\n",
        STARTTLS=b"TAG OK begin\r\n",
    )
    found = seen(tmp_path, answer, scheme="imap")
    assert found.items == [mail(b"ab")]
    assert [line.split()[1] for line in found.said[:3]] == [
        b"CAPABILITY",
        b"STARTTLS",
        b"CAPABILITY",
    ]


@pytest.mark.parametrize(
    ("answer", "greeting"),
    [
        pytest.param(answers(), b"* OK\r\n", id="not offered"),
        pytest.param(
            answers(CAPABILITY=STARTTLS, STARTTLS=b"TAG NO\r\n"), b"* OK\r\n", id="refused"
        ),
        pytest.param(
            answers(CAPABILITY=STARTTLS, STARTTLS=b"TAG OK\r\n* CAPABILITY AUTH=PLAIN\r\n"),
            b"* OK\r\n",
            id="something slipped in before the handshake",
        ),
        pytest.param(
            answers(CAPABILITY=STARTTLS, STARTTLS=b"TAG OK\r\n"), b"* PREAUTH\r\n", id="logged in"
        ),
    ],
)
def test_nothing_is_told_without_tls(tmp_path: Path, answer: Answer, greeting: bytes) -> None:
    found = seen(tmp_path, answer, scheme="imap", greeting=greeting)
    assert "no connection: " in str(found.error)
    assert not any(b"AUTHENTICATE" in line or b"LOGIN" in line for line in found.said)


def test_nobody_listens() -> None:
    mailbox = Mailbox(
        place("imaps://ann@127.0.0.1:1/"),
        Password(SECRET),
        source="m",
        remember=lambda _position, _mails, _troubles: None,
    )
    with pytest.raises(MailboxError) as caught:
        list(mailbox.items())
    assert str(caught.value) == "127.0.0.1:1: no connection: '[Errno 111] Connection refused'"


def test_other_mails_stay_where_a_server_can_only_expunge(tmp_path: Path) -> None:
    answer = answers(
        CAPABILITY=b"* CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS\r\nTAG OK\r\n",
        UID_COPY=b"TAG OK\r\n",
        UID_STORE=b"TAG OK\r\n",
        UID_EXPUNGE=b"TAG OK\r\n",
    )
    found = seen(tmp_path, answer, move_to="Täken")
    assert found.error is None
    assert [line.partition(b" ")[2] for line in found.said[-4:-1]] == [
        b'UID COPY 1 "T&AOQ-ken"',
        b"UID STORE 1 +FLAGS.SILENT (\\Deleted)",
        b"UID EXPUNGE 1",
    ]

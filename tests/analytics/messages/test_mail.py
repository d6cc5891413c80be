"""Mail through a real relay on loopback: what it takes, what it refuses, and what it leaves open."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from analytics.messages.mail import Mail, Relay, address, letter, relay
from analytics.messages.model import Fate, Message, Told
from policy.errors import SettingsError
from tests.authority import Authority
from tests.receivers import MailReceiver, Roads, mail_receiver, server_context

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
WORD = "s3cret"
PLACE = ("mail.example", 587)
MESSAGE = Message(
    "0" * 32, "STS Witness: 1 new alert", "One line.\n.\nFrom here\n", "<p>One line.</p>"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def context(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.file))


@pytest.fixture
def server(authority: Authority) -> Iterator[MailReceiver]:
    with mail_receiver(server_context(str(authority.issue("mail.example")))) as made:
        yield made


def mail_to(
    made: MailReceiver, context: ssl.SSLContext | None, where: str = "smtp://mail.example"
) -> Mail:
    place = relay(where)
    roads = Roads({(place.host, place.port): made.place})
    return Mail(place, "sts@example.com", "ops@example.com", WORD, context, roads.dial, 10.0)


def test_mail_arrives_as_it_was_written(server: MailReceiver, context: ssl.SSLContext) -> None:
    assert mail_to(server, context).send(MESSAGE, AT) == Told(Fate.SENT)
    (mail,) = server.mails
    assert dict(mail.items()) == {
        "From": "STS Witness <sts@example.com>",
        "To": "ops@example.com",
        "Subject": "STS Witness: 1 new alert",
        "Date": "Tue, 24 Nov 2026 12:00:00 +0000",
        "Message-ID": f"<{'0' * 32}@example.com>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="=_{"0" * 32}"',
    }
    text, page = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    assert text.get_content() == "One line.\r\n.\r\nFrom here\r\n"
    assert page.get_content() == "<p>One line.</p>\r\n"
    assert server.raw[0].isascii()


@pytest.mark.parametrize(
    "subject",
    ["x\r\nBcc: a@evil.example", "x\nTo: a@evil.example", "x\x00y", "x\u2028Bcc: a", "\u202ex"],
)
def test_text_from_outside_makes_no_header(subject: str) -> None:
    hostile = replace(MESSAGE, subject=subject)
    head = letter(hostile, "sts@example.com", "ops@example.com", AT).partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert names == [
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"MIME-Version",
        b"Content-Type",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("behave", "fate", "reason", "kept"),
    [
        ("refuse", Fate.UNSENT, "mail.example:587: it answers 451 '4.7.1 try again later'", 0),
        ("reject", Fate.UNSENT,
         "mail.example:587: it answers 554 '5.7.1 we do not like\\x1b[31m its content'", 0),
        ("drop", Fate.UNKNOWN, "mail.example:587: Connection unexpectedly closed", 1),
        ("chatter", Fate.UNSENT, "mail.example:587: Connection unexpectedly closed: it answers more than 262144 bytes", 0),
    ],
)  # fmt: skip
def test_what_a_relay_may_do(
    server: MailReceiver, context: ssl.SSLContext, behave: str, fate: Fate, reason: str, kept: int
) -> None:
    server.behave = behave
    assert mail_to(server, context).send(MESSAGE, AT) == Told(fate, reason)
    assert len(server.mails) == kept


def test_relay_that_stays_silent_is_left_at_the_deadline(
    server: MailReceiver, context: ssl.SSLContext
) -> None:
    server.behave = "hang"
    way = replace(mail_to(server, context), deadline_s=1.0)
    assert way.send(MESSAGE, AT) == Told(Fate.UNKNOWN, "mail.example:587: not done within 1 s")


def test_relay_that_nobody_is_at_has_nothing(context: ssl.SSLContext, server: MailReceiver) -> None:
    roads = Roads({PLACE: server.place}, is_down=lambda _place: True)
    told = replace(mail_to(server, context), dial=roads.dial).send(MESSAGE, AT)
    assert told == Told(Fate.UNSENT, "mail.example:587: [Errno 111] Connection refused")


def test_password_goes_to_a_relay_with_a_certificate_alone(
    authority: Authority, context: ssl.SSLContext
) -> None:
    held = server_context(str(authority.issue("mail.example")))
    with mail_receiver(held, password=WORD) as made:
        way = mail_to(made, context, "smtp://sts%40example.com@mail.example")
        assert way.send(MESSAGE, AT).fate is Fate.SENT
        assert made.logins == [("sts@example.com", WORD)]
        told = replace(way, context=ssl.create_default_context()).send(MESSAGE, AT)
        assert told.fate is Fate.UNSENT
        assert "certificate verify failed" in told.reason
        told = replace(way, password=WORD[1:]).send(MESSAGE, AT)
        assert told.reason.startswith("mail.example:587: it answers 535 ")
        assert WORD[1:] not in told.reason
        assert set(made.logins[1:]) == {("sts@example.com", WORD[1:])}
        assert len(made.mails) == 1
    assert WORD not in repr(way)


def test_tls_from_the_first_byte(authority: Authority, context: ssl.SSLContext) -> None:
    held = server_context(str(authority.issue("mail.example")))
    with mail_receiver(held, is_tls_first=True) as made:
        way = mail_to(made, context, "smtps://mail.example")
        assert way.relay.port == 465
        assert way.send(MESSAGE, AT) == Told(Fate.SENT)


def test_relay_without_starttls_gets_no_mail_unless_it_is_this_machine() -> None:
    with mail_receiver() as made:
        told = mail_to(made, None).send(MESSAGE, AT)
        assert told == Told(
            Fate.UNSENT, "mail.example:587: STARTTLS extension not supported by server."
        )
        assert mail_to(made, None, "smtp://localhost:25").send(MESSAGE, AT) == Told(Fate.SENT)
        assert len(made.mails) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("smtp://mail.example", Relay("mail.example", 587)),
        ("SMTP://mail.example:25/", Relay("mail.example", 25)),
        ("smtps://mail.example", Relay("mail.example", 465, is_tls_first=True)),
        ("smtp://a%40b.example@mail.example", Relay("mail.example", 587, "a@b.example")),
        ("smtp://a@b.example@mail.example", Relay("mail.example", 587, "a@b.example")),
        ("smtp://127.0.0.1:25", Relay("127.0.0.1", 25, is_plain=True)),
        ("smtp://[::1]:25", Relay("::1", 25, is_plain=True)),
        ("smtps://localhost", Relay("localhost", 465, is_tls_first=True)),
    ],
)
def test_relays(text: str, found: Relay) -> None:
    assert relay(text) == found


FORM = "MTA_STS_SMTP: expected smtp://user@host:587 or smtps://user@host:465"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mail.example", FORM),
        ("http://mail.example", FORM),
        ("smtp://mail.example/x", FORM),
        ("smtp://", f"{FORM}, found the host ''"),
        ("smtp://a b", f"{FORM}, found the host 'a b'"),
        ("smtp://mail.example:x", f"{FORM}, found the host 'mail.example:x'"),
        ("smtp://@mail.example", f"{FORM}, found no user before @"),
        ("smtp://mail.example:70000", "MTA_STS_SMTP: expected a port from 1 to 65535, found 70000"),
        ("smtp://u:s3cret@mail.example",
         "MTA_STS_SMTP: it holds no password; set MTA_STS_SMTP_PASSWORD, and leave the user"),
        ("smtp://u%0d%0a@mail.example", "MTA_STS_SMTP: expected a user in ASCII"),
    ],
)  # fmt: skip
def test_what_is_no_relay_is_told_without_a_password(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        relay(text)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ops@Example.COM", "Ops@example.com"),
        (" a.b+c@münchen.example ", "a.b+c@xn--mnchen-3ya.example"),
    ],
)
def test_addresses(text: str, found: str) -> None:
    assert address(text, "X") == found


@pytest.mark.parametrize(
    "text", ["", "a", "@a.example", "a@", "a..b@c.example", "a\r\nb@c.example", '"a b"@c.example', "ü@c.example",
             "a" * 65 + "@c.example", "a@b@c.example"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(SettingsError, match="^X: expected an address such as postmaster@example"):
        address(text, "X")

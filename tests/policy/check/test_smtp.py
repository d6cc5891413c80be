"""MX hosts: each dialogue in ``tests/data/dialogues`` with what is seen of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from policy.check.model import Fault, How, Outcome, SmtpObservation, Step
from policy.check.stream import Place
from tests.authority import Authority
from tests.mailhost import DIALOGUES, MailHost, mail_host
from tests.nameserver import unused_port
from tests.policy.check.seen import rcpt_seen, smtp_seen
from tests.policyhost import server_context

NAME = "mx.example.com"
RUA = "tls-reports@example.com"

FAULTS = {
    "starttls-later": Fault(
        Step.STARTTLS, How.DEFERRED, "454 4.7.0 TLS not available due to local problem"
    ),
    "starttls-never": Fault(Step.STARTTLS, How.REFUSED, "502 5.5.1 Command not implemented"),
    "starttls-injection": Fault(
        Step.STARTTLS, How.PROTOCOL, "14 octets in the clear after the reply to STARTTLS"
    ),
    "starttls-no-tls": Fault(Step.TLS, How.PROTOCOL, "wrong version number"),
    "banner-never": Fault(
        Step.BANNER, How.REFUSED, "554 mx.example.com\n554 5.7.1 Your address is on a list"
    ),
    "banner-later": Fault(Step.BANNER, How.DEFERRED, "421 4.3.2 Too many connections"),
    "ehlo-never": Fault(Step.EHLO, How.REFUSED, "502 Command not implemented"),
    "closes-after-banner": Fault(Step.EHLO, How.CLOSED, "the other side ended the connection"),
    "closes-in-tls": Fault(Step.EHLO, How.CLOSED, "the other side ended the connection"),
    "not-smtp": Fault(Step.BANNER, How.PROTOCOL, "what came is no SMTP reply"),
    "codes-mixed": Fault(Step.BANNER, How.PROTOCOL, "what came is no SMTP reply"),
}
TALKS = {path.stem for path in DIALOGUES.glob("*.smtp")}
MAILBOXES = {name for name in TALKS if name.startswith(("rcpt-", "mail-"))}


@contextmanager
def playing(folder: Path, dialogue: str, *names: str) -> Iterator[tuple[MailHost, str]]:
    authority = Authority(folder)
    context = server_context(authority.issue(*(names or (NAME,))))
    with mail_host(dialogue, context) as host:
        yield host, str(authority.file)


def seen(folder: Path, dialogue: str, *names: str) -> SmtpObservation:
    with playing(folder, dialogue, *names) as (host, ca_file):
        return smtp_seen(Place(NAME, host.address, host.port), ca_file)


def test_every_dialogue_is_played() -> None:
    assert TALKS - MAILBOXES == FAULTS.keys() | {"good", "good-lower-case", "no-starttls"}


def test_a_good_host(tmp_path: Path) -> None:
    with playing(tmp_path, "good") as (host, ca_file):
        found = smtp_seen(Place(NAME, host.address, host.port), ca_file)
    assert (found.fault, found.outcome) == (None, Outcome.ANSWER)
    assert found.banner == "220 mx.example.com ESMTP"
    assert found.ehlo == ("SIZE 52428800", "STARTTLS")
    assert found.starttls_reply == "220 2.0.0 Ready to start TLS"
    assert found.ehlo_tls == ("SIZE 52428800",)
    assert found.tls is not None
    assert (found.tls.version, found.tls.is_trusted) == ("TLSv1.3", True)
    assert found.tls.certificate is not None
    assert found.tls.certificate.names(NAME)
    assert 0 < found.connect_s <= found.banner_s <= found.took_s
    ((hello, starttls, again, bye),) = host.heard  # one talk, and polite to its end
    assert hello == again
    assert (starttls, bye) == ("STARTTLS", "QUIT")


def test_who_we_are_is_a_name_or_an_address_literal(tmp_path: Path) -> None:
    with playing(tmp_path, "no-starttls") as (host, ca_file):
        smtp_seen(Place(NAME, host.address, host.port), ca_file)
    name = host.heard[0][0].removeprefix("EHLO ")
    assert name == "[127.0.0.1]" or "." in name


def test_a_reply_of_several_lines_and_a_keyword_in_lower_case(tmp_path: Path) -> None:
    found = seen(tmp_path, "good-lower-case")
    assert found.banner == "220 mx.example.com ESMTP\n220 No bulk mail"
    assert found.offers_starttls
    assert found.fault is None


def test_no_starttls_is_no_fault_of_the_talk(tmp_path: Path) -> None:
    found = seen(tmp_path, "no-starttls")
    assert (found.fault, found.offers_starttls, found.tls) == (None, False, None)


@pytest.mark.parametrize("dialogue", FAULTS)
def test_where_and_how_a_talk_ends(tmp_path: Path, dialogue: str) -> None:
    found = seen(tmp_path, dialogue)
    assert found.fault == FAULTS[dialogue]
    is_could_not_look = found.fault.how is How.DEFERRED
    assert found.outcome is (Outcome.UNKNOWN if is_could_not_look else Outcome.REFUSED)


def test_a_certificate_that_is_not_trusted_is_read_in_a_second_talk(tmp_path: Path) -> None:
    Authority(tmp_path)
    other = server_context(Authority(tmp_path / "other").issue(NAME))
    with mail_host("good", other) as host:
        found = smtp_seen(Place(NAME, host.address, host.port), str(tmp_path / "ca.pem"))
    assert found.fault is None
    assert found.tls is not None
    assert (found.tls.is_trusted, found.tls.verify_code) == (False, 20)
    assert found.tls.certificate is not None
    assert found.tls.certificate.dns_ids == (NAME,)
    assert len(host.heard) == 2


def test_a_name_that_is_not_the_hosts(tmp_path: Path) -> None:
    found = seen(tmp_path, "good", "www.example.com").tls
    assert found is not None
    assert found.is_trusted
    assert found.certificate is not None
    assert not found.certificate.names(NAME)


def test_nothing_listens() -> None:
    found = smtp_seen(Place(NAME, "127.0.0.1", unused_port()))
    assert found.fault == Fault(Step.CONNECT, How.REFUSED, "Connection refused")


def test_a_private_address_is_not_asked(tmp_path: Path) -> None:
    with playing(tmp_path, "good") as (host, ca_file):
        found = smtp_seen(Place(NAME, host.address, host.port), ca_file, allow_private=False)
    assert found.fault == Fault(Step.ADDRESS, How.WITHHELD, "127.0.0.1 is loopback: not asked")
    assert host.heard == []


@pytest.mark.parametrize(
    ("dialogue", "code", "fault"),
    [
        ("rcpt-taken", 250, None),
        ("rcpt-unknown", 550, Fault(Step.RCPT, How.REFUSED, "550 5.1.1 User unknown")),
        (
            "rcpt-later",
            451,
            Fault(Step.RCPT, How.DEFERRED, "451 4.7.1 Greylisted, come again in five minutes"),
        ),
        ("mail-never", 0, Fault(Step.MAIL, How.REFUSED, "550 5.7.1 No null sender here")),
        ("banner-later", 0, FAULTS["banner-later"]),
    ],
)
def test_a_mailbox_for_reports(
    tmp_path: Path, dialogue: str, code: int, fault: Fault | None
) -> None:
    with playing(tmp_path, dialogue) as (host, _ca_file):
        found = rcpt_seen(Place(NAME, host.address, host.port), RUA)
    assert (found.code, found.fault) == (code, fault)
    assert not any("DATA" in talk for talk in host.heard)


@pytest.mark.parametrize(
    "mailbox", ["a@example.com>\r\nRCPT TO:<b@example.com", "a b@example.com", "<a@example.com", ""]
)
def test_a_mailbox_that_would_be_another_command_is_not_asked_for(mailbox: str) -> None:
    found = rcpt_seen(Place(NAME, "127.0.0.1", unused_port()), mailbox)
    assert found.fault == Fault(Step.RCPT, How.UNKNOWN, "no mailbox that RCPT could be asked for")

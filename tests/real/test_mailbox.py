"""A mailbox over IMAP on a real server, Dovecot: nothing lost, nothing changed, whatever breaks."""

import base64
import contextlib
import gzip
import imaplib
import itertools
import json
import os
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from analytics.tlsrpt.ingest import ingest
from analytics.tlsrpt.limits import MAX_MAIL_BYTES
from analytics.tlsrpt.model import Authentication, Channel, Item, Status, Trouble
from analytics.tlsrpt.sources.errors import CredentialsError, MailboxError, PlaceError
from analytics.tlsrpt.sources.imap.credentials import Credentials, Password, Token
from analytics.tlsrpt.sources.imap.mailbox import Limits, Mailbox
from analytics.tlsrpt.sources.imap.place import place
from analytics.tlsrpt.sources.imap.position import Position, Positions
from analytics.tlsrpt.taken import Taken
from tests.analytics.build import NOW, Desk
from tests.host import environment
from tests.lab.cutter import cutter
from tests.lab.dovecot import PASSWORD, Dovecot, dovecot, missing
from tests.tlsrpt.build import RULES, document
from tests.tlsrpt.build import mail as report_mail
from tests.tlsrpt.signing import rsa_signer, zone

pytestmark = pytest.mark.real

MAIL = b"From: noreply@reporter.example\r\nSubject: Report %d\r\n\r\n%b\r\n"
USERS = 40
RSA = rsa_signer()
OPENING = 4_000  # bytes of TLS and log-in, roughly


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    if reason := missing():
        pytest.skip(reason)
    users = {f"user{number}@example.com": PASSWORD for number in range(USERS)}
    with dovecot(users) as running:
        yield running


@pytest.fixture
def user(server: Dovecot, _names: Iterator[str]) -> str:
    """A user whose mailbox no other test uses."""
    return next(_names)


@pytest.fixture(scope="module")
def _names() -> Iterator[str]:
    return iter(f"user{number}@example.com" for number in range(USERS))


def mails(count: int, size: int = 100) -> list[bytes]:
    return [MAIL % (number, b"x" * size) for number in range(1, count + 1)]


class Run:
    """One run over a mailbox, and the positions that it was told."""

    def __init__(
        self,
        server: Dovecot,
        user: str,
        *,
        credentials: Credentials | None = None,
        since: Position | None = None,
        port: int = 0,
        folder: str = "",
        move_to: str = "",
        limits: Limits | None = None,
    ) -> None:
        self.positions: list[Position] = []
        self.counts: list[tuple[int, int]] = []
        self.mailbox = Mailbox(
            place(f"imaps://{user}@localhost:{port or server.port}/{folder}"),
            credentials or Password(PASSWORD),
            source="the mailbox",
            since=since,
            remember=self._remember,
            move_to=move_to,
            context=ssl.create_default_context(cafile=str(server.authority)),
            limits=limits or Limits(seconds=60, pause_s=0),
        )

    def into(self, found: list[Item | Trouble]) -> None:
        """Everything, each kept as it comes."""
        with self.mailbox:
            for each in self.mailbox.items():
                found.append(each)
                self.mailbox.kept([each])

    def _remember(self, position: Position, mails: int, troubles: int) -> None:
        self.positions.append(position)
        self.counts.append((mails, troubles))

    def all(self) -> list[Item | Trouble]:
        """Everything, kept in one go."""
        with self.mailbox:
            found = list(self.mailbox.items())
            self.mailbox.kept(found)
        return found


def data(found: Sequence[Item | Trouble]) -> list[bytes]:
    return [each.data for each in found if isinstance(each, Item)]


def test_500_mails_are_given_once_and_only_new_ones_after_that(server: Dovecot, user: str) -> None:
    sent = mails(500)
    server.deliver(user, sent)
    first = Run(server, user)
    found = first.all()
    assert data(found) == sent
    assert {(each.source, isinstance(each, Item) and each.channel) for each in found} == {
        ("the mailbox", Channel.MAIL)
    }
    assert [each.member for each in found] == [str(uid) for uid in range(1, 501)]
    assert all(isinstance(each, Item) and each.received_at for each in found)
    assert (first.positions[-1].uid, first.counts) == (500, [(500, 0)])

    assert Run(server, user, since=first.positions[-1]).all() == []
    late = [MAIL % (501, b"late")]
    server.deliver(user, late)
    again = Run(server, user, since=first.positions[-1])
    assert data(again.all()) == late
    assert again.positions[-1].uid == 501


def test_flags_stay_as_they_are(server: Dovecot, user: str) -> None:
    server.deliver(user, mails(5))
    before = server.flags(user)
    assert len(data(Run(server, user).all())) == 5
    assert server.flags(user) == before
    assert "Seen" not in "".join(before)
    assert len(list((server.folder / "mail" / user / "new").iterdir())) == 5


@pytest.mark.parametrize("every", [20_000, 60_000])
def test_connections_that_are_cut_lose_and_double_nothing(
    server: Dovecot, user: str, every: int
) -> None:
    sent = mails(500, size=400)
    server.deliver(user, sent)
    with cutter(server.port, [OPENING + every] * 40) as (passing, port):
        limits = Limits(seconds=60, pause_s=0, mails=20)
        run = Run(server, user, port=port, limits=limits)
        assert data(run.all()) == sent
        assert passing.cut > 3
    assert run.positions[-1].uid == 500


def test_run_that_cannot_go_on_keeps_what_it_has(server: Dovecot, user: str) -> None:
    sent = mails(100, size=1_000)
    server.deliver(user, sent)
    # connections that get somewhere, and then none that does
    with cutter(server.port, [60_000, *[500] * 20]) as (_passing, port):
        run = Run(server, user, port=port, limits=Limits(seconds=60, pause_s=0, mails=10))
        found: list[Item | Trouble] = []
        with pytest.raises(MailboxError) as caught:
            run.into(found)
        assert "connections in a row broke" in str(caught.value)
        assert str(caught.value).endswith("run it again to go on")
        assert caught.value.exit_status == 3
    assert 0 < len(found) < 100
    rest = Run(server, user, since=run.positions[-1]).all()
    assert data(found) + data(rest) == sent


def test_position_says_nothing_before_mails_are_kept(server: Dovecot, user: str) -> None:
    server.deliver(user, mails(10))
    run = Run(server, user)
    with run.mailbox:
        some = list(itertools.islice(run.mailbox.items(), 4))
        assert run.positions == []
        run.mailbox.kept(some)
    assert run.positions[-1].uid == 4


def test_changed_uidvalidity_reads_all_anew(server: Dovecot, user: str) -> None:
    sent = mails(7)
    server.deliver(user, sent)
    first = Run(server, user)
    assert len(first.all()) == 7
    assert not first.mailbox.is_anew
    server.admin("mailbox", "update", "-u", user, "--uid-validity", "4000000000", "INBOX")
    again = Run(server, user, since=first.positions[-1])
    assert data(again.all()) == sent
    assert again.mailbox.is_anew
    assert again.positions[-1] == Position(4_000_000_000, 7)


def test_uidvalidity_that_changes_during_a_run(server: Dovecot, user: str) -> None:
    sent = mails(50, size=1_000)
    server.deliver(user, sent)
    with cutter(server.port, [OPENING + 20_000]) as (_passing, port):
        run = Run(server, user, port=port, limits=Limits(seconds=60, pause_s=0, mails=5))
        found: list[Item | Trouble] = []
        with run.mailbox:
            for each in run.mailbox.items():
                if not found:
                    arguments = ("-u", user, "--uid-validity", "4000000001", "INBOX")
                    server.admin("mailbox", "update", *arguments)
                found.append(each)
            run.mailbox.kept(found)
    assert data(found)[-50:] == sent
    assert run.mailbox.is_anew
    assert run.positions == [Position(4_000_000_001, 50)]


def test_mail_of_30_mb_is_told_and_not_fetched(server: Dovecot, user: str) -> None:
    small = mails(2)
    large = MAIL % (0, b"x" * 76 + b"\r\n") + (b"x" * 76 + b"\r\n") * 400_000
    server.deliver(user, [small[0], large, small[1]])
    with cutter(server.port, []) as (_passing, port):
        run = Run(server, user, port=port)
        found = run.all()
    assert data(found) == small
    assert found[1] == Trouble(
        "the mailbox",
        "2",
        f"too large: expected at most {MAX_MAIL_BYTES} bytes, found {len(large)}",
    )
    assert (run.positions[-1].uid, run.counts) == (3, [(2, 1)])
    assert f"body_bytes={len(large)}" not in server.log()


def test_mails_that_are_gone_are_passed_over(server: Dovecot, user: str) -> None:
    sent = mails(10)
    server.deliver(user, sent)
    server.admin("expunge", "-u", user, "mailbox", "INBOX", "uid", "3,4,10")
    found = Run(server, user).all()
    assert data(found) == [*sent[:2], *sent[4:9]]


def test_only_mails_with_a_report_are_moved(server: Dovecot, user: str) -> None:
    sent = mails(30)
    server.deliver(user, sent)
    server.deliver(user, [], folder=".Taken &AOQ-")
    run = Run(server, user, move_to="Taken ä")
    with run.mailbox:
        for each in run.mailbox.items():
            run.mailbox.kept([each])
            if int(each.member) % 3 == 0:
                run.mailbox.took(f"{each.member}/report.json")
        run.mailbox.move()
    left = [uid for uid in range(1, 31) if uid % 3]
    assert data(Run(server, user).all()) == [sent[uid - 1] for uid in left]
    moved = Run(server, user, folder="Taken%20%C3%A4").all()
    assert data(moved) == [mail for uid, mail in enumerate(sent, start=1) if uid % 3 == 0]


def test_move_is_made_up_for_after_a_cut(server: Dovecot, user: str) -> None:
    server.deliver(user, mails(3))
    server.deliver(user, [], folder=".Done")
    with contextlib.ExitStack() as stack:
        passing, port = stack.enter_context(cutter(server.port, [OPENING + 1_400]))
        run = Run(server, user, port=port, move_to="Done")
        stack.enter_context(run.mailbox)
        for each in run.mailbox.items():
            run.mailbox.took(each.member)
        server.admin("kick", user)
        run.mailbox.move()
        assert passing.connections > 1
    assert Run(server, user).all() == []
    assert len(Run(server, user, folder="Done").all()) == 3


def test_folder_that_is_not_there(server: Dovecot, user: str) -> None:
    with pytest.raises(PlaceError) as caught:
        Run(server, user, folder="Nowhere").all()
    assert str(caught.value).startswith(f"folder 'Nowhere' of {user}: ")
    assert caught.value.exit_status == 2
    with pytest.raises(PlaceError) as caught:
        Run(server, user, move_to="Nowhere").all()
    assert str(caught.value).startswith("folder 'Nowhere' to move to: ")


def test_wrong_password_is_refused_and_never_told(server: Dovecot, user: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        Run(server, user, credentials=Password("wrong-and-secret")).all()
    assert str(caught.value) == (
        f"localhost: it does not let {user} in: '[AUTHENTICATIONFAILED] Authentication failed.'"
    )
    assert "wrong-and-secret" not in repr(caught.value)


DMARC = (
    b"From: noreply@reporter.example\r\n"
    b"Subject: Report domain: example.com Submitter: reporter.example Report-ID: <%d>\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: application/gzip; name="reporter.example!example.com!1!2.xml.gz"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n%b"
)


def test_mailbox_of_dmarc_reports_gives_its_tls_reports(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    feedback = base64.encodebytes(gzip.compress(b'<?xml version="1.0"?>\n<feedback></feedback>\n'))
    sent = [DMARC % (number, feedback) for number in range(40)]
    sent[7] = report_mail(document("first"))
    sent[30] = RSA.signed(report_mail(document("second")))
    server.deliver(user, sent)
    server.deliver(user, [], folder=".Done")
    warehouse = Desk(tmp_path).warehouse
    rules = replace(RULES, keys=zone(RSA.record()))
    before = server.flags(user)

    def ingested(move_to: str = "") -> list[Taken]:
        named = place(f"imaps://{user}@localhost:{server.port}/")
        positions = Positions(warehouse, named, at=NOW)
        told = []
        with Mailbox(
            named,
            Password(PASSWORD),
            source="the mailbox",
            since=positions.last,
            remember=positions.remember,
            move_to=move_to,
            context=ssl.create_default_context(cafile=str(server.authority)),
        ) as mailbox:
            for each in ingest(warehouse, mailbox.items(), rules, at=NOW, kept=mailbox.kept):
                assert isinstance(each, Taken)
                told.append(each)
                if each.status is not Status.OTHER:
                    mailbox.took(each.member)
            mailbox.move()
        return told

    told = ingested()
    assert Counter(each.status for each in told) == {
        Status.OTHER: 38,
        Status.NEW: 2,
    }
    found = [each for each in told if each.status is Status.NEW]
    assert [(each.member.split("/")[0], each.report_id, each.authentication) for each in found] == [
        ("8", "first", Authentication.NONE),
        ("31", "second", Authentication.PASS),
    ]
    assert server.flags(user) == before
    assert ingested() == []

    server.deliver(user, [report_mail(document("third")), DMARC % (99, feedback)])
    assert len(ingested(move_to="Done")) == 2
    assert len(Run(server, user, folder="Done").all()) == 1
    assert len(Run(server, user).all()) == 41


def test_certificate_of_a_stranger_ends_it_at_once(server: Dovecot, user: str) -> None:
    mailbox = Mailbox(
        place(f"imaps://{user}@localhost:{server.port}"),
        Password(PASSWORD),
        source="the mailbox",
        remember=lambda _position, _mails, _troubles: None,
        context=ssl.create_default_context(),
    )
    with mailbox, pytest.raises(MailboxError) as caught:
        list(mailbox.items())
    assert str(caught.value).startswith(f"localhost:{server.port}: its certificate is not trusted:")


def test_ssl_cert_file_is_honoured(server: Dovecot, user: str) -> None:
    server.deliver(user, mails(1))
    script = (
        "import sys\n"
        "from analytics.tlsrpt.sources.imap.credentials import Password\n"
        "from analytics.tlsrpt.sources.imap.mailbox import Mailbox\n"
        "from analytics.tlsrpt.sources.imap.place import place\n"
        "mailbox = Mailbox(place(sys.argv[1]), Password(sys.stdin.readline().strip()), source='',\n"
        "                  remember=print)\n"
        "print(len(list(mailbox.items())))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, f"imaps://{user}@localhost:{server.port}"],
        input=PASSWORD,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(
            SSL_CERT_FILE=str(server.authority),
            PYTHONPATH=os.pathsep.join(sys.path),
            LANG="C.UTF-8",
        ),
        cwd=Path(__file__).parents[2],
    )
    assert (done.stdout, done.stderr) == ("1\n", "")


def command(
    server: Dovecot, home: Path, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run mta-sts as an administrator does."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("mta-sts")), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=home,
        env=environment(
            MTA_STS_HOME=str(home), SSL_CERT_FILE=str(server.authority), LANG="C.UTF-8", **more
        ),
    )


def test_command_reads_a_mailbox_by_password_and_by_token(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    server.deliver(user, [report_mail(document(str(number))) for number in range(3)])
    source = f"imaps://{user}@localhost:{server.port}/INBOX"
    ingested = ("ingest", "--json", "--no-dkim", source)
    done = command(server, tmp_path, *ingested, MTA_STS_IMAP_PASSWORD=PASSWORD)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["source"], row["report_id"], row["status"]) for row in rows] == [
        (source, str(number), "new") for number in range(3)
    ]
    assert (done.returncode, done.stderr) == (0, "")

    server.tokens.valid["a-token-of-mine"] = user
    server.deliver(user, [report_mail(document("late"))])
    token = {"MTA_STS_IMAP_TOKEN_COMMAND": "echo a-token-of-mine"}
    done = command(server, tmp_path, *ingested, **token)
    assert [json.loads(line)["report_id"] for line in done.stdout.splitlines()] == ["late"]
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"MTA_STS_IMAP_PASSWORD": "wrong-and-secret"}, "it does not let"),
        ({"MTA_STS_IMAP_TOKEN_COMMAND": "echo wrong-and-secret"}, "it does not let"),
        ({}, "expected MTA_STS_IMAP_PASSWORD"),
    ],
)
def test_command_that_is_not_let_in_says_so_and_no_secret(
    server: Dovecot, user: str, tmp_path: Path, more: dict[str, str], told: str
) -> None:
    source = f"imaps://{user}@localhost:{server.port}/INBOX"
    done = command(server, tmp_path, "ingest", source, **more)
    assert done.returncode == 2
    assert told in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_starttls_before_anything_is_told(server: Dovecot, user: str) -> None:
    server.deliver(user, mails(3))
    mailbox = Mailbox(
        place(f"imap://{user}@localhost:{server.starttls_port}"),
        Password(PASSWORD),
        source="the mailbox",
        remember=lambda _position, _mails, _troubles: None,
        context=ssl.create_default_context(cafile=str(server.authority)),
    )
    with mailbox:
        assert data(list(mailbox.items())) == mails(3)


class Issuer:
    """Gives tokens that the server knows, until it is told that they ended."""

    def __init__(self, server: Dovecot, user: str) -> None:
        self._server, self._user = server, user
        self.given: list[str] = []

    def __call__(self) -> str:
        token = f"token-{len(self.given)}-of-{self._user}"
        self.given.append(token)
        self._server.tokens.valid[token] = self._user
        return token

    def end(self) -> None:
        """The last token is worth nothing from now on."""
        del self._server.tokens.valid[self.given[-1]]


def test_token_is_fetched_once_a_run(server: Dovecot, user: str) -> None:
    sent = mails(20, size=2_000)
    server.deliver(user, sent)
    issuer = Issuer(server, user)
    with cutter(server.port, [OPENING + 20_000] * 2) as (passing, port):
        run = Run(
            server, user, port=port, credentials=Token(issuer), limits=Limits(pause_s=0, mails=3)
        )
        assert data(run.all()) == sent
        assert passing.connections == 3
    assert issuer.given == [f"token-0-of-{user}"]


def test_token_that_ends_in_the_middle_is_fetched_again(server: Dovecot, user: str) -> None:
    sent = mails(60, size=1_000)
    server.deliver(user, sent)
    issuer = Issuer(server, user)
    found: list[Item | Trouble] = []
    with cutter(server.port, [OPENING + 30_000]) as (_passing, port):
        run = Run(
            server, user, port=port, credentials=Token(issuer), limits=Limits(pause_s=0, mails=5)
        )
        with run.mailbox:
            for each in run.mailbox.items():
                if not found:
                    issuer.end()
                found.append(each)
            run.mailbox.kept(found)
    assert data(found) == sent
    assert len(issuer.given) == 2
    assert server.tokens.asked[-2:] == issuer.given  # the old one was refused, the fresh one taken


def test_token_that_nobody_takes_is_never_told(server: Dovecot, user: str) -> None:
    given: list[str] = []

    def secret() -> str:
        given.append(f"a-secret-token-{len(given)}")
        return given[-1]

    with pytest.raises(CredentialsError) as caught:
        Run(server, user, credentials=Token(secret)).all()
    assert len(given) == 2
    assert "a-secret-token" not in str(caught.value)
    assert str(caught.value).startswith(f"localhost: it does not let {user} in: ")


def test_time_of_a_run_ends_and_the_next_goes_on(server: Dovecot, user: str) -> None:
    sent = mails(20)
    server.deliver(user, sent)
    found: list[Item | Trouble] = []
    # connections look at the real clock: it is over before the log-in is
    run = Run(server, user, limits=Limits(seconds=0.001, pause_s=0))
    with pytest.raises(MailboxError) as caught:
        run.into(found)
    assert str(caught.value) == (
        f"localhost:{server.port}: 0.001 s are over; run it again to go on"
    )
    assert found == []
    assert data(Run(server, user).all()) == sent


def test_imaplib_itself_sees_the_same(server: Dovecot, user: str) -> None:
    sent = mails(4)
    server.deliver(user, sent)
    context = ssl.create_default_context(cafile=str(server.authority))
    with imaplib.IMAP4_SSL("localhost", server.port, ssl_context=context, timeout=10) as other:
        other.authenticate("PLAIN", lambda _challenge: f"\0{user}\0{PASSWORD}".encode())
        other.select("INBOX", readonly=True)
        _status, answer = other.fetch("1:*", "(BODY.PEEK[])")
    assert [part[1] for part in answer if isinstance(part, tuple)] == data(Run(server, user).all())

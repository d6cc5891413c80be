"""A signed body whose parts somebody else marked off proves nothing."""

import email
from datetime import UTC, datetime

import dkim  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.tlsrpt.model import Authenticated, Authentication, Channel, Item
from analytics.tlsrpt.proof import Prover
from analytics.tlsrpt.reading import reading
from analytics.tlsrpt.signed.fields import HeaderError, header
from tests.tlsrpt.documents import text
from tests.tlsrpt.signing import REPORTER, rsa_signer, zone

RSA = rsa_signer()
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
REPORT = text()
TYPE = b"Content-Type: multipart/alternative; boundary=real\r\n"
OTHER_TYPE = b"Content-Type: multipart/report; report-type=tlsrpt; boundary=x\r\n"
FIELDS = (
    b"From: Calendar <noreply@reporter.example>\r\n"
    b"To: somebody@example.com\r\n"
    b"Subject: Invitation\r\n"
    b"Date: Tue, 24 Nov 2026 01:59:00 +0000\r\n"
)
# an invitation whose words a stranger chose, as large senders let anybody send them
WORDS = b"Content-Type: text/plain\r\n\r\nCome:\r\n--x\r\n\r\n" + REPORT + b"\r\n--x--\r\n"
INVITATION = FIELDS + TYPE + b"\r\n--real\r\n" + WORDS + b"--real--\r\n"

NOT_FIRST = "expected a signed Content-Type, or a body that begins with its first part"


def signed(mail: bytes, *more: bytes) -> bytes:
    """The mail, signed as Google does without Content-Type, or with ``more`` fields."""
    names = [b"from", b"to", b"subject", b"date", *more]
    form = (b"relaxed", b"relaxed")
    by: bytes = dkim.sign(
        mail, b"s1", REPORTER.encode(), RSA.private, canonicalize=form, include_headers=names
    )
    return by + mail


def proofs(mail: bytes, authserv_id: str = "") -> list[Authenticated]:
    found = reading(Item("a", mail, Channel.MAIL), AT)
    prover = Prover(found, zone(RSA.record()), authserv_id)
    return [prover.proof(read.report.contact_info) for read in found.reports]


def test_invitation_is_no_report() -> None:
    assert proofs(signed(INVITATION)) == []


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (signed(INVITATION).replace(TYPE, OTHER_TYPE), NOT_FIRST),
        (OTHER_TYPE + signed(INVITATION), "expected one Content-Type, found 2"),
        (OTHER_TYPE + signed(INVITATION, b"content-type"), "expected one Content-Type, found 2"),
        (
            signed(FIELDS + b"Content-Type: text/plain\r\n\r\n" + WORDS).replace(
                b"Content-Type: text/plain\r\n", OTHER_TYPE, 1
            ),
            NOT_FIRST,
        ),
    ],
    ids=["another type", "a second type", "above a signed one", "of a plain text"],
)
def test_report_among_the_words_of_a_signed_mail_proves_nothing(mail: bytes, reason: str) -> None:
    assert [(each.result, each.reason) for each in proofs(mail)] == [(Authentication.FAIL, reason)]


def test_report_in_the_header_of_a_signed_mail_proves_nothing() -> None:
    fields, _end, body = signed(INVITATION).replace(TYPE, b"").partition(b"\r\n\r\n")
    top = b"Content-Type: application/tlsrpt+json\r\n"
    mail = top + fields + b"\r\nX: 1\r\r\n " + REPORT + b"\r\n\r\n" + body
    (proof,) = proofs(mail)
    assert proof.result is Authentication.FAIL
    assert proof.reason.endswith(": expected no CR without LF")


def test_what_a_receiver_found_is_not_believed_of_it_either() -> None:
    by = b"Authentication-Results: mx.example.com; dkim=pass header.d=reporter.example\r\n"
    genuine = REPORT_MAIL.replace(b"DKIM-Signature", b"X-Was")
    (proof,) = proofs(by + genuine, "mx.example.com")
    assert proof.result is Authentication.RECEIVER
    (proof,) = proofs(by + OTHER_TYPE + INVITATION, "mx.example.com")
    assert proof.result is Authentication.NONE


PARTS = b"--x\r\nContent-Type: application/tlsrpt+json\r\n\r\n" + REPORT + b"\r\n--x--\r\n"
REPORT_MAIL = signed(FIELDS + OTHER_TYPE + b"\r\n" + PARTS)
PREAMBLE = b"This is a multipart message in MIME format.\r\n\r\n"


@pytest.mark.parametrize(
    "mail",
    [
        REPORT_MAIL,
        REPORT_MAIL.replace(b"boundary=x", b'boundary="x"'),
        signed(FIELDS + OTHER_TYPE + b"\r\n" + PREAMBLE + PARTS),
        signed(FIELDS + b"Content-Type: application/tlsrpt+json\r\n\r\n" + REPORT),
        signed(FIELDS + b"\r\n" + REPORT),
    ],
    ids=["parts", "quoted", "preamble", "one part", "no type"],
)
def test_report_whose_type_is_not_signed_passes(mail: bytes) -> None:
    assert [each.result for each in proofs(mail)] == [Authentication.PASS]


PIECES = [b"A: 1", b"From: x@y", b"From ", b" ", b"\t", b"\r\n", b"\n", b"\r", b"\x0b", b"\x0c",
          b"\x1c", b"\x85", b"\x00", b":", b"B:", b"C : x", b"\xe2\x80\xa8"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_header_that_is_checked_is_the_one_that_is_read(mail: bytes) -> None:
    try:
        checked = header(mail)
    except HeaderError:
        return
    read = email.message_from_bytes(mail)
    assert [name.encode("ascii", "surrogateescape") for name in read] == [
        name for name, _value in checked.fields
    ]

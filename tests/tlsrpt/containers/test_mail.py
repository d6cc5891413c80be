"""Mails: what the header tells, which parts are reports, and what is refused."""

import base64
import gzip
import io
import textwrap
import zipfile
from datetime import UTC, datetime

import pytest

from analytics.tlsrpt.containers import Mail, unpack
from analytics.tlsrpt.limits import MAX_HEADER_BYTES, MAX_MAIL_BYTES
from tests.tlsrpt.documents import DATA, text

REPORT = text()
MEMBER = gzip.compress(REPORT, mtime=0)
GZIP, JSON = "application/tlsrpt+gzip", "application/tlsrpt+json"
NAME = "large.example!example.com!1793491200!1793577599!001.json.gz"
HEAD = """\
    From: tls@large.example
    To: tlsrpt@example.com
    Date: Mon, 02 Nov 2026 03:10:00 +0000
    Subject: Report Domain: example.com Submitter: large.example Report-ID: <r-1@large.example>
    TLS-Report-Domain: example.com
    TLS-Report-Submitter: large.example
    MIME-Version: 1.0
    Content-Type: multipart/report; boundary=b; report-type=tlsrpt
    """


def mail(*parts: bytes, head: str = HEAD) -> bytes:
    inner = b"".join(b"\n--b\n" + each for each in parts)
    return textwrap.dedent(head).encode() + inner + b"\n--b--\n"


def part(data: bytes, *fields: str, encoding: str = "base64") -> bytes:
    body = base64.encodebytes(data) if encoding == "base64" else data
    lines = [*fields, f"Content-Transfer-Encoding: {encoding}", "", ""]
    return "\n".join(lines).encode() + body


WORDS = part(b"This is an aggregate TLS report", "Content-Type: text/plain", encoding="7bit")


@pytest.mark.parametrize(
    ("attached", "quirks"),
    [
        (part(MEMBER, f"Content-Type: {GZIP}"), ()),
        (part(MEMBER, f"Content-Type: {GZIP.upper()}"), ()),
        (part(MEMBER, f'Content-Type: {GZIP}; name="{NAME}"', "Content-Disposition: attachment"), ()),
        (part(REPORT, f"Content-Type: {JSON}"), ("not-compressed",)),
        (part(REPORT, f"Content-Type: {JSON}", encoding="8bit"), ("not-compressed",)),
        (part(MEMBER, f"Content-Type: {GZIP}", encoding="binary"), ()),
        (part(REPORT.replace(b"=", b"=3D").replace(b", ", b",=\n "), f"Content-Type: {JSON}", encoding="quoted-printable"), ("not-compressed",)),
        (part(base64.b64encode(MEMBER), f"Content-Type: {GZIP}", encoding="BASE64 "), ("base64-long-line",)),
        (part(MEMBER, f"Content-Type: {JSON}"), ("mail-part-type",)),
        (part(REPORT, f"Content-Type: {GZIP}"), ("mail-part-type", "not-compressed")),
        (part(MEMBER, "Content-Type: application/tlsrpt"), ("mail-part-type",)),
        (part(MEMBER, "Content-Type: application/gzip"), ("mail-part-type",)),
        (part(MEMBER, "Content-Type: application/octet-stream"), ("mail-part-type",)),
        (part(MEMBER, f"ContentType: {GZIP}"), ("mail-part-type",)),
        (part(MEMBER, "Content-Type: text/plain; charset=utf-8"), ("mail-part-type",)),
        (part(MEMBER + b"\r\n", f"Content-Type: {GZIP}"), ("gzip-trailing-bytes",)),
    ],
    ids=range(16),
)  # fmt: skip
def test_a_part(attached: bytes, quirks: tuple[str, ...]) -> None:
    found = unpack(mail(WORDS, attached))
    (only,) = found.parts
    assert (only.data, only.quirks) == (REPORT, quirks)
    assert only.member.split(" ")[:2] == ["part", "2"]
    assert (found.refused, found.other) == ((), "")


def test_a_mail_without_parts() -> None:
    head = "\n".join(HEAD.strip().split("\n")[:-1])
    data = textwrap.dedent(head).replace("    ", "").encode()
    found = unpack(data + f"\nContent-Type: {GZIP}\n".encode() + part(MEMBER))
    assert [(each.member, each.quirks) for each in found.parts] == [("part 1", ("mail-type",))]


def test_line_ends_of_mail() -> None:
    data = mail(WORDS, part(MEMBER, f"Content-Type: {GZIP}")).replace(b"\n", b"\r\n")
    assert unpack(data).parts[0].data == REPORT


def test_two_reports_of_one_mail() -> None:
    other = text(**{"report-id": "r-2"})
    data = mail(WORDS, *(part(each, f"Content-Type: {JSON}") for each in (REPORT, other)))
    assert [each.member for each in unpack(data).parts] == ["part 2", "part 3"]


def test_a_report_in_a_mail_in_a_mail() -> None:
    inner = mail(
        WORDS,
        part(MEMBER, f"Content-Type: {GZIP}", f"Content-Disposition: attachment; filename={NAME}"),
    )
    head = """\
        From: me@example.net
        Subject: Fwd: a report
        Date: Tue, 03 Nov 2026 08:00:00 +0100
        Content-Type: multipart/mixed; boundary=o
        """
    found = unpack(
        textwrap.dedent(head).encode()
        + b"\n--o\n\nSee below.\n--o\nContent-Type: message/rfc822\n\n"
        + inner
        + b"\n--o--\n"
    )
    (only,) = found.parts
    assert (only.member, only.quirks) == (f"part 2.1.2 {NAME}", ("mail-nested", "mail-type"))
    assert (only.file_name, only.report_domain) == (NAME, "example.com")
    assert found.mail == Mail(
        from_domain="example.net",  # of the outer one, whose signature can be looked at
        report_domain="example.com",
        submitter="large.example",
        received_at=datetime(2026, 11, 3, 7, tzinfo=UTC),
        from_address="me@example.net",
    )


def test_forwarded_mail_may_stand_in_base64() -> None:
    """RFC 2046, 5.2.1 forbids it."""
    inner = mail(WORDS, part(MEMBER, f"Content-Type: {GZIP}"))
    forwarded = part(
        inner.replace(b"--b", b"--c").replace(b"=b;", b"=c;"), "Content-Type: message/rfc822"
    )
    (only,) = unpack(mail(WORDS, forwarded)).parts
    assert (only.member, only.data) == ("part 2, part 2", REPORT)
    assert (only.quirks, only.report_domain) == (("mail-nested",), "example.com")


@pytest.mark.parametrize("body", [b"", b"SGVsbG8=", b"????", b"From: a@example.com\n\nSGVsbG8="])
def test_what_is_no_mail_in_base64_is_none(body: bytes) -> None:
    forwarded = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + body
    found = unpack(mail(WORDS, forwarded, part(MEMBER, f"Content-Type: {GZIP}")))
    assert [each.member for each in found.parts] == ["part 3"]


FIELD = "TLS-Report-Domain: other.example"
SUBJECT = (
    "Subject: Report Domain: example.com Submitter: large.example Report-ID: <1@large.example>"
)


@pytest.mark.parametrize(
    ("fields", "domain"),
    [
        ((SUBJECT, FIELD), "example.com"),
        ((SUBJECT.replace(" Submitter", "\n Submitter"), FIELD), "example.com"),
        (("Subject: report domain: EXAMPLE.COM submitter: x", FIELD), "example.com"),
        ((FIELD,), "other.example"),
        (("Subject: your report", FIELD), "other.example"),
        (("Subject: Report Domain: - Submitter: x", FIELD), "other.example"),
        ((SUBJECT, SUBJECT, FIELD), ""),  # nobody could say which one is signed
        ((SUBJECT,), ""),  # as DMARC reports have it
    ],
)
def test_the_domain_that_a_header_names_is_that_of_subject(
    fields: tuple[str, ...], domain: str
) -> None:
    kind = "Content-Type: multipart/report; boundary=b; report-type=tlsrpt\n"
    head = "\n".join(("From: tls@large.example", *fields, kind))
    found = unpack(mail(part(MEMBER, f"Content-Type: {GZIP}"), head=head))
    assert found.mail is not None
    assert (found.mail.report_domain, len(found.parts)) == (domain, 1)


def test_a_mail_that_is_attached_as_a_file() -> None:
    inner = mail(WORDS, part(MEMBER, f"Content-Type: {GZIP}"))
    data = mail(part(inner, "Content-Type: application/octet-stream; name=r.eml"), head="From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n")  # fmt: skip
    found = unpack(data)
    (only,) = found.parts
    assert (only.member, only.report_domain) == ("part 1 r.eml, part 2", "example.com")
    assert found.mail is not None
    assert found.mail.from_domain == "b.example"


def test_mails_of_an_archive_are_nobodys_word_for_the_archive() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("1.eml", mail(WORDS, part(MEMBER, f"Content-Type: {GZIP}")))
    found = unpack(made.getvalue())
    assert [each.member for each in found.parts] == ["entry 1 1.eml, part 2"]
    assert found.mail is None


@pytest.mark.parametrize(
    ("fields", "domain"),
    [
        ("From: tls@large.example", "large.example"),
        ("From: <tls@large.example>", "large.example"),
        ("from: TLS Reports <tls@LARGE.example>", "large.example"),
        ('From: "Reports, \\"TLS\\" <x@evil.example>" <tls@large.example> (team)', "large.example"),
        ("From: tls@large.example (TLS)", "large.example"),
        ("From: =?utf-8?q?Gro=C3=9F?=\n <tls@large.example>", "large.example"),
        ("From: tls@b\u00fccher.example", "xn--bcher-kva.example"),
        # nobody could say whom a signature speaks for
        ("From: tls@large.example, x@evil.example", ""),
        ("From: <x@evil.example> <tls@large.example>", ""),
        ("From: tls@large.example\nFrom: x@evil.example", ""),
        ("From: x@evil.example@large.example", ""),
        ("From: x@evil.example(<tls@large.example>)", "evil.example"),  # a comment
        ("From: tls@large.example)x@evil.example", ""),
        ("From: undisclosed", ""),
        ("From: tls@[192.0.2.1]", ""),
        ("From: " + '"' * 100_000, ""),
        ("Subject: x", ""),
    ],
)
def test_whom_it_is_from(fields: str, domain: str) -> None:
    found = unpack(f"{fields}\nDate: x\n\nhello\n".encode("utf-8", "surrogateescape"))
    assert found.mail is not None
    # bytes in a header are no text to the standard library
    assert found.mail.from_domain == ("" if "\u00fc" in fields else domain)


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        (
            (
                "Received: from a by b; Mon, 02 Nov 2026 04:10:07 +0100 (CET)\n"
                "Received: by a; Mon, 02 Nov 2026 03:10:00 +0000"
            ),
            datetime(2026, 11, 2, 3, 10, 7, tzinfo=UTC),
        ),
        ("Received: from a;\n\t02 Nov 2026 04:10 +0100", datetime(2026, 11, 2, 3, 10, tzinfo=UTC)),
        ("Received: from a by b", datetime(2026, 11, 2, 3, 10, tzinfo=UTC)),
        ("Received: from a; yesterday", datetime(2026, 11, 2, 3, 10, tzinfo=UTC)),
    ],
)
def test_when_it_was_received(fields: str, at: datetime) -> None:
    found = unpack(fields.encode() + b"\n" + mail(WORDS))
    assert found.mail is not None
    assert found.mail.received_at == at


@pytest.mark.parametrize("value", ["", "soon", "Mon, 99 Nov 2026 03:10:00 +0000", "Mon, 99 Nov"])
def test_a_mail_without_a_time(value: str) -> None:
    found = unpack(f"From: a@b.example\nDate: {value}\n\nx".encode())
    assert found.mail is not None
    assert found.mail.received_at is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"From: a@b.example\nSubject: hi\n\nHello.\n", "a mail without a TLS report"),
        (
            b"From x@b.example Mon Nov  2\nFrom: a@b.example\n\nHello.\n",
            "a mail without a TLS report",
        ),
        (
            b"From: a@b.example\nContent-Type: application/json\n\n" + b'{"name": 1}',
            "a mail without a TLS report",
        ),
        (
            b"From: a@b.example\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\n"
            + base64.encodebytes(gzip.compress(b"<?xml version='1.0'?><feedback/>")),
            "a DMARC report",
        ),
        ((DATA / "held_out" / "bounce.eml").read_bytes(), "a mail that tells how a delivery went"),
        (b"From: a@b.example\n\n" + b"x" * MAX_MAIL_BYTES, "a mail without a TLS report"),
    ],
    ids=range(6),
)
def test_other_mails(data: bytes, what: str) -> None:
    found = unpack(data)
    assert (found.parts, found.refused, found.other) == ((), (), what)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            mail(WORDS),
            f"mail: expected a part of {JSON} or {GZIP}, found text/plain",
        ),
        (
            mail(part(b"", f"Content-Type: {GZIP}")),
            "report: expected JSON, found nothing",
        ),
        (
            mail(part(MEMBER[:100], f"Content-Type: {GZIP}")),
            "gzip: expected all of the compressed data, found 62 bytes, then the end of the data",
        ),
        (
            mail(WORDS) + b"x" * MAX_MAIL_BYTES,
            f"mail: expected at most {MAX_MAIL_BYTES} bytes, found ",
        ),
        (
            mail(WORDS) + b"\n" * 400_001,
            "mail: expected at most 400000 lines, found 400016",
        ),
        (
            b"".join(
                b"TLS-Report-Domain: a.example\nContent-Type: multipart/mixed; boundary=b%d\n\n--b%d\n"
                % (number, number)
                for number in range(12)
            ),
            "mail: expected at most 10 levels of parts, found more",
        ),
        (
            b"Subject: x\nTLS-Report-Domain: a.example\n"
            + b"Content-Type: message/rfc822\n\n" * 5_000,
            "mail: expected at most 10 levels of parts, found more",
        ),
        (
            mail(*[b"\nx"] * 201),
            "mail: expected at most 200 parts, found more",
        ),
        (
            mail(*[b"Content-Type: multipart/mixed; boundary=c\n\n--c\n" + b"\n" * 1000] * 200),
            "mail: expected fewer lines or boundaries, found ",
        ),
        (
            mail(WORDS, head=HEAD + "Content-Type: text/plain; " + '";' * MAX_HEADER_BYTES + "\n"),
            f"mail: expected fields of at most {MAX_HEADER_BYTES} bytes, found ",
        ),
    ],
    ids=range(10),
)  # fmt: skip
def test_mails_that_are_refused(data: bytes, reason: str) -> None:
    found = unpack(data)
    assert (found.parts, found.other) == ((), "")
    assert [each.reason.startswith(reason) for each in found.refused] == [True], found.refused

"""gzip, zlib, zip, base64 and several reports in one text; and what is none of them."""

import base64
import gzip
import io
import json
import random
import zipfile
import zlib

import pytest

from analytics.tlsrpt import containers, parse
from analytics.tlsrpt.containers import Refused, Unpacked, unpack
from analytics.tlsrpt.errors import ReportError, SeveralReportsError
from analytics.tlsrpt.limits import MAX_COMPRESSED_BYTES, MAX_MEMBERS, MAX_PARTS
from tests.tlsrpt.documents import text, value

REPORT = text()
MEMBER = gzip.compress(REPORT, mtime=0)
OTHER = text(**{"report-id": "r-2"})
DMARC = b'<?xml version="1.0" encoding="UTF-8"?>\n<feedback>\n</feedback>'


def archive(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as opened:
        for name, data in files:
            opened.writestr(name, data)
    return made.getvalue()


def deflated(data: bytes, wbits: int) -> bytes:
    made = zlib.compressobj(wbits=wbits)
    return made.compress(data) + made.flush()


@pytest.mark.parametrize(
    ("data", "quirks"),
    [
        (REPORT, ()),
        (b"\n \t" + REPORT, ()),
        (b"\xef\xbb\xbf" + REPORT, ()),
        (REPORT.decode().encode("utf-16"), ()),
        (MEMBER, ()),
        (MEMBER + b"\r\n", ("gzip-trailing-bytes",)),
        (MEMBER + bytes(512), ("gzip-trailing-bytes",)),
        (MEMBER + b"\x1f\x8bJUNK", ("gzip-trailing-bytes",)),
        (MEMBER[:-8] + bytes(4) + MEMBER[-4:], ("gzip-check",)),
        (MEMBER[:-4] + bytes(4), ("gzip-check",)),
        (MEMBER[:-4], ("gzip-cut",)),
        (MEMBER[:-8], ("gzip-cut",)),
        (gzip.compress(REPORT[:100]) + gzip.compress(REPORT[100:]), ("gzip-members",)),
        (gzip.compress(MEMBER), ("compressed-twice",)),
        (gzip.compress(gzip.compress(MEMBER)), ("compressed-twice",)),
        (zlib.compress(REPORT), ("zlib",)),
        (zlib.compress(REPORT)[:-4] + bytes(4), ("gzip-check", "zlib")),
        (deflated(REPORT, -15), ("deflate",)),
        (base64.encodebytes(MEMBER), ("base64",)),
        (base64.b64encode(REPORT), ("base64",)),
    ],
    ids=range(20),
)
def test_one_report(data: bytes, quirks: tuple[str, ...]) -> None:
    (part,) = unpack(data).parts
    assert (part.member, part.quirks) == ("", quirks)
    assert json.loads(part.data) == json.loads(REPORT)


@pytest.mark.parametrize(
    "data",
    [
        REPORT + REPORT,
        REPORT + b"\n" + OTHER + b"\n",
        b"[" + REPORT + b", " + OTHER + b"]",
        gzip.compress(REPORT) + gzip.compress(OTHER),
        gzip.compress(REPORT + b"\n" + OTHER),
    ],
    ids=range(5),
)
def test_several_reports_in_one_text(data: bytes) -> None:
    (whole,) = unpack(data).parts
    with pytest.raises(SeveralReportsError) as caught:
        parse.report(whole.data)
    parts = containers.split(whole, caught.value.texts)
    assert [part.member for part in parts] == ["document 1", "document 2"]
    assert all("json-several" in part.quirks for part in parts)
    assert json.loads(parts[0].data) == value()


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        # a name that stands twice makes no second report
        (
            REPORT.replace(b'"date-range"', b'"date-range": {}, "date-range"'),
            ("json-duplicate-key",),
        ),
        (REPORT + b"\n" + REPORT[:200], ("json-trailing-bytes",)),
    ],
)
def test_one_report_and_something_else(data: bytes, codes: tuple[str, ...]) -> None:
    (only,) = unpack(data).parts
    assert parse.report(only.data).quirks == codes


def test_too_many_reports_in_one_text() -> None:
    with pytest.raises(ReportError) as caught:
        parse.report((REPORT + b"\n") * (MAX_PARTS + 1))
    assert str(caught.value) == f"JSON: expected at most {MAX_PARTS} reports, found more"


def test_the_files_of_an_archive() -> None:
    data = archive(
        ("README.txt", b"Reports of November"),
        ("../../etc/cron.d/x", MEMBER),
        ("dmarc.xml", DMARC),
        ("empty/", b""),
        ("empty.json", b""),
        ("a.json", OTHER),
        ("A.json", REPORT),
    )
    found = unpack(data)
    assert [(part.member, part.file_name) for part in found.parts] == [
        ("entry 2 ../../etc/cron.d/x", "../../etc/cron.d/x"),  # text, never a path
        ("entry 6 a.json", "a.json"),
        ("entry 7 A.json", "A.json"),
    ]
    assert {part.quirks for part in found.parts} == {("zip",)}
    assert (found.refused, found.other) == ((), "")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_methods_of_an_archive(method: int) -> None:
    assert len(unpack(archive(("a.json", REPORT), method=method)).parts) == 1


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_cannot_be_bounded(method: int) -> None:
    reason = "zip: expected a file stored or deflated, found another method"
    assert unpack(archive(("a.json", REPORT), method=method)).refused == (
        Refused("entry 1 a.json", reason),
    )


def _encrypted(data: bytes) -> bytes:
    """With the bit set that says so, in both headers."""
    at = data.index(b"PK\x01\x02")
    return data[:6] + b"\x01" + data[7 : at + 8] + b"\x01" + data[at + 9 :]


@pytest.mark.parametrize(
    ("data", "member", "reason"),
    [
        (b"", "", "report: expected JSON, found nothing"),
        (b" \n\x00", "", "report: expected JSON, found nothing"),
        (gzip.compress(b""), "", "report: expected JSON, found nothing"),
        (
            MEMBER[:100],
            "",
            "gzip: expected all of the compressed data, found 62 bytes, then the end of the data",
        ),
        (
            b"\x1f\x8b",
            "",
            "gzip: expected all of the compressed data, found 0 bytes, then the end of the data",
        ),
        (b"\x1f\x8bhello", "", "gzip: expected compressed data, found "),
        (
            MEMBER[:20] + bytes(30) + MEMBER[50:],
            "",
            "gzip: expected compressed data, found ",
        ),
        (
            b"\x1f\x8b" + bytes(MAX_COMPRESSED_BYTES),
            "",
            (
                f"gzip: expected at most {MAX_COMPRESSED_BYTES} bytes compressed, "
                f"found {MAX_COMPRESSED_BYTES + 2} bytes"
            ),
        ),
        (
            gzip.compress(b"") * (MAX_MEMBERS + 1),
            "",
            f"gzip: expected at most {MAX_MEMBERS} members, found more",
        ),
        (
            b"PK\x03\x04" + bytes(100),
            "",
            "zip: expected the end of an archive, found none: perhaps it was cut",
        ),
        (
            archive(*((f"{number}.json", b"") for number in range(1001))),
            "",
            "zip: expected at most 1000 files, found 1001",
        ),
        (
            _encrypted(archive(("a.json", REPORT))),
            "entry 1 a.json",
            "zip: expected a file that can be read, found an encrypted one",
        ),
    ],
    ids=range(12),
)
def test_what_should_be_a_report_is_refused(data: bytes, member: str, reason: str) -> None:
    found = unpack(data)
    (refused,) = found.refused
    assert (found.parts, found.other, refused.member) == ((), "", member)
    assert refused.reason == reason or reason.endswith("found ")  # then zlib says what
    assert refused.reason.startswith(reason)


def test_wrappings_have_an_end() -> None:
    data = REPORT
    for _layer in range(6):
        data = gzip.compress(data)
    assert [refused.reason for refused in unpack(data).refused] == [
        "container: expected at most 4 wrappings, found more"
    ]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (DMARC, "a DMARC report"),
        (gzip.compress(DMARC), "a DMARC report"),
        (archive(("a.xml", DMARC)), "a DMARC report"),
        (b"<?xml version='1.0'?><rss/>", "XML"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (gzip.compress(b"<html>sign in</html>"), "HTML"),
        (b"hello", "neither JSON nor gzip, zip or a mail"),
        (bytes(range(256)), "neither JSON nor gzip, zip or a mail"),
        (archive(("a.txt", b"hello")), "neither JSON nor gzip, zip or a mail"),
        (archive(("package.json", b'{"name": 1}')), "JSON that is no TLS report"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "an Outlook message: save it as .eml, which keeps the signature",
        ),
    ],
    ids=range(11),
)
def test_what_is_no_report_is_other(data: bytes, what: str) -> None:
    assert unpack(data) == Unpacked(other=what)


def test_names_of_the_package() -> None:
    assert set(containers.__all__) == {"Mail", "Part", "Refused", "Unpacked", "split", "unpack"}


@pytest.mark.parametrize("cut", range(1, 8))
def test_base64_that_was_cut(cut: int) -> None:
    """A copy by hand: no more than what was lost is lost."""
    found = unpack(base64.b64encode(MEMBER)[:-cut])
    assert found.parts or found.refused


@pytest.mark.parametrize(
    "data", [b"eyow/", b"ey", b"ey=a", b"ey==ey==", b"H4sI=", b"eJ" + b"=" * 9]
)
def test_base64_of_no_report(data: bytes) -> None:
    """The first of them was found by the fuzzer, inside gzip."""
    found = unpack(gzip.compress(data))
    assert [part.quirks for part in found.parts] in ([], [("base64",)])
    assert found.parts or found.refused or found.other


def test_archives_in_one_another_share_one_limit() -> None:
    """Else a thousand small archives could each be inflated to the limit."""
    noise = random.Random(8460).randbytes(300_000)  # noqa: S311 - keeps the ratio below its limit
    inner = archive(("n", noise), ("a.txt", b"x" * 30_000_000 + noise), ("z.json", REPORT))
    found = unpack(archive(*((f"{number}.zip", inner) for number in range(6))))
    assert len(found.parts) == 6  # what is small still fits
    assert [refused.member for refused in found.refused] == [
        f"entry {number + 1} {number}.zip, entry 2 a.txt" for number in (2, 3, 4, 5)
    ]

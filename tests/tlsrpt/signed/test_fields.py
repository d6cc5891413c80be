"""The header as bytes."""

import pytest

from analytics.tlsrpt.signed import fields
from analytics.tlsrpt.signed.fields import HeaderError, header


@pytest.mark.parametrize(
    ("mail", "found", "body"),
    [
        (b"A: 1\r\nB:\r\n\t2\r\n\r\nx", [(b"A", b" 1\r\n"), (b"B", b"\r\n\t2\r\n")], b"x"),
        (b"A: 1\nB: 2\n 3\n\nx\n", [(b"A", b" 1\r\n"), (b"B", b" 2\r\n 3\r\n")], b"x\n"),
        (b"From a@example.com Tue\nA: 1\n\nx", [(b"A", b" 1\r\n")], b"x"),
        (b"A: \xff\r\n\r\n", [(b"A", b" \xff\r\n")], b""),
        (b"A: 1", [(b"A", b" 1\r\n")], b""),
        (b"A: 1\r\n", [(b"A", b" 1\r\n")], b""),
        (b"\r\nx", [], b"x"),
        (b"", [], b""),
    ],
)
def test_mail_is_parted(mail: bytes, found: list[tuple[bytes, bytes]], body: bytes) -> None:
    parted = header(mail)
    assert list(parted.fields) == found
    assert mail[parted.body_at :] == body


@pytest.mark.parametrize(
    ("mail", "message"),
    [
        (b" A: 1\n\n", "header line 1: expected a field, found ' A: 1'"),
        (b"A: 1\nno field\n\n", "header line 2: expected a field, found 'no field'"),
        (b"A: 1\nFrom x\n\n", "header line 2: expected a field, found 'From x'"),
        (b"A : 1\n\n", "header line 1: expected a field, found 'A : 1'"),
        (b"\x1b[2J: 1\n\n", "header line 1: expected a field, found '\\x1b[2J: 1'"),
        # to the library that reads the parts, the header ends at the second of these
        (b"A: 1\r\r\n {}\r\n\r\n", "header line 1: expected no CR without LF"),
        (b"A: 1\rB: 2\r\n\r\n", "header line 1: expected no CR without LF"),
        (b"A: 1\r\n\r\r\n\r\n", "header line 2: expected no CR without LF"),
        (b"A: " + b"x" * fields.MAX_BYTES, "header: expected at most 131072 bytes"),
        (b"A: 1\n" * (fields.MAX_LINES + 1), "header: expected at most 4000 lines"),
    ],
)
def test_what_is_no_header_is_refused(mail: bytes, message: str) -> None:
    with pytest.raises(HeaderError) as caught:
        header(mail)
    assert str(caught.value) == message

"""How a mailbox is named."""

import pytest

from analytics.tlsrpt.sources.errors import PlaceError
from analytics.tlsrpt.sources.imap.place import Place, is_place, place, wire_name


@pytest.mark.parametrize(
    ("text", "expected", "name"),
    [
        (
            "imaps://ann@imap.example.com/",
            Place("imap.example.com", 993, "ann"),
            "imaps://ann@imap.example.com:993/INBOX",
        ),
        (
            "imaps://tls@example.com@IMAP.example.com",
            Place("imap.example.com", 993, "tls@example.com"),
            "imaps://tls%40example.com@imap.example.com:993/INBOX",
        ),
        (
            "imaps://tls%40example.com@imap.example.com:993/INBOX",
            Place("imap.example.com", 993, "tls@example.com"),
            "imaps://tls%40example.com@imap.example.com:993/INBOX",
        ),
        (
            "IMAP://ann@[::1]:1143/Reports/TLS%20ä",
            Place("::1", 1143, "ann", "Reports/TLS ä", is_starttls=True),
            "imap://ann@[::1]:1143/Reports/TLS%20%C3%A4",
        ),
        (
            "imaps://tls@example.com;auth=xoauth2@imap.gmail.com/[Gmail]/All Mail",
            Place("imap.gmail.com", 993, "tls@example.com", "[Gmail]/All Mail", is_token=True),
            "imaps://tls%40example.com@imap.gmail.com:993/%5BGmail%5D/All%20Mail",
        ),
        (
            "imaps://a%3Ab@192.0.2.1",
            Place("192.0.2.1", 993, "a:b"),
            "imaps://a%3Ab@192.0.2.1:993/INBOX",
        ),
    ],
)
def test_mailbox_is_named(text: str, expected: Place, name: str) -> None:
    assert is_place(text)
    assert place(text) == expected
    assert place(text).name == name
    assert place(place(text).name).name == name


@pytest.mark.parametrize(
    "text", ["-", "x.eml", "imaps", "imap.example.com", "https://a@b/", "pop3s://"]
)
def test_other_sources_are_no_mailbox(text: str) -> None:
    assert not is_place(text)


REFUSAL = (
    "a place holds no password: others see the command line."
    " Set MTA_STS_IMAP_PASSWORD, or give --password-file"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("imaps://imap.example.com/", "expected imaps://user@host/folder, found no user"),
        ("imaps://@imap.example.com/", "expected imaps://user@host/folder, found no user"),
        ("imaps://", "expected imaps://user@host/folder, found no user"),
        (
            "imaps://ann:a secret@imap.example.com/",
            REFUSAL,
        ),
        (
            "imaps://ann@a_b/",
            "expected a host such as imap.example.com, found 'a_b'",
        ),
        ("imaps://ann@/", "expected a host such as imap.example.com, found ''"),
        ("imaps://ann@a:b:c/", "expected a host such as imap.example.com, found 'a:b:c'"),
        ("imaps://ann@a:0/", "expected a port from 1 to 65535, found 0"),
        ("imaps://ann@a:99999/", "expected a port from 1 to 65535, found 99999"),
        ("imaps://ann;AUTH=PLAIN@a/", "expected ;AUTH=XOAUTH2, found 'PLAIN'"),
        ("imaps://ann%0d@a/", "expected a user without control characters, found 'ann\\r'"),
        ("imaps://ann@a/x%0a", "expected a folder without control characters, found 'x\\n'"),
        ("imaps://ann@a/%ff", "expected a folder in UTF-8, found '%ff'"),
        ("imaps://ann@a/\udcff", "expected a folder in UTF-8, found '\\udcff'"),
    ],
)
def test_place_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(PlaceError) as caught:
        place(text)
    assert str(caught.value) == message
    assert "a secret" not in repr(caught.value)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("INBOX", '"INBOX"'),
        ('a "b" \\c', '"a \\"b\\" \\\\c"'),
        ("R&D", '"R&-D"'),
        # the example of RFC 3501, 5.1.3
        ("~peter/mail/台北/日本語", '"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'),
        ("Entwürfe", '"Entw&APw-rfe"'),
        ("😀", '"&2D3eAA-"'),
    ],
)
def test_folder_as_it_is_sent(folder: str, expected: str) -> None:
    assert wire_name(folder) == expected

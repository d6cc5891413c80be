"""What hypothesis draws for the tests of policies."""

from hypothesis import strategies as st

from policy.domain import is_domain
from policy.model import MAX_MAX_AGE, Mode, MxPattern, Policy, StsRecord, TlsrptRecord
from policy.parse import KNOWN_FIELDS

_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

LABELS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=1, max_size=5).map(".".join).filter(is_domain)
PATTERNS = st.builds(MxPattern, st.one_of(DOMAINS, DOMAINS.map("*.{}".format)))
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}", fullmatch=True)
_VISIBLE = st.characters(codec="utf-8", min_codepoint=0x20, exclude_characters="\x7f")
_VALUES = st.text(_VISIBLE, min_size=1, max_size=40).filter(lambda value: value.strip(" ") == value)

POLICIES = st.one_of(
    [
        st.builds(
            Policy,
            mode=st.sampled_from(modes),
            max_age=st.integers(0, MAX_MAX_AGE),
            mx=st.lists(PATTERNS, min_size=least, max_size=5).map(tuple),
            extensions=st.lists(
                st.tuples(NAMES.filter(lambda name: name not in KNOWN_FIELDS), _VALUES), max_size=3
            ).map(tuple),
        )
        for modes, least in (((Mode.ENFORCE, Mode.TESTING), 1), ((Mode.NONE,), 0))
    ]
)

_RECORD_VALUES = st.from_regex(r"[\x21-\x3a\x3c\x3e-\x7e]{1,20}", fullmatch=True)


def _extensions(*known: str) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    names = NAMES.filter(lambda name: name not in known)
    return st.lists(st.tuples(names, _RECORD_VALUES), max_size=3).map(tuple)


STS_RECORDS = st.builds(
    StsRecord, st.text(_ALNUM, min_size=1, max_size=32), extensions=_extensions("id")
)
_ADDRESSES = st.one_of(
    st.builds("mailto:{}@{}".format, LABELS, DOMAINS),
    st.builds("https://{}/{}".format, DOMAINS, LABELS),
)
TLSRPT_RECORDS = st.builds(
    TlsrptRecord,
    st.lists(_ADDRESSES, min_size=1, max_size=3).map(tuple),
    extensions=_extensions("rua"),
)

# Texts near to policies: right and wrong lines, right and wrong ends, and any bytes at all.
_LINES = st.sampled_from(
    [
        b"version: STSv1", b"version: STSv2", b"Version: STSv1", b"version:", b"mode: enforce",
        b"mode: none", b"mode: testing", b"mode: Enforce", b" mode: none", b"mode : none", b"nmx: a",
        b"max_age: 0", b"max_age: 60", b"max_age: 604800", b"max_age: 99999999", b"max-age: 1",
        b"max_age: 1_0", b"max_age: +1", b"max_age: 00000000001", b"mx: *.example.com",
        b"mx: mail.example.com", b"mx: mail.example.com.", b"mx: a_b.example", b"mx: A.Example",
        b"mx: 192.0.2.1", b"mx: [192.0.2.1]", b"mx: a.example, b.example", b"mx:", b"mx: *",
        "mx: b\u00fccher.example".encode(), b"mx: 10 a.example.", b"mx=a.example", b"note: hello",
        b"note:", b"# note", b"", b" ", b"<html>", b"note: \xe9", b"note: a\x00b", b"a\tb: c",
        "note: \u2028\u0085".encode(),
    ]
)  # fmt: skip
_ENDS = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r\n", b"\r", b""])
_NEAR = st.lists(st.tuples(_LINES, _ENDS).map(b"".join), max_size=12).map(b"".join)
_STARTS = st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"version: STSv1\n"])
TEXTS = st.one_of(st.binary(), st.tuples(_STARTS, _NEAR, st.binary(max_size=3)).map(b"".join))

"""DNS messages: the same word as dnspython's on each, and nothing but our error on what is none."""

from collections.abc import Sequence

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.check import lookups
from policy.check.answers import plain
from policy.check.lookups import Value
from policy.check.message import BadMessageError, Message, read
from policy.check.model import Lookup, MxHost, Outcome, Tlsa

NAMES = ["example.com.", "a.example.com.", "_mta-sts.example.com.", "X.example.net.", "."]
ODD = [r"a\.b.example.com.", r"a\000b.example.com.", r"\200\255.example.com.", "*.example.com."]
VALUES: dict[str, Sequence[str]] = {
    "A": ["192.0.2.1", "192.0.2.2"],
    "AAAA": ["2001:db8::1", "::ffff:192.0.2.1", "::"],
    "MX": ["10 a.example.com.", "0 ."],
    "TXT": ['"v=STSv1; " "id=abc;"', '""', r'"\000\255\""', '"' + "x" * 255 + '"'],
    "NS": ["ns.example.com.", "X.example.net."],
    "TLSA": ["3 1 1 " + "ab" * 32, "0 0 0 00"],
    "CNAME": ["a.example.com.", "X.example.net."],
}
DECODERS: dict[str, Value[object]] = {
    "A": lookups.address,
    "AAAA": lookups.address,
    "MX": lookups.mx_host,
    "TXT": lookups.strings,
    "NS": lookups.target,
    "TLSA": lookups.tlsa,
}
SOA = "ns.example.com. root.example.com. 1 2 3 4 60"


@st.composite
def rrsets(draw: st.DrawFn) -> dns.rrset.RRset:
    kind = draw(st.sampled_from(list(VALUES)))
    most = 1 if kind == "CNAME" else 3
    values = draw(st.lists(st.sampled_from(VALUES[kind]), min_size=1, max_size=most, unique=True))
    ttl = draw(st.sampled_from([0, 1, 300, 2**31 - 1]))
    name = draw(st.sampled_from(NAMES + ODD))
    return dns.rrset.from_text(dns.name.from_text(name), ttl, "IN", kind, *values)


@st.composite
def responses(draw: st.DrawFn) -> dns.message.Message:
    name = draw(st.sampled_from(NAMES + ODD))
    kind = draw(st.sampled_from(list(DECODERS)))
    edns = draw(st.booleans())
    response = dns.message.make_response(dns.message.make_query(name, kind, use_edns=edns))
    response.set_rcode(
        dns.rcode.Rcode(draw(st.sampled_from([0, 0, 0, 2, 3, 5, *([16, 23] if edns else [])])))
    )
    response.flags |= draw(st.sampled_from([0, dns.flags.AA, dns.flags.AD, dns.flags.TC]))
    response.answer = draw(st.lists(rrsets(), max_size=4))
    if draw(st.booleans()):
        zone = dns.name.from_text(draw(st.sampled_from(["example.com.", "com.", "example.net."])))
        response.authority.append(dns.rrset.from_text(zone, 90, "IN", "SOA", SOA))
    return response


def ours(message: Message, kind: str) -> Lookup[object]:
    return lookups.lookup("n", kind, DECODERS[kind], message, server="", took_s=0.0)


def value(rdata: object) -> object:
    """A record of dnspython as ours."""
    kind = dns.rdatatype.to_text(rdata.rdtype)  # type: ignore[attr-defined]
    if kind == "MX":
        return MxHost(rdata.preference, plain(rdata.exchange))  # type: ignore[attr-defined]
    if kind == "TXT":
        return tuple(rdata.strings)  # type: ignore[attr-defined]
    if kind == "NS":
        return plain(rdata.target)  # type: ignore[attr-defined]
    if kind == "TLSA":
        return Tlsa(
            rdata.usage,  # type: ignore[attr-defined]
            rdata.selector,  # type: ignore[attr-defined]
            rdata.mtype,  # type: ignore[attr-defined]
            rdata.cert.hex(),  # type: ignore[attr-defined]
        )
    return str(rdata)


@given(responses())
def test_the_same_word_as_dnspython(response: dns.message.Message) -> None:
    wire = response.to_wire()
    theirs = dns.message.from_wire(wire)
    assert isinstance(theirs, dns.message.QueryMessage)
    kind = dns.rdatatype.to_text(theirs.question[0].rdtype)
    message = read(wire)
    found = ours(message, kind)
    code = theirs.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        assert (found.outcome, found.values) == (Outcome.UNKNOWN, ())
        assert message.rcode in (dns.rcode.to_text(code), f"RCODE{int(code)}")
        return
    try:
        chained = theirs.resolve_chaining()
    except dns.message.ChainTooLong:
        assert found.outcome is Outcome.UNKNOWN
        return
    except dns.message.AnswerForNXDOMAIN:
        return  # an answer to us: what stands there counts
    assert found.chain == tuple(plain(each[0].target) for each in chained.cnames)
    assert found.is_full_ttl == bool(theirs.flags & dns.flags.AA)
    assert found.is_authentic == bool(theirs.flags & dns.flags.AD)
    if chained.answer is None:
        assert (found.outcome, found.values) == (Outcome.ABSENT, ())
        return
    assert found.outcome is Outcome.ANSWER
    assert set(found.values) == {value(rdata) for rdata in chained.answer}
    assert found.ttl == chained.answer.ttl


@given(responses(), st.data())
def test_a_message_with_faults_is_read_or_refused(
    response: dns.message.Message, data: st.DataObject
) -> None:
    wire = bytearray(response.to_wire())
    for _each in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    del wire[data.draw(st.integers(0, len(wire))) :]
    try:
        message = read(bytes(wire))
    except BadMessageError:
        return
    for kind in DECODERS:
        ours(message, kind)
    lookups.zone_of(message)


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    try:
        read(data)
    except BadMessageError:
        return


HEADER = b"\0\1\x84\0\0\1\0\1\0\0\0\0"
QUESTION = b"\7example\3com\0\0\1\0\1"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "a DNS message that ends early"),
        (HEADER, "a DNS message that ends early"),
        (HEADER[:2] + b"\4\0" + HEADER[4:] + QUESTION, "no DNS response to one question"),
        (HEADER[:4] + b"\0\2" + HEADER[6:] + QUESTION, "no DNS response to one question"),
        (HEADER + QUESTION + b"\xc0\x1d", "a name that points forwards, or without end"),
        (HEADER + b"\xc0\x0c\0\1\0\1", "a name that points forwards, or without end"),
        (HEADER + b"\x40example\0\0\1\0\1", "a label of a kind that there is not"),
        (
            HEADER + b"\x3f" + b"a" * 63 + (b"\x3f" + b"b" * 63) * 3 + b"\0",
            "a name that is too long",
        ),
        (HEADER + QUESTION + b"\0\0\1\0\1\0\0\0\0\xff\xff", "a DNS message that ends early"),
    ],
)
def test_what_is_no_message(data: bytes, reason: str) -> None:
    with pytest.raises(BadMessageError, match=reason):
        read(data)


def test_pointers_one_behind_the_other_end() -> None:
    count = 4_000  # pairs of a pointer to the one before, in one record's data
    first = 12 + len(QUESTION) + 11
    places = range(first + 1, first + 1 + 2 * count, 2)
    chain = b"\0" + b"".join((0xC000 | max(first, at - 2)).to_bytes(2, "big") for at in places)
    record = b"\0\0\5\0\1\0\0\0\1" + len(chain).to_bytes(2, "big") + chain
    last = (0xC000 | places[-1]).to_bytes(2, "big") + b"\0\1\0\1\0\0\0\1\0\0"
    with pytest.raises(BadMessageError, match="points forwards, or without end"):
        read(HEADER[:6] + b"\0\2\0\0\0\0" + QUESTION + record + last)


def test_a_circle_of_aliases_ends() -> None:
    response = dns.message.make_response(dns.message.make_query("a.example.", "A"))
    for name, target in (("a.example.", "b.example."), ("b.example.", "a.example.")):
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", target))
    found = ours(read(response.to_wire()), "A")
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "a chain of CNAMEs without end")


@pytest.mark.parametrize(
    ("kind", "rdata"),
    [("A", b"\1\2\3"), ("TXT", b""), ("TXT", b"\5abc"), ("MX", b"\0\1"), ("TLSA", b"\1\2")],
)
def test_a_record_that_is_not_what_its_type_says(kind: str, rdata: bytes) -> None:
    number = dns.rdatatype.from_text(kind).to_bytes(2, "big")
    record = b"\xc0\x0c" + number + b"\0\1\0\0\0\1" + len(rdata).to_bytes(2, "big") + rdata
    found = ours(read(HEADER + QUESTION[:-4] + number + b"\0\1" + record), kind)
    assert (found.outcome, found.values) == (Outcome.UNKNOWN, ())

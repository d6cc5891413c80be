"""Who signed a report, as RFC 8460, section 3 has it."""

import base64
import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics.tlsrpt.authenticate import authenticated, verified
from analytics.tlsrpt.keys import MAX_FAILURES, Keys
from analytics.tlsrpt.model import Authenticated, Authentication
from analytics.tlsrpt.signed.signatures import Proof
from tests.nameserver import SERVFAIL, name_server
from tests.tlsrpt.signing import MAIL, REPORTER, Zone, ed25519_signer, rsa_signer, zone

RSA, ED = rsa_signer(), ed25519_signer()
NAME = f"s1._domainkey.{REPORTER}"
FOOTER = MAIL.replace(b"A  body", b"CAUTION: external mail\r\n\r\nA  body")


def judged(
    mail: bytes,
    keys: Zone,
    *,
    from_domain: str = REPORTER,
    contact_info: str | None = None,
    authserv_id: str = "",
) -> Authenticated:
    return authenticated(verified(mail, keys, authserv_id=authserv_id), from_domain, contact_info)


@pytest.mark.parametrize("signer", [RSA, ED], ids=["rsa", "ed25519"])
@pytest.mark.parametrize("head", [b"relaxed", b"simple"])
@pytest.mark.parametrize("body", [b"relaxed", b"simple"])
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_signed_mail_passes(signer: object, head: bytes, body: bytes, line_end: bytes) -> None:
    by = RSA if signer is RSA else ED
    mail = by.signed(form=(head, body)).replace(b"\r\n", line_end)
    assert judged(mail, zone(by.record())) == Authenticated(
        Authentication.PASS, REPORTER, "s1", "of the domain of From"
    )


@pytest.mark.parametrize(
    ("tags", "result", "reason"),
    [
        ((), "pass", "of the domain of From"),
        (("s=*",), "pass", "of the domain of From"),
        (("s=tlsrpt",), "pass", "of the domain of From"),
        (("s=email:tlsrpt",), "pass", "of the domain of From"),
        (
            ("s=email",),
            "fail",
            f"{NAME}: expected a key for TLS reports (s=tlsrpt or *), found s='email'",
        ),
        (("t=y",), "none", f"{NAME}: a key in test (t=y)"),
        (("t=s",), "pass", "of the domain of From"),
    ],
)
def test_services_and_flags_of_the_key(tags: tuple[str, ...], result: str, reason: str) -> None:
    told = judged(RSA.signed(), zone(RSA.record(*tags)))
    assert (told.result, told.domain, told.selector, told.reason) == (
        result,
        REPORTER,
        "s1",
        reason,
    )


CHANGED = "the header was changed after it was signed, or another key signed"


@pytest.mark.parametrize(
    ("mail", "keys", "result", "reason"),
    [
        (MAIL, Zone({}), "none", "there is no DKIM-Signature"),
        (
            RSA.signed().replace(MAIL, FOOTER),
            zone(RSA.record()),
            "fail",
            "the body was changed after it was signed (bh=)",
        ),
        (
            RSA.signed(form=(b"relaxed", b"simple"), length=True),
            zone(RSA.record()),
            "fail",
            "l=: expected none (RFC 8460, 3): it covers a part of the body",
        ),
        (
            RSA.signed().replace(b"Subject: Report", b"Subject: Another"),
            zone(RSA.record()),
            "fail",
            CHANGED,
        ),
        (RSA.signed(), zone(rsa_signer(1024).record()), "fail", CHANGED),
        (
            ED.signed(),
            zone(ED.record().replace("p=", "p=A", 1)),
            "fail",
            f"{NAME}: expected 32 bytes (Ed25519), found 33",
        ),
        (RSA.signed(), Zone({}), "unverifiable", f"{NAME}: no such name"),
        (RSA.signed(), zone("v=DKIM1; p="), "unverifiable", f"{NAME}: it was revoked (empty p=)"),
        (
            RSA.signed(),
            zone("v=spf1 -all"),
            "unverifiable",
            f"{NAME}: expected a DKIM key, found another TXT record",
        ),
        (RSA.signed(), zone(None), "temp-error", f"{NAME}: 127.0.0.1 answered SERVFAIL"),
        (
            RSA.signed(algorithm=b"rsa-sha1"),
            zone(RSA.record()),
            "fail",
            "a=: expected rsa-sha256 or ed25519-sha256, found 'rsa-sha1'",
        ),
        (
            RSA.signed(identity=f"x@sub.{REPORTER}"),
            zone(RSA.record("t=s")),
            "fail",
            f"i=: expected a name at {REPORTER}, found 'sub.{REPORTER}'",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_signature_that_proves_nothing(mail: bytes, keys: Zone, result: str, reason: str) -> None:
    told = judged(mail, keys)
    assert (told.result, told.reason) == (result, reason)


def test_no_key_is_asked_for_where_the_body_was_changed() -> None:
    keys = zone(None)
    assert judged(RSA.signed().replace(MAIL, FOOTER), keys).result is Authentication.FAIL
    assert keys.asked == []


def test_subdomain_may_be_the_identity() -> None:
    mail = RSA.signed(identity=f"x@sub.{REPORTER}")
    assert judged(mail, zone(RSA.record())).result is Authentication.PASS


@pytest.mark.parametrize(
    ("signed_by", "from_domain", "contact_info", "result", "reason"),
    [
        ("corp.mail.example", "mail.example", "tls@corp.mail.example", "pass", "of the domain of contact-info"),
        ("corp.mail.example", "mail.example", None, "pass", "of the same organisation as From (mail.example)"),
        ("mail.example", "a.b.mail.example", None, "pass", "of the same organisation as From (a.b.mail.example)"),
        ("a.mail.example", "other.example", "x@b.mail.example", "pass", "of the same organisation as contact-info (b.mail.example)"),
        ("relay.example", "mail.example", "mailto:tls@Mail.Example.", "unaligned", "expected a signature of mail.example (contact-info)"),
        ("relay.example", "mail.example", "https://corp.example/", "unaligned", "expected a signature of mail.example (From)"),
        ("relay.example", "mail.example", "tls@corp.example", "unaligned", "expected a signature of mail.example (From) or corp.example (contact-info)"),
        ("relay.example", "", None, "unaligned", "expected a signature of a domain that From or contact-info names, and neither does"),
        ("xmail.example", "mail.example", None, "unaligned", "expected a signature of mail.example (From)"),
        # suffixes below which strangers have names, in the public suffix list
        ("a.github.io", "b.github.io", None, "unaligned", "expected a signature of b.github.io (From)"),
        ("a.github.io", "github.io", None, "unaligned", "expected a signature of github.io (From)"),
        ("co.uk", "a.co.uk", None, "unaligned", "expected a signature of a.co.uk (From)"),
        ("example", "mail.example", None, "unaligned", "expected a signature of mail.example (From)"),
    ],
)  # fmt: skip
def test_signature_speaks_for_its_own_organisation(
    signed_by: str, from_domain: str, contact_info: str | None, result: str, reason: str
) -> None:
    keys = zone(RSA.record(), domain=signed_by)
    told = judged(
        RSA.signed(domain=signed_by), keys, from_domain=from_domain, contact_info=contact_info
    )
    assert told == Authenticated(Authentication(result), signed_by, "s1", reason)


def test_second_from_field_breaks_the_signature() -> None:
    mail = RSA.signed().replace(b"From: ", b"From: x@other.example\r\nFrom: ", 1)
    assert judged(mail, zone(RSA.record())).reason == CHANGED


def test_signature_without_from_counts_for_nothing() -> None:
    mail = re.sub(rb"h=from : ", b"h=", RSA.signed())
    assert judged(mail, zone(RSA.record())).reason == "h=: expected From among the signed fields"


TWO = Zone({NAME: [RSA.record()], "s2._domainkey.relay.example": [ED.record()]})


def test_aligned_one_of_two_signatures_passes_in_either_order() -> None:
    inner = RSA.signed()
    outer = ED.signed(inner, domain="relay.example", selector="s2")
    other = RSA.signed(ED.signed(domain="relay.example", selector="s2"))
    for mail in (outer, other):
        assert judged(mail, TWO) == Authenticated(
            Authentication.PASS, REPORTER, "s1", "of the domain of From"
        )


def test_nearest_signature_speaks() -> None:
    keys = Zone({f"s1._domainkey.{name}": [RSA.record()] for name in ("b.mail.example", "a.mail.example", "mail.example")})  # fmt: skip
    mail = RSA.signed(RSA.signed(domain="b.mail.example"), domain="a.mail.example")
    assert judged(mail, keys, from_domain="mail.example").domain == "a.mail.example"
    mail = RSA.signed(mail, domain="mail.example")
    assert judged(mail, keys, from_domain="mail.example").domain == "mail.example"


def test_sender_broken_by_a_relay_that_signs_is_told_as_broken() -> None:
    mail = ED.signed(RSA.signed().replace(MAIL, FOOTER), domain="relay.example", selector="s2")
    told = judged(mail, TWO)
    assert (told.result, told.domain) == (Authentication.FAIL, REPORTER)


def test_key_of_a_stranger_without_answer_is_not_asked_for_again() -> None:
    told = judged(RSA.signed(domain="x.example"), zone(None, domain="x.example"))
    assert told.result is Authentication.FAIL
    assert told.reason == (
        "expected a signature of reporter.example (From);"
        " this one: s1._domainkey.x.example: 127.0.0.1 answered SERVFAIL"
    )


def expiring(at: bytes) -> bytes:
    """Signed with x=, which dkimpy does not write: so the header is signed once more by hand."""
    mail = RSA.signed()
    return re.sub(rb"; t=\d+", b"; t=1795400000; x=" + at, mail)


def test_expiry_is_that_of_the_day_it_was_received() -> None:
    # received at 1795485600; the signature itself is broken by the change
    late, early = expiring(b"1795485599"), expiring(b"1795485600")
    assert judged(late, zone(RSA.record())).reason == (
        "it had expired (x=) when the mail was received"
    )
    assert judged(early, zone(RSA.record())).reason == CHANGED
    undated = late.replace(b"Received:", b"X-Received:")
    assert judged(undated, zone(RSA.record())).reason == CHANGED
    assert judged(expiring(b"1795399999"), zone(RSA.record())).reason == (
        "x=: expected a time after t="
    )
    assert (
        judged(expiring(b"soon"), zone(RSA.record())).reason == "x=: expected seconds, found 'soon'"
    )


RESULTS = f"Authentication-Results: mx.example.com; dkim=pass header.d={REPORTER}\r\n".encode()


@pytest.mark.parametrize(
    ("mail", "authserv_id", "result", "domain"),
    [
        (RESULTS + RSA.signed().replace(MAIL, FOOTER), "mx.example.com", "receiver", REPORTER),
        (RESULTS + RSA.signed().replace(MAIL, FOOTER), "", "fail", REPORTER),
        (RESULTS + RSA.signed().replace(MAIL, FOOTER), "mx.other.example", "fail", REPORTER),
        (RESULTS + RSA.signed(), "mx.example.com", "pass", REPORTER),
        (RESULTS + MAIL, "mx.example.com", "receiver", REPORTER),
        (RESULTS.replace(b"reporter", b"stranger") + MAIL, "mx.example.com", "none", ""),
    ],
)
def test_named_receiver_is_believed_and_no_other(
    mail: bytes, authserv_id: str, result: str, domain: str
) -> None:
    told = judged(mail, zone(RSA.record()), authserv_id=authserv_id)
    assert (told.result, told.domain) == (result, domain)
    if told.result is Authentication.RECEIVER:
        assert told.reason == "mx.example.com found a valid signature; of the domain of From"


def _form(signed: bytes) -> bytes:
    """A signature whose body hash is right and that was signed by nobody."""
    found = re.search(rb"bh=([^;]+)", RSA.signed())
    assert found
    tags = b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=reporter.example; s=s1"
    return tags + b"; h=%b; bh=%b; b=%b\r\n" % (signed, found[1], base64.b64encode(bytes(256)))


def hostile() -> dict[str, bytes]:
    tags = b"DKIM-Signature: v=1; a=rsa-sha256; d=reporter.example; s=s1; h=from; bh=%b; b=AAAA\r\n"
    bh = base64.b64encode(bytes(32))
    spaces = b" \r\n" * 2_500
    return {
        "header of 1 MB": b"Subject: " + b"x" * 1_000_000 + b"\r\n" + RSA.signed(),
        "folded header of 1 MB": b"Subject: " + b"\n x" * 300_000 + b"\r\n" + RSA.signed(),
        "1,000 signatures": tags % bh * 1_000 + MAIL,
        "signature of blanks": b"DKIM-Signature: v=1; b" + spaces + b"\r\n" + MAIL,
        "200,000 signed fields": tags.replace(b"from", b"from" + b":a" * 100_000) % bh + MAIL,
        "body of blanks": tags % bh + MAIL + b" " * 5_000_000 + b"x",
        "body of empty lines": tags % bh + MAIL + b"\n" * 5_000_000,
        "header of fields": _form(b"from" + b":a" * 199) * 50 + b"a:\n" * 3_900 + MAIL,
    }


@pytest.mark.parametrize("what", hostile())
def test_hostile_mail_takes_bounded_time(what: str) -> None:
    began = time.process_time()
    told = judged(hostile()[what], zone(RSA.record()))
    assert told.result is Authentication.FAIL
    assert time.process_time() - began < 2  # seconds; most take a few milliseconds


def test_signatures_that_were_not_looked_at_are_told() -> None:
    told = judged(hostile()["1,000 signatures"], zone(RSA.record()), from_domain="other.example")
    assert told.reason == (
        "expected a signature of other.example (From);"
        " this one: the body was changed after it was signed (bh=); 990 more were not looked at"
    )


@settings(max_examples=300)
@given(st.binary(max_size=300), st.integers(0, 600), st.integers(0, 30))
@example(b"\xff", 40, 0)
def test_any_change_is_a_result(noise: bytes, at: int, cut: int) -> None:
    mail = RSA.signed()
    changed = mail[:at] + noise + mail[at + cut :]
    for each in verified(changed, zone(RSA.record())).signatures:
        assert each.proof in Proof


def test_keys_come_from_dns_once() -> None:
    record = RSA.record()
    text = " ".join(f'"{record[i : i + 200]}"' for i in range(0, len(record), 200))
    with name_server({(NAME, "TXT"): [text]}) as server:
        keys = Keys(server.resolver().txt)
        for _mail in range(3):
            signed = verified(RSA.signed(), keys)
            assert authenticated(signed, REPORTER, None).result is Authentication.PASS
        assert server.asked == [(NAME, "TXT")]


def test_domain_that_does_not_answer_is_left_alone() -> None:
    def told(keys: Keys, selector: str) -> Authenticated:
        return authenticated(verified(RSA.signed(selector=selector), keys), REPORTER, None)

    zone_of_failures = {(f"x{n}._domainkey.{REPORTER}", "TXT"): SERVFAIL for n in range(5)}
    with name_server(zone_of_failures) as server:
        keys = Keys(server.resolver(lookup_s=2).txt)
        results = [told(keys, f"x{number}") for number in range(5)]
        asked = len(server.asked)
        results.append(told(keys, "x0"))
        assert len(server.asked) == asked
    assert {each.result for each in results} == {Authentication.TEMP_ERROR}
    assert {name for name, _kind in server.asked} == {
        f"x{n}._domainkey.{REPORTER}" for n in range(MAX_FAILURES)
    }
    assert results[4].reason == (
        "x4._domainkey.reporter.example: not asked: 2 other names of reporter.example had no answer"
    )

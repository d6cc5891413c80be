"""Records: their names and values, fresh ids, and delegation."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import record, txt
from policy.errors import DomainError, PolicyError, RecordSyntaxError
from policy.model import policy_id

BODY = b"version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"
AT = datetime(2026, 11, 24, 13, 56, 46, tzinfo=UTC)


def test_a_fresh_id_is_the_hash_and_the_time_in_utc() -> None:
    assert record.fresh_id(BODY, AT) == policy_id(BODY) + "261124135646"
    tokyo = AT.astimezone(timezone(timedelta(hours=9)))
    assert record.fresh_id(BODY, tokyo) == record.fresh_id(BODY, AT)


@given(body=st.binary(), at=st.datetimes(timezones=st.just(UTC)))
def test_a_fresh_id_fits_the_grammar_and_is_known_as_one_of_its_text(
    body: bytes, at: datetime
) -> None:
    found = record.fresh_id(body, at)
    assert len(found) == 32
    assert txt.sts_record(f"v=STSv1; id={found};").policy_id == found
    assert record.is_id_of(found, body)
    assert not record.is_id_of(found, body + b"x")


def test_a_time_without_a_zone_makes_no_id() -> None:
    with pytest.raises(PolicyError):
        record.fresh_id(BODY, AT.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("found", "adopted", "expected"),
    [
        (policy_id(BODY), "", True),
        (policy_id(BODY) + "261124135646", "", True),
        (policy_id(BODY) + "26112413564", "", False),
        (policy_id(BODY) + "2611241356x6", "", False),
        (policy_id(BODY)[:19], "", False),
        ("20200101T000000", "20200101T000000", True),
        ("20200101T000000", "", False),
        ("", "", False),
    ],
)
def test_ids_of_a_text(found: str, adopted: str, expected: bool) -> None:
    assert record.is_id_of(found, BODY, adopted) is expected


def test_values_are_those_that_every_sender_takes() -> None:
    sts = record.sts("example.com", "abc", 300)
    assert (sts.name, sts.kind, sts.value, sts.ttl) == (
        "_mta-sts.example.com",
        "TXT",
        "v=STSv1; id=abc;",
        300,
    )
    tlsrpt = record.tlsrpt("example.com", ("mailto:a@example.com", "https://b.example/"), 60)
    assert (tlsrpt.name, tlsrpt.value) == (
        "_smtp._tls.example.com",
        "v=TLSRPTv1; rua=mailto:a@example.com,https://b.example/;",
    )


@pytest.mark.parametrize("rua", ["tls@example.com", "mailto:a!b@example.com", "http://x.example/"])
def test_a_rua_outside_the_grammar_is_refused(rua: str) -> None:
    with pytest.raises(RecordSyntaxError) as caught:
        record.tlsrpt("example.com", (rua,), 300)
    assert "mailto:name@domain or https://host/path" in str(caught.value)


@pytest.mark.parametrize(
    ("target", "kind", "value"),
    [
        ("192.0.2.1", "A", "192.0.2.1"),
        ("2001:DB8::0:1", "AAAA", "2001:db8::1"),
        ("GHS.googlehosted.com.", "CNAME", "ghs.googlehosted.com"),
    ],
)
def test_the_policy_host_leads_to_an_address_or_a_name(target: str, kind: str, value: str) -> None:
    found = record.host("example.com", target, 300)
    assert (found.name, found.kind, found.value) == ("mta-sts.example.com", kind, value)


def test_the_policy_host_leads_to_nothing_else() -> None:
    with pytest.raises(DomainError):
        record.host("example.com", "https://host.example/", 300)


def test_a_delegated_name_leads_into_a_zone_of_ones_own() -> None:
    alias, own = record.delegated(record.sts("example.com", "abc", 300), "sts.provider.example")
    assert (alias.name, alias.kind, alias.value, alias.zone) == (
        "_mta-sts.example.com",
        "CNAME",
        "_mta-sts.example.com.sts.provider.example",
        "",
    )
    assert (own.name, own.kind, own.value, own.zone) == (
        alias.value,
        "TXT",
        "v=STSv1; id=abc;",
        "sts.provider.example",
    )


def test_a_delegated_name_that_dns_cannot_hold_is_refused() -> None:
    long = ".".join(["a" * 60] * 3)
    with pytest.raises(DomainError) as caught:
        record.delegated(record.sts(long, "abc", 300), "sts." + "b" * 60 + ".example")
    assert "at most 253 characters" in str(caught.value)


def test_a_long_text_is_parted_into_strings_that_join_to_it() -> None:
    rua = tuple(f"mailto:{'x' * 50}{number}@example.com" for number in range(9))
    found = record.tlsrpt("example.com", rua, 300)
    assert [len(text) for text in found.strings] == [255, 255, len(found.value) - 510]
    assert "".join(found.strings) == found.value

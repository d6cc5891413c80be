"""What is kept is read again by another parser, and proven again once DNS answers."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from analytics.tlsrpt import parse
from analytics.tlsrpt.again import prove_again, read_again
from analytics.tlsrpt.authenticate import KeyLookup
from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.hints import Context
from analytics.tlsrpt.model import Item, Report, Trouble
from analytics.tlsrpt.operators import Operators
from analytics.tlsrpt.reading import Parser
from analytics.tlsrpt.taken import Rules, Taken
from tests.analytics.build import NOW, Desk
from tests.tlsrpt.build import (
    RULES,
    document,
    item,
    mail,
    packed,
    policy,
    posted,
    statuses,
    tables,
    take,
    text,
)
from tests.tlsrpt.signing import REPORTER, Zone, rsa_signer, zone

LATER = NOW + timedelta(days=30)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def failing(number: int) -> dict[str, object]:
    return document(str(number), policies=[policy(failed=number)])


def without(word: bytes) -> Parser:
    """A parser that does not understand reports with that word."""

    def parser(data: bytes, context: Context) -> Report:
        if word in data:
            raise ReportError("report-id", "another", found=word.decode())
        return parse.report(data, context)

    return parser


def again(desk: Desk, rules: Rules = RULES) -> list[Taken]:
    return list(read_again(desk.warehouse, rules, LATER))


ITEMS: list[Item | Trouble] = [
    item(packed(failing(1)), "1.json.gz"),
    item(mail(failing(2)), "2.eml"),
    posted(packed(failing(2))),
    item(packed(failing(3)), "3.json.gz"),
    item(text(failing(3)), "a!b!3.json"),
    item(b"{", "4.json"),
    item(b"<feedback/>", "5.xml"),
    Trouble("https", "e9", "part 2 of 3 has not come within 24 hours", b"half"),
]


def test_same_parser_ends_with_the_same_tables(desk: Desk) -> None:
    take(desk.warehouse, *ITEMS)
    before = tables(desk.warehouse)
    for _ in range(2):
        assert sorted(statuses(again(desk))) == [*["duplicate"] * 5, *["rejected"] * 2]
        assert tables(desk.warehouse) == before


def test_what_no_longer_parses_becomes_rejected_and_comes_back(desk: Desk) -> None:
    take(desk.warehouse, *ITEMS)
    before = tables(desk.warehouse)
    worse = replace(RULES, parser=without(b'"3"'))
    assert sorted(statuses(again(desk, worse))) == [*["duplicate"] * 3, *["rejected"] * 4]
    reasons = desk.rows(
        "SELECT reason FROM mta_sts_raw.tlsrpt_raw_v1 WHERE member LIKE '%3.json%' ORDER BY member"
    )
    assert reasons == [('report-id: expected another, found "3"',)] * 2
    assert [len(rows) for rows in tables(desk.warehouse).values()] == [7, 3, 2, 2]
    assert sorted(statuses(again(desk))) == [*["duplicate"] * 4, "new", *["rejected"] * 2]
    assert tables(desk.warehouse) == before


def test_content_stays_while_one_item_still_has_it(desk: Desk) -> None:
    """The parser of this test knows the file by its name, which only a test's can."""
    take(desk.warehouse, *ITEMS)

    def by_name(data: bytes, context: Context) -> Report:
        if context.file_name == "a!b!3.json":
            raise ReportError("name", "another", found=context.file_name)
        return parse.report(data, context)

    again(desk, replace(RULES, parser=by_name))
    assert [len(rows) for rows in tables(desk.warehouse).values()] == [7, 4, 3, 3]


def test_what_is_there_already_is_taken_in_by_the_parser_of_now(desk: Desk) -> None:
    """An administrator who gives a rejected file again need not know of --again."""
    one = item(packed(failing(3)))
    assert statuses(take(desk.warehouse, one, rules=replace(RULES, parser=without(b'"3"')))) == [
        "rejected"
    ]
    assert statuses(take(desk.warehouse, one)) == ["new"]
    assert statuses(take(desk.warehouse, one)) == ["duplicate"]
    rows = desk.rows("SELECT report_count, rejected_count, reason FROM mta_sts_raw.tlsrpt_raw_v1")
    assert rows == [(1, 0, None)]


SIGNED = rsa_signer().signed(mail(document(contact=f"tls@{REPORTER}")))
KEY = rsa_signer().record()
COLUMNS = "authentication, authenticated_domain, authenticated_selector"


def proven(desk: Desk) -> list[tuple[object, ...]]:
    return desk.rows(f"SELECT {COLUMNS} FROM mta_sts_raw.tlsrpt_reports_v1")  # noqa: S608


def by(keys: KeyLookup | None) -> Rules:
    return replace(RULES, keys=keys)


def test_proof_is_taken_when_the_report_is(desk: Desk) -> None:
    (taken,) = take(desk.warehouse, item(SIGNED), rules=by(zone(KEY)))
    assert taken.authentication == "pass"
    assert proven(desk) == [("pass", REPORTER, "s1")]


@pytest.mark.parametrize("keys", [zone(None), None], ids=["DNS failed", "--no-dkim"])
def test_what_was_not_looked_at_is_at_the_next_run(desk: Desk, keys: Zone | None) -> None:
    (taken,) = take(desk.warehouse, item(SIGNED), rules=by(keys))
    assert taken.authentication == ("skipped" if keys is None else "temp-error")
    before = tables(desk.warehouse)
    assert list(prove_again(desk.warehouse, by(None))) == []
    assert list(prove_again(desk.warehouse, by(zone(None)))) == []  # it fails once more
    assert tables(desk.warehouse) == before
    assert list(prove_again(desk.warehouse, by(zone(KEY)))) == ["pass"]
    assert proven(desk) == [("pass", REPORTER, "s1")]
    gone = zone(KEY)
    assert list(prove_again(desk.warehouse, by(gone))) == []
    assert gone.asked == []


def test_proof_stays_when_the_key_is_gone(desk: Desk) -> None:
    take(desk.warehouse, item(SIGNED), rules=by(zone(KEY)))
    gone = Zone({})
    (taken,) = take(desk.warehouse, item(SIGNED), rules=by(gone))
    assert (taken.status.value, taken.authentication) == ("duplicate", "pass")
    (taken,) = again(desk, by(gone))
    assert taken.authentication == "pass"
    assert proven(desk) == [("pass", REPORTER, "s1")]
    assert gone.asked == []


def test_duplicate_that_is_better_proven_is_a_row_of_its_own(desk: Desk) -> None:
    report = document(contact=f"tls@{REPORTER}")
    taken = take(desk.warehouse, posted(packed(report)), item(SIGNED), rules=by(zone(KEY)))
    assert statuses(taken) == ["new", "duplicate"]
    assert [each.authentication for each in taken] == ["none", "pass"]
    sql = "SELECT authentication, channels FROM mta_sts.tlsrpt_reports"
    assert desk.rows(sql) == [("pass", "https, mail")]


GOOGLE = "noreply-smtp-tls-reporting@google.com"
WORKER = "somebody@google.com"


@pytest.mark.parametrize(
    ("sender", "signed_by", "operator"),
    [
        (GOOGLE, "google.com", "google"),
        ("Noreply-SMTP-TLS-Reporting@Google.com", "google.com", "google"),
        (WORKER, "google.com", None),  # staff, and whatever else signs by the same domain
        ("x@sites.google.com", "sites.google.com", None),
        (GOOGLE, "mail.google.com", None),
        (f"{GOOGLE}, {WORKER}", "google.com", None),
        (f"{GOOGLE}>\r\nFrom: <{WORKER}", "google.com", None),
        ("x@corp.mail.ru", "corp.mail.ru", "mail-ru"),  # no address of its reports is known
        ("x@a.corp.mail.ru", "a.corp.mail.ru", None),
    ],
)  # fmt: skip
def test_operator_is_named_by_the_address_that_it_reports_from(
    desk: Desk, sender: str, signed_by: str, operator: str | None
) -> None:
    report = document(organization="Google Inc.", contact="tls@google.com")
    signer = rsa_signer()
    signed = signer.signed(
        mail(report).replace(b"noreply@reporter.example", sender.encode()), domain=signed_by
    )
    key = zone(signer.record(), domain=signed_by)
    take(desk.warehouse, item(signed), posted(packed(report)), rules=by(key))
    sql = """
        SELECT channel, operator, claimed_operator FROM mta_sts_raw.tlsrpt_reports_v1
        ORDER BY channel
    """
    expected = [("https", None, "google"), ("mail", operator, "google")]
    assert desk.rows(sql) == expected
    again(desk, by(Zone({})))  # the key is gone, the mail is not
    assert desk.rows(sql) == expected


def test_operator_that_a_later_list_names_is_found_again(desk: Desk) -> None:
    report = document(organization="Google Inc.", contact="tls@google.com")
    signer = rsa_signer()
    signed = signer.signed(
        mail(report).replace(b"noreply@reporter.example", GOOGLE.encode()), domain="google.com"
    )
    then = by(zone(signer.record(), domain="google.com"))
    take(desk.warehouse, item(signed), rules=replace(then, operators=Operators(())))
    sql = "SELECT authentication, operator, claimed_operator FROM mta_sts_raw.tlsrpt_reports_v1"
    assert desk.rows(sql) == [("pass", None, None)]
    again(desk, by(Zone({})))  # the key is gone
    assert desk.rows(sql) == [("pass", "google", "google")]


def test_address_of_an_operator_proves_nothing_under_the_signature_of_another(desk: Desk) -> None:
    report = document(organization="Google Inc.", contact="tls@google.com.example")
    signer = rsa_signer()
    signed = signer.signed(
        mail(report).replace(b"noreply@reporter.example", GOOGLE.encode()),
        domain="google.com.example",
    )
    take(desk.warehouse, item(signed), rules=by(zone(signer.record(), domain="google.com.example")))
    sql = "SELECT authentication, operator, reporter FROM mta_sts.tlsrpt_reports"
    assert desk.rows(sql) == [("pass", None, "google.com.example")]

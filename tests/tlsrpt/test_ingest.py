"""What is taken in: each report once, whatever way it came, and all that came is kept."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from analytics.tlsrpt import rows
from analytics.tlsrpt.hints import Context
from analytics.tlsrpt.ingest import STRETCH_ITEMS, ingest
from analytics.tlsrpt.model import Authentication, Channel, Item, Report, Trouble
from analytics.tlsrpt.packed import unpacked
from analytics.tlsrpt.reading import DEFECT
from analytics.tlsrpt.sources.errors import MailboxError
from analytics.tlsrpt.taken import Taken
from analytics.warehouse.catalogue import Catalogue
from tests.analytics.build import LIMITS, NOW, Desk
from tests.tlsrpt.build import (
    RECEIVED,
    RULES,
    TABLES,
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


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


A = document()
B = document(policies=[policy(ok=6)])  # the same report with another content

SEEN = {
    "a report": ([item(packed(A))], ["new"]),
    "the same bytes": ([item(packed(A)), item(packed(A), "copy.json.gz")], ["new", "duplicate"]),
    "plain and as gzip": ([item(text(A)), item(packed(A))], ["new", "duplicate"]),
    "the keys in another order": (
        [item(text(A)), item(text(dict(reversed(A.items()))))], ["new", "duplicate"],
    ),
    "by mail and by HTTPS": ([item(mail(A), "1.eml"), posted(packed(A))], ["new", "duplicate"]),
    "posted three times": (
        [posted(packed(A), event) for event in ("e1", "e2", "e3")],
        ["new", "duplicate", "duplicate"],
    ),
    "revised": ([item(packed(A)), item(packed(B))], ["new", "revised"]),
    "revised and back": (
        [item(packed(A)), item(packed(B)), item(packed(A))], ["new", "revised", "duplicate"],
    ),
    "revised and back, in other bytes": (
        [item(packed(A)), item(packed(B)), item(text(A))], ["new", "revised", "duplicate"],
    ),
    "one report-id for two domains, as Halon has it": (
        [
            item(packed(document("uuid", policies=[policy("a.example")]))),
            item(packed(document("uuid", policies=[policy("b.example")]))),
        ],
        ["new", "new"],
    ),
    "one report-id of two reporters": (
        [item(packed(A)), item(packed(document(organization="Other Ltd.")))], ["new", "new"],
    ),
    "a reporter that writes its name otherwise": (
        [item(packed(A)), item(packed(document(organization="REPORTER LTD.")))],
        ["new", "revised"],
    ),
    "a mail whose subject has another id than its report, as Google's": (
        [item(mail(A), "1.eml"), item(mail(document("2026-11-02")), "2.eml")], ["new", "new"],
    ),
    "one mail relayed twice": (
        [item(mail(A), "1"), item(mail(A, received="Mon, 2 Nov 2026 03:09:09 +0000"), "2")],
        ["new", "duplicate"],
    ),
    "a body without its domain, posted for two": (
        [posted(b"no report", "e1", "a.example"), posted(b"no report", "e2", "b.example")],
        ["rejected", "rejected"],
    ),
    "a DMARC report, posted": ([posted(b"<feedback></feedback>")], ["rejected"]),
    "a mail without a report, posted": (
        [posted(b"From: a@b.example\nTo: c@d.example\nSubject: x\n\nhello\n")], ["rejected"],
    ),
    "beyond repair": ([item(b'{"organization-name": 1')], ["rejected"]),
    "beyond repair, twice": ([item(b"{", "1"), item(b"{", "2")], ["rejected", "rejected"]),
    "no report": ([item(b"<feedback></feedback>", "dmarc.xml")], ["other"]),
}  # fmt: skip


# where there is one item, its run is one run
RUNS = {
    f"{name}, {'one run' if is_one_run else 'a run each'}": (items, expected, is_one_run)
    for name, (items, expected) in SEEN.items()
    for is_one_run in (True, False)
    if is_one_run or len(items) > 1
}


@pytest.mark.parametrize(("items", "expected", "is_one_run"), RUNS.values(), ids=RUNS)
def test_report_is_told_apart(
    desk: Desk, items: list[Item], expected: list[str], is_one_run: bool
) -> None:
    runs = [items] if is_one_run else [[each] for each in items]
    assert statuses([one for run in runs for one in take(desk.warehouse, *run)]) == expected
    once = tables(desk.warehouse)
    again = statuses(take(desk.warehouse, *items, at=NOW + timedelta(days=1)))
    assert again == [each if each in ("rejected", "other") else "duplicate" for each in expected]
    assert tables(desk.warehouse) == once  # a second run changes nothing


def test_row_says_all_there_is(desk: Desk) -> None:
    data = mail(document(organization="Google Inc.", policies=[policy(failed=2)]))
    (taken,) = take(desk.warehouse, item(data, "1.eml"))
    assert (taken.source, taken.member) == ("reports", "1.eml/part 2 r.json.gz")
    assert (taken.report_id, taken.organization_name) == ("2026-11-01_example", "Google Inc.")
    assert taken.policy_domains == ("example.com",)
    assert taken.authentication is Authentication.SKIPPED
    sql = "SELECT * FROM mta_sts_raw.{}"
    (raw,), (report,), (result,), (detail,) = (
        list(desk.warehouse.ask(sql.format(table), limits=LIMITS).records()) for table in TABLES
    )
    kept = raw.pop("data")
    assert isinstance(kept, bytes)
    assert unpacked(kept, len(data)) == data
    assert raw == {
        "raw_hash": report["raw_hash"], "channel": "mail", "source": "reports", "member": "1.eml",
        "policy_domain": None, "client_ip": None, "received_at": RECEIVED, "ingested_at": NOW,
        "size_bytes": len(data), "report_count": 1, "rejected_count": 0, "reason": None,
        "is_sample": False,
    }  # fmt: skip
    assert {name: report[name] for name in ("channel", "member", "claimed_operator", "operator")} == {
        "channel": "mail", "member": "part 2 r.json.gz", "claimed_operator": "google", "operator": None,
    }  # fmt: skip
    assert report["policy_domains"] == "example.com"
    assert (report["received_at"], report["ingested_at"]) == (RECEIVED, NOW)
    assert result["policy_string"] == (
        "version: STSv1\nmode: testing\nmax_age: 86400\nmx: mail.example.com"
    )
    assert (result["successful_session_count"], result["failed_session_count"]) == (5, 2)
    assert (detail["result_type"], detail["failed_session_count"]) == ("certificate-expired", 2)
    hashes = {row["content_hash"] for row in (report, result, detail)}
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (rows.RAW, rows.RawRow), (rows.REPORTS, rows.ReportRow), (rows.RESULTS, rows.ResultRow),
        (rows.DETAILS, rows.DetailRow),
    ],
)  # fmt: skip
def test_row_has_the_columns_of_its_table(table: str, kind: type[Struct]) -> None:
    columns = [column.name for column in Catalogue().schema(table).columns]
    assert list(kind.__struct_fields__) == columns


def counts(desk: Desk) -> list[int]:
    return [len(rows) for rows in tables(desk.warehouse).values()]


def test_what_is_rejected_keeps_its_bytes_and_reason_and_other_keeps_none(desk: Desk) -> None:
    bad, other = take(desk.warehouse, item(b'{"policies": 1}', "bad.json"), item(b"<x/>", "d.xml"))
    assert statuses([bad, other]) == ["rejected", "other"]
    rows = desk.rows("SELECT member, data, reason, rejected_count FROM mta_sts_raw.tlsrpt_raw_v1")
    ((member, data, reason, count),) = rows
    assert (member, reason, count) == ("bad.json", bad.reason, 1)
    assert isinstance(data, bytes)
    assert unpacked(data, 15) == b'{"policies": 1}'
    assert counts(desk) == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("start", "end", "is_told"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-01T23:59:59Z", False),
        ("2026-11-02T00:00:00Z", "2026-11-03T03:04:05Z", False),  # a day after its receipt
        ("2026-11-02T00:00:00Z", "2026-11-03T03:04:06Z", True),
        ("9999-12-30T00:00:00Z", "9999-12-30T23:59:59Z", True),
        ("2016-01-01T00:00:00Z", "2016-01-01T23:59:59Z", False),
        ("2015-12-31T00:00:00Z", "2015-12-31T23:59:59Z", True),
    ],
)
def test_a_range_that_cannot_be_is_told(desk: Desk, start: str, end: str, is_told: bool) -> None:
    report = document() | {"date-range": {"start-datetime": start, "end-datetime": end}}
    (taken,) = take(desk.warehouse, posted(packed(report)))
    assert taken.status == "new"
    assert ("range-impossible" in taken.quirks) is is_told


def test_what_is_posted_is_kept_whatever_it_is(desk: Desk) -> None:
    (taken,) = take(desk.warehouse, posted(b"garbage"))
    assert (taken.status, taken.member) == ("rejected", "e1")
    assert taken.reason == (
        "posted body: expected a TLS report, found neither JSON nor gzip, zip or a mail"
    )
    sql = "SELECT channel, data, reason, rejected_count FROM mta_sts_raw.tlsrpt_raw_v1"
    ((channel, data, reason, count),) = desk.rows(sql)
    assert (channel, reason, count) == ("https", taken.reason, 1)
    assert isinstance(data, bytes)
    assert unpacked(data, 7) == b"garbage"


def test_every_time_it_came_is_a_row_and_its_content_one(desk: Desk) -> None:
    failing = document(policies=[policy(failed=1)])
    take(desk.warehouse, item(mail(failing), "1.eml"), posted(packed(failing)), item(text(failing)))
    assert counts(desk) == [3, 3, 1, 1]
    channels = desk.rows("SELECT channel FROM mta_sts_raw.tlsrpt_reports_v1 ORDER BY channel")
    assert channels == [("file",), ("https",), ("mail",)]


def test_content_is_as_old_as_its_first_receipt_whichever_was_taken_in_first(desk: Desk) -> None:
    late = item(mail(A, received="Thu, 5 Nov 2026 00:00:00 +0000"), "late")
    early = item(mail(A, received="Tue, 3 Nov 2026 00:00:00 +0000"), "early")
    for each in (late, early, item(text(A))):
        take(desk.warehouse, each)
    sql = "SELECT received_at FROM mta_sts_raw.tlsrpt_policy_results_v1"
    assert desk.rows(sql) == [(datetime(2026, 11, 3, tzinfo=UTC),)]


FUTURE = "Thu, 24 Dec 2026 00:00:00 +0000"
TIMES = {
    "topmost Received": (item(mail(A)), RECEIVED),
    "Received in the future": (item(mail(A, received=FUTURE)), NOW),
    "Received in the future, and the source knows": (
        replace(item(mail(A, received=FUTURE)), received_at=RECEIVED), RECEIVED,
    ),
    "Received before there were reports": (
        item(mail(A, received="Thu, 1 Jan 1970 00:00:00 +0000")), NOW,
    ),
    "posted": (posted(packed(A)), RECEIVED),
    "a file": (item(packed(A)), NOW),
}  # fmt: skip


@pytest.mark.parametrize(("one", "expected"), TIMES.values(), ids=TIMES)
def test_time_of_receipt(desk: Desk, one: Item, expected: datetime) -> None:
    take(desk.warehouse, one)
    for table in TABLES[:3]:
        assert desk.rows(f"SELECT received_at FROM mta_sts_raw.{table}") == [(expected,)]  # noqa: S608


def test_report_for_a_domain_that_is_not_served_is_kept_and_flagged(desk: Desk) -> None:
    rules = replace(RULES, served={"example.com"})
    both = document("2", policies=[policy(), policy("a.example"), policy("b.example")])
    kept, flagged = take(desk.warehouse, item(packed(A)), item(packed(both)), rules=rules)
    assert (kept.status.value, kept.reason) == ("new", "")
    assert flagged.status.value == "new"
    assert flagged.reason == "not served here: a.example, b.example"
    assert counts(desk)[:3] == [2, 2, 4]


def test_bytes_posted_for_two_domains_are_two_reports(desk: Desk) -> None:
    nobody = policy()
    del nobody["policy"]["policy-domain"]
    nobody["policy"]["policy-type"] = "no-policy-found"
    body = packed(document("no-domain", policies=[nobody]))
    taken = take(desk.warehouse, posted(body, "1", "a.example"), posted(body, "2", "b.example"))
    assert statuses(taken) == ["new", "new"]
    assert [each.policy_domains for each in taken] == [("a.example",), ("b.example",)]


def test_unreadable_item_is_told_and_the_run_goes_on(desk: Desk) -> None:
    trouble = Trouble("reports", "secret", "it cannot be read: Permission denied")
    one, other = ingest(desk.warehouse, [trouble, item(packed(A))], RULES, at=NOW)
    assert one == trouble
    assert not isinstance(other, Trouble)
    assert other.status.value == "new"


def test_body_that_cannot_be_put_together_is_kept_as_rejected(desk: Desk) -> None:
    trouble = Trouble("https", "e1", "part 2 of 3 has not come within 24 hours", b"part of it")
    for _ in range(2):
        (taken,) = take(desk.warehouse, trouble)
        assert (taken.status.value, taken.member, taken.reason) == (
            "rejected",
            "e1",
            trouble.reason,
        )
    assert counts(desk) == [1, 0, 0, 0]


def test_source_is_told_what_is_kept_before_it_is_asked_for_more(desk: Desk) -> None:
    told: list[object] = []
    times = iter(range(0, 10_000, 30))  # each item takes longer than a batch may

    items = [item(packed(document(str(number)))) for number in range(3)]

    def source() -> Iterator[Item]:
        for number, each in enumerate(items):
            assert len(told) == number
            yield each

    stream = ingest(
        desk.warehouse, source(), RULES, at=NOW, kept=told.extend, clock=lambda: next(times)
    )
    for number, _taken in enumerate(stream, start=1):
        assert len(told) >= number
    assert told == items


def test_what_a_source_gave_before_it_broke_is_kept(desk: Desk) -> None:
    def source() -> Iterator[Item]:
        for number in range(3):
            yield item(packed(document(str(number))))
        raise MailboxError("imap.example.com:993: 5 connections in a row broke")

    told: list[Taken | Trouble] = []
    kept: list[object] = []
    with pytest.raises(MailboxError):  # noqa: PT012 - what was told before is looked at
        for each in ingest(desk.warehouse, source(), RULES, at=NOW, kept=kept.extend):
            told.append(each)  # noqa: PERF402 - so that it survives the error
    assert len(told) == len(kept) == 3
    assert counts(desk)[:2] == [3, 3]


def test_batches_are_told_in_order_and_stretches_kept(desk: Desk) -> None:
    count = STRETCH_ITEMS + 3
    items = [item(b"<x/>", str(number)) for number in range(count)]
    kept: list[int] = []
    told = ingest(desk.warehouse, items, RULES, at=NOW, kept=lambda given: kept.append(len(given)))
    assert [each.member for each in told] == [str(number) for number in range(count)]
    assert kept == [count - 3, 3]


def test_defect_of_ours_costs_one_item_and_keeps_its_bytes(desk: Desk) -> None:
    from analytics.tlsrpt import parse

    def breaks(data: bytes, context: Context) -> Report:
        if b"poison" in data:
            raise KeyError("policies")
        return parse.report(data, context)

    bad, good = take(
        desk.warehouse,
        item(text(document("poison"))),
        item(text(A)),
        rules=replace(RULES, parser=breaks),
    )
    assert bad.status.value == "rejected"
    assert bad.reason.startswith(f"{DEFECT}: KeyError: ")
    assert good.status.value == "new"
    (once,) = take(desk.warehouse, item(text(document("poison"))))  # by a parser that is mended
    assert once.status.value == "new"
    assert counts(desk) == [2, 2, 2, 0]


def test_name_that_is_no_text_is_kept_readable(desk: Desk) -> None:
    take(desk.warehouse, Item("reports", packed(A), Channel.FILE, "caf\udce9.json"))
    assert desk.rows("SELECT member FROM mta_sts_raw.tlsrpt_raw_v1") == [("caf?.json",)]

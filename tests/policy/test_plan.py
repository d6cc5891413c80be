"""Plans: the order of the steps, and times that leave nobody behind."""

from datetime import UTC, datetime, timedelta

import pytest

from policy import parse, plan, publication
from policy.model import Mode, policy_id
from policy.plan import Change
from policy.publication import Publication

AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
TTL = 3600
MONTHS = 90 * plan.DAY


def text(mode: str, max_age: int, *mx: str) -> bytes:
    lines = ["version: STSv1", f"mode: {mode}", f"max_age: {max_age}", *(f"mx: {h}" for h in mx)]
    return "".join(f"{line}\r\n" for line in lines).encode()


def change(before: bytes, after: bytes, record_name: str = "") -> Change:
    old, new = parse.policy(before), parse.policy(after)
    made = policy_id(after)
    return Change("example.com", old, new, after, made, AT, TTL, record_name=record_name)


TESTING = text("testing", 604_800, "a.example.com")
ENFORCE = text("enforce", 1_209_600, "a.example.com")
LONG = text("enforce", MONTHS, "a.example.com")
MOVED = text("enforce", 1_209_600, "a.example.com", "b.example.com")


def titles(steps: tuple[plan.Step, ...]) -> list[str]:
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    return [step.title for step in steps]


def after(seconds: int) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_the_policy_comes_first_and_the_record_second() -> None:
    steps = plan.mode_changed(change(TESTING, ENFORCE))
    assert titles(steps) == [
        "First the policy",
        "Then the record with the new id",
        "Then let the old text run out",
    ]
    assert [len(step.records) for step in steps] == [0, 1, 0]
    assert steps[1].records[0].value == f"v=STSv1; id={policy_id(ENFORCE)};"
    assert f"prints {policy_id(ENFORCE)}" in steps[0].see


def test_every_time_has_the_ttl_of_the_record_in_it() -> None:
    steps = plan.mode_changed(change(TESTING, ENFORCE))
    assert [step.until for step in steps] == [None, after(TTL), after(TTL + 604_800)]


def test_who_is_deaf_to_the_id_keeps_the_old_text_for_30_days_at_most() -> None:
    short = plan.mode_changed(change(TESTING, ENFORCE))[-1]
    assert "it keeps the old text until 2026-11-08 13:00 UTC" in short.do
    long = plan.mode_changed(change(LONG, TESTING))[-1]
    assert "it keeps the old text until 2026-12-01 13:00 UTC" in long.do
    assert long.until == after(TTL + MONTHS)


def test_the_way_back_is_the_mode_and_max_age_of_before_and_says_who_still_holds_enforce() -> None:
    there = plan.mode_changed(change(TESTING, ENFORCE))[0].back
    assert there == (
        "mta-sts mode example.com testing --max-age 604800, then these steps again; who has "
        "fetched enforce holds it up to 1209600 s, 14 days"
    )
    back = plan.mode_changed(change(ENFORCE, TESTING))[0].back
    assert back == "mta-sts mode example.com enforce --max-age 1209600, then these steps again"


def test_record_and_host_stay_until_the_longest_max_age_is_over() -> None:
    none = text("none", 86_400, "a.example.com")
    steps = plan.withdrawn(change(ENFORCE, none), 2_592_000)
    assert titles(steps)[2:] == [
        "Keep both until the last old policy has run out",
        "Remove the STS record",
        "Remove the policy host",
    ]
    assert steps[2].until == after(TTL + 2_592_000)
    assert steps[3].until == after(TTL + 2_592_000 + TTL)


def test_a_new_mx_host_is_in_the_policy_before_it_is_in_dns() -> None:
    steps = plan.mx_added(change(ENFORCE, MOVED), ["b.example.com"])
    assert titles(steps) == [
        "First the policy",
        "Then the record with the new id",
        "Wait before you touch the MX records",
        "Now the MX record",
        "Then the old hosts, if they are to go",
    ]
    assert steps[2].until == after(TTL + plan.DAY)
    assert steps[3].until == after(TTL + 1_209_600)
    assert "keep the old MX hosts beside it" in steps[3].do
    assert steps[0].back == "mta-sts mx example.com remove b.example.com, then its steps"


@pytest.mark.parametrize("mode", ["testing", "none"])
def test_a_mode_that_refuses_nothing_needs_no_wait_for_a_new_host(mode: str) -> None:
    before = text(mode, 604_800, "a.example.com")
    steps = plan.mx_added(change(before, before + b"mx: b.example.com\r\n"), ["b.example.com"])
    assert titles(steps)[2:] == ["Now the MX record"]
    assert steps[1].until == after(TTL)


def test_an_mx_host_is_out_of_dns_before_it_is_out_of_the_policy() -> None:
    steps = plan.mx_removed(change(MOVED, ENFORCE), ["b.example.com"], 7200, is_gone=False)
    assert titles(steps) == [
        "First the MX record",
        "Then the policy",
        "Then the record with the new id",
        "Then let the old text run out",
    ]
    assert steps[0].until == after(7200)
    assert steps[2].until == after(7200 + TTL)
    assert steps[3].until == after(7200 + TTL + 1_209_600)
    assert steps[1].back == "mta-sts mx example.com add b.example.com, then its steps"


def test_a_host_that_is_out_of_dns_may_still_be_in_caches() -> None:
    (first, *_rest) = plan.mx_removed(change(MOVED, ENFORCE), ["b.example.com"], 60, is_gone=True)
    assert "DNS names it no more" in first.do
    assert first.until == after(60)


def test_a_delegated_record_is_changed_where_it_stands() -> None:
    name = "_mta-sts.example.com.sts.provider.example"
    step = plan.mode_changed(change(TESTING, ENFORCE, name))[1]
    assert step.records[0].name == name
    assert step.see[0] == "$ dig +short TXT _mta-sts.example.com"


def wanted(**more: object) -> Publication:
    values: dict[str, object] = {
        "domain": "example.com",
        "policy": parse.policy(TESTING),
        "body": TESTING,
        "with_id": policy_id(TESTING),
        "rua": ("mailto:tls@example.com",),
    }
    return Publication(**(values | more))  # type: ignore[arg-type]


def test_a_first_publication_starts_with_the_mailbox_and_ends_with_the_sts_record() -> None:
    steps = publication.steps(wanted(host_target="192.0.2.1"))
    assert titles(steps) == [
        "The mailbox for TLS reports",
        "The TLSRPT record",
        "The name of the policy host",
        "The policy",
        "Last, the STS record",
    ]
    assert [record.name for step in steps for record in step.records] == [
        "_smtp._tls.example.com",
        "mta-sts.example.com",
        "_mta-sts.example.com",
    ]
    assert all(step.see and step.back for step in steps)
    assert {record.ttl for step in steps for record in step.records} == {300}


def test_a_group_must_take_mail_from_strangers() -> None:
    assert "anyone on the web" in publication.steps(wanted())[0].do


def test_a_mailbox_that_takes_posts_is_tried_with_one() -> None:
    step = publication.steps(wanted(rua=("https://reports.example/tls",)))[0]
    assert "anyone on the web" not in step.do
    assert "https://reports.example/tls" in step.see[0]


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (Mode.TESTING, "delete the record; in testing nobody refuses mail"),
        (Mode.ENFORCE, "changes nothing for senders that hold enforce, for up to 604800 s"),
        (Mode.NONE, "mta-sts mode example.com testing"),
    ],
)
def test_the_way_back_from_the_sts_record_depends_on_the_mode(mode: Mode, said: str) -> None:
    body = text(mode, 604_800, "a.example.com")
    last = publication.steps(wanted(policy=parse.policy(body), body=body))[-1]
    assert said in last.back


def test_a_delegated_name_exists_before_the_alias_leads_to_it() -> None:
    steps = publication.steps(wanted(delegate="sts.provider.example", host_target="192.0.2.1"))
    for step in (steps[1], steps[2], steps[4]):
        own, alias = step.records
        assert own.zone == "sts.provider.example"
        assert (alias.kind, alias.value, alias.zone) == ("CNAME", own.name, "")


def test_without_a_target_the_customer_can_still_publish_his_alias() -> None:
    step = publication.steps(wanted(delegate="sts.provider.example"))[2]
    assert [record.kind for record in step.records] == ["CNAME"]
    assert "Publish mta-sts.example.com.sts.provider.example as a CNAME" in step.do

"""The week of each domain, from the views and the alerts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from analytics.advice import thresholds, told
from analytics.advice.gather import gather as inputs_of
from analytics.advice.judge import advise
from analytics.advice.model import WORST_FIRST, Inputs
from analytics.digest.model import Entry, Kind, News, Week
from analytics.texts.catalogue import texts
from analytics.warehouse.base import Asking, Limits, Parameter, Warehouse
from policy.store import PolicyFolder

DAYS = 7
CERTIFICATE_DAYS = 30  # ACME clients renew by then; an alert comes at 14

Row = Mapping[str, object]
_Key = tuple[str, bool]

_LIMITS = Limits(60.0)
_FETCHES = """
SELECT
    policy_domain,
    event_source = 'sample' AS is_sample,
    COUNT(*) AS fetch_count
FROM mta_sts.policy_fetches
WHERE
    fetched_at > @since
    AND fetched_at <= @until
    AND policy_domain IS NOT NULL
    AND outcome = 'served'
    AND event_source != 'seed'
GROUP BY policy_domain, event_source = 'sample'
"""
_SESSIONS = """
SELECT
    policy_domain,
    is_sample,
    SUM(session_count) AS session_count,
    SUM(failed_session_count) AS failed_session_count
FROM mta_sts.tlsrpt_results_daily
WHERE is_authenticated AND report_date >= @since AND report_date <= @until
GROUP BY policy_domain, is_sample
"""
_FAILURES = """
SELECT
    policy_domain,
    is_sample,
    result_type,
    reporter_name,
    receiving_mx_hostname,
    failed_session_count,
    first_seen_date,
    last_seen_date,
    cause,
    remedy
FROM mta_sts.tlsrpt_failures
WHERE is_authenticated AND last_seen_date >= @since AND last_seen_date <= @until
ORDER BY failed_session_count DESC, reporter_name, result_type, receiving_mx_hostname
"""
_VERSIONS = """
SELECT policy_domain, is_sample, policy_id, policy_mode
FROM mta_sts_raw.policy_versions_v1
WHERE first_served_at > @since AND first_served_at <= @until AND policy_id IS NOT NULL
ORDER BY first_served_at, policy_id
"""
_PICKED_UP = """
SELECT policy_domain, is_sample, sender, policy_id
FROM mta_sts.policy_rollout
WHERE
    is_served_now
    AND verdict = 'verified'
    AND first_fetched_at > @since
    AND first_fetched_at <= @until
ORDER BY first_fetched_at, sender
"""
_CONFIRMED = """
SELECT policy_domain, is_sample, operator_name
FROM mta_sts.sender_confirmations
WHERE
    confirmation IN ('confirmed-by-fetch', 'confirmed-by-both')
    AND first_fetched_at > @since
    AND first_fetched_at <= @until
ORDER BY first_fetched_at, operator_name
"""
_ALERTS = """
SELECT policy_domain, is_sample, kind, text, next_command, opened_at, closed_at
FROM mta_sts_raw.alerts_v1
WHERE (opened_at > @since AND opened_at <= @until) OR (closed_at > @since AND closed_at <= @until)
ORDER BY opened_at, kind, subject
"""


def gather(
    warehouse: Warehouse,
    folder: PolicyFolder,
    at: datetime,
    *,
    days: int = DAYS,
    domains: Sequence[str] = (),
    expect: Sequence[str] = (),
) -> Week:
    """The last ``days`` days of all domains, or of ``domains``.

    Raises:
        WarehouseError: the warehouse cannot answer now.
    """
    only = domains[0] if len(set(domains)) == 1 else None
    with warehouse.asking(only) as asked:
        return _gathered(asked, folder, at, days, domains, expect)


def _gathered(
    warehouse: Asking,
    folder: PolicyFolder,
    at: datetime,
    days: int,
    domains: Sequence[str],
    expect: Sequence[str],
) -> Week:
    since = at - timedelta(days=days)
    span: dict[str, Parameter] = {"since": since, "until": at}
    dates: dict[str, Parameter] = {"since": since.astimezone(UTC).date(),
                                   "until": at.astimezone(UTC).date()}  # fmt: skip
    counts: dict[_Key, dict[str, int]] = defaultdict(dict)
    for sql, values in ((_FETCHES, span), (_SESSIONS, dates)):
        for row in _ask(warehouse, sql, values):
            counts[_key(row)] |= {name: int(str(value)) for name, value in row.items()
                                  if name.endswith("_count")}  # fmt: skip
    news: dict[_Key, list[News]] = defaultdict(list)
    for row in _ask(warehouse, _FAILURES, dates):
        news[_key(row)].append(_failure(row))
    for row in _ask(warehouse, _VERSIONS, span):
        text = f"a new policy text is served: {row['policy_mode']}, id {row['policy_id']}"
        news[_key(row)].append(News(Kind.VERSION, text))
    for row in _ask(warehouse, _PICKED_UP, span):
        text = (
            f"{row['sender']} fetched the policy of now (id {row['policy_id']}) for the first time"
        )
        news[_key(row)].append(News(Kind.PICKED_UP, text))
    for row in _ask(warehouse, _CONFIRMED, span):
        text = f"{row['operator_name']} was confirmed for the first time, by a verified fetch"
        news[_key(row)].append(News(Kind.CONFIRMED, text))
    for row in _ask(warehouse, _ALERTS, span):
        news[_key(row)] += _alert(row, since)
    entries = [
        _entry(one, at, counts[_of(one)], news[_of(one)])
        for one in _inputs(warehouse, folder, domains, expect)
    ]
    entries.sort(key=lambda one: (WORST_FIRST.index(one.verdict), one.policy_domain, one.is_sample))
    elsewhere = () if domains else tuple(_in_order(news[("", False)]))
    return Week(since, at, tuple(entries), elsewhere)


def _inputs(
    warehouse: Asking, folder: PolicyFolder, domains: Sequence[str], expect: Sequence[str]
) -> list[Inputs]:
    only = domains[0] if len(set(domains)) == 1 else None
    found = inputs_of(warehouse, folder, domain=only, expect=expect)
    return [one for one in found if not domains or one.policy_domain in domains]


def _entry(given: Inputs, at: datetime, counts: Mapping[str, int], news: Sequence[News]) -> Entry:
    said = advise(given, thresholds.DEFAULT, at)
    return Entry(
        policy_domain=given.policy_domain,
        is_sample=given.is_sample,
        mode=given.served.mode if given.served is not None else "",
        stage=said.stage,
        verdict=said.verdict,
        next_step=told.step(said.step, texts("en")),
        fetch_count=counts.get("fetch_count", 0),
        confirmed=tuple(one.name for one in given.operators if one.is_confirmed),
        session_count=counts.get("session_count", 0),
        failed_session_count=counts.get("failed_session_count", 0),
        news=tuple(_in_order([*news, *_certificate(given, at)])),
    )


def _certificate(given: Inputs, at: datetime) -> list[News]:
    ends = given.check.certificate_ends_at if given.check is not None else None
    if given.check is None or ends is None or ends - at >= timedelta(days=CERTIFICATE_DAYS):
        return []
    word = "has ended" if ends <= at else "ends"
    text = (
        f"the certificate of {given.check.certificate_host} {word} on {ends.astimezone(UTC).date()}"
    )
    return [News(Kind.CERTIFICATE, text, "renew it, and see that the renewal runs by itself")]


def _failure(row: Row) -> News:
    host = f" at {row['receiving_mx_hostname']}" if row["receiving_mx_hostname"] else ""
    kind = row["result_type"] or "failures not stated how"
    span = f"{_day(row['first_seen_date'])} to {_day(row['last_seen_date'])}"
    count = int(str(row["failed_session_count"]))
    sessions = "1 session" if count == 1 else f"{count:,} sessions"
    text = f"{kind}{host}, told by {row['reporter_name']}: {sessions}, {span}. {row['cause'] or ''}"
    return News(Kind.FAILURE, text.rstrip(), str(row["remedy"] or ""))


def _alert(row: Row, since: datetime) -> list[News]:
    """An alert that opened and closed in these days is told as over."""
    text = f"{row['kind']}: {row['text']}"
    closed, opened = row["closed_at"], row["opened_at"]
    if closed is not None:
        return [News(Kind.ALERT_CLOSED, text)]
    if isinstance(opened, datetime) and opened >= since:
        return [News(Kind.ALERT_OPENED, text, str(row["next_command"]))]
    return []


def _in_order(news: Sequence[News]) -> list[News]:
    order = list(Kind)
    return sorted(news, key=lambda one: order.index(one.kind))


def _ask(warehouse: Asking, sql: str, values: Mapping[str, Parameter]) -> list[Row]:
    return list(warehouse.ask(sql, values, limits=_LIMITS).records())


def _key(row: Row) -> _Key:
    return str(row["policy_domain"] or ""), bool(row["is_sample"])


def _of(given: Inputs) -> _Key:
    return given.policy_domain, given.is_sample


def _day(value: object) -> date | object:
    return value.date() if isinstance(value, datetime) else value

"""Alerts and their facts in the warehouse."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from analytics.alerts import outbox, rows
from analytics.alerts.conditions import BASE_DAYS, EVENT_DAYS, conditions, undecided
from analytics.alerts.ledger import Ledger, look
from analytics.alerts.model import Facts, Failure, Silent, Standing
from analytics.warehouse.base import Change, Limits, Parameter, Warehouse

Row = Mapping[str, object]

_LIMITS = Limits(60.0)

# all that are open, and of those that are over the last one of each thing
_KEPT = """
SELECT *
FROM mta_sts_raw.alerts_v1
WHERE TRUE
QUALIFY
    ROW_NUMBER() OVER (
        PARTITION BY kind, policy_domain, subject, is_sample, closed_at IS NULL
        ORDER BY closed_at DESC, alert_id
    ) = 1
"""
_SILENT = """
SELECT policy_domain, is_sample, operator, operator_name, days_since_last
FROM mta_sts.silent_senders
WHERE silence = 'silent'
"""
_FAILURES = """
SELECT
    policy_domain,
    is_sample,
    result_type,
    MAX(last_seen_date) AS last_seen_date,
    SUM(failed_session_count) AS failed_session_count
FROM mta_sts.enforce_refusals
WHERE is_authenticated AND blocks_enforce AND NOT is_older_text
GROUP BY policy_domain, is_sample, result_type
"""
_STANDINGS = """
SELECT
    policy_domain,
    is_sample,
    policy_id,
    mx_not_covered_hosts,
    error_codes,
    check_outcome,
    certificate_ends_at,
    certificate_host,
    last_report_date
FROM mta_sts.policy_readiness
"""
_DAYS = """
SELECT
    DATE(fetched_at) AS fetch_date,
    COALESCE(COUNTIF(outcome = 'unknown-host'), 0) AS refused_count,
    COUNT(*) AS event_count
FROM mta_sts.policy_fetches
WHERE
    event_source NOT IN ('seed', 'sample')
    AND DATE_DIFF(DATE(CURRENT_TIMESTAMP()), DATE(fetched_at), DAY) <= @days
GROUP BY fetch_date
"""


def refresh(warehouse: Warehouse, at: datetime, channels: Sequence[str] = ()) -> Ledger:
    """Look, keep what opened, went on and closed, and say so; ``channels`` are owed the news.

    Raises:
        WarehouseError: the warehouse cannot be used now; the next look finds the same.
    """
    return keep(warehouse, facts(warehouse), at, channels)


def keep(warehouse: Warehouse, found: Facts, at: datetime, channels: Sequence[str] = ()) -> Ledger:
    """As ``refresh``, from facts that are there.

    Raises:
        WarehouseError: the warehouse cannot be used now.
    """
    before = [rows.alert(row) for row in _ask(warehouse, _KEPT)]
    after = look(before, conditions(found, at), at, undecided(found))
    owed = outbox.owed(warehouse, after, channels, at)
    changes = [Change("alerts_v1", [rows.row(one) for one in after.changed])] * bool(after.changed)
    if owed:
        changes.append(Change(outbox.TABLE, owed))
    if changes:
        warehouse.write_all(changes)
    return after


def facts(warehouse: Warehouse) -> Facts:
    """What the views tell now.

    Raises:
        WarehouseError: the warehouse cannot answer now.
    """
    days = _ask(warehouse, _DAYS, days=BASE_DAYS + EVENT_DAYS + 1)
    return Facts(
        silent=tuple(
            Silent(str(row["policy_domain"]), str(row["operator"]), str(row["operator_name"]),
                   _number(row["days_since_last"]), bool(row["is_sample"]))
            for row in _ask(warehouse, _SILENT)
        ),
        failures=tuple(
            Failure(str(row["policy_domain"]), str(row["result_type"]), _day(row["last_seen_date"]),
                    _number(row["failed_session_count"]), bool(row["is_sample"]))
            for row in _ask(warehouse, _FAILURES)
        ),
        standings=tuple(_standing(row) for row in _ask(warehouse, _STANDINGS)),
        refused=tuple((_day(row["fetch_date"]), _number(row["refused_count"])) for row in days),
        events=tuple((_day(row["fetch_date"]), _number(row["event_count"])) for row in days),
    )  # fmt: skip


def _standing(row: Row) -> Standing:
    last = row["last_report_date"]
    return Standing(
        policy_domain=str(row["policy_domain"]),
        not_covered_hosts=_words(row["mx_not_covered_hosts"]),
        error_codes=_words(row["error_codes"]),
        certificate_ends_at=_maybe(row["certificate_ends_at"]),
        certificate_host=str(row["certificate_host"] or ""),
        last_report_on=_day(last) if last is not None else None,
        is_served=row["policy_id"] is not None,
        is_seen=row["check_outcome"] != "unknown",
        is_sample=bool(row["is_sample"]),
    )


def _ask(warehouse: Warehouse, sql: str, **values: Parameter) -> Sequence[Row]:
    return list(warehouse.ask(sql, values, limits=_LIMITS).records())


def _words(value: object) -> tuple[str, ...]:
    return tuple(word for word in str(value or "").split(", ") if word)


def _number(value: object) -> int:
    return int(str(value))


def _maybe(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, date):
        raise TypeError(f"alerts: expected a day, found {value!r}")
    return value

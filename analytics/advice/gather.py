"""The inputs of the advice, from the views and the policy folder."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from analytics.advice.model import Check, Inputs, Operator, Refused, Served
from analytics.warehouse.base import Asking, Limits, Parameter
from policy.domain import is_domain
from policy.errors import PolicyFileError
from policy.store import PolicyFolder

Row = Mapping[str, object]
_Key = tuple[str, bool]

_LIMITS = Limits(120.0)

_READINESS = "SELECT * FROM mta_sts.policy_readiness {where} ORDER BY policy_domain, is_sample"
_REFUSALS = "SELECT * FROM mta_sts.enforce_refusals {where}"
_OPERATORS = "SELECT * FROM mta_sts.sender_confirmations {where}"


def gather(
    warehouse: Asking,
    folder: PolicyFolder,
    *,
    domain: str | None = None,
    expect: Sequence[str] = (),
) -> tuple[Inputs, ...]:
    """The inputs of one domain, or of every domain of the warehouse, real before sample data.

    One that is in the folder alone, or nowhere, has inputs too if it is named. ``expect`` takes
    the place of the operators that the list expects. A domain whose policy file cannot be served
    is told as one without.

    Raises:
        WarehouseError: the warehouse cannot answer now.
    """
    rows = _ask(warehouse, _READINESS, domain)
    refused = _by_key(_ask(warehouse, _REFUSALS, domain))
    operators = _by_key(_ask(warehouse, _OPERATORS, domain))
    if domain is not None and not rows:
        return (Inputs(domain, served=_served(folder, domain), expected=tuple(expect)),)
    both = {_text(row["policy_domain"]) for row in rows if row["is_sample"]}
    return tuple(
        _inputs(row, folder, refused[_key(row)], operators[_key(row)], expect)
        for row in rows
        if row["is_sample"] or _text(row["policy_domain"]) not in both or _has_evidence(row)
    )


def _inputs(
    row: Row, folder: PolicyFolder, refused: Sequence[Row], operators: Sequence[Row],
    expect: Sequence[str],
) -> Inputs:  # fmt: skip
    changes = [day for day in (_day(row["served_since"]), _day(row["mx_changed_at"])) if day]
    return Inputs(
        policy_domain=_text(row["policy_domain"]),
        is_sample=bool(row["is_sample"]),
        served=_served(folder, _text(row["policy_domain"])),
        served_since=_time(row["served_since"]),
        check=_check(row),
        window_starts_on=_day(row["window_starts_on"]),
        window_reason=_text(row["window_reason"]),
        covered_days=_number(row["covered_day_count"]),
        session_count=_number(row["session_count"]),
        reporter_count=_number(row["reporter_count"]),
        report_count=_number(row["report_count"]),
        last_report_on=_day(row["last_report_date"]),
        unproven_report_count=_number(row["unproven_report_count"]),
        older_text_count=_number(row["older_text_report_count"]),
        refused=tuple(
            _refused(one, max(changes, default=None)) for one in refused if one["is_authenticated"]
        ),
        operators=tuple(_operator(one) for one in operators),
        expected=tuple(expect) or _words(row["expected_operators"]),
        fetch_count=_number(row["fetch_count"]),
        silent=_words(row["silent_operators"]),
        old_policy_until=_time(row["old_policy_until"]),
        longest_max_age=_number(row["longest_max_age"] or 0),
    )


def _check(row: Row) -> Check | None:
    at = _time(row["checked_at"])
    if at is None:
        return None
    return Check(
        at=at,
        outcome=_text(row["check_outcome"]),
        error_codes=_words(row["error_codes"]),
        has_sts_record=bool(row["has_sts_record"]),
        has_tlsrpt_record=bool(row["has_tlsrpt_record"]),
        has_policy=bool(row["has_policy_on_line"]),
        mx_count=_number(row["mx_count"]),
        seen_count=_number(row["mx_right_count"]),
        failing_hosts=_words(row["mx_failing_hosts"]),
        unseen_hosts=_words(row["mx_unseen_hosts"]),
        not_covered_hosts=_words(row["mx_not_covered_hosts"]),
        mx_seen_at=_time(row["mx_seen_at"]),
        certificate_ends_at=_time(row["certificate_ends_at"]),
        certificate_host=_text(row["certificate_host"]),
    )


def _refused(row: Row, changed_on: date | None) -> Refused:
    """A failure; one from before the last change says nothing of what is served now."""
    first, last = _day(row["first_seen_date"]), _day(row["last_seen_date"])
    last_report = _day(row["last_report_date"])
    if first is None or last is None or last_report is None:
        raise TypeError("enforce_refusals: expected days, found none")
    is_of_now = not row["is_older_text"] and (changed_on is None or last >= changed_on)
    return Refused(
        reporter=_text(row["reporter_name"]),
        result_type=_text(row["result_type"]),
        mx_host=_text(row["receiving_mx_hostname"]),
        cause=_text(row["cause"]),
        remedy=_text(row["remedy"]),
        session_count=_number(row["failed_session_count"]),
        first_date=first,
        last_date=last,
        costs_mail=bool(row["costs_mail"]),
        is_blocking=bool(row["blocks_enforce"]) and is_of_now,
        is_over=last < last_report,
    )


def _operator(row: Row) -> Operator:
    times = [at for at in (_time(row["last_fetched_at"]), _time(row["last_report_at"])) if at]
    return Operator(
        slug=_text(row["operator"]),
        name=_text(row["operator_name"]),
        confirmation=_text(row["confirmation"]),
        has_served_policy=bool(row["has_served_policy"]),
        last_seen_at=max(times, default=None),
        evidence=_text(row["evidence"] or row["report_evidence"]),
    )


def _served(folder: PolicyFolder, domain: str) -> Served | None:
    if not is_domain(
        domain
    ):  # a report may state anything, also a name that leads out of the folder
        return None
    try:
        found = folder.served(domain)
    except PolicyFileError:  # review tells why it cannot be served
        return None
    if found is None:
        return None
    return Served(found.body, found.policy_id, str(found.policy.mode), found.policy.max_age)


def _has_evidence(row: Row) -> bool:
    return any(row[name] for name in ("fetch_count", "report_count", "checked_at"))


def _ask(warehouse: Asking, sql: str, domain: str | None) -> list[Row]:
    where = "WHERE policy_domain = @domain" if domain is not None else ""
    values: dict[str, Parameter] = {"domain": domain} if domain is not None else {}
    return list(warehouse.ask(sql.format(where=where), values, limits=_LIMITS).records())


def _by_key(rows: Sequence[Row]) -> dict[_Key, list[Row]]:
    found: dict[_Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[_key(row)].append(row)
    return found


def _key(row: Row) -> _Key:
    return _text(row["policy_domain"]), bool(row["is_sample"])


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _number(value: object) -> int:
    return int(str(value))


def _words(value: object) -> tuple[str, ...]:
    return tuple(word for word in _text(value).split(", ") if word)


def _time(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _day(value: object) -> date | None:
    return (
        value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None
    )

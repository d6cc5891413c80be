"""An alert as a row of alerts_v1, and back."""

from collections.abc import Mapping
from datetime import datetime

from analytics.alerts.model import Alert, Condition, Kind

Row = Mapping[str, object]


def alert(row: Row) -> Alert:
    """The alert that a row holds."""
    return Alert(
        str(row["alert_id"]),
        Condition(
            Kind(str(row["kind"])),
            str(row["policy_domain"]),
            str(row["subject"]),
            str(row["text"]),
            str(row["next_command"]),
            bool(row["is_sample"]),
        ),
        _time(row["opened_at"]),
        _time(row["last_seen_at"]),
        _maybe(row["closed_at"]),
    )


def row(one: Alert) -> Row:
    """The row that holds an alert."""
    said = one.condition
    return {
        "alert_id": one.alert_id,
        "kind": str(said.kind),
        "policy_domain": said.policy_domain,
        "subject": said.subject,
        "text": said.text,
        "next_command": said.next_command,
        "opened_at": one.opened_at,
        "last_seen_at": one.last_seen_at,
        "closed_at": one.closed_at,
        "is_sample": said.is_sample,
    }


def _time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"alerts: expected a time, found {value!r}")
    return value


def _maybe(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None

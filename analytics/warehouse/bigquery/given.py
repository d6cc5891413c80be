"""Events that came by no log sink: those of a server's own log, into ``policy_fetches_v1``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.senders.model import Client
from analytics.warehouse import events
from analytics.warehouse.base import Loaded, Rejected
from analytics.warehouse.bigquery.jobs import Deadline
from analytics.warehouse.bigquery.loads import Loader
from analytics.warehouse.bigquery.rows import Row, parameter
from analytics.warehouse.catalogue import Column
from analytics.warehouse.clients import client_key
from analytics.warehouse.events import NotAnEventError

_OURS = ("client_key", "loaded_at")  # columns that no event has
_EVENTS = (
    ("policy_fetches_v1", "given"),
    ("clients_v1", "merge"),
    ("client_versions_v1", "merge"),
    ("policy_versions_v1", "merge"),
    ("policy_versions_v1", "latest"),
)
_POSITION = ("load_positions_v1", "given")
_LAST = "SELECT MAX(loaded_at) FROM mta_sts_raw.load_positions_v1"
_TICK = timedelta(microseconds=1)
_EMPTY_COUNTS = {"user_agent": "has_user_agent", "accept": "has_accept"}


@dataclass(frozen=True, slots=True)
class Given:
    """Writes events, what is kept up beside them, and a position, in one transaction.

    They go as one parameter: five hundred of the longest fit, since a request may have 10 MB.
    """

    loader: Loader

    def take_in(
        self, lines: Sequence[str], position: Mapping[str, object], at: datetime, deadline: Deadline
    ) -> Loaded:
        """Write what is not there yet, and how far its source was read.

        Raises:
            OF_THE_LIBRARY: what went wrong, as the library says it; nothing was written.
        """
        loaded, rows = Loaded(), list[Row]()
        columns = self._columns()
        for number, line in enumerate(lines):
            try:
                if (text := events.reread(line, columns)) is not None:
                    rows.append(_row(columns, json.loads(text)["fetch"]))
            except NotAnEventError as error:
                loaded.rejected_count += 1
                rejected = Rejected(str(position["source_name"]), number, str(error))
                loaded.rejected += [rejected][: Loaded.SHOWN - len(loaded.rejected)]
        once = list({row["event_id"]: row for row in rows}.values())
        loaded.rows = self.loader.jobs.patiently(
            lambda: self._write(once, position, at, deadline), deadline
        )
        loaded.duplicates = len(rows) - loaded.rows
        return loaded

    def _columns(self) -> list[Column]:
        schema = self.loader.catalogue.schema("policy_fetches_v1")
        return [column for column in schema.columns if column.name not in _OURS]

    def _write(
        self, rows: Sequence[Row], position: Mapping[str, object], at: datetime, deadline: Deadline
    ) -> int:
        """How many were new. What was written before, and not heard of, has an earlier time."""
        ((last,),) = self.loader.jobs.rows(_LAST, (), deadline)
        loaded_at = max(at, last + _TICK) if isinstance(last, datetime) else at
        told = {name: _plain(value) for name, value in position.items()} | {"loaded_at": loaded_at}
        if not rows:
            self.loader.run([_POSITION], deadline, then=None, **told)
            return 0
        schema = self.loader.catalogue.schema("policy_fetches_v1")
        given = parameter("given", [c for c in schema.columns if c.name != "loaded_at"], rows)
        since = min(_time(row["fetched_at"]) for row in rows)
        self.loader.run(
            [*_EVENTS, _POSITION], deadline, given, then=None, since=since, at=at, **told
        )
        (count,) = self.loader.run(
            [("policy_fetches_v1", "given_count")], deadline, since=since, loaded_at=loaded_at
        )
        return int(count[0])


def _row(columns: Sequence[Column], fetch: Mapping[str, object]) -> Row:
    """An event as the table has it: absent text is NULL, and the client has its key."""
    row: dict[str, object] = {}
    for column in columns:
        value = fetch[column.name]
        if column.type == "TIMESTAMP":
            value = datetime.fromisoformat(str(value))
        elif column.name in _EMPTY_COUNTS:
            value = value if fetch[_EMPTY_COUNTS[column.name]] else None
        elif value == "" or (column.name == "policy_max_age" and not fetch["policy_id"]):
            value = None
        row[column.name] = value
    row["client_key"] = client_key(
        Client(
            address=_text(row["client_ip"]),
            prefix=_text(row["client_prefix"]),
            user_agent=_text(row["user_agent"]) if row["has_user_agent"] else None,
            accept=_text(row["accept"]) if row["has_accept"] else None,
            accept_encoding=_text(row["accept_encoding"]),
            cache_control=_text(row["cache_control"]),
            content_type=_text(row["content_type"]),
            is_user_agent_logged=row["has_user_agent"] is not None,
            are_headers_logged=row["has_accept"] is not None,
        )
    )
    return row


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _plain(value: object) -> str | int:
    return value if isinstance(value, int) else _text(value)


def _time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"expected a time, found {value!r}")
    return value

"""Events, files and warehouses for tests, each with defaults for what a test is not about."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from analytics.warehouse.base import Limits, Values
from analytics.warehouse.duckdb import DeskWarehouse
from policy.events import EventSource, FetchEvent, Outcome, line

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
START = datetime(2026, 11, 1, tzinfo=UTC)
LIMITS = Limits(20)
FILE = "2026-11-01.jsonl"


def event(
    number: int,
    *,
    at: datetime | None = None,
    outcome: Outcome = Outcome.SERVED,
    user_agent: str | None = "Postfix",
    accept: str | None = None,
    path: str = "/.well-known/mta-sts.txt",
    domain: str = "example.com",
    source: EventSource = EventSource.FUNCTION,
) -> bytes:
    """The line of event ``number``, a second after the one before."""
    is_served = outcome is Outcome.SERVED
    return line(
        FetchEvent(
            event_id=f"{number:032x}",
            fetched_at=at or START + timedelta(seconds=number),
            message="a fetch",
            policy_domain=domain,
            policy_host=f"mta-sts.{domain}" if domain else "",
            policy_id="0123456789abcdef0123" if is_served else "",
            policy_fingerprint="ffff" if is_served else "",
            policy_mode="testing" if is_served else "",
            policy_max_age=604800 if is_served else 0,
            http_method="GET",
            path=path,
            http_status=200 if is_served else 404,
            outcome=outcome,
            client_ip="192.0.2.1",
            client_ip_source="peer",
            client_prefix="192.0.2.0/24",
            forwarded_for="",
            user_agent=user_agent,
            accept=accept,
            accept_encoding="",
            cache_control="",
            content_type="",
            http_protocol="HTTP/1.1",
            response_bytes=90,
            trace_id="",
            span_id="",
            event_source=source,
        ),
        latency_us=150,
    )


def changed(number: int, **changes: object) -> bytes:
    """The line of event ``number`` with other values in its fetch; ``...`` takes a key away."""
    entry = json.loads(event(number))
    for name, value in changes.items():
        if value is ...:
            del entry["fetch"][name]
        else:
            entry["fetch"][name] = value
    return json.dumps(entry).encode() + b"\n"


@cache
def _empty() -> bytes:
    """A warehouse file as the first load makes it; making it takes longer than most tests."""
    with TemporaryDirectory() as home:
        desk = Desk(Path(home), is_made=False)
        desk.warehouse.load(NOW)
        return desk.path.read_bytes()


class Desk:
    """A home with an events folder, and its warehouse: an empty one, or none where not ``is_made``."""

    def __init__(
        self,
        home: Path,
        *,
        retention_days: int = 400,
        chunk_bytes: int = 2**20,
        wait_s: float = 30,
        tell: Callable[[str], None] = lambda _text: None,
        is_made: bool = True,
    ) -> None:
        self.events = home / "events"
        self.events.mkdir(parents=True, exist_ok=True)
        self.path = home / "warehouse.duckdb"
        if is_made and not self.path.exists():
            self.path.write_bytes(_empty())
        self.warehouse = DeskWarehouse(
            self.path,
            events_folder=self.events,
            retention_days=retention_days,
            chunk_bytes=chunk_bytes,
            wait_s=wait_s,
            tell=tell,
        )

    def append(self, *lines: bytes, name: str = FILE) -> None:
        """Write to the end of an event file, as a server does."""
        with (self.events / name).open("ab") as file:
            file.write(b"".join(lines))

    def rows(self, sql: str) -> list[Values]:
        """The answer to a query."""
        return list(self.warehouse.ask(sql, limits=LIMITS))

    def numbers(self) -> list[int]:
        """The numbers of the events that are in the table, in their order."""
        sql = "SELECT event_id FROM mta_sts_raw.policy_fetches_v1 ORDER BY event_id"
        return [int(str(event_id), 16) for (event_id,) in self.rows(sql)]

"""Lines of logs for tests, and a desk that takes them in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from analytics.accesslog import files
from analytics.accesslog.fetches import Reading
from analytics.accesslog.model import Format
from analytics.accesslog.taking import Rules, Taken, take, texts
from analytics.warehouse.duckdb import DeskWarehouse
from policy.address import ClientIp, rule
from policy.store import PolicyFolder
from tests.analytics.build import LIMITS, NOW, Desk

SINCE = NOW - timedelta(days=400)
HOST = "mta-sts.example.com"
POLICY = "version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: mail.example.com\r\n"
OTHER = POLICY.replace("mail.", "mx1.mail.")


def combined(
    second: int = 0, *, path: str = "/.well-known/mta-sts.txt", agent: str = "Postfix",
    status: int = 200, size: int = len(POLICY), method: str = "GET",
) -> str:  # fmt: skip
    """A line of the combined format."""
    return (
        f"192.0.2.1 - - [20/Nov/2026:10:{second // 60:02}:{second % 60:02} +0000] "
        f'"{method} {path} HTTP/1.1" {status} {size} "-" "{agent}"\n'
    )


def reading(desk: Desk | None = None, host: str = "", client: str = "peer") -> Reading:
    """What is set; the texts are those that the desk knows."""
    known = texts(desk.warehouse) if desk else {}
    return Reading(rule(client), ClientIp.FULL, host, known)


def took(
    desk: Desk, path: Path, *, host: str = "", at: datetime = NOW, batch: int = 5_000,
    format_: Format | None = None, is_again: bool = False,
) -> Taken:  # fmt: skip
    """Take a log in, and say what became of it."""
    file = files.known(path)
    assert file is not None
    rules = Rules(reading(desk, host), SINCE, format_, is_again, batch)
    return take(desk.warehouse, file, rules, at, lambda _done, _all: None)


def rows(desk: Desk, columns: str = "*") -> list[Mapping[str, object]]:
    """The fetches that are there, the oldest first."""
    sql = f"SELECT {columns} FROM mta_sts_raw.policy_fetches_v1 ORDER BY fetched_at, event_id"  # noqa: S608
    return list(desk.warehouse.ask(sql, limits=LIMITS).records())


def serving(desk: Desk, folder: Path, *bodies: str, at: datetime) -> None:
    """Let the desk know that these texts were in its policy folder, a day after each other."""
    folder.mkdir(exist_ok=True)
    warehouse = DeskWarehouse(
        desk.path, events_folder=desk.events, retention_days=400, policies=PolicyFolder(folder)
    )
    for number, body in enumerate(bodies):
        (folder / "example.com.txt").write_bytes(body.encode())
        warehouse.load(at + timedelta(days=number))

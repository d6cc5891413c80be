"""What the advice and the page of a domain read: of one domain, and of all of a provider's."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from analytics.advice.gather import gather
from analytics.warehouse.base import Asking, Limits
from analytics.warehouse.duckdb import DeskWarehouse
from policy.store import PolicyFolder
from tests.bench import estate
from tests.bench.result import AtMost, Limit, Result
from tests.bench.watch import rounds

LIMITS = Limits(300)
# so that the page, its charts and the start of the process have the rest of 5, 10 and 20 seconds
ONE_S, INDEX_S, ALL_S = AtMost(4), AtMost(9), AtMost(18)

# as a page asks: its columns by name, the last 90 days of what is daily
DAILY = (
    "SELECT DATE(fetched_at) AS fetch_date, operator, verdict, COUNT(*) AS fetch_count "
    "FROM mta_sts.policy_fetches WHERE policy_domain = @domain "
    "AND fetched_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 DAY) "
    "GROUP BY fetch_date, operator, verdict"
)
SESSIONS = (
    "SELECT report_date, SUM(session_count) AS session_count FROM mta_sts.tlsrpt_results_daily "
    "WHERE policy_domain = @domain GROUP BY report_date"
)
PAGE = (
    DAILY,
    SESSIONS,
    "SELECT * FROM mta_sts.policy_rollout WHERE policy_domain = @domain",
    "SELECT * FROM mta_sts.sender_coverage WHERE policy_domain = @domain",
    "SELECT * FROM mta_sts.silent_senders WHERE policy_domain = @domain",
    "SELECT * FROM mta_sts.tlsrpt_failures WHERE policy_domain = @domain",
    "SELECT * FROM mta_sts.check_findings_latest WHERE policy_domain = @domain",
)
# the floor: each fetch is read once, and counted
COUNT = (
    "SELECT policy_domain, COUNT(*) AS n FROM mta_sts_raw.policy_fetches_v1 GROUP BY policy_domain"
)


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Seconds, and how many times those of a count over all fetches."""
    part = 10 if is_quick else 1
    desk = estate.filled(folder, estate.part_of(estate.LARGE, part))
    yield from _results(
        "10 million fetches, page of one domain", desk, folder, estate.ONE, PAGE, ONE_S
    )
    desk = estate.filled(folder, estate.part_of(estate.CUSTOMERS, part))
    yield from _results(
        "3,000 domains, 90 days: page of one", desk, folder, estate.ONE, PAGE, ONE_S
    )
    yield from _results("  advise --all", desk, folder, None, (), ALL_S)
    desk = estate.filled(folder, estate.part_of(estate.MANY, part))
    yield from _results("10,000 domains: page of one", desk, folder, estate.ONE, PAGE, ONE_S)
    yield from _results("  advise --all, as for the index", desk, folder, None, (), INDEX_S)


def _results(
    name: str,
    desk: DeskWarehouse,
    folder: Path,
    domain: str | None,
    more: Sequence[str],
    limit: Limit,
) -> Iterator[Result]:
    mine, floor, spent = [], [], []
    for _round in rounds(name, 3):
        before = time.process_time()
        mine.append(_read_s(desk, folder, domain, more))
        spent.append(time.process_time() - before)
        floor.append(_asked_s(desk, COUNT))
    yield Result(name, "s", tuple(mine), tuple(floor), limit)
    yield Result("  processor time of it", "s", tuple(spent))


def _read_s(desk: DeskWarehouse, folder: Path, domain: str | None, more: Sequence[str]) -> float:
    start = time.monotonic()
    with desk.asking(domain) as asked:
        found = gather(asked, PolicyFolder(folder / "policies"), domain=domain)
        for sql in more:
            _asked_s(asked, sql, domain)
    if not found:
        raise RuntimeError("expected inputs of the advice, found none")
    return time.monotonic() - start


def _asked_s(asking: Asking, sql: str, domain: str | None = None) -> float:
    start = time.monotonic()
    asking.ask(sql, {} if domain is None else {"domain": domain}, limits=LIMITS)
    return time.monotonic() - start

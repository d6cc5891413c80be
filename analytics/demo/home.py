"""Where the demo may write: a home that holds nothing, or an earlier demo; never one with real data."""

from collections.abc import Iterable
from pathlib import Path

from analytics.errors import AnalyticsError
from analytics.warehouse.base import Limits, Warehouse
from policy.store import SAMPLE_FILE, SUFFIX, PolicyFolder

_LIMITS = Limits(60.0)

REAL = """
SELECT
    (SELECT COUNT(*) FROM mta_sts_raw.policy_fetches_v1 WHERE event_source != 'sample')
    + (SELECT COUNT(*) FROM mta_sts_raw.tlsrpt_raw_v1 WHERE NOT is_sample)
    + (SELECT COUNT(*) FROM mta_sts_raw.checks_v1 WHERE NOT is_sample) AS real_count
"""


class RealDataError(AnalyticsError):
    """The demo would be written beside data that is not its own."""

    code = "demo-refused"
    exit_status = 2


def is_demo(home: Path) -> bool:
    """Whether an earlier demo was written there."""
    return (home / "policies" / SAMPLE_FILE).exists()


def refuse_files(home: Path, warehouse: Path, domains: Iterable[str]) -> None:
    """Refuse a home that holds anything but an earlier demo.

    Raises:
        RealDataError: it does.
    """
    found = [*home.glob("events/*"), *home.glob("tlsrpt/*")]
    policies = home.glob(f"policies/*{SUFFIX}")
    if is_demo(home):
        ours = {f"{domain}{SUFFIX}" for domain in domains}
        found = [*home.glob("tlsrpt/*"), *(path for path in policies if path.name not in ours)]
    else:
        found += [*policies, *([warehouse] if warehouse.exists() else [])]
    if found:
        raise RealDataError(
            f"expected an empty home or an earlier demo, found {_short(found[0])}; a home of its own: "
            "MTA_STS_HOME=var/demo mta-sts demo"
        )


def refuse_rows(warehouse: Warehouse, home: Path) -> None:
    """Refuse an earlier demo that real data was brought into since.

    Raises:
        RealDataError: it was.
    """
    ((count,),) = warehouse.ask(REAL, limits=_LIMITS)
    if count:
        rows = "1 row" if count == 1 else f"{count:,} rows"
        raise RealDataError(
            f"{_short(home)}: expected an earlier demo, found {rows} of real data in it; a home of its "
            "own: MTA_STS_HOME=FOLDER mta-sts demo"
        )


def clear(home: Path, warehouse: Path) -> None:
    """Take an earlier demo away, its mark last.

    Raises:
        OSError: something of it cannot be removed.
    """
    if not is_demo(home):
        return
    folder = PolicyFolder(home / "policies")
    for path in (warehouse, warehouse.with_name(f"{warehouse.name}.wal")):
        path.unlink(missing_ok=True)
    for path in [*home.glob("events/*.jsonl"), *map(folder.path, folder.domains())]:
        path.unlink(missing_ok=True)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)

"""make bench: print each figure beside its peer's; exit 1 where a limit is missed."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tests.bench import (
    advice,
    check,
    cloud,
    ingested,
    many,
    memory,
    reports,
    start,
    throughput,
    told,
    warehouse,
    who,
)
from tests.bench.result import HEAD, Result


class Measure(Protocol):
    """A module's results, in a folder that is its own."""

    def __call__(self, folder: Path, *, is_quick: bool) -> Iterator[Result]:
        """Measure."""
        ...


MEASURES: dict[str, Measure] = {
    "start": start.results,
    "throughput": throughput.results,
    "memory": memory.results,
    "many": many.results,
    "warehouse": warehouse.results,
    "who": who.results,
    "reports": reports.results,
    "ingested": ingested.results,
    "told": told.results,
    "advice": advice.results,
    "check": check.results,
    "cloud": cloud.results,
}


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument(
        "--only", action="append", choices=MEASURES, metavar="NAME", help=", ".join(MEASURES)
    )
    chosen = parser.parse_args()
    client = "wrk" if shutil.which("wrk") else "a client of its own (no wrk here)"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Python {version}, {os.cpu_count()} processors, load {load}; requests by {client}")
    print("Medians of rounds that take turns, least and greatest in brackets.")
    print(HEAD)
    is_ok = True
    for name in chosen.only or MEASURES:
        with tempfile.TemporaryDirectory(prefix="sts-bench-") as folder:
            for result in MEASURES[name](Path(folder), is_quick=chosen.quick):
                print(result, flush=True)
                is_ok &= result.is_ok
    return 0 if is_ok else 1


if __name__ == "__main__":
    sys.exit(main())

"""What a long ingest takes: in a process of its own, since memory is never given back."""

import subprocess
import sys
from pathlib import Path

from tests.analytics.build import Desk
from tests.host import ROOT

ITEMS = 50_000
MOST_MIB = 400  # two batches of 10,000 reports, and DuckDB

INGESTS = """
import sys
from pathlib import Path
from analytics.tlsrpt.ingest import ingest
from tests.analytics.build import NOW, Desk
from tests.tlsrpt.build import RULES, document, item, policy, text
from tests.tlsrpt.hostile import peak_mib
desk = Desk(Path(sys.argv[1]), is_made=False)
items = (
    item(text(document(str(number), policies=[policy(failed=number % 2)])), str(number))
    for number in range(int(sys.argv[2]))
)
count = sum(1 for _taken in ingest(desk.warehouse, items, RULES, at=NOW))
print(count, int(peak_mib()))  # ru_maxrss would have that of the test runner in it
"""


def test_memory_does_not_grow_with_the_number_of_items(tmp_path: Path) -> None:
    Desk(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", INGESTS, str(tmp_path), str(ITEMS)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    count, peak_mib = map(int, done.stdout.split())
    assert count == ITEMS
    assert peak_mib < MOST_MIB

"""What hostile items take: each in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")

RATIO = "gzip: expected at most 184"
LIMITS = [  # item, most MiB of the process, what is told
    ("bomb", 100, [RATIO]),
    ("zip-bomb", 100, ["1 details", "zip: expected at most 61"]),
    ("many-details", 100, ["5000 details"]),
    ("many-values", 100, ["JSON: expected at most 1200000 values, found about 4000003"]),
    ("deep", 100, ["JSON: expected at most 32 levels, found more"]),
    ("bomb-at-the-ratio", 300, ["JSON: expected at most 33554432 bytes where JSON has to be repaired, found "]),
    ("mail", 200, ["mail: expected a part of application/tlsrpt+json or application/tlsrpt+gzip, found no type"]),
    ("repaired", 400, ["1 details"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "most", "expected"), LIMITS)
def test_memory_is_bounded(name: str, most: int, expected: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.tlsrpt.hostile", name],
        capture_output=True,
        check=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    before, after, told, _size = json.loads(run.stdout)
    assert len(told) == len(expected)
    for found, start in zip(sorted(told), sorted(expected), strict=True):
        assert found.startswith(start)
    assert before <= after < most

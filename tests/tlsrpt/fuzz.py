"""Reports bent at random, from samples: python -m tests.tlsrpt.fuzz --minutes 10.

Whatever bytes come, there is no exception but ours, and what is read can be kept: texts that are
UTF-8, counts that a column holds, domains that are domains, codes that are registered.
"""

import argparse
import gzip
import json
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from analytics.tlsrpt import containers, parse
from analytics.tlsrpt.errors import ReportError, SeveralReportsError
from analytics.tlsrpt.hints import Context
from analytics.tlsrpt.limits import MAX_INTEGER, MAX_TEXT
from analytics.tlsrpt.model import FailureDetail, Report
from analytics.tlsrpt.quirks import REGISTER
from policy.domain import is_domain
from tests.tlsrpt.documents import DATA, value

_MOST_BYTES = 20_000  # of a sample; larger ones say nothing more
_MOST_MIB = 400  # that a process of ten minutes may hold
_SHARED = Path(__file__).parents[3] / "shared" / "samples" / "tlsrpt"


@cache
def samples() -> tuple[bytes, ...]:
    """Our own samples, and the measured ones where they stand beside the checkout."""
    found = {path for folder in (DATA, _SHARED) for path in folder.glob("*/*") if path.is_file()}
    texts = [path.read_bytes() for path in sorted(found) if path.name != "index.csv"]
    return tuple(text for text in texts if len(text) <= _MOST_BYTES)


def read(data: bytes, context: Context | None = None) -> list[Report]:
    """Take an item in, and hold what comes out to what its readers count on."""
    found = containers.unpack(data)
    assert bool(found.other) != bool(found.parts or found.refused)
    assert len({part.member for part in found.parts}) == len(found.parts)
    for refused in found.refused:
        json.dumps([refused.member, refused.reason], ensure_ascii=False).encode()
    reports = []
    parts = list(found.parts)
    while parts:
        part = parts.pop(0)
        json.dumps([part.member, part.file_name, part.report_domain], ensure_ascii=False).encode()
        assert set(part.quirks) <= set(REGISTER)
        around = context or Context(part.report_domain, part.file_name)
        try:
            report = parse.report(part.data, around)
        except SeveralReportsError as several:
            parts += containers.split(part, several.texts)
            continue
        except ReportError as error:
            str(error).encode()
            continue
        _held(report)
        reports.append(report)
    return reports


def _held(report: Report) -> None:
    assert set(report.quirks) <= set(REGISTER)
    assert list(report.quirks) == sorted(set(report.quirks))
    assert report.range_started_at <= report.range_ended_at
    assert len(report.content_hash) == len(report.report_key) == 64
    for text in (report.report_id, report.organization_name, report.contact_info):
        _kept(text)
    for policy in report.policies:
        assert not policy.policy_domain or is_domain(policy.policy_domain)
        for count in (policy.successful_session_count, policy.failed_session_count):
            assert count is None or 0 <= count <= MAX_INTEGER
        for text in (policy.policy_type, policy.stated_policy_domain, *policy.mx_hosts):
            _kept(text)
        "\n".join(policy.policy_string).encode()
        for detail in policy.failure_details:
            _detail(detail)


def _detail(detail: FailureDetail) -> None:
    count = detail.failed_session_count
    assert count is None or 0 <= count <= MAX_INTEGER
    _kept(detail.result_type)
    _kept(detail.receiving_mx_hostname)
    _kept(detail.failure_reason_code)
    _kept(detail.additional_information)


def _kept(text: str | None) -> None:
    assert text is None or len(text.encode()) <= 4 * MAX_TEXT


def _bent(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Bytes with pieces cut out and others put in."""
    for at, length, piece in edits:
        start = at % (len(data) + 1)
        data = data[:start] + piece + data[start + length :]
    return data


_PIECES = st.binary(max_size=8) | st.sampled_from(
    [b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\ud800", b"null", b"NaN", b"1e999", b"-1"]
    + [
        b"\x1f\x8b\x08",
        b"PK\x05\x06",
        b"\n",
        b"\r\n\r\n",
        b"--b\n",
        b"\xef\xbb\xbf",
        b"\x00",
        b"=20",
    ]
)
_EDITS = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 40), _PIECES), max_size=6)
BENT = st.builds(_bent, st.deferred(lambda: st.sampled_from(samples())), _EDITS)
WRAPPED = BENT | BENT.map(lambda data: gzip.compress(data, mtime=0))

_TEXTS = st.text(max_size=12) | st.sampled_from(
    ["", "sts", "tlsa", "example.com", "mx: a.example", "2026-11-01T00:00:00", "[\"a\"]", "::1", "\ud800"]
)  # fmt: skip
_NUMBERS = st.integers() | st.floats() | st.integers(2**53 - 2, 2**64)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)


def _paths(there: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401 - any JSON
    inner = there.items() if isinstance(there, dict) else enumerate(there) if isinstance(there, list) else ()  # fmt: skip
    return [path, *(each for name, below in inner for each in _paths(below, (*path, name)))]


_PATHS = [path for path in _paths(value()) if path]


def _changed(changes: list[tuple[tuple[str | int, ...], Any]]) -> bytes:
    """The plain report with other values at some places, where those are still there."""
    made: Any = value()
    for path, new in changes:
        place = made
        try:
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = new
        except (TypeError, KeyError, IndexError):
            continue
    return json.dumps(made).encode()


CHANGED = st.builds(_changed, st.lists(st.tuples(st.sampled_from(_PATHS), _JSON), max_size=4))
CONTEXTS = st.builds(
    Context, _TEXTS, _TEXTS | st.just("a!example.com!1793491200!1793577599!1.json")
)


def bent(data: bytes) -> None:
    """Bytes of samples bent, as they are or compressed."""
    read(data)


def changed(data: bytes, context: Context) -> None:
    """A report with other values in places."""
    read(data, context)


def main() -> int:
    """Bend reports for so many minutes; tell how many, and what memory they took."""
    parser = argparse.ArgumentParser(prog="python -m tests.tlsrpt.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1_000_000_000)
    chosen = parser.parse_args()
    count, number, until = 0, chosen.seed, time.monotonic() + chosen.minutes * 60
    while time.monotonic() < until:
        for test in (_run_bent, _run_changed):
            print(f"seed {number}: {test.__name__}, {count} so far", flush=True)
            count += test(number)
            number += 1
    return _told(count)


def _told(count: int) -> int:
    from tests.tlsrpt.hostile import peak_mib

    peak = peak_mib()
    print(f"{count} items, at most {peak:.0f} MiB")
    return 0 if peak < _MOST_MIB else 1


_ROUND = settings(
    max_examples=2_000,
    derandomize=False,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def _run_bent(number: int) -> int:
    done: list[None] = []

    @seed(number)
    @_ROUND
    @given(WRAPPED)
    def run(data: bytes) -> None:
        done.append(None)
        bent(data)

    run()
    return len(done)


def _run_changed(number: int) -> int:
    done: list[None] = []

    @seed(number)
    @_ROUND
    @given(CHANGED, CONTEXTS)
    def run(data: bytes, context: Context) -> None:
        done.append(None)
        changed(data, context)

    run()
    return len(done)


if __name__ == "__main__":
    sys.exit(main())

"""TLS reports: compressed ones and mails into reports, beside parsedmarc 11.1.0 on the same bytes.

Its functions are named, since they do different things: ``extract_report`` with
``parse_smtp_tls_report_json`` decompresses, looks whether some fields are there and makes
dictionaries; ``parse_report_file`` first tries whether it is a DMARC report. *Validated* is what
compares with them: decompressed within limits, every field of its type and range, no name twice, no
unknown name. *Read* is all that we do: names, addresses, times and policies normalised, quirks told.
"""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from analytics.tlsrpt import parse, wire
from analytics.tlsrpt.containers import unpack
from tests.bench import corpus, parsedmarc
from tests.bench.result import Limit, RatioAtLeast, Result
from tests.bench.watch import rounds

PEER = Path(__file__).parents[2] / ".venv" / "peer" / "bin" / "python"
VALIDATED, OF_A_FILE, MAIL = RatioAtLeast(1.5), RatioAtLeast(5), RatioAtLeast(4)

_PASSES = 20


def results(folder: Path, *, is_quick: bool) -> Iterator[Result]:
    """Reports a second, ours and parsedmarc's in turn."""
    reports = corpus.reports()
    mails = corpus.mails(reports)
    large = [corpus.large()]
    count = 2 if is_quick else 5
    for name, items, take, what, limit in _MEASURES:
        chosen = {"mails": mails, "large": large}.get(items, reports)
        yield _compared(folder, name, chosen, take, what, limit, count)


def _validated(item: bytes) -> None:
    for part in unpack(item).parts:
        if wire.plain(part.data) is None:
            raise AssertionError(part.data)  # each of the corpus is as RFC 8460 says


def _read(item: bytes) -> None:
    for part in unpack(item).parts:
        parse.report(part.data)


_MEASURES: tuple[tuple[str, str, Callable[[bytes], None], str, Limit | None], ...] = (
    ("gz → validated, extract + parse_json", "reports", _validated, "json", VALIDATED),
    ("gz → validated, parse_report_file", "reports", _validated, "file", OF_A_FILE),
    ("gz → read, extract + parse_json", "reports", _read, "json", None),
    ("gz → read, parse_report_file", "reports", _read, "file", None),
    ("mail → read, parse_report_email", "mails", _read, "mail", MAIL),
    ("5,000 details → read, extract + …", "large", _read, "json", None),
)


def _compared(
    folder: Path,
    name: str,
    items: list[bytes],
    take: Callable[[bytes], None],
    what: str,
    limit: Limit | None,
    count: int,
) -> Result:
    passes = _PASSES if len(items) > corpus.MAILS else _PASSES // 2
    file = folder / f"{what}.items"
    file.write_bytes(parsedmarc.written(items))
    ours, peer = [], []
    for _round in rounds(name, count):
        ours.append(len(items) / parsedmarc.best(passes, items, take))
        if PEER.exists():
            peer.append(len(items) / _peer_s(file, what, passes if what == "json" else 2))
    if not peer:
        return Result(f"{name} (no {PEER.parent.parent.name})", "/s", tuple(ours))
    return Result(name, "/s", tuple(ours), tuple(peer), limit)


def _peer_s(file: Path, what: str, passes: int) -> float:
    command = [str(PEER), parsedmarc.__file__, str(file), what, str(passes)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return float(run.stdout)

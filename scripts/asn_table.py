"""Make analytics/senders/asn.csv.gz: the blocks of the autonomous systems that networks.csv names.

    python scripts/asn_table.py [FILE.tgz]

The source is the npm package @ip-location-db/asn (CC-BY-4.0; NOTICE names whose data it is). Without
a file ``npm pack`` fetches it. The same package gives the same bytes.
"""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analytics.senders.blocks import Block, block, cover, merged
from analytics.senders.model import ASNS

PACKAGE = "@ip-location-db/asn"
SENDERS = ROOT / "analytics" / "senders"
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})[0-9]{2}")


def main(given: list[str]) -> None:
    """Write the table and say how large it is."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(given[0]) if given else fetched(Path(folder))
        text = table(archive, wanted())
    target = SENDERS / "asn.csv.gz"
    with target.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.encode("ascii"))
    print(f"{target.name}: {text.count(chr(10)) - 1} blocks, {target.stat().st_size} bytes")


def wanted() -> frozenset[str]:
    """The numbers that networks.csv names."""
    with (SENDERS / "networks.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(
            row["value"].removeprefix("AS")
            for row in csv.DictReader(file)
            if row["kind"] in set(ASNS)
        )


def fetched(folder: Path) -> Path:
    """The newest package, as npm fetches it."""
    command = ["npm", "pack", "--silent", PACKAGE]
    name = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603
    return folder / name.stdout.split()[-1]


def table(archive: Path, numbers: frozenset[str]) -> str:
    """The table's text: where it is from, then a block and its number a line."""
    with tarfile.open(archive) as package:
        version = json.loads(_member(package, "package.json"))["version"]
        made = _VERSION.fullmatch(version)
        if made is None:
            raise SystemExit(f"expected a version that ends in a date and hour, found {version!r}")
        day = f"{made['y']}-{made['m']}-{made['d']}"
        lines = [f"# {PACKAGE} {version}, {day}; CC-BY-4.0, see NOTICE"]
        for name in ("asn-ipv4.csv", "asn-ipv6.csv"):
            of: dict[str, list[Block]] = {}
            for first, last, number in _ranges(_member(package, name), numbers):
                of.setdefault(number, []).extend(_blocks(first, last))
            found = [(each, number) for number, blocks in of.items() for each in merged(blocks)]
            lines += [f"{_cidr(each)},{number}" for each, number in sorted(found)]
    return "\n".join(lines) + "\n"


def _member(package: tarfile.TarFile, name: str) -> str:
    file = package.extractfile(f"package/{name}")
    if file is None:
        raise SystemExit(f"{name} is not in the package")
    return file.read().decode("utf-8")


def _ranges(text: str, numbers: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    for first, last, number, _holder in csv.reader(io.StringIO(text)):
        if number in numbers:
            yield first, last, number


def _blocks(first: str, last: str) -> Iterator[Block]:
    low, high = block(first), block(last)
    return cover(low.version, low.start, high.start)


def _cidr(each: Block) -> str:
    text = str(each)
    return text if "/" in text else f"{text}/{each.length}"


if __name__ == "__main__":
    main(sys.argv[1:])

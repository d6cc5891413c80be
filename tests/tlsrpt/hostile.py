"""Items made to take memory or time: python -m tests.tlsrpt.hostile NAME tells what NAME took.

Each is made in the process that reads it, piece by piece, so that making it takes little.
"""

import io
import json
import random
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from analytics.tlsrpt import containers, parse
from analytics.tlsrpt.errors import ReportError
from tests.tlsrpt.documents import text, value

MIB = 1024 * 1024


def _gzip(*pieces: tuple[bytes, int]) -> bytes:
    made = zlib.compressobj(9, wbits=31)
    texts = [made.compress(piece) for piece, times in pieces for _ in range(times)]
    return b"".join(texts) + made.flush()


def bomb() -> bytes:
    """92 kB that become 90 MiB of blanks and a report."""
    return _gzip((b" " * MIB, 90), (text(), 1))


def bomb_at_the_ratio() -> bytes:
    """What is just allowed: 60 MiB out of 0.4 MB."""
    noise = random.Random(8460).randbytes(320_000).hex().encode()  # noqa: S311 - always the same
    return _gzip((b" " * MIB, 60), (b'{"x":"' + noise + b'"}', 1))


def zip_bomb() -> bytes:
    """300 MiB of blanks behind a report."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", text())
        with archive.open("b.json", "w") as file:
            for _ in range(300):
                file.write(b" " * MIB)
    return made.getvalue()


def many_details() -> bytes:
    """A report of 5,000 failure details, about 1 MB."""
    detail = value()["policies"][0]["failure-details"][0]
    details = [{**detail, "sending-mta-ip": f"192.0.2.{n % 256}"} for n in range(5_000)]
    return _gzip((text(**{"policies.0.failure-details": details}), 1))


def many_values() -> bytes:
    """A list of two million empty objects."""
    return b'{"policies":[' + b"{}," * 2_000_000 + b"{}]}"


def deep() -> bytes:
    """100,000 levels of objects."""
    return b'{"a":' * 100_000 + b"1" + b"}" * 100_000


def mail() -> bytes:
    """A mail of 16 MB that holds no report."""
    head = b"From: a@b.example\nTLS-Report-Domain: example.com\n\n"
    return head + (b"x" * 75 + b"\n") * 210_000


def repaired() -> bytes:
    """A report of 30 MB that has to be repaired, with a character that widens all others."""
    return json.dumps(value(**{"x": "y" * 30_000_000, "organization-name": "\U0001f4e7"}), ensure_ascii=False).encode()  # fmt: skip


ITEMS: dict[str, Callable[[], bytes]] = {
    "bomb": bomb,
    "bomb-at-the-ratio": bomb_at_the_ratio,
    "zip-bomb": zip_bomb,
    "many-details": many_details,
    "many-values": many_values,
    "deep": deep,
    "mail": mail,
    "repaired": repaired,
}


def peak_mib() -> float:
    """The most that this process has held."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").split("\n"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmHWM in /proc/self/status")


def main(name: str) -> None:
    """Read the item, then tell: peak before in MiB, peak after, what it held, compressed size."""
    data = ITEMS[name]()
    before = peak_mib()
    found = containers.unpack(data)
    told = [refused.reason for refused in found.refused]
    for part in found.parts:
        try:
            report = parse.report(part.data)
            told.append(f"{len(report.policies[0].failure_details)} details")
        except ReportError as error:
            told.append(str(error))
    print(json.dumps([before, peak_mib(), told, len(data)]))


if __name__ == "__main__":
    main(sys.argv[1])

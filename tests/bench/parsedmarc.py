"""parsedmarc's turn: run by the Python that has it, with a file of items and what to measure.

It prints seconds for one pass over all items, the best of some: python parsedmarc.py FILE WHAT PASSES.
It imports nothing of ours, and ours imports nothing of it.
"""

import importlib
import logging
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

HEAD = struct.Struct("<I")


def written(items: list[bytes]) -> bytes:
    """Items as one file: the length of each before it."""
    return b"".join(HEAD.pack(len(item)) + item for item in items)


def read(data: bytes) -> list[bytes]:
    """The items of such a file."""
    items, at = [], 0
    while at < len(data):
        (size,) = HEAD.unpack_from(data, at)
        items.append(data[at + HEAD.size : at + HEAD.size + size])
        at += HEAD.size + size
    return items


def best(passes: int, items: list[bytes], take: Callable[[bytes], object]) -> float:
    """CPU seconds of the fastest pass, which a busy machine disturbs least; one more goes before."""
    taken = []
    for _pass in range(passes + 1):
        start = time.process_time()
        for item in items:
            take(item)
        taken.append(time.process_time() - start)
    return min(taken[1:])


def main(file: str, what: str, passes: int) -> None:
    """Measure one of parsedmarc's functions."""
    logging.disable(logging.CRITICAL)
    sys.path = [
        place for place in sys.path if Path(place or ".").resolve() != Path(__file__).parent
    ]
    peer = importlib.import_module("parsedmarc")
    takes: dict[str, Callable[[bytes], object]] = {
        "json": lambda item: peer.parse_smtp_tls_report_json(peer.extract_report(item)),
        "file": lambda item: peer.parse_report_file(item, offline=True),
        "mail": lambda item: peer.parse_report_email(item, offline=True),
    }
    print(best(passes, read(Path(file).read_bytes()), takes[what]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

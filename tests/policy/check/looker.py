"""Look at domains in a process of its own, and tell what that took: ``python -m`` this.

Reads the settings as JSON from standard input; writes one line of JSON a domain and one at the end.
"""

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from policy.check.model import Observation
from policy.check.observe import Bounds
from policy.check.run import Settings, observations


def main() -> None:
    """Look."""
    asked = json.load(sys.stdin)
    touched: set[tuple[str, str]] = set()

    def audit(event: str, values: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            touched.add((event, f"{values[1][0]}:{values[1][1]}"))
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            touched.add((event, str(values[0])))

    sys.addaudithook(audit)
    settings = Settings(
        nameserver=tuple(asked["nameserver"]),
        ca_file=asked["ca_file"],
        allow_private=asked["allow_private"],
        bounds=Bounds(deadline_s=asked["deadline_s"]),
        https_port=asked["https_port"],
        smtp_port=asked["smtp_port"],
        authority_port=asked["nameserver"][1],
    )
    before = most_memory_kb()
    start = time.monotonic()
    for seen in observations(asked["domains"], settings):
        print(json.dumps(_told(seen)))
    took_s = time.monotonic() - start
    more = most_memory_kb() - before
    print(json.dumps({"took_s": took_s, "more_kb": more, "touched": sorted(touched)}))


def most_memory_kb() -> int:
    """The most that this process ever had; ``ru_maxrss`` has that of who started it in it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (found,) = re.findall(r"^VmHWM:\s*([0-9]+) kB$", status, re.MULTILINE)
    return int(found)


def _told(seen: Observation) -> dict[str, Any]:
    faults = [each.fault for each in seen.policy_host.seen]
    faults += [talk.fault for mx in seen.mx_hosts for talk in mx.seen]
    answers = [each.answer for each in seen.policy_host.seen if each.answer]
    return {
        "domain": seen.domain,
        "took_s": seen.took_s,
        "faults": [[each.step, each.how, each.reason] for each in faults if each],
        "bodies": [len(answer.body) for answer in answers],
        "statuses": [answer.status for answer in answers],
        "mx": len(seen.mx.resolver.values),
        "mx_reason": seen.mx.resolver.reason,
        "mx_left_out": seen.mx_left_out,
    }


if __name__ == "__main__":
    main()

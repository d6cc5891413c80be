"""What checkdmarc makes of the measured cases. Runs in its own environment: cases in, words out.

Reads the JSON of the cases on standard input and prints one JSON object, by the number of a case.
"""

import base64
import json
import sys

from checkdmarc.mta_sts import (
    MTASTSError,
    mx_in_mta_sts_patterns,
    parse_mta_sts_policy,
    parse_mta_sts_record,
)


def policy(case: dict[str, str]) -> list[object]:
    """Mode, max_age and the number of mx, or nothing where it is refused."""
    text = base64.b64decode(case["b64"]).decode("utf-8", "replace")  # as response.text is
    try:
        read = parse_mta_sts_policy(text)["policy"]
    except MTASTSError:
        return []
    return [read["mode"], read["max_age"], len(read["mx"])]


def record(case: dict[str, str]) -> list[object]:
    """The id, or nothing where the record is refused."""
    text = base64.b64decode(case["b64"]).decode("latin-1")
    try:
        found = parse_mta_sts_record(text)["tags"]["id"]
        return [found["value"] if isinstance(found, dict) else found]
    except MTASTSError:
        return []


cases = json.load(sys.stdin)
said: dict[str, object] = {case["id"]: policy(case) for case in cases["policy"]}
said |= {case["id"]: record(case) for case in cases["txt"]}
said |= {
    case["id"]: mx_in_mta_sts_patterns(case["host"], [case["pattern"]]) for case in cases["match"]
}
print(json.dumps(said))

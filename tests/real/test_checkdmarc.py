"""Every measured case through checkdmarc 6.0.4 beside ours: where they differ, and who is right.

Each difference stands here with the section that decides; one more or one less fails.
"""

import base64
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from policy import parse, txt
from policy.errors import RecordSyntaxError
from policy.model import MxPattern

pytestmark = pytest.mark.real

HERE = Path(__file__)
PEER = HERE.parents[2] / ".venv" / "checker" / "bin" / "python"
OURS, OPEN = "ours", "open"

# the case: who is right, by which words
DIFFERENCES: Mapping[str, tuple[str, str]] = {
    "P06": (OURS, "RFC 8461, 3.2: sts-policy-record ends in one sts-policy-term at most"),
    "P07": (OURS, "RFC 8461, 3.2: between two terms there is a field"),
    "P08": (OURS, "RFC 8461, 3.2: the record begins with a field"),
    "P72": (OPEN, "RFC 8461, 3.3: a limit of 64 KB is suggested, and ours is that one"),
    "P75": (OURS, "RFC 8461, 3.2: sts-policy-vchar is ASCII or UTF-8; they decode with a loss"),
    "T04": (OPEN, "RFC 8461, 3.1: the prose discards it, the grammar does not (erratum 6285)"),
    "T12": (OURS, "RFC 8461, 3.1: it does not begin with 'v=STSv1;'; they strip the blank"),
    "T20": (OURS, "RFC 8461, 3.1: it does not begin with 'v=STSv1;'; they strip the quotes"),
    "T23": (OURS, "RFC 8461, 3.1: sts-field-delim has the only WSP, beside ';'"),
    "M07": (OURS, "RFC 8461, 4.1: the root dot is no part of the name; they leave it to the caller"),
}  # fmt: skip


@pytest.fixture(scope="module")
def said(shared: Path) -> tuple[dict[str, object], dict[str, object]]:
    """What ours and theirs say of every case."""
    if not PEER.exists():
        pytest.skip(f"needs {PEER.relative_to(HERE.parents[2])} (make .venv/.checker)")
    raw = (shared / "data/policies/public_cases.json").read_bytes()
    done = subprocess.run(
        [PEER, HERE.with_name("checkdmarc_says.py")],
        input=raw,
        capture_output=True,
        check=True,
        timeout=60,
    )
    cases = json.loads(raw)
    ours: dict[str, object] = {case["id"]: policy(case) for case in cases["policy"]}
    ours |= {case["id"]: record(case) for case in cases["txt"]}
    ours |= {
        case["id"]: MxPattern(case["pattern"]).matches(case["host"]) for case in cases["match"]
    }
    return ours, json.loads(done.stdout)


def policy(case: Mapping[str, str]) -> list[object]:
    """Mode, max_age and the number of mx, or nothing where it is refused."""
    read = parse.reading(base64.b64decode(case["b64"])).policy
    return [] if read is None else [str(read.mode), read.max_age, len(read.mx)]


def record(case: Mapping[str, str]) -> list[object]:
    """The id, or nothing where the record is refused."""
    try:
        return [txt.sts_record(base64.b64decode(case["b64"])).policy_id]
    except RecordSyntaxError:
        return []


def test_all_cases_are_compared(said: tuple[dict[str, object], dict[str, object]]) -> None:
    ours, theirs = said
    assert len(ours) == 76 + 24 + 12
    assert ours.keys() == theirs.keys()


def test_each_difference_is_known_and_has_its_section(
    said: tuple[dict[str, object], dict[str, object]],
) -> None:
    ours, theirs = said
    differ = {number for number, words in ours.items() if words != theirs[number]}
    assert differ == set(DIFFERENCES)
    for number in sorted(differ):
        who, why = DIFFERENCES[number]
        print(f"{number}: ours {ours[number]}, checkdmarc {theirs[number]}; {who}: {why}")


def test_where_ours_is_right_the_case_says_so(
    said: tuple[dict[str, object], dict[str, object]], shared: Path
) -> None:
    cases = json.loads((shared / "data/policies/public_cases.json").read_bytes())
    verdicts = {case["id"]: case["v"] for case in (*cases["policy"], *cases["txt"])}
    ours, _theirs = said
    for number, (who, _why) in DIFFERENCES.items():
        if who == OURS and number in verdicts:
            assert verdicts[number] == ("A" if ours[number] else "R")

"""The measured cases beside the checkout: each comes out as its verdict says.

Two are open in the RFC. P61, an IPv4 address as mx: read, and an error in a review. P72, more than
64 KiB: refused. docs/decisions.md says why.
"""

import base64
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policy import measured, parse, review, txt
from policy.errors import RecordSyntaxError
from policy.model import MxPattern
from policy.register import REGISTER

# The first fault of each policy case that is refused; all others are accepted.
REFUSED = {
    "P03": "policy-bare-cr",
    "P06": "policy-blank-line",
    "P07": "policy-blank-line",
    "P08": "policy-blank-line",
    "P09": "policy-bom",
    "P10": "policy-not-utf8",
    "P13": "field-name-blank",
    "P14": "field-name-blank",
    "P22": "field-value-empty",
    "P23": "version-missing",
    "P25": "version-invalid",
    "P26": "version-invalid",
    "P27": "version-missing",
    "P28": "mode-missing",
    "P29": "max-age-missing",
    "P30": "mode-invalid",
    "P31": "mode-invalid",
    "P34": "mx-missing",
    "P35": "mx-missing",
    "P38": "max-age-out-of-range",
    "P39": "max-age-invalid",
    "P40": "max-age-invalid",
    "P42": "max-age-invalid",
    "P43": "max-age-invalid",
    "P44": "max-age-invalid",
    "P45": "max-age-invalid",
    "P46": "max-age-invalid",
    "P47": "max-age-out-of-range",
    "P48": "max-age-invalid",
    "P49": "max-age-invalid",
    "P51": "mx-wildcard-invalid",
    "P52": "mx-wildcard-invalid",
    "P53": "mx-wildcard-invalid",
    "P54": "mx-wildcard-invalid",
    "P55": "mx-empty",
    "P57": "mx-final-dot",
    "P58": "mx-not-ascii",
    "P60": "mx-underscore",
    "P62": "mx-address-literal",
    "P63": "mx-address-literal",
    "P64": "mx-list",
    "P65": "mx-list",
    "P67": "policy-comment",
    "P68": "line-malformed",
    "P69": "policy-control-character",
    "P70": "policy-empty",
    "P71": "line-malformed",
    "P72": "policy-too-large",
    "P75": "policy-not-utf8",
    "P76": "mx-missing",
}

REFUSED_RECORDS = {
    "T04": "record-version-invalid",
    "T05": "record-version-invalid",
    "T06": "record-version-invalid",
    "T07": "record-version-invalid",
    "T08": "record-id-invalid",
    "T10": "record-id-invalid",
    "T11": "record-id-missing",
    "T12": "record-version-invalid",
    "T14": "record-field-malformed",
    "T15": "record-id-missing",
    "T16": "record-field-malformed",
    "T19": "record-version-invalid",
    "T20": "record-version-invalid",
    "T21": "record-version-invalid",
    "T22": "record-id-invalid",
    "T23": "record-id-invalid",
    "T24": "record-field-malformed",
}

# What each numbered case is known by in the table of the readers, column by column.
_STRICT = ["mailauth-strict", "mox", "checkdmarc"]
_REST = ["go-mtasts", "kumomta", "stalwart", "chasquid", "smtp-sts", "mailauth-4", "edc"]
POLICY_COLUMNS = ["abnf", *_STRICT, "tlspol", "mailauth-lax", "pmsr", *_REST]
MATCH_COLUMNS = [*_STRICT, "mailauth-lax", *_REST]
_FEW = ["go-mtasts", "chasquid", "mailauth-4"]
RECORD_COLUMNS = ["abnf", *_STRICT, "tlspol", "mailauth-lax", "pmsr", *_FEW]


@cache
def cases(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    text = (folder / "data" / "policies" / "public_cases.json").read_text(encoding="utf-8")
    return {case["id"]: case for case in json.loads(text)[kind]}


def body(case: dict[str, Any]) -> bytes:
    return base64.b64decode(case["b64"])


def numbers(letter: str, last: int) -> list[str]:
    return [f"{letter}{number:02}" for number in range(1, last + 1)]


def test_no_case_is_left_out(shared: Path) -> None:
    assert list(cases(shared, "policy")) == numbers("P", 76)
    assert list(cases(shared, "txt")) == numbers("T", 24)
    assert list(cases(shared, "match")) == numbers("M", 12)


@pytest.mark.parametrize("number", numbers("P", 76))
def test_a_policy_case_comes_out_as_its_verdict(shared: Path, number: str) -> None:
    case = cases(shared, "policy")[number]
    found = parse.reading(body(case))
    assert (found.faults[0].code if found.faults else None) == REFUSED.get(number)
    assert case["v"] in {"E", "R" if found.faults else "A"}
    if found.policy is not None:
        said = (found.policy.mode, found.policy.max_age, len(found.policy.mx))
        assert case["v"] == "E" or said == (case["mode"], case["age"], case["nmx"])


@pytest.mark.parametrize("number", numbers("P", 76))
def test_a_review_has_an_error_where_the_policy_is_refused(shared: Path, number: str) -> None:
    case = cases(shared, "policy")[number]
    errors = [
        finding.code
        for finding in review.text("example.com", body(case))
        if finding.severity == "error"
    ]
    expected = "mx-ipv4-address" if number == "P61" else REFUSED.get(number)
    assert (errors[0] if errors else None) == expected


@pytest.mark.parametrize("number", numbers("T", 24))
def test_a_record_case_comes_out_as_its_verdict(shared: Path, number: str) -> None:
    case = cases(shared, "txt")[number]
    code = None
    try:
        record = txt.sts_record(body(case))
    except RecordSyntaxError as error:
        code = error.code
    else:
        assert record.policy_id == re.findall(r"id=(\w+)", body(case).decode())[0]
    assert code == REFUSED_RECORDS.get(number)
    assert case["v"] == ("R" if code else "A")


@pytest.mark.parametrize("number", numbers("M", 12))
def test_a_match_case_comes_out_as_its_verdict(shared: Path, number: str) -> None:
    case = cases(shared, "match")[number]
    assert MxPattern(case["pattern"]).matches(case["host"]) is case["match"]


@cache
def refusals(folder: Path) -> dict[str, set[str]]:
    """By case: the readers that refused the text or the record, or did not match."""
    columns = {"P": POLICY_COLUMNS, "T": RECORD_COLUMNS, "M": MATCH_COLUMNS}
    table: dict[str, set[str]] = {}
    for line in (folder / "facts" / "rfc8461.md").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\| ([PTM][0-9]{2}) \|", line):
            names = columns[found[1][0]]
            cells = [cell.strip() for cell in line.strip(" |").split(" | ")]
            marks = cells[-len(names) - 1 : -1] if names is POLICY_COLUMNS else cells[-len(names) :]
            refused = [name for name, mark in zip(names, marks, strict=True) if mark[0] in "-n"]
            table[found[1]] = set(refused) - {"abnf"}
    return table


# What was measured over HTTPS, or read, is prose and no row of a table.
IN_TABLE = [
    key
    for key, (said, _refused) in measured.REFUSALS.items()
    if all(re.fullmatch(r"[PTM][0-9]{2}", number) for number in said.split())
]


@pytest.mark.parametrize("key", IN_TABLE, ids=" ".join)
def test_the_senders_of_a_code_are_those_of_the_table(shared: Path, key: tuple[str, str]) -> None:
    table = refusals(shared)
    expected = set.intersection(*(table[number] for number in measured.REFUSALS[key][0].split()))
    assert {measured.READERS[name] for name in expected} == set(measured.refused_by(*key))


@pytest.mark.parametrize("number", numbers("P", 76))
def test_no_finding_blames_a_reader_that_accepts(shared: Path, number: str) -> None:
    refused = {measured.READERS[name] for name in refusals(shared)[number]}
    for finding in review.text("example.com", body(cases(shared, "policy")[number])):
        if finding.code not in {"policy-too-large", "mx-upper-case"}:  # refused elsewhere: F, M03
            assert set(finding.senders) <= refused


def test_readers_that_take_the_last_field_are_those_of_the_table(shared: Path) -> None:
    lines = (shared / "facts" / "rfc8461.md").read_text(encoding="utf-8").splitlines()
    for number, mark in (("P18", "+!m"), ("P19", "+!a")):
        line = next(line for line in lines if line.startswith(f"| {number} |"))
        marks = [cell.strip() for cell in line.strip(" |").split(" | ")][-15:-1]
        names = [n for n, cell in zip(POLICY_COLUMNS, marks, strict=True) if cell == mark]
        assert tuple(names) == measured.LAST_COUNTS


def test_every_measured_code_is_in_the_register() -> None:
    assert {code for code, _form in measured.REFUSALS} <= set(REGISTER)

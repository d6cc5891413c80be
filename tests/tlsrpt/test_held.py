"""The policy that a sender holds is known again, in whatever form the report has it."""

import json

import pytest
from hypothesis import given

from analytics.tlsrpt import held
from policy import parse
from policy.model import Policy, policy_fingerprint
from tests.policy.strategies import POLICIES

SERVED = b"version: STSv1\r\nmode: testing\r\nmx: a.example.com\r\nmx: *.b.example.com\r\nmax_age: 604800\r\n"
FINGERPRINT = policy_fingerprint(parse.policy(SERVED))
LINES = ("version: STSv1", "mode: testing", "mx: a.example.com", "mx: *.b.example.com", "max_age: 604800")  # fmt: skip


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        (LINES, ""),  # Google
        (("version: STSv1", "mode: testing", "mx: *.b.example.com", "mx: a.example.com", "max_age: 604800"), ""),  # Microsoft: an order of its own
        (("version: STSv1", "mode: testing", "max_age: 604800", "mx: a.example.com", "mx: *.b.example.com"), ""),  # Stalwart
        (LINES[::-1], ""),
        (LINES[1:], "policy-string-version-missing"),
        (tuple(line + "\r\n" for line in LINES), ""),
        ((*LINES, ""), ""),
        ((*LINES, "mx: a.example.com"), ""),
        (("\r\n".join(LINES),), "policy-string-joined"),
        ("\n".join(LINES) + "\n", "policy-string-joined policy-string-string"),
        (("; ".join(LINES),), "policy-string-joined"),
        (", ".join(LINES), "policy-string-joined policy-string-string"),
        (" ".join(LINES), "policy-string-joined policy-string-string"),
        ((json.dumps(LINES),), "policy-string-json"),
        (json.dumps(LINES), "policy-string-json policy-string-string"),
        (tuple(line.replace(": ", ":") for line in LINES), "policy-string-form"),
        (("Version: stsv1", "Mode: Testing", "MX: A.example.com.", "mx: *.B.example.com", "Max_Age: 604800"), "policy-string-form"),
    ],
)  # fmt: skip
def test_it_is_the_policy_served(value: tuple[str, ...] | str, codes: str) -> None:
    found = held.policy("sts", value)
    assert (found.fingerprint, found.mode) == (FINGERPRINT, "testing")
    assert " ".join(found.quirks) == codes


@pytest.mark.parametrize(
    "lines",
    [
        (*LINES[:2], "mx: a.example.com", "max_age: 604800"),
        (*LINES[:4], "max_age: 86400"),
        (LINES[0], "mode: enforce", *LINES[2:]),
        (*LINES, "mx: c.example.com"),
    ],
)
def test_it_is_another_policy(lines: tuple[str, ...]) -> None:
    found = held.policy("sts", lines)
    assert found.fingerprint not in {None, FINGERPRINT}


@pytest.mark.parametrize(
    ("policy_type", "value", "codes"),
    [
        ("sts", None, "policy-string-missing"),
        ("sts", "", "policy-string-missing policy-string-string"),  # Halon
        ("sts", (), "policy-string-missing"),
        ("sts", ("we trust you",), "policy-string-unreadable"),
        ("sts", ("version: STSv1", "mode: testing"), "policy-string-unreadable"),
        ("sts", ("x-note: mx: a mode: b", "version: STSv1"), "policy-string-unreadable"),
        ("tlsa", ("3 1 1 " + "AB" * 32,), ""),
        ("tlsa", None, "policy-string-missing"),
        ("tlsa", LINES, ""),
        ("no-policy-found", None, ""),
        ("no-policy-found", (), ""),  # Stalwart
        ("quantum", LINES, ""),
    ],
)
def test_it_cannot_be_compared(
    policy_type: str, value: tuple[str, ...] | str | None, codes: str
) -> None:
    found = held.policy(policy_type, value)
    assert (found.fingerprint, found.mode, " ".join(found.quirks)) == (None, None, codes)


def test_tlsa_records_come_out_of_json() -> None:
    records = ["3 1 1 " + "AB" * 32, "3 1 1 " + "CD" * 32]
    found = held.policy("tlsa", (json.dumps(records),))
    assert found.lines == tuple(records)
    assert found.quirks == ("policy-string-json",)


def test_hostile_lines_take_no_time() -> None:
    for line in (
        "mx:" * 100 + " " + "x" * 100,
        "mx: a, " * 9000 + "!",
        "[" * 60_000,
        "mx:" * 20_000,
    ):
        assert held.policy("sts", (line,)).fingerprint is None


@given(POLICIES)
def test_any_policy_is_known_again_from_its_lines(policy: Policy) -> None:
    lines = tuple(str(policy).removesuffix("\r\n").split("\r\n"))
    assert held.policy("sts", lines).fingerprint == policy_fingerprint(policy)

"""Real networks, clouds, customers in shared ASes and forged User-Agents: no false *verified*.

Each line of held_out.csv is an address whose holder is known from elsewhere than our lists. "-" is no
User-Agent.
"""

import csv
from pathlib import Path

import pytest

from analytics.senders import catalog
from analytics.senders.identify import identify
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import Client, Identity
from tests.senders.build import AT

with (Path(__file__).parent / "held_out.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))

SHIPPED = Knowledge(catalog.load())


def judged(case: dict[str, str]) -> Identity:
    user_agent = None if case["user_agent"] == "-" else case["user_agent"]
    return identify(Client(case["client_ip"], user_agent=user_agent), SHIPPED, {}, AT)


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['client_ip']} {case['user_agent'][:20]}"
)
def test_a_real_client_is_judged(case: dict[str, str]) -> None:
    found = judged(case)
    assert (found.verdict, found.operator, found.claimed_operator) == (
        case["verdict"],
        case["operator"],
        case["claimed_operator"],
    ), case["what"]


def test_nobody_is_verified_falsely() -> None:
    wrong = [
        case for case in CASES if judged(case).verdict == "verified" and case["may_verify"] == "no"
    ]
    assert wrong == []
    assert len(CASES) > 60

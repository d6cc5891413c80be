"""What ``mta-sts check --as`` foretells of a mail is what a real Postfix then does with it."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.lab.fates import CASES, DEFERRED, Case, Fates
from tests.lab.wait import LabError

pytestmark = pytest.mark.real

_SENDER = "postfix-mta-sts-resolver"


@pytest.fixture(scope="module")
def fates(lab: Lab) -> Iterator[Fates]:
    with Fates(lab) as running:
        yield running


@pytest.fixture(scope="module")
def foretold(lab: Lab, fates: Fates) -> Mapping[str, str]:
    """The end of a mail to each domain, by domain, before one is sent."""
    assert fates
    done = lab.namespace.run(
        [
            *(Path(sys.executable).with_name("mta-sts"), "check", "--json", "--allow-private"),
            *("--as", _SENDER),
            *(case.domain for case in CASES),
        ],
        environ={
            "SSL_CERT_FILE": str(lab.authority.file),
            "MTA_STS_HOME": str(lab.folder / "checks"),
            "MTA_STS_POLICIES": str(lab.host.policies),
        },
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    if len(rows) != len(CASES):
        raise LabError(done.stdout + done.stderr)
    return {row["policy_domain"]: row["outcome"] for row in rows}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_prediction_is_what_postfix_does(
    lab: Lab, fates: Fates, foretold: Mapping[str, str], case: Case
) -> None:
    assert foretold[case.domain] == case.fate
    before = len(lab.host.events(case.domain))
    assert fates.fate(case) == case.fate
    fetches = lab.host.events(case.domain)[before:]
    assert [fetch["user_agent"] for fetch in fetches] == [_SENDER] * case.fetches
    assert case.fate != DEFERRED or fetches or case.answer

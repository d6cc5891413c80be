"""What ``mta-sts check --as`` foretells of a mail is what a real Postfix then does with it."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.lab.fates import CASES, DEFERRED, Case, Fates
from tests.lab.wait import LabError

pytestmark = pytest.mark.real

_SENDER = "postfix-mta-sts-resolver"

# of a lab whose certificates are of one day and whose policies of another
_EVERYWHERE = frozenset(
    {"policy-certificate-ends-soon", "mx-certificate-ends-soon", "tlsrpt-record-missing",
     "max-age-short-for-enforce"}
)  # fmt: skip
# what is wrong with the MX host costs mail where the policy is taken and in enforce
_COSTS = "error certificate-not-trusted 4.2"
_WARNS = "warning certificate-not-trusted 4.2"
FINDINGS: dict[str, set[str]] = {
    "right": set(),
    "wildcard": {"notice mx-covers-own-domain 10.4"},
    "delegated": set(),
    "badcert": {_COSTS},
    "nostarttls": {"error starttls-not-supported 4"},
    "badmx": {"error mx-not-covered 4.1", "notice mx-pattern-unused 4.1"},
    "testing-mode": {_WARNS, "notice mode-testing 5"},
    "nothing": {"notice certificate-not-trusted 4.2", "notice mode-none 8.3"},
    "redirect": {_WARNS, "error policy-redirected 3.3"},
    "html": {_COSTS, "warning media-type-invalid 3.2"},
    "notype": {_COSTS, "warning media-type-missing 3.2"},
    "odd-status": {_WARNS, "error policy-status-invalid 3.3"},
    "gone": {_WARNS, "error policy-status-invalid 3.3"},
    "large": {_WARNS, "error policy-too-large 3.3"},
    "slow": {_COSTS, "warning policy-slow 3.3"},
    "expired": {_WARNS, "error sts-webpki-invalid 3.3"},
    "wrong-name": {_WARNS, "error sts-webpki-invalid 3.3"},
    "self-signed": {_WARNS, "error sts-webpki-invalid 3.3"},
    "gzip": {_COSTS, "warning content-encoding-unasked 3.3"},
}


@pytest.fixture(scope="module")
def fates(lab: Lab) -> Iterator[Fates]:
    with Fates(lab) as running:
        yield running


def checked(lab: Lab, *options: str) -> list[dict[str, str]]:
    """What a check says of all domains."""
    done = lab.namespace.run(
        [
            *(Path(sys.executable).with_name("mta-sts"), "check", "--json", "--allow-private"),
            *options,
            *(case.domain for case in CASES),
        ],
        environ={
            "SSL_CERT_FILE": str(lab.authority.file),
            "MTA_STS_HOME": str(lab.folder / "checks"),
            "MTA_STS_POLICIES": str(lab.host.policies),
        },
    )
    if not done.stdout:
        raise LabError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def foretold(lab: Lab, fates: Fates) -> Mapping[str, str]:
    """The end of a mail to each domain, by domain, before one is sent."""
    assert fates
    rows = checked(lab, "--as", _SENDER)
    assert len(rows) == len(CASES)
    return {row["policy_domain"]: row["outcome"] for row in rows}


@pytest.fixture(scope="module")
def findings(lab: Lab, fates: Fates) -> Mapping[str, set[str]]:
    """The findings of each domain, as ``severity code section``, without those of all of them."""
    assert fates
    found: dict[str, set[str]] = defaultdict(set)
    for row in checked(lab):
        if row["code"] not in _EVERYWHERE:
            section = row["section"].removeprefix("RFC 8461, ")
            found[row["policy_domain"]].add(f"{row['severity']} {row['code']} {section}")
    return found


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


def test_every_domain_of_the_lab_has_its_findings() -> None:
    assert list(FINDINGS) == [case.name for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_check_says_what_is_wrong_with_each(findings: Mapping[str, set[str]], case: Case) -> None:
    assert findings.get(case.domain, set()) == FINDINGS[case.name]

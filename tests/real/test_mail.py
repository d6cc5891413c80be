"""Postfix sends mail to Postfix as the policies say that our host serves.

Every domain's MX host has the same address, whose certificate is for ``mx.mail.example`` alone.
So a mail goes out verified, is held back, or goes out unverified: the policy shows in its fate.
"""

from collections.abc import Iterator

import pytest

from policy.model import Mode, MxPattern, Policy
from tests.lab import Lab
from tests.lab.mail import Mail

pytestmark = pytest.mark.real


def policy(mode: Mode, mx: str) -> str:
    return str(Policy(mode, 86_400, (MxPattern(mx),)))


@pytest.fixture(scope="module")
def mail(lab: Lab) -> Iterator[Mail]:
    """The two of them, and a domain for each fate."""
    lab.domain("mail.example", policy(Mode.ENFORCE, "mx.mail.example"))
    lab.domain("wild.example", policy(Mode.ENFORCE, "*.mail.example"))
    lab.domain("held.example", policy(Mode.ENFORCE, "mx.held.example"))
    lab.domain("trial.example", policy(Mode.TESTING, "mx.trial.example"))
    domains = ("mail.example", "wild.example", "held.example", "trial.example")
    with Mail(lab, domains, "mx.mail.example") as running:
        yield running


def test_mail_goes_out_verified_under_an_enforced_policy(mail: Mail) -> None:
    assert mail.deliver("u@mail.example").startswith("sent ")
    assert mail.tls("mx.mail.example") == "Verified"


def test_a_wildcard_pattern_verifies_the_certificate_it_covers(mail: Mail) -> None:
    assert mail.deliver("u@wild.example").startswith("sent ")
    assert mail.tls("mx.wild.example") == "Verified"


def test_mail_is_held_back_where_the_certificate_is_not_the_one_of_the_policy(mail: Mail) -> None:
    assert mail.deliver("u@held.example") == "deferred (Server certificate not verified)"
    assert mail.tls("mx.held.example") == "Untrusted"


def test_testing_holds_no_mail_back(mail: Mail) -> None:
    assert mail.deliver("u@trial.example").startswith("sent ")
    assert mail.tls("mx.trial.example") == "Trusted"


def test_every_policy_that_postfix_held_to_was_fetched_once(lab: Lab, mail: Mail) -> None:
    assert mail.deliver("v@mail.example").startswith("sent ")
    (fetch,) = lab.host.events("mail.example")
    assert fetch["user_agent"] == "postfix-mta-sts-resolver"

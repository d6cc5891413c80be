"""postfix-mta-sts-resolver fetches our policies, and the log shows that it did."""

import pytest

from policy.model import Mode, MxPattern, Policy
from tests.lab import Lab

pytestmark = pytest.mark.real

BROKEN = "version: STSv1\r\nmode: on\r\nmax_age: 86400\r\nmx: mx.broken.example\r\n"


def policy(domain: str, mode: Mode = Mode.ENFORCE) -> str:
    """The text of a policy that names the domain's own MX host."""
    return str(Policy(mode, 86_400, (MxPattern(f"mx.{domain}"),)))


def seen(lab: Lab, domain: str) -> list[tuple[int, str, str]]:
    """Status, outcome and id served of each fetch."""
    return [
        (fetch["http_status"], fetch["outcome"], fetch["policy_id"])
        for fetch in lab.host.events(domain)
    ]


def test_an_enforced_policy_reaches_postfix_and_mta_sts_fetches_shows_its_fetch(lab: Lab) -> None:
    served = lab.domain("good.example", policy("good.example"))

    answer = lab.sender.ask("good.example")

    assert answer.split()[:2] == ["secure", "match=mx.good.example"]
    (fetch,) = lab.host.fetches("good.example")
    assert fetch["user_agent"] == "postfix-mta-sts-resolver"
    assert (fetch["http_status"], fetch["policy_id"]) == (200, served)
    assert (fetch["client_ip"], fetch["client_ip_source"]) == ("127.0.0.2", "forwarded")


@pytest.mark.parametrize("mode", [Mode.TESTING, Mode.NONE])
def test_a_policy_that_is_not_enforced_is_fetched_and_binds_nobody(lab: Lab, mode: Mode) -> None:
    domain = f"{mode}.example"
    served = lab.domain(domain, policy(domain, mode))

    assert lab.sender.ask(domain) == ""
    assert seen(lab, domain) == [(200, "served", served)]
    assert lab.host.events(domain)[0]["policy_mode"] == mode


def test_a_domain_that_is_not_served_gets_a_404_and_leaves_an_event(lab: Lab) -> None:
    lab.domain("unknown.example", None)

    assert lab.sender.ask("unknown.example") == ""
    assert seen(lab, "unknown.example") == [(404, "unknown-host", "")]


def test_a_broken_policy_file_costs_its_own_domain_alone(lab: Lab) -> None:
    lab.domain("broken.example", BROKEN)
    served = lab.domain("beside.example", policy("beside.example"))

    assert lab.sender.ask("broken.example") == ""
    assert lab.sender.ask("beside.example").startswith("secure match=mx.beside.example")
    assert seen(lab, "broken.example") == [(404, "policy-invalid", "")]
    assert seen(lab, "beside.example") == [(200, "served", served)]


def test_a_policy_is_not_fetched_again_while_its_id_stays(lab: Lab) -> None:
    domain = "steady.example"
    served = lab.domain(domain, policy(domain))
    lab.sender.ask(domain)
    changed = lab.policy(domain, policy(domain, Mode.TESTING))

    assert lab.sender.ask(domain).startswith("secure ")  # what it holds
    assert seen(lab, domain) == [(200, "served", served)]
    assert changed != served


def test_a_new_text_and_then_its_id_are_taken_at_the_next_question(lab: Lab) -> None:
    domain = "rotated.example"
    old = lab.domain(domain, policy(domain))
    assert lab.sender.ask(domain).startswith("secure match=mx.rotated.example")

    new = lab.policy(domain, str(Policy(Mode.ENFORCE, 86_400, (MxPattern("new.example"),))))
    lab.record(domain, new)

    assert lab.sender.ask(domain).startswith("secure match=new.example")
    assert seen(lab, domain) == [(200, "served", old), (200, "served", new)]
    assert [fetch["policy_id"] for fetch in lab.host.fetches(domain)] == [new, old]


def test_an_id_published_before_its_text_leaves_the_old_text_with_the_sender(lab: Lab) -> None:
    domain = "hasty.example"
    old = lab.domain(domain, policy(domain))
    lab.sender.ask(domain)
    text = policy(domain, Mode.TESTING)

    lab.record(domain, "20261124120000")
    assert lab.sender.ask(domain).startswith("secure ")
    lab.policy(domain, text)

    assert lab.sender.ask(domain).startswith("secure ")  # and so it stays until another id
    assert seen(lab, domain) == [(200, "served", old), (200, "served", old)]


def test_mode_none_under_a_new_id_takes_an_enforced_policy_back(lab: Lab) -> None:
    domain = "leaving.example"
    old = lab.domain(domain, policy(domain))
    assert lab.sender.ask(domain).startswith("secure ")

    new = lab.policy(domain, str(Policy(Mode.NONE, 86_400)))
    lab.record(domain, new)

    assert lab.sender.ask(domain) == ""
    assert seen(lab, domain) == [(200, "served", old), (200, "served", new)]


def test_a_customer_that_delegates_by_cname_gets_the_policy_it_is_the_same_as(lab: Lab) -> None:
    served = lab.domain("provider.example", policy("provider.example"))
    (lab.host.policies / "domains.csv").write_text(
        "policy_domain,same_as\ncustomer.example,provider.example\n", encoding="ascii"
    )
    lab.authority.issue("mta-sts.customer.example")
    lab.dns.publish(
        {
            "mta-sts.customer": ("CNAME mta-sts.provider",),
            "_mta-sts.customer": ("CNAME _mta-sts.provider",),
        }
    )

    assert lab.sender.ask("customer.example").startswith("secure match=mx.provider.example")
    assert seen(lab, "customer.example") == [(200, "served", served)]

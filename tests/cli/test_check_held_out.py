"""Fourteen set-ups that the judge was not made by, each asked over real DNS, TLS, HTTP and SMTP.

What is to be found stands here as RFC 8461 has it: the code, its section, and how much it matters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from policy.model import policy_id
from tests.authority import Authority
from tests.cli.run import run
from tests.mxhost import Mail
from tests.policyhost import Served, server_context
from tests.world import Place, World, policy, world

_LONG = timedelta(days=90)
Found = tuple[str, str, str]  # code, section, severity


@dataclass(frozen=True)
class SetUp:
    """A domain and what a check of it finds."""

    about: str
    found: tuple[Found, ...] = ()


SET_UPS: Mapping[str, SetUp] = {
    "delegated": SetUp("record and host by CNAME to a provider, under the domain's own names"),
    "customer": SetUp("the same, but the provider's host shows the provider's certificate",
                      (("sts-webpki-invalid", "RFC 8461, 3.3", "error"),)),
    "dangling": SetUp("the record's CNAME leads to a name that is gone",
                      (("record-missing", "RFC 8461, 3.1", "error"),)),
    "two": SetUp("two policy records",
                 (("record-duplicate", "RFC 8461, 3.1", "error"),)),
    "split": SetUp("one record in several strings, beside an unrelated one",
                   (("record-unrelated", "RFC 8461, 3.1", "notice"),)),
    "dashes": SetUp("an id with dashes",
                    (("record-id-invalid", "RFC 8461, 3.1", "error"),)),
    "common": SetUp("the policy host's name as common name alone",
                    (("sts-webpki-invalid", "RFC 8461, 3.3", "error"),)),
    "chainless": SetUp("the policy host does not send its intermediate certificate",
                       (("sts-webpki-invalid", "RFC 8461, 3.3", "error"),)),
    "moved": SetUp("a redirect to www",
                   (("policy-redirected", "RFC 8461, 3.3", "error"),)),
    "typeless": SetUp("no media type",
                      (("media-type-missing", "RFC 8461, 3.2", "warning"),)),
    "deep": SetUp("a wildcard one label too short, and one that fits",
                  (("mx-not-covered", "RFC 8461, 4.1", "error"),)),
    "spare": SetUp("a spare MX host without STARTTLS, and a policy in testing",
                   (("starttls-not-supported", "RFC 8461, 4", "warning"),
                    ("mode-testing", "RFC 8461, 5", "notice"))),
    "wide": SetUp("an MX certificate whose wildcard would have to span two labels",
                  (("certificate-host-mismatch", "RFC 8461, 4.2", "error"),)),
    "leaving": SetUp("mode none with an MX host that nobody trusts, and no TLSRPT record",
                     (("tlsrpt-record-missing", "RFC 8460, 3", "warning"),
                      ("certificate-not-trusted", "RFC 8461, 4.2", "notice"),
                      ("mode-none", "RFC 8461, 8.3", "notice"))),
}  # fmt: skip


def build(made: World, folder: Path) -> None:
    """All set-ups, each under its name."""
    provider = "sts.provider.example"
    made.zone["gone.provider.example", "A"] = ["127.0.0.1"]
    for name in ("delegated", "customer"):
        made.zone[f"{name}.{provider}", "TXT"] = [
            f'"v=STSv1; id={policy_id(policy(f"mx.{name}.example"))};"'
        ]
    made.add(
        "delegated.example",
        Place(
            zone={
                ("_mta-sts.delegated.example", "CNAME"): [f"delegated.{provider}."],
                ("_mta-sts.delegated.example", "TXT"): [],
            }
        ),
    )
    made.zone["host.provider.example", "A"] = made.zone.pop(("mta-sts.delegated.example", "A"))
    made.zone["mta-sts.delegated.example", "CNAME"] = ["host.provider.example."]
    made.add(
        "customer.example",
        Place(
            host_chain=made.chain("host.provider.example"),
            zone={
                ("_mta-sts.customer.example", "CNAME"): [f"customer.{provider}."],
                ("_mta-sts.customer.example", "TXT"): [],
            },
        ),
    )
    made.add(
        "dangling.example",
        Place(
            records=[""],
            zone={
                ("_mta-sts.dangling.example", "CNAME"): ["_mta-sts.gone.example."],
            },
        ),
    )
    made.add("two.example", Place(records=["v=STSv1; id=1", "v=STSv1; id=2"]))
    made.add(
        "split.example",
        Place(
            zone={
                ("_mta-sts.split.example", "TXT"): [
                    '"v=STS" "v1; id=" "20261124;"',
                    '"v=spf1 -all"',
                ],
            }
        ),
    )
    made.add("dashes.example", Place(records=["v=STSv1; id=2026-11-24"]))
    made.add(
        "common.example",
        Place(host_chain=made.authority.issue(common_name="mta-sts.common.example", lasts=_LONG)),
    )
    middle = Authority(folder / "middle", name="an intermediate", parent=made.authority)
    made.add(
        "chainless.example",
        Place(host_chain=middle.issue("mta-sts.chainless.example", lasts=_LONG)),
    )
    made.add(
        "moved.example",
        Place(
            served=Served(
                b"", "301 Moved Permanently", extra=("Location: https://www.moved.example/",)
            )
        ),
    )
    made.add(
        "typeless.example", Place(served=Served(policy("mx.typeless.example"), content_type=None))
    )
    made.add(
        "deep.example",
        Place(
            policy("*.deep.example.net", "*.mx.deep.example.org"),
            mail={
                name: made.secure(name)
                for name in ("a.b.deep.example.net", "c.mx.deep.example.org", "d.deep.example.net")
            },
        ),
    )
    made.add(
        "spare.example",
        Place(
            policy("mx.spare.example", "mx2.spare.example", mode="testing"),
            mail={"mx.spare.example": made.secure("mx.spare.example"), "mx2.spare.example": Mail()},
        ),
    )
    made.add(
        "wide.example",
        Place(
            policy("mx.mail.wide.example"),
            mail={"mx.mail.wide.example": made.secure("*.wide.example")},
        ),
    )
    strange = made.stranger.issue("mx.leaving.example", lasts=_LONG)
    made.add(
        "leaving.example",
        Place(
            policy("mx.leaving.example", mode="none", max_age=86_400),
            tlsrpt=[""],
            mail={"mx.leaving.example": Mail(server_context(strange))},
        ),
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Found]]]:
    """What one run over all of them finds, by domain."""
    folder = tmp_path_factory.mktemp("held-out")
    with world(folder / "world") as made, pytest.MonkeyPatch.context() as patch:
        build(made, folder)
        patch.chdir(folder)
        patch.setenv("MTA_STS_HOME", str(folder / "home"))
        patch.setenv("MTA_STS_POLICIES", str(folder / "none"))
        patch.setenv("SSL_CERT_FILE", str(made.authority.file))
        domains = [f"{name}.example" for name in SET_UPS]
        done = run("check", *domains, "--json", *made.options)
        assert done.status == 1
        by_domain: dict[str, list[Found]] = {domain: [] for domain in domains}
        for row in done.rows():
            by_domain[row["policy_domain"]].append((row["code"], row["section"], row["severity"]))
        yield by_domain


@pytest.mark.parametrize("name", SET_UPS)
def test_a_set_up_comes_out_as_the_rfc_says(found: dict[str, list[Found]], name: str) -> None:
    assert found[f"{name}.example"] == list(SET_UPS[name].found), SET_UPS[name].about

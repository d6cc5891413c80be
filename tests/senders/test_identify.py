"""Verdicts: what each piece of evidence proves, and what it does not."""

from datetime import date

import pytest

from analytics.senders.identify import by_address, identify
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import (
    Certainty,
    Client,
    Identity,
    Kind,
    Method,
    NetworkRow,
    Origin,
    Reverse,
    ReverseName,
    Verdict,
)
from tests.senders.build import AT, DAY, catalog, client, knowledge, named, row

KNOWN = knowledge()
GOOGLE = "Google-SMTP-STS"


def judged(
    asked: Client, lists: Knowledge = KNOWN, names: dict[str, list[ReverseName]] | None = None
) -> Identity:
    return identify(asked, lists, names or {}, AT)


@pytest.mark.parametrize(
    ("address", "user_agent", "verdict", "operator", "claimed", "method"),
    [
        # by the network alone
        ("40.92.1.1", "x", "verified", "alpha", "", "spf"),
        ("40.92.1.1", None, "verified", "alpha", "", "spf"),
        ("40.92.1.1", "tlspol/1", "verified", "alpha", "", "spf"),
        ("::ffff:40.92.1.1", None, "verified", "alpha", "", "spf"),
        ("2a01:111:f400::1", None, "verified", "alpha", "", "published"),
        # an AS is no proof, whoever holds it
        ("20.1.1.1", None, "owned", "alpha", "", "asn-shared"),
        ("205.139.110.1", None, "owned", "beta", "", "asn-dedicated"),
        ("205.139.110.1", "Beta-STS", "owned", "beta", "beta", "asn-dedicated"),
        # Google: mail network and User-Agent, both
        ("74.125.1.1", GOOGLE, "verified", "google", "google", "spf"),
        ("74.125.1.1", "x", "owned", "google", "", "spf"),
        ("74.125.1.1", None, "owned", "google", "", "spf"),
        ("74.125.209.1", GOOGLE, "owned", "google", "google", "not-mail"),
        ("172.217.1.1", GOOGLE, "owned", "google", "google", "owned"),
        ("8.8.8.8", GOOGLE, "owned", "google", "google", "asn-shared"),
        # a claim that the network contradicts, whoever it belongs to
        ("40.92.1.1", GOOGLE, "mismatch", "alpha", "google", "spf"),
        ("20.1.1.1", GOOGLE, "mismatch", "alpha", "google", "asn-shared"),
        ("192.0.2.1", GOOGLE, "mismatch", "", "google", "user-agent"),
        ("74.125.1.1", "Beta-STS", "mismatch", "google", "beta", "spf"),
        # a claim that nothing confirms or denies
        ("192.0.2.1", "Nowhere-STS", "claimed", "", "nowhere", "user-agent"),
        ("20.1.1.1", "Nowhere-STS", "claimed", "", "nowhere", "user-agent"),
        ("40.92.1.1", "Nowhere-STS", "mismatch", "alpha", "nowhere", "spf"),
        ("", GOOGLE, "claimed", "", "google", "user-agent"),
        ("no address", GOOGLE, "claimed", "", "google", "user-agent"),
        # programs, wherever they are
        ("192.0.2.1", "tlspol/1", "software", "", "", "user-agent"),
        ("192.0.2.1", None, "software", "", "", "headers"),
        ("", "tlspol/1", "software", "", "", "user-agent"),
        ("40.92.1.1", "Check/1", "checker", "", "checkers", "user-agent"),
        ("74.125.1.1", "Scan/1", "scanner", "", "", "user-agent"),
        ("", "Scan/1", "scanner", "", "", "user-agent"),
        ("192.0.2.1", "x", "unknown", "", "", "none"),
        ("", "x", "unknown", "", "", "none"),
    ],
)
def test_a_verdict_follows_the_evidence(
    address: str, user_agent: str | None, verdict: str, operator: str, claimed: str, method: str
) -> None:
    found = judged(client(address, user_agent))
    assert (found.verdict, found.operator, found.claimed_operator, found.method) == (
        verdict,
        operator,
        claimed,
        method,
    )


@pytest.mark.parametrize(
    ("address", "user_agent", "evidence"),
    [
        (
            "40.92.1.1",
            "x",
            "40.92.1.1 is in 40.92.0.0/15, which ALPHA lists for sending mail (SPF, 2026-11-01)",
        ),
        (
            "20.1.1.1",
            "x",
            (
                "20.1.1.1 is in 20.0.0.0/11 of AS8075, which ALPHA shares with its customers "
                "(2026-06-17)"
            ),
        ),
        (
            "205.139.110.1",
            "x",
            (
                "205.139.110.1 is in 205.139.110.0/23 of AS30031, which BETA has for itself "
                "(2026-06-17)"
            ),
        ),
        (
            "74.125.209.1",
            GOOGLE,
            (
                "74.125.209.1 is in 74.125.208.0/21, where GOOGLE has crawlers and fetchers that act "
                "for anybody (2026-11-01); the User-Agent says so too"
            ),
        ),
        (
            "74.125.1.1",
            "x",
            (
                "74.125.1.1 is in 74.125.0.0/16, which GOOGLE lists for sending mail (SPF, 2026-11-01); "
                "for GOOGLE that counts only with its mail network and User-Agent both, since its hosts "
                "also fetch for anybody"
            ),
        ),
        (
            "192.0.2.1",
            GOOGLE,
            "the User-Agent names GOOGLE, and no list of its networks holds 192.0.2.1 (2026-11-01)",
        ),
        ("", GOOGLE, "the User-Agent names GOOGLE; no address was kept"),
        ("192.0.2.1", "x", "the User-Agent is in no list; no list holds 192.0.2.1"),
    ],
)
def test_the_evidence_is_told_in_words(address: str, user_agent: str, evidence: str) -> None:
    assert judged(client(address, user_agent)).evidence == evidence


def test_who_shares_a_network_is_told() -> None:
    shared = {
        address: judged(client(address)).is_shared
        for address in ("20.1.1.1", "205.139.110.1", "74.125.1.1", "40.92.1.1")
    }
    assert shared == {
        "20.1.1.1": True,
        "205.139.110.1": False,
        "74.125.1.1": True,
        "40.92.1.1": False,
    }


class TestPrefixes:
    """With MTA_STS_CLIENT_IP=prefix an event keeps a /24 or /48 alone."""

    def test_a_whole_prefix_in_a_network_is_judged(self) -> None:
        assert judged(Client(prefix="40.92.1.0/24")).verdict is Verdict.VERIFIED
        assert judged(Client(prefix="2a01:111:f400::/48")).verdict is Verdict.VERIFIED

    def test_a_prefix_of_which_a_part_is_listed_is_not(self) -> None:
        lists = knowledge(row("beta", Kind.SPF, "198.41.0.0/28"))
        found = judged(Client(prefix="198.41.0.0/24"), lists)
        assert found.verdict is Verdict.SOFTWARE
        assert "only a part of 198.41.0.0/24 is in 198.41.0.0/28 of BETA" in found.evidence
        claimed = judged(Client(prefix="198.41.0.0/24", user_agent="Beta-STS"), lists)
        assert claimed.verdict is Verdict.CLAIMED

    @pytest.mark.parametrize(
        "inner",
        [
            row("google", Kind.NOT_MAIL, "40.92.1.0/28"),
            row("alpha", Kind.NOT_MAIL, "40.92.1.0/28"),
            row("beta", Kind.SPF, "40.92.1.0/28"),
            row("me", Kind.MONITOR, "40.92.1.9"),
        ],
    )
    def test_a_prefix_that_holds_something_else_too_is_not_verified(
        self, inner: NetworkRow
    ) -> None:
        lists = knowledge(inner)
        assert (
            judged(Client(prefix="40.92.1.0/24", user_agent="x"), lists).verdict is Verdict.UNKNOWN
        )

    def test_another_as_inside_a_mail_network_does_not_matter(self) -> None:
        lists = knowledge(row("alpha", Kind.SPF, "205.139.108.0/22"))
        assert judged(Client(prefix="205.139.108.0/22"), lists).verdict is Verdict.VERIFIED

    def test_an_address_comes_before_its_prefix(self) -> None:
        asked = Client(address="192.0.2.1", prefix="40.92.1.0/24", user_agent="x")
        assert judged(asked).verdict is Verdict.UNKNOWN


class TestNames:
    """Reverse names count once they confirm, and not all of them prove something."""

    ADDRESS = "198.51.100.7"

    def verdict(
        self, name: str, user_agent: str | None = "x", outcome: Reverse = Reverse.CONFIRMED
    ) -> tuple[str, str]:
        names = named(self.ADDRESS, name, outcome)
        found = judged(client(self.ADDRESS, user_agent), names=names)
        return found.verdict.value, found.operator

    @pytest.mark.parametrize(
        ("name", "user_agent", "verdict", "operator"),
        [
            ("mail.alpha.example", "x", "verified", "alpha"),
            ("alpha.example", "x", "verified", "alpha"),
            ("a.b.alpha.example", None, "verified", "alpha"),
            ("notalpha.example", "x", "unknown", ""),
            ("alpha.example.evil.example", "x", "unknown", ""),
            ("crawl-1.alpha.example", "x", "owned", "alpha"),
            ("b1.crawl.alpha.example", "x", "owned", "alpha"),
            ("1.alphabot.alpha.example", "x", "owned", "alpha"),
            ("host.beta.example", "Beta-STS", "owned", "beta"),
            ("mail-qt1-f200.google.com", GOOGLE, "owned", "google"),
            ("google-proxy-1.google.com", GOOGLE, "owned", "google"),
            ("rate-limited-proxy-1.google.com", GOOGLE, "owned", "google"),
            ("1.2.3.4.bc.googleusercontent.com", GOOGLE, "mismatch", ""),
            ("mail.alpha.example", GOOGLE, "mismatch", "alpha"),
        ],
    )
    def test_a_confirmed_name(
        self, name: str, user_agent: str | None, verdict: str, operator: str
    ) -> None:
        assert self.verdict(name, user_agent) == (verdict, operator)

    @pytest.mark.parametrize("outcome", [each for each in Reverse if each is not Reverse.CONFIRMED])
    def test_a_name_that_does_not_confirm_says_nothing(self, outcome: Reverse) -> None:
        assert self.verdict("mail.alpha.example", "x", outcome) == ("unknown", "")

    def test_a_name_lifts_what_only_an_as_spoke_for(self) -> None:
        found = judged(client("20.1.1.1"), names=named("20.1.1.1", "mail.alpha.example"))
        assert (found.verdict, found.method) == (Verdict.VERIFIED, Method.REVERSE_DNS)
        assert found.evidence == (
            "20.1.1.1 is mail.alpha.example, and that name has the address (asked 2026-11-24)"
        )
        assert found.networks_as_of == AT.date()

    def test_a_name_does_not_lift_a_fetcher(self) -> None:
        lists = knowledge(row("alpha", Kind.NOT_MAIL, "20.1.0.0/16"))
        found = judged(client("20.1.1.1"), lists, named("20.1.1.1", "mail.alpha.example"))
        assert found.verdict is Verdict.OWNED

    def test_names_of_two_operators_prove_neither(self) -> None:
        lists = knowledge(row("beta", Kind.RDNS_SUFFIX, "beta.test.example"))
        names = {
            self.ADDRESS: [
                *named(self.ADDRESS, "mail.alpha.example")[self.ADDRESS],
                *named(self.ADDRESS, "mail.beta.test.example")[self.ADDRESS],
            ]
        }
        assert judged(client(self.ADDRESS), lists, names).verdict is Verdict.UNKNOWN

    def test_a_suffix_of_unknown_certainty_does_not_verify(self) -> None:
        lists = knowledge(
            row("alpha", Kind.RDNS_SUFFIX, "perhaps.example", certainty=Certainty.UNKNOWN)
        )
        found = judged(client(self.ADDRESS), lists, named(self.ADDRESS, "mail.perhaps.example"))
        assert found.verdict is Verdict.OWNED

    def test_a_suffix_under_a_weak_one_is_weak(self) -> None:
        lists = knowledge(row("beta", Kind.RDNS_SUFFIX, "mail.beta.example"))
        found = judged(client(self.ADDRESS), lists, named(self.ADDRESS, "a.mail.beta.example"))
        assert found.verdict is Verdict.OWNED

    def test_a_claim_waits_for_the_name(self) -> None:
        lists = Knowledge(catalog([row("beta", Kind.RDNS_SUFFIX, "beta.example")]))
        asked = client(self.ADDRESS, "Beta-STS")
        assert judged(asked, lists).verdict is Verdict.CLAIMED
        assert (
            judged(asked, lists, named(self.ADDRESS, "", Reverse.FAILED)).verdict is Verdict.CLAIMED
        )
        assert (
            judged(asked, lists, named(self.ADDRESS, "", Reverse.ABSENT)).verdict
            is Verdict.MISMATCH
        )

    def test_the_last_answer_counts(self) -> None:
        older = ReverseName("a", "x.example", Reverse.CONFIRMED, "", AT.replace(hour=1))
        newer = ReverseName("a", "y.example", Reverse.CONFIRMED, "", AT)
        beside = ReverseName("a", "z.example", Reverse.CONFIRMED, "", AT)
        assert by_address([newer, older, beside]) == {"a": [newer, beside]}
        assert by_address([older, newer, beside]) == {"a": [newer, beside]}


class TestOwnRows:
    """An administrator's rows come first, and cannot undo what protects from a false verdict."""

    def test_a_monitor_of_ones_own_is_a_checker(self) -> None:
        lists = knowledge(row("my-probe", Kind.MONITOR, "40.92.1.0/24", origin=Origin.OWN))
        found = judged(client("40.92.1.1", GOOGLE), lists)
        assert (found.verdict, found.operator) == (Verdict.CHECKER, "")
        assert "a monitor of your own" in found.evidence
        assert judged(client("40.92.1.1", "x"), lists).software == "my-probe"

    def test_an_own_network_comes_before_a_shipped_one(self) -> None:
        lists = knowledge(row("partner", Kind.PUBLISHED, "40.0.0.0/8", origin=Origin.OWN))
        found = judged(client("40.92.1.1"), lists)
        assert (found.verdict, found.operator) == (Verdict.VERIFIED, "partner")
        assert "(2026-11-01, your own list)" in found.evidence

    def test_an_own_network_does_not_lift_a_fetcher(self) -> None:
        lists = knowledge(row("google", Kind.PUBLISHED, "74.125.209.0/24", origin=Origin.OWN))
        assert judged(client("74.125.209.1", GOOGLE), lists).verdict is Verdict.OWNED

    def test_an_own_as_does_not_hide_a_listed_network(self) -> None:
        lists = knowledge(row("partner", Kind.ASN_SHARED, "AS8075", origin=Origin.OWN))
        assert judged(client("40.92.1.1"), lists).operator == "alpha"
        assert judged(client("20.1.1.1"), lists).operator == "partner"


def test_a_block_that_two_list_verifies_neither() -> None:
    lists = knowledge(row("beta", Kind.SPF, "40.92.0.0/15"))
    found = judged(client("40.92.1.1"), lists)
    assert found.verdict is Verdict.OWNED
    assert "lists the same block" in found.evidence


def test_the_nearer_of_two_networks_judges() -> None:
    lists = knowledge(row("beta", Kind.SPF, "40.92.1.0/24"))
    assert judged(client("40.92.1.1"), lists).operator == "beta"
    assert judged(client("40.92.2.1"), lists).operator == "alpha"


def test_a_row_of_unknown_certainty_does_not_verify() -> None:
    lists = knowledge(row("beta", Kind.SPF, "198.41.0.0/24", certainty=Certainty.UNKNOWN))
    assert judged(client("198.41.0.1"), lists).verdict is Verdict.OWNED


def test_old_events_are_judged_by_the_newer_list() -> None:
    asked = client("40.93.1.1", None)
    before = judged(asked)
    newer = row(
        "alpha", Kind.SPF, "40.92.0.0/16", as_of=date(2026, 11, 20), origin=Origin.REFRESHED
    )
    after = judged(asked, Knowledge(catalog(), [newer]))
    assert (before.verdict, before.networks_as_of) == (Verdict.VERIFIED, DAY)
    assert (after.verdict, after.method) == (Verdict.OWNED, Method.ASN_SHARED)
    claimed = client("40.93.1.1", "Beta-STS")
    newer = row(
        "beta", Kind.SPF, "195.130.0.0/16", as_of=date(2026, 11, 20), origin=Origin.REFRESHED
    )
    found = judged(client("192.0.2.1", "Beta-STS"), Knowledge(catalog(), [newer]))
    assert (found.verdict, found.networks_as_of) == (Verdict.MISMATCH, date(2026, 11, 20))
    assert judged(claimed).verdict is Verdict.MISMATCH

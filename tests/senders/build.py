"""Small lists and clients for tests, with defaults."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from analytics.senders.blocks import block
from analytics.senders.knowledge import Knowledge
from analytics.senders.model import (
    AsnTable,
    Catalog,
    Certainty,
    Client,
    Honours,
    Kind,
    Match,
    Nature,
    NetworkRow,
    Operator,
    Origin,
    Reverse,
    ReverseName,
    UserAgentRow,
    VerifiedBy,
)

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = date(2026, 11, 1)
ASN_DAY = date(2026, 6, 17)


def row(
    operator: str,
    kind: Kind,
    value: str,
    *,
    as_of: date = DAY,
    certainty: Certainty = Certainty.CERTAIN,
    origin: Origin = Origin.SHIPPED,
) -> NetworkRow:
    """A row of a network list."""
    return NetworkRow(operator, kind, value, "a test", as_of, certainty, origin)


def agent(
    pattern: str,
    match: Match,
    software: str,
    *,
    operator: str = "",
    nature: Nature = Nature.MTA,
    origin: Origin = Origin.SHIPPED,
) -> UserAgentRow:
    """A row of the User-Agent list."""
    return UserAgentRow(
        pattern, match, software, operator, nature, "a test", DAY, Certainty.CERTAIN, origin
    )


def operator(
    slug: str, *, verified_by: VerifiedBy = VerifiedBy.NETWORK, domains: str = ""
) -> Operator:
    """An operator that is called as its slug in capitals."""
    return Operator(
        slug,
        slug.upper(),
        (),
        (),
        (),
        tuple(domains.split()),
        verified_by,
        Honours.UNKNOWN,
        "",
        None,
        is_expected=False,
        source="a test",
        as_of=DAY,
    )


AGENTS = (
    agent("Google-SMTP-STS", Match.CONTAINS, "Gmail policy fetcher", operator="google"),
    agent("Beta-STS", Match.EXACT, "Beta fetcher", operator="beta"),
    agent("Nowhere-STS", Match.EXACT, "Nowhere fetcher", operator="nowhere"),
    agent("Check/", Match.PREFIX, "Check", operator="checkers", nature=Nature.CHECKER),
    agent("Scan/", Match.PREFIX, "Scan", nature=Nature.SCANNER),
    agent("tlspol/", Match.PREFIX, "tlspol"),
    agent("", Match.ABSENT, "mailauth or KumoMTA"),
)

OPERATORS = {
    each.slug: each
    for each in (
        operator(
            "google",
            verified_by=VerifiedBy.NETWORK_AND_USER_AGENT,
            domains="google.example",
        ),
        operator("alpha", domains="alpha.example"),
        operator("beta", domains="beta.example"),
    )
}

ROWS = (
    row("google", Kind.SPF, "74.125.0.0/16"),
    row("google", Kind.NOT_MAIL, "74.125.208.0/21"),
    row("google", Kind.OWNED, "172.217.0.0/19"),
    row("google", Kind.ASN_SHARED, "AS15169"),
    row("google", Kind.RDNS_SUFFIX, "google.com"),
    row("cloud", Kind.RDNS_NEVER, "googleusercontent.com"),
    row("alpha", Kind.SPF, "40.92.0.0/15"),
    row("alpha", Kind.PUBLISHED, "2a01:111:f400::/48"),
    row("alpha", Kind.ASN_SHARED, "AS8075"),
    row("alpha", Kind.RDNS_SUFFIX, "alpha.example"),
    row("beta", Kind.SPF, "195.130.217.0/24"),
    row("beta", Kind.ASN_DEDICATED, "AS30031"),
    row("beta", Kind.RDNS_WEAK, "beta.example"),
)

ASNS = AsnTable(
    "a test",
    ASN_DAY,
    {
        "AS15169": (block("74.125.0.0/16"), block("8.8.8.0/24")),
        "AS8075": (block("20.0.0.0/11"), block("40.88.0.0/13")),
        "AS30031": (block("205.139.110.0/23"),),
    },
)


def catalog(rows: Iterable[NetworkRow] = ROWS, agents: Iterable[UserAgentRow] = AGENTS) -> Catalog:
    """Lists of three operators."""
    return Catalog(OPERATORS, tuple(rows), tuple(agents), ASNS)


def knowledge(*more: NetworkRow) -> Knowledge:
    """Those lists with some rows more."""
    return Knowledge(catalog((*ROWS, *more)))


def client(address: str = "192.0.2.1", user_agent: str | None = "x", **headers: Any) -> Client:  # noqa: ANN401
    """Who asked; with no headers that tell anything."""
    given: dict[str, Any] = {**headers}
    return Client(address=address, user_agent=user_agent, **given)


def named(
    address: str, name: str, outcome: Reverse = Reverse.CONFIRMED, reason: str = ""
) -> dict[str, list[ReverseName]]:
    """A name of an address."""
    return {address: [ReverseName(address, name, outcome, reason, AT)]}

"""Programs are known by their User-Agent and by the headers that go with it."""

from typing import Any

import pytest

from analytics.senders import catalog
from analytics.senders.model import Client, Match, Nature, Origin
from analytics.senders.software import Agents, recognise
from tests.senders.build import agent

SHIPPED = Agents(catalog.load().user_agents)
AIOHTTP = {"accept": "*/*", "accept_encoding": "gzip, deflate"}
MIMECAST = {"cache_control": "no-cache", "content_type": "text/plain"}


@pytest.mark.parametrize(
    ("user_agent", "headers", "software", "nature"),
    [
        (None, {}, "mailauth (ZoneMTA, WildDuck, mx-connect)", Nature.MTA),
        (None, {"accept_encoding": "gzip"}, "mailauth (ZoneMTA, WildDuck, mx-connect)", Nature.MTA),
        (None, {"accept": "*/*"}, "reqwest without User-Agent (KumoMTA)", Nature.MTA),
        ("", {"accept": "*/*"}, "reqwest without User-Agent (KumoMTA)", Nature.MTA),
        (None, {"accept": ""}, "", None),
        (None, {"accept": "text/html"}, "", None),
        (None, MIMECAST, "mimecast/mta-sts (Java library)", Nature.LIBRARY),
        ("okhttp/4", MIMECAST, "mimecast/mta-sts (Java library)", Nature.LIBRARY),
        ("Mimecast MTA-STS", MIMECAST, "mimecast/mta-sts (Java library)", Nature.LIBRARY),
        ("Mimecast MTA-STS", {}, "mimecast/mta-sts (Java library)", Nature.LIBRARY),
        ("postfix-mta-sts-resolver", AIOHTTP, "postfix-mta-sts-resolver", Nature.MTA),
        ("postfix-mta-sts-resolver", {}, "postfix-mta-sts-resolver", Nature.MTA),
        ("postfix-mta-sts-resolver/2", {}, "self-declared MTA-STS client", Nature.LIBRARY),
        ("postfix-tlspol/1.9.1", {}, "postfix-tlspol", Nature.MTA),
        ("SecurityGateway/1.0", {}, "MDaemon SecurityGateway", Nature.MTA),
        ("Stalwart/1.0.0", {}, "Stalwart (since 2025-05-16)", Nature.MTA),
        ("Stalwart/0.8", {}, "Stalwart (2024-06-25 to 2025-05-16: version in UA)", Nature.MTA),
        ("stalwart/1.0.0", {}, "", None),
        ("Google-SMTP-STS", {}, "Gmail policy fetcher", Nature.MTA),
        ("Mozilla/5.0 (compatible; google-smtp-sts)", {}, "Gmail policy fetcher", Nature.MTA),
        (
            "Google-SMTP-STS AppEngine-Google; (+http://code.google.com/appengine; appid: s~x)",
            {},
            "App Engine URL fetch (a program of any customer)",
            Nature.SCANNER,
        ),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", {}, "Googlebot", Nature.SCANNER),
        (
            "Mozilla/5.0+(compatible; MxToolbox/Beta7; http://www.mxtoolbox.com/)",
            {},
            "MxToolbox",
            Nature.CHECKER,
        ),
        ("Mozilla/5.0 zgrab/0.x", {}, "zgrab", Nature.SCANNER),
        ("curl/8.5.0", {}, "", None),
        ("Some-MTA-STS-Thing", {}, "self-declared MTA-STS client", Nature.LIBRARY),
    ],
)
def test_a_program_is_known(
    user_agent: str | None, headers: dict[str, Any], software: str, nature: Nature | None
) -> None:
    found = recognise(Client(user_agent=user_agent, **headers), SHIPPED)
    assert (found.name, found.nature) == (software, nature)


@pytest.mark.parametrize(
    ("user_agent", "headers", "why"),
    [
        ("postfix-mta-sts-resolver", AIOHTTP, "with the headers of a genuine one (aiohttp)"),
        ("postfix-mta-sts-resolver", {}, "that a genuine one (aiohttp) does not send"),
        ("Mimecast MTA-STS", {}, "without the headers that library sends"),
        ("Go-http-client/1.1", {"cache_control": "no-cache"}, "as mox sends it"),
        ("curl/8.5.0", {}, "the User-Agent is in no list"),
        (None, {"accept": "text/html"}, "an Accept that no MTA known sends"),
    ],
)
def test_headers_that_fit_or_do_not_are_told(
    user_agent: str | None, headers: dict[str, Any], why: str
) -> None:
    assert why in recognise(Client(user_agent=user_agent, **headers), SHIPPED).why


@pytest.mark.parametrize(
    "user_agent",
    ["postfix-mta-sts-resolver", "Mimecast MTA-STS", "Go-http-client/1.1", "curl/8.5.0", None],
)
def test_headers_that_a_log_does_not_tell_speak_neither_for_nor_against(
    user_agent: str | None,
) -> None:
    found = recognise(Client(user_agent=user_agent, are_headers_logged=False), SHIPPED)
    known = recognise(Client(user_agent=user_agent, accept="*/*"), SHIPPED)
    # mailauth and KumoMTA send no User-Agent, and differ in their Accept
    assert found.name == (known.name if user_agent else "")
    for word in ("headers that", "genuine", "Cache-Control", "as mailauth"):
        assert word not in found.why
    if user_agent is None:
        assert found.why == "no User-Agent, and the log does not tell the other headers"


def test_user_agent_that_a_log_does_not_tell_is_not_taken_for_none() -> None:
    found = recognise(Client(is_user_agent_logged=False, are_headers_logged=False), SHIPPED)
    assert (found.name, found.why) == ("", "the log does not tell the User-Agent")


def test_a_program_alone_claims_no_operator() -> None:
    for user_agent in ("postfix-mta-sts-resolver", "CensysInspect/1.1", "Hardenize", None):
        assert recognise(Client(user_agent=user_agent), SHIPPED).claims == ""
    assert recognise(Client(user_agent="Google-SMTP-STS"), SHIPPED).claims == "google"


def test_an_own_row_comes_before_every_shipped_one() -> None:
    agents = Agents(
        [
            agent("Monitor/1", Match.EXACT, "shipped"),
            agent("Monit", Match.CONTAINS, "own", nature=Nature.CHECKER, origin=Origin.OWN),
        ]
    )
    found = recognise(Client(user_agent="Monitor/1"), agents)
    assert (found.name, found.nature) == ("own", Nature.CHECKER)
    assert "by your own list" in found.why


def test_without_rows_nothing_is_known() -> None:
    assert recognise(Client(), Agents([])).name == ""

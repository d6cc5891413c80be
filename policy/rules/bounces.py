"""Bounces that point at MTA-STS: by their enhanced status code, since their texts are localised.

Only what has a source: for Exchange Online Microsoft's list of non-delivery reports, for Postfix
what was seen of 3.7.11.
"""

import re
from dataclasses import dataclass

from policy.rules.rule import Whose

_EXCHANGE = "Exchange Online"
_POSTFIX = "Postfix"
_LIST = "learn.microsoft.com, Email non-delivery reports and SMTP errors in Exchange Online"
_SEEN = "seen of Postfix 3.7.11 with postfix-mta-sts-resolver"


@dataclass(frozen=True, slots=True)
class Bounce:
    """A bounce; ``codes`` are its enhanced status codes (RFC 3463), ``text`` what it says.

    ``marks`` are words by which a text is the product's, in whatever language; ``findings`` are
    what a check may find behind it.
    """

    product: str
    codes: tuple[str, ...]
    text: re.Pattern[str]
    marks: re.Pattern[str]
    meaning: str
    cause: str
    whose: Whose
    remedy: str
    findings: tuple[str, ...]
    source: str


_OF_EXCHANGE = re.compile(r"MTA-STS|outlook\.com|Exchange|(?:Microsoft|Office) 365", re.IGNORECASE)
_OF_POSTFIX = re.compile(r"Postfix|\bdsn=|status=(?:deferred|bounced)|MAILER-DAEMON", re.IGNORECASE)

BOUNCES = (
    Bounce(
        _EXCHANGE,
        ("4.4.8", "5.4.8"),
        re.compile(r"MX hosts of .{1,255} failed MTA-STS validation", re.IGNORECASE),
        _OF_EXCHANGE,
        "The MX host is none that the domain's policy names, and the policy is in enforce.",
        "The MX records changed and the policy did not; a wildcard that is one label too short; or "
        "the sender still holds an older policy.",
        Whose.POLICY,
        "Let the policy name every MX host, then publish a new id. Until senders have it, keep the "
        "MX hosts that the old policy names.",
        ("mx-not-covered", "record-id-unchanged"),
        _LIST,
    ),
    Bounce(
        _EXCHANGE,
        ("4.7.5", "5.7.5"),
        re.compile(r"Remote certificate failed MTA-STS validation", re.IGNORECASE),
        _OF_EXCHANGE,
        "The certificate of the MX host is not valid, and the policy is in enforce. The reason "
        "stands behind it in the bounce.",
        "It has ended, is for another name, or does not lead to a public root.",
        Whose.MX,
        "Install a certificate for the MX host's name, with its whole chain. To let mail pass "
        "meanwhile: mode testing and a new id.",
        ("certificate-expired", "certificate-host-mismatch", "certificate-not-trusted"),
        _LIST,
    ),
    Bounce(
        _POSTFIX,
        ("4.7.5",),
        re.compile(r"Server certificate not verified", re.IGNORECASE),
        _OF_POSTFIX,
        "Postfix was to deliver only to a verified host, as a policy in enforce has it, and the "
        "certificate did not verify.",
        "It has ended, is for another name, does not lead to a public root, or the policy names "
        "another MX host. A rule of the sender's own can demand the same.",
        Whose.MX,
        "Install a certificate for the MX host's name, with its whole chain, and let the policy "
        "name that host.",
        (
            "certificate-expired",
            "certificate-host-mismatch",
            "certificate-not-trusted",
            "mx-not-covered",
        ),
        _SEEN,
    ),
    Bounce(
        _POSTFIX,
        ("4.7.4",),
        re.compile(r"TLS is required, but was not offered", re.IGNORECASE),
        _OF_POSTFIX,
        "Postfix was to deliver only with TLS, as a policy in enforce has it, and the MX host "
        "offered no STARTTLS.",
        "TLS is not set up at port 25 of that host, or a firewall takes the offer out of the "
        "dialogue.",
        Whose.MX,
        "Set TLS up at port 25 of every MX host; let no firewall rewrite SMTP.",
        ("starttls-not-supported",),
        _SEEN,
    ),
)

# neither part of an address nor of a longer version
_CODE = re.compile(r"(?<![0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?!\.?[0-9])")


def codes_in(text: str) -> tuple[str, ...]:
    """The enhanced status codes that a text holds, each once."""
    return tuple(dict.fromkeys(_CODE.findall(text)))


def bounces_in(text: str) -> tuple[Bounce, ...]:
    """The bounces that a text may be: by what it says, else by code, with the product's if told."""
    said = tuple(one for one in BOUNCES if one.text.search(text))
    if said:
        return said
    found = codes_in(text)
    coded = tuple(one for one in BOUNCES if set(one.codes) & set(found))
    marked = tuple(one for one in coded if one.marks.search(text))
    return marked or coded

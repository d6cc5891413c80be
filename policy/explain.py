"""A finding, a result type or a pasted bounce in plain words: whose it is, and what to do next."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from policy.domain import is_domain
from policy.errors import PolicyError, shown
from policy.register import REGISTER
from policy.rules.bounces import Bounce, bounces_in, codes_in
from policy.rules.result_types import BY_NAME, ResultType
from policy.rules.rule import Rule, Whose

MAX_TEXT = 64 * 1024  # characters of a pasted text that are looked at

_TOKEN = re.compile(r"[a-z0-9-]+")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9.-]{1,253})")
_OF_EXCHANGE = re.compile(r"MX hosts of ([A-Za-z0-9.-]{1,253}) failed", re.IGNORECASE)
_NEAR = 3  # names that are offered where none fits
_LIKENESS = 0.5
_PLACE = "DOMAIN"


class NotExplainedError(PolicyError):
    """Nothing is known about a text."""

    code = "not-explained"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say about one name or bounce; absent parts are "".

    ``source`` is the section or page that says so, ``next_command`` what to run now.
    """

    kind: str  # finding, result-type, bounce
    name: str
    meaning: str
    cause: str
    whose: Whose
    effect: str
    remedy: str
    source: str
    next_command: str
    severity: str = ""
    senders: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


def explain(text: str) -> tuple[Explanation, ...]:
    """All that is known of a text, the surest first.

    Raises:
        NotExplainedError: nothing is; the message offers what is near.
    """
    given = text[:MAX_TEXT].strip()
    name = given.lower() if given.isascii() else given
    if name in REGISTER or name in BY_NAME:
        return tuple(_named(name, _domain(given)))
    if bounces := bounces_in(given):
        return tuple(_bounce(one, given) for one in bounces)
    tokens = dict.fromkeys(_TOKEN.findall(name))
    found = [known for known in tokens if known in REGISTER or known in BY_NAME]
    if found:
        return tuple(said for known in found for said in _named(known, _domain(given)))
    raise NotExplainedError(_unknown(given, name))


def _named(name: str, domain: str) -> Iterator[Explanation]:
    """A name that may be a finding, a result type, or both."""
    if name in REGISTER:
        yield _finding(REGISTER[name], domain)
    if name in BY_NAME:
        yield _result_type(BY_NAME[name], domain)


def _finding(rule: Rule, domain: str) -> Explanation:
    milder = f"; {rule.unenforced} where the policy is not in enforce" if rule.unenforced else ""
    reported = f"Senders report it as {rule.result_type}." if rule.result_type else ""
    command = "review" if rule.whose is Whose.FOLDER else "check"
    return Explanation(
        "finding",
        rule.code,
        rule.meaning,
        rule.cause,
        rule.whose,
        reported,
        rule.remedy,
        rule.section,
        f"mta-sts {command} {domain}",
        f"{rule.severity}{milder}",
        rule.senders,
    )


def _result_type(known: ResultType, domain: str) -> Explanation:
    is_fetch = known.name == "sts-policy-fetch-error"
    command = f"fetches --domain {domain}" if is_fetch else f"check {domain}"
    return Explanation(
        "result-type",
        known.name,
        known.meaning,
        known.cause,
        known.whose,
        known.effect,
        known.remedy,
        known.section,
        f"mta-sts {command}",
        findings=known.codes,
    )


def _bounce(known: Bounce, text: str) -> Explanation:
    found = [code for code in codes_in(text) if code in known.codes]
    name = f"{known.product} {' / '.join(found or known.codes)}"
    is_back = any(code.startswith("5") for code in found)
    return Explanation(
        "bounce",
        name,
        known.meaning,
        known.cause,
        known.whose,
        "The mail was returned and is not tried again."
        if is_back
        else "The sender tries again for some days, and returns the mail then.",
        known.remedy,
        known.source,
        f"mta-sts check {_domain(text)}",
        findings=known.findings,
    )


def _domain(text: str) -> str:
    """The domain that a text is about, where it names just one."""
    said = _OF_EXCHANGE.search(text)
    names = [said[1]] if said else _ADDRESS.findall(text)
    domains = {name.lower().rstrip(".") for name in names}
    good = sorted(name for name in domains if is_domain(name) and "." in name)
    return good[0] if len(good) == 1 else _PLACE


def _unknown(given: str, name: str) -> str:
    known = sorted({*REGISTER, *BY_NAME})
    near = difflib.get_close_matches(name[:100], known, n=_NEAR, cutoff=_LIKENESS)
    codes = codes_in(given)
    beside = (
        f"; of {', '.join(codes)} it is not known that it has to do with MTA-STS" if codes else ""
    )
    offer = f"; near are: {', '.join(near)}" if near else "; docs/check.md lists the findings"
    return (
        f"expected a finding, a result type or a bounce about MTA-STS, found {shown(given)}"
        f"{beside}{offer}"
    )

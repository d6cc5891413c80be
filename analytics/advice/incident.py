"""Mail bounces: is it MTA-STS, what mends it, who still holds enforce, and what to tell the partner.

Pure: it reads a judged look, what a bounce means, and who holds which policy. Minutes are ours:
what a practised administrator needs, without the waits of DNS, which stand beside them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from policy import plan
from policy.check.judge import Judgement
from policy.domain import is_domain
from policy.explain import Explanation
from policy.findings import Finding, Severity
from policy.model import Mode
from policy.record import FIRST_TTL
from policy.rules.mx import MX

# what a policy in enforce refuses at an MX host
REFUSES = frozenset(rule.code for rule in MX if rule.severity is Severity.ERROR)
_MINUTES = {
    "mx-not-covered": 3,
    "starttls-not-supported": 15,
    "certificate-expired": 10,
    "certificate-host-mismatch": 15,
    "certificate-not-trusted": 15,
}
_OTHER_MINUTES = 20
_BACK_MINUTES = 3


class Answer(StrEnum):
    """Is it MTA-STS."""

    YES = "yes"
    LIKELY = "likely"
    CANNOT_TELL = "cannot-tell"
    UNLIKELY = "unlikely"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a policy in enforce, until when at latest; ``is_now`` is the text on line."""

    name: str
    until: datetime
    is_now: bool
    proof: str


@dataclass(frozen=True, slots=True)
class Repair:
    """What mends a cause; ``minutes`` are those of work."""

    code: str
    subject: str
    cause: str
    text: str
    minutes: int
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """All that is said on the one screen."""

    policy_domain: str
    answer: Answer
    why: str
    mode: str  # of the policy on line; "" where none was read
    repairs: tuple[Repair, ...]
    back: tuple[str, ...]  # commands; none where no policy in enforce is on line
    back_text: str
    holders: tuple[Holder, ...]
    partner: str


def incident(
    judged: Judgement, said: Sequence[Explanation], holders: Sequence[Holder], *, has_bounce: bool
) -> Incident:
    """What is to be said of a look, a bounce (``said`` is what is known of it) and the holders."""
    policy = judged.case.policy
    mode = str(policy.mode) if policy is not None else ""
    held = tuple(one for one in holders if one.until > judged.case.at)
    found = tuple(one for one in judged.findings if one.code in REFUSES and _is_sure(one))
    answer, why = _answer(judged, mode, found, said, held, has_bounce=has_bounce)
    repairs = tuple(_repairs(judged.domain, found))
    is_on = mode == Mode.ENFORCE
    return Incident(
        judged.domain,
        answer,
        why,
        mode,
        repairs,
        (f"mta-sts mode {judged.domain} testing",) if is_on else (),
        _back(judged) if is_on else "",
        held,
        _partner(judged, answer, found, held),
    )


def _is_sure(one: Finding) -> bool:
    return one.severity in (Severity.ERROR, Severity.WARNING)


def _answer(
    judged: Judgement,
    mode: str,
    found: Sequence[Finding],
    said: Sequence[Explanation],
    held: Sequence[Holder],
    *,
    has_bounce: bool,
) -> tuple[Answer, str]:
    old = [one for one in held if not one.is_now]
    is_on = mode == Mode.ENFORCE
    codes = ", ".join(dict.fromkeys(one.code for one in found))
    if is_on and found:
        return Answer.YES, f"the policy on line is in enforce, and the look finds {codes}"
    if old and found:
        return Answer.YES, f"some may hold an older policy in enforce, and the look finds {codes}"
    if not is_on and not old:
        if judged.is_unfinished and not mode:
            return Answer.CANNOT_TELL, "the policy on line could not be looked at"
        now = f"the policy on line is in {mode}" if mode else "no policy is on line"
        bounce = "; the bounce reads like it, so look at who sent it" if said else ""
        return Answer.NO, f"{now}, and nobody is known to hold one in enforce{bounce}"
    if said:
        return Answer.LIKELY, (
            "the bounce is one of MTA-STS and the look finds nothing wrong now: the sender may hold "
            "an older policy, or meet another host than we do"
        )
    if judged.is_unfinished:
        return Answer.CANNOT_TELL, "not all that matters could be looked at from here"
    rest = (
        "and the bounce is none of MTA-STS that is known" if has_bounce else "nothing is wrong now"
    )
    return Answer.UNLIKELY, f"every MX host passes as enforce demands, {rest}"


def _repairs(domain: str, found: Sequence[Finding]) -> Iterator[Repair]:
    """A repair for each cause, the quickest first."""
    ordered = sorted(found, key=lambda one: _MINUTES.get(one.code, _OTHER_MINUTES))
    for one in ordered:
        # a name of DNS may hold anything; in a command stands only what is a host
        host = one.subject if is_domain(one.subject) else "HOST"
        if one.code == "mx-not-covered":
            commands = [f"mta-sts mx {domain} add {host}"]
        else:
            commands = [
                f"openssl s_client -starttls smtp -connect {host}:25 -servername {host} -showcerts"
            ]
        yield Repair(
            one.code,
            one.subject,
            one.observed,
            one.remedy,
            _MINUTES.get(one.code, _OTHER_MINUTES),
            (*commands, f"mta-sts check {domain}"),
        )


def _back(judged: Judgement) -> str:
    ttl = judged.case.seen.sts.full_ttl or FIRST_TTL
    return (
        f"{_BACK_MINUTES} minutes of work, then the TTL of the STS record ({plan.span(ttl)}): put the text "
        "on line first, the record with its new id second. Senders that do not look again keep "
        "enforce as below, so this helps some at once and others late."
    )


def _partner(
    judged: Judgement, answer: Answer, found: Sequence[Finding], held: Sequence[Holder]
) -> str:
    domain = judged.domain
    if answer in (Answer.NO, Answer.UNLIKELY):
        return (
            f"We looked at {domain} at {plan.text(judged.case.at)}: our MTA-STS policy is no reason to "
            "refuse mail to us. Please send us the whole bounce, with the name of the MX host and the "
            "time, so that we can look further."
        )
    hosts = ", ".join(dict.fromkeys(one.subject for one in found))
    fault = (
        f" At {hosts} we found: {', '.join(dict.fromkeys(one.code for one in found))}."
        if hosts
        else ""
    )
    last = max((one.until for one in held), default=None)
    late = (
        f" A policy that your server has stored may count until {plan.text(last)}; clearing its MTA-STS "
        "cache for our domain ends that sooner."
        if last is not None
        else ""
    )
    return (
        f"Your mail to {domain} is held back because your server checks our MTA-STS policy (RFC 8461)."
        f"{fault} We are mending it; please keep the mail in the queue, it need not be sent again."
        f"{late}"
    )


def until(last_fetch: datetime, max_age: int) -> datetime:
    """Until when who fetched then may use a policy."""
    return last_fetch + timedelta(seconds=max_age)

"""The one next step of a domain, by the reason that weighs most."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from analytics.advice.evidence import until
from analytics.advice.model import Inputs, Reason, Speaks, Stage, Step, Thresholds, Verdict
from analytics.advice.thresholds import RAMP
from policy import edit, plan
from policy.domain import is_domain
from policy.errors import PolicyError
from policy.model import Mode, policy_id
from policy.record import FIRST_TTL, Record, sts

_LATER = frozenset({"covered-days", "sessions", "reporters", "failures-recent"})


def step(
    given: Inputs,
    stage: Stage,
    verdict: Verdict,
    reasons: Sequence[Reason],
    bars: Thresholds,
    at: datetime,
) -> Step:
    """What to do next, and only that."""
    domain = given.policy_domain
    if given.served is None:
        return _without_policy(domain)
    codes = {one.code: one for one in reasons if one.speaks is not Speaks.FOR}
    if stage is Stage.LEAVING:
        return _leaving(given, verdict)
    if verdict is Verdict.STEP_BACK:
        return _step_back(domain)
    if found := _mend(domain, codes):
        return found
    if found := _publish(given, stage, codes):
        return found
    if verdict is Verdict.KEEP:
        return _ramp(given, codes, at)
    if found := _look(domain, codes):
        return found
    if verdict is Verdict.READY:
        return _enforce(given)
    return _wait(given, codes, bars, at)


def _without_policy(domain: str) -> Step:
    return Step(
        "find-policy",
        "Look at it from outside; if the domain is yours, take its policy over, or name the folder "
        "that holds it (MTA_STS_POLICIES).",
        _commands(domain, "check {}", "init --adopt {}"),
    )


def _mend(domain: str, codes: dict[str, Reason]) -> Step | None:
    """Repair what blocks; what is sure before what somebody tells."""
    for code, name, text, commands in (
        ("mx-not-covered", "cover-mx", "Let the policy cover every MX host.",
         ("check {}", "mx {} add HOST")),
        ("mx-failing", "mend-mx", "Mend TLS at the MX hosts that fail.", ("check {}",)),
        ("certificate-ended", "renew-certificate", "Renew the certificate that has ended.",
         ("check {}",)),
        ("failures-blocking", "mend-failures", "Mend what senders report, by its remedy.",
         ("failures {}", "check {}")),
        ("fetch-failures-blocking", "mend-policy-host",
         "Mend why senders cannot fetch the policy; our own log says whether they came.",
         ("failures {}", "fetches --domain {}")),
        ("check-errors", "mend-errors", "Mend the errors that the last look found.", ("check {}",)),
        ("certificate-ends-soon", "renew-certificate",
         "Renew the certificate that ends soon, and reload what serves it.", ("check {}",)),
    ):  # fmt: skip
        if code in codes:
            told = f"{text} Now: {codes[code].text}."
            return Step(name, told, _commands(domain, *commands))
    return None


def _publish(given: Inputs, stage: Stage, codes: dict[str, Reason]) -> Step | None:
    domain, served = given.policy_domain, given.served
    if given.check is None and stage in (Stage.NOTHING, Stage.RECORD, Stage.HOST):
        text = "Look at it from outside first: what is published is not known here."
        return Step("check", text, _commands(domain, "check {}"))
    if stage is Stage.NOTHING:
        text = "Publish the TLSRPT record first, so that the first failure is already reported."
        return Step(
            "publish-tlsrpt-record", text, _commands(domain, "records {} --rua mailto:ADDRESS")
        )
    if stage is Stage.RECORD or "policy-not-on-line" in codes:
        text = f"Serve the policy at {_host(domain)}, over HTTPS."
        return Step("publish-policy-host", text, _commands(domain, "records {}", "check {}"))
    if stage is Stage.HOST or "sts-record-none" in codes:
        with_id = served.policy_id if served is not None else ""
        text = "Publish the STS record: it is what makes senders fetch."
        return Step("publish-sts-record", text, _commands(domain, "records {}", "check {}"),
                    _lines(domain, with_id))  # fmt: skip
    return None


def _look(domain: str, codes: dict[str, Reason]) -> Step | None:
    for code in ("check-none", "check-old", "check-unfinished", "mx-not-seen", "mx-none",
                 "certificate-unknown"):  # fmt: skip
        if code in codes:
            text = f"Look at it from outside again: {codes[code].text}."
            return Step("check", text, _commands(domain, "check {}"))
    return None


def _wait(given: Inputs, codes: dict[str, Reason], bars: Thresholds, at: datetime) -> Step:
    domain = given.policy_domain
    if missing := codes.get("reports-none") or codes.get("reports-stopped"):
        text = (
            "Take in the TLS reports, and see that their mailbox takes mail from anybody: "
            f"{missing.text}."
        )
        return Step("take-in-reports", text, _commands(domain, "ingest SOURCE", "reports {}"))
    if "operator-not-confirmed" in codes and not _LATER & codes.keys():
        text = (
            f"Let {codes['operator-not-confirmed'].figure} fetch the text served now: send a mail "
            "from there to the domain; a fresh id asks every sender again."
        )
        return Step(
            "confirm-operators", text, _commands(domain, "senders {}", "records {} --again")
        )
    days = max(bars.days - given.covered_days, 0)
    if "failures-recent" in codes:
        days = max(days, bars.recent_days)
    if days:
        soonest = (at + timedelta(days=days + bars.late_days)).date()
        text = f"Wait, and take in the reports of each day: there is enough on {soonest} at the soonest."
    else:
        text = (
            "Wait for more sessions and reporters. A small domain may choose a lower bar, which is "
            "printed with the verdict: --min-sessions."
        )
    return Step("wait", text, _commands(domain, "ingest SOURCE", "advise {}"))


def _enforce(given: Inputs) -> Step:
    domain, first = given.policy_domain, RAMP[0]
    text = (
        f"Go to enforce with a max_age of {first.name}: a mistake is forgotten within it. The command "
        "shows each step, and the way back."
    )
    return Step(
        "enforce",
        text,
        _commands(domain, f"mode {{}} enforce --max-age {first.max_age}"),
        _lines(domain, _id_with(given, Mode.ENFORCE, first.max_age)),
    )


def _step_back(domain: str) -> Step:
    text = (
        "Mail is refused now. Mend the cause first, which is the quicker way; if that takes longer "
        "than senders try again, go back to testing."
    )
    return Step("mend-or-step-back", text, _commands(domain, "incident {}", "mode {} testing"))


def _ramp(given: Inputs, codes: dict[str, Reason], at: datetime) -> Step:
    """The next length of max_age, once this one has been held long enough, else watch."""
    domain, served = given.policy_domain, given.served
    if found := _look(domain, codes):
        return found
    age = served.max_age if served is not None else 0
    place = rung(age)
    if place + 1 < len(RAMP) and not {"reports-none", "reports-stopped"} & codes.keys():
        here, after = RAMP[max(place, 0)], RAMP[place + 1]
        since = given.served_since or at
        if since + timedelta(days=here.hold_days) <= at:
            text = f"Raise max_age to {after.name}; before it was {plan.span(age)}."
            return Step(
                "raise-max-age",
                text,
                _commands(domain, f"mode {{}} enforce --max-age {after.max_age}"),
                _lines(domain, _id_with(given, Mode.ENFORCE, after.max_age)),
            )
    text = (
        "Keep enforce and watch: a check a week, the failures that senders report, certificates, "
        "senders that stop. The way back is the mode testing, with a new id."
    )
    return Step("watch", text, _commands(domain, "check {}", "failures {}", "senders {}"))


def rung(max_age: int) -> int:
    """Which length of the ramp a max_age has reached, from 0; -1 below the first."""
    return sum(max_age >= each.max_age for each in RAMP) - 1


def _leaving(given: Inputs, verdict: Verdict) -> Step:
    domain = given.policy_domain
    if verdict is Verdict.READY:
        text = (
            "Delete the STS record, wait its TTL, then remove the policy host and the policy file "
            "(RFC 8461, 8.3). The TLSRPT record may stay."
        )
        return Step("remove-record", text, _commands(domain, "mode {} none --dry-run"))
    over = until(given)
    date = plan.text(over) if over is not None else "the longest max_age ever served is over"
    text = f"Keep serving mode none and the record until {date} (RFC 8461, 8.3)."
    return Step("keep-none", text, _commands(domain, "mode {} none --dry-run"))


def _id_with(given: Inputs, mode: Mode, max_age: int) -> str:
    """The id of the text as it will be; "" where the text cannot be changed by a command."""
    if given.served is None:
        return ""
    try:
        return policy_id(edit.with_max_age(edit.with_mode(given.served.body, mode), max_age))
    except PolicyError:
        return ""


def _lines(domain: str, with_id: str) -> tuple[str, ...]:
    if not with_id:
        return ()
    record: Record = sts(domain, with_id, FIRST_TTL)
    return (f'{record.name}. {record.ttl} IN {record.kind} "{record.value}"',)


def _commands(domain: str, *texts: str) -> tuple[str, ...]:
    """Commands to copy; a name that DNS cannot have stands in none."""
    name = domain if is_domain(domain) else "DOMAIN"
    return tuple(f"mta-sts {text.format(name)}" for text in texts)


def _host(domain: str) -> str:
    return f"mta-sts.{domain}"

"""The one next step of a domain, by the reason that weighs most."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from analytics.advice.evidence import until
from analytics.advice.model import (
    Inputs,
    Reason,
    Speaks,
    Stage,
    Step,
    Thresholds,
    Value,
    Verdict,
)
from analytics.advice.thresholds import RAMP
from policy import edit
from policy.domain import HOST_PREFIX, is_domain
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
    return Step("find-policy", _commands(domain, "check {}", "init --adopt {}"))


def _mend(domain: str, codes: dict[str, Reason]) -> Step | None:
    """Repair what blocks; what is sure before what somebody tells."""
    for code, name, commands in (
        ("mx-not-covered", "cover-mx", ("check {}", "mx {} add HOST")),
        ("mx-failing", "mend-mx", ("check {}",)),
        ("certificate-ended", "renew-certificate", ("check {}",)),
        ("failures-blocking", "mend-failures", ("failures {}", "check {}")),
        ("fetch-failures-blocking", "mend-policy-host", ("failures {}", "fetches --domain {}")),
        ("check-errors", "mend-errors", ("check {}",)),
        ("certificate-ends-soon", "renew-certificate", ("check {}",)),
    ):
        if code in codes:
            values: dict[str, Value] = (
                {"has_ended": code == "certificate-ended"} if name == "renew-certificate" else {}
            )
            return Step(name, _commands(domain, *commands), values=values, because=codes[code])
    return None


def _publish(given: Inputs, stage: Stage, codes: dict[str, Reason]) -> Step | None:
    domain, served = given.policy_domain, given.served
    if given.check is None and stage in (Stage.NOTHING, Stage.RECORD, Stage.HOST):
        return Step("check", _commands(domain, "check {}"), says="check-first")
    if stage is Stage.NOTHING:
        return Step("publish-tlsrpt-record", _commands(domain, "records {} --rua mailto:ADDRESS"))
    if stage is Stage.RECORD or "policy-not-on-line" in codes:
        return Step("publish-policy-host", _commands(domain, "records {}", "check {}"),
                    values={"host": f"{HOST_PREFIX}{domain}"})  # fmt: skip
    if stage is Stage.HOST or "sts-record-none" in codes:
        with_id = served.policy_id if served is not None else ""
        return Step("publish-sts-record", _commands(domain, "records {}", "check {}"),
                    _lines(domain, with_id))  # fmt: skip
    return None


def _look(domain: str, codes: dict[str, Reason]) -> Step | None:
    for code in ("check-none", "check-old", "check-unfinished", "mx-not-seen", "mx-none",
                 "certificate-unknown"):  # fmt: skip
        if code in codes:
            return Step("check", _commands(domain, "check {}"), because=codes[code],
                        says="check-now" if code == "check-none" else "check-again")  # fmt: skip
    return None


def _wait(given: Inputs, codes: dict[str, Reason], bars: Thresholds, at: datetime) -> Step:
    domain = given.policy_domain
    if missing := codes.get("reports-none") or codes.get("reports-stopped"):
        return Step("take-in-reports", _commands(domain, "ingest SOURCE", "reports {}"),
                    because=missing)  # fmt: skip
    if "operator-not-confirmed" in codes and not _LATER & codes.keys():
        return Step(
            "confirm-operators",
            _commands(domain, "senders {}", "records {} --again"),
            values={"operator": codes["operator-not-confirmed"].figure},
        )
    days = max(bars.days - given.covered_days, 0)
    if "failures-recent" in codes:
        days = max(days, bars.recent_days)
    commands = _commands(domain, "ingest SOURCE", "advise {}")
    if not days:
        return Step("wait", commands, says="wait-more")
    soonest = (at + timedelta(days=days + bars.late_days)).date()
    return Step("wait", commands, values={"soonest": soonest}, says="wait-until")


def _enforce(given: Inputs) -> Step:
    domain, first = given.policy_domain, RAMP[0]
    return Step(
        "enforce",
        _commands(domain, f"mode {{}} enforce --max-age {first.max_age}"),
        _lines(domain, _id_with(given, Mode.ENFORCE, first.max_age)),
        {"days": first.days},
    )


def _step_back(domain: str) -> Step:
    return Step("mend-or-step-back", _commands(domain, "incident {}", "mode {} testing"))


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
            return Step(
                "raise-max-age",
                _commands(domain, f"mode {{}} enforce --max-age {after.max_age}"),
                _lines(domain, _id_with(given, Mode.ENFORCE, after.max_age)),
                {"days": after.days, "before": timedelta(seconds=age)},
            )
    return Step("watch", _commands(domain, "check {}", "failures {}", "senders {}"))


def rung(max_age: int) -> int:
    """Which length of the ramp a max_age has reached, from 0; -1 below the first."""
    return sum(max_age >= each.max_age for each in RAMP) - 1


def _leaving(given: Inputs, verdict: Verdict) -> Step:
    commands = _commands(given.policy_domain, "mode {} none --dry-run")
    if verdict is Verdict.READY:
        return Step("remove-record", commands)
    over = until(given)
    values: dict[str, Value] = {"is_known": over is not None, "until": over or ""}
    return Step("keep-none", commands, values=values)


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

"""The advice about one domain: its stage, the verdict, the one next step, and the evidence.

Pure: the same inputs and time give the same advice. A verdict is *blocked* while a reason blocks,
*not yet* while one speaks against, *cannot tell* while one that decides is unknown, and *ready*
only where nothing is left: what is missing never counts for the step.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from analytics.advice import evidence
from analytics.advice.model import (
    Advice,
    Inputs,
    Reason,
    Speaks,
    Stage,
    Thresholds,
    Value,
    Verdict,
)
from analytics.advice.steps import rung, step
from analytics.advice.thresholds import RAMP
from policy.model import Mode

_ORDER = (Speaks.AGAINST, Speaks.UNKNOWN, Speaks.FOR)


def advise(inputs: Inputs, thresholds: Thresholds, at: datetime) -> Advice:
    """What is to be said about the domain at ``at``."""
    found = list(_reasons(inputs, thresholds, at))
    stage = _stage(inputs, found)
    verdict = _verdict(inputs, stage, found)
    reasons = sorted(found, key=lambda one: (not one.blocks, one.code in evidence.ASIDE,
                                             _ORDER.index(one.speaks)))  # fmt: skip
    return Advice(
        inputs.policy_domain,
        inputs.is_sample,
        stage,
        verdict,
        step(inputs, stage, verdict, reasons, thresholds, at),
        tuple(reasons),
        thresholds,
        inputs.refused,
    )


def _reasons(given: Inputs, bars: Thresholds, at: datetime) -> Iterable[Reason]:
    if given.is_sample:
        yield Reason("sample-data", Speaks.UNKNOWN, "sample", None, evidence.READINESS)
    if given.served is None:
        yield Reason("policy-not-here", Speaks.UNKNOWN, 0, at, evidence.READINESS)
        yield from evidence.of_check(given, bars, at)
        return
    if given.served.mode == Mode.NONE:
        yield from evidence.of_leaving(given, at)
        return
    reports = list(evidence.of_reports(given, bars, at))
    if given.served.mode == Mode.ENFORCE:
        yield _max_age(given)
        yield from (one for one in reports if one.code not in evidence.BARS)
    else:
        yield from reports
    yield from evidence.of_failures(given, bars, at)
    yield from evidence.of_operators(given)
    yield from evidence.of_check(given, bars, at)
    yield from evidence.aside_of_reports(given, bars, at)


def _max_age(given: Inputs) -> Reason:
    """Where max_age stands on its way up, with the step before and after."""
    age = given.served.max_age if given.served is not None else 0
    place = rung(age)
    is_last = place + 1 >= len(RAMP)
    values: dict[str, Value] = {
        "age": timedelta(seconds=age),
        "step": max(place, 0) + 1,
        "steps": len(RAMP),
        "before": RAMP[place - 1].days if place > 0 else 0,
        "after": 0 if is_last else RAMP[place + 1].days,
    }
    speaks = Speaks.FOR if is_last else Speaks.UNKNOWN
    return Reason("max-age", speaks, age, given.served_since, evidence.READINESS, values)


def _stage(given: Inputs, reasons: list[Reason]) -> Stage:
    check = given.check
    mode = given.served.mode if given.served is not None else ""
    if mode == Mode.NONE:
        return Stage.LEAVING
    is_held = any(one.is_confirmed for one in given.operators) or given.reporter_count > 0
    if check is not None:
        has_record, has_host = check.has_sts_record, check.has_policy
        has_tlsrpt = check.has_tlsrpt_record or given.report_count > 0
    else:  # who has the text of now has seen record and host
        has_record, has_host = is_held, is_held or given.fetch_count > 0
        has_tlsrpt = given.report_count > 0
    if not (has_record and has_host):
        if has_host:
            return Stage.HOST
        return Stage.RECORD if has_tlsrpt else Stage.NOTHING
    if mode == Mode.ENFORCE:
        return Stage.ENFORCE
    bars = [one for one in reasons if one.code in evidence.BARS]
    is_enough = bool(bars) and all(one.speaks is Speaks.FOR for one in bars)
    return Stage.EVIDENCE if is_enough else Stage.TESTING


def _verdict(given: Inputs, stage: Stage, reasons: list[Reason]) -> Verdict:
    if given.served is None:
        return Verdict.CANNOT_TELL
    deciding = [one for one in reasons if one.code not in evidence.ASIDE]
    if stage is Stage.ENFORCE:
        return _in_enforce(deciding)
    if any(one.blocks for one in deciding):
        return Verdict.BLOCKED
    if any(one.speaks is Speaks.AGAINST for one in deciding):
        return Verdict.NOT_YET
    if any(one.speaks is Speaks.UNKNOWN for one in deciding):
        return Verdict.CANNOT_TELL
    return Verdict.READY


def _in_enforce(reasons: list[Reason]) -> Verdict:
    """Step back where mail is refused now: by reports that go on, or by a fresh look."""
    codes = {one.code for one in reasons}
    is_seen = "check-old" not in codes and bool(codes & {"mx-failing", "mx-not-covered"})
    return Verdict.STEP_BACK if is_seen or "failures-blocking" in codes else Verdict.KEEP

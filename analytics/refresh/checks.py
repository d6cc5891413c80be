"""The part that looks at every served domain from outside, once a day and without SMTP.

Google Cloud lets nobody connect to port 25, so MX hosts are looked at by ``mta-sts check`` elsewhere.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from analytics import checks
from analytics.refresh.run import Outcome, Result, Time
from analytics.warehouse.base import Limits, Warehouse
from policy import idn
from policy.check import run
from policy.check.judge import Earlier, Judgement, Own, judge
from policy.errors import PolicyFileError
from policy.store import PolicyFolder

_LIMITS = Limits(60.0)
_BATCH = 100  # checks written at once
_DUE = """
SELECT DISTINCT v.policy_domain
FROM mta_sts_raw.policy_versions_v1 AS v
LEFT JOIN (
    SELECT DISTINCT policy_domain
    FROM mta_sts_raw.checks_v1
    WHERE checked_at >= @since AND NOT is_sample
) AS c ON v.policy_domain = c.policy_domain
WHERE v.is_served_now AND NOT v.is_sample AND c.policy_domain IS NULL
ORDER BY v.policy_domain
"""


def domains(
    warehouse: Warehouse, folder: PolicyFolder, looks: run.Settings, at: datetime, time: Time
) -> Result:
    """Check the served domains that nobody has checked today (UTC).

    A domain that is wrong is a finding, and no failure of the part.
    """
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    due = [str(name) for (name,) in warehouse.ask(_DUE, {"since": midnight}, limits=_LIMITS)]
    if not due:
        return Result(Outcome.NOT_DUE)
    before = checks.earlier(warehouse, due)
    judged = _judged(due, before, folder, replace(looks, asks_smtp=False), time)
    counts = {"due_count": len(due), "checked_count": 0}
    counts |= {f"{outcome}_count": 0 for outcome in ("right", "wrong", "unknown")}
    batch: list[Judgement] = []
    try:
        for each in judged:
            batch.append(each)
            counts[f"{checks.outcome(each)}_count"] += 1
            if len(batch) == _BATCH:
                counts["checked_count"] += checks.store(warehouse, batch, check_id=_of_the_day)
                batch = []
    finally:  # also where the time is up
        counts["checked_count"] += checks.store(warehouse, batch, check_id=_of_the_day)
    return Result(counts=counts)


def _judged(
    due: list[str],
    before: dict[str, Earlier],
    folder: PolicyFolder,
    looks: run.Settings,
    time: Time,
) -> Iterator[Judgement]:
    for seen in time.within(run.observations(due, looks)):
        own = _own(folder, seen.domain)
        yield judge(seen, own=own, earlier=before.get(seen.domain), to_ascii=idn.domain)


def _of_the_day(judged: Judgement) -> str:
    """The same for two runs at once: the later one writes over the other's."""
    day = judged.case.at.astimezone(UTC).date()
    return hashlib.sha256(f"refresh {day} {judged.domain}".encode()).hexdigest()[:32]


def _own(folder: PolicyFolder, domain: str) -> Own | None:
    """The policy kept here, if there is one that can be served; review tells why it cannot."""
    try:
        served = folder.served(domain)
    except (PolicyFileError, OSError):
        return None
    return Own(served.body, served.policy_id) if served is not None else None

"""Checks in the warehouse: what each saw and found, and what the next one is compared with."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from analytics.warehouse.base import Limits, Parameter, Warehouse
from policy.check.judge import Earlier, Held, Judgement, changes, mx, mx_hosts
from policy.check.judge.certificates import faults
from policy.check.model import HttpsObservation, MxObservation, Outcome, Tls
from policy.findings import Finding, Severity
from policy.model import policy_fingerprint, policy_id
from policy.register import REGISTER

Row = dict[str, object]

_LIMITS = Limits(60.0)
_LOOKS = 10  # checks of a domain that are looked back over for the last one that could look
_NAMED = 50  # domains that a question names; for more it asks for all
_BATCH = 500  # checks written at once

_CHECKS = """
SELECT
    policy_domain,
    checked_at,
    record_id,
    policy_text_id,
    mx_hosts
FROM mta_sts_raw.checks_v1
WHERE NOT is_sample{wanted}
QUALIFY ROW_NUMBER() OVER (PARTITION BY policy_domain ORDER BY checked_at DESC) <= @looks
"""

_CERTIFICATES = """
SELECT
    policy_domain,
    host,
    MAX_BY(certificate_serial, checked_at) AS certificate_serial
FROM mta_sts_raw.check_hosts_v1
WHERE NOT is_sample AND certificate_serial IS NOT NULL{wanted}
GROUP BY policy_domain, host
"""

_HELD = """
SELECT
    policy_domain,
    policy_mode,
    policy_max_age,
    MAX(seen_at) AS last_seen_at
FROM (
    SELECT policy_domain, policy_mode, policy_max_age, checked_at AS seen_at
    FROM mta_sts_raw.checks_v1
    WHERE NOT is_sample
    UNION ALL
    SELECT policy_domain, policy_mode, policy_max_age, last_served_at AS seen_at
    FROM mta_sts_raw.policy_versions_v1
    WHERE NOT is_sample
)
WHERE policy_mode IS NOT NULL AND policy_max_age IS NOT NULL{wanted}
GROUP BY policy_domain, policy_mode, policy_max_age
"""


def earlier(warehouse: Warehouse, domains: Sequence[str]) -> dict[str, Earlier]:
    """What earlier checks saw of the domains; none for one that was never checked or served.

    Raises:
        WarehouseError: the warehouse cannot answer now.
    """
    checks = _by_domain(_ask(warehouse, _CHECKS, domains, looks=_LOOKS))
    certificates = _by_domain(_ask(warehouse, _CERTIFICATES, domains))
    held = _by_domain(_ask(warehouse, _HELD, domains))
    return {
        domain: _earlier(checks.get(domain, []), certificates.get(domain, []), held.get(domain, []))
        for domain in domains
        if domain in checks or domain in held
    }


def _any_id(_judged: Judgement) -> str:
    return uuid.uuid4().hex


def store(
    warehouse: Warehouse,
    judged: Iterable[Judgement],
    *,
    check_id: Callable[[Judgement], str] = _any_id,
) -> int:
    """Keep checks, and say how many. One with the ``check_id`` of another takes its place.

    Raises:
        WarehouseError: it could not be done; what was stored before stays.
    """
    count, batch = 0, list[Judgement]()
    for one in judged:
        batch.append(one)
        if len(batch) == _BATCH:
            count += _store(warehouse, batch, check_id)
            batch = []
    return count + (_store(warehouse, batch, check_id) if batch else 0)


def outcome(judged: Judgement) -> str:
    """How a check came out: right, wrong or unknown."""
    if judged.has_error:
        return "wrong"
    return "unknown" if judged.is_unfinished else "right"


def _store(
    warehouse: Warehouse, batch: Sequence[Judgement], check_id: Callable[[Judgement], str]
) -> int:
    pairs = [(check_id(judged), judged) for judged in batch]
    # the check itself last: what reads it finds its hosts and findings there
    hosts = [row for its_id, judged in pairs for row in _hosts(its_id, judged)]
    findings = [
        _finding(its_id, judged, number, said)
        for its_id, judged in pairs
        for number, said in enumerate(judged.findings, start=1)
    ]
    gone = [{"check_id": its_id} for its_id, _judged in pairs] if check_id is not _any_id else []
    for table, rows in (("check_hosts_v1", hosts), ("check_findings_v1", findings)):
        if gone:
            warehouse.write(table, rows, by=("check_id",), gone=gone)
        elif rows:
            warehouse.write(table, rows)
    warehouse.write("checks_v1", [_check(its_id, judged) for its_id, judged in pairs])
    return len(batch)


def _check(check_id: str, judged: Judgement) -> Row:
    case, seen = judged.case, judged.case.seen
    counts = {severity: 0 for severity in Severity}
    for said in judged.findings:
        counts[said.severity] += 1
    policy, record = case.taken, case.record.record
    is_known = seen.mx.resolver.outcome is not Outcome.UNKNOWN
    return {
        **_head(check_id, judged),
        "outcome": outcome(judged),
        **{f"{severity}_count": count for severity, count in counts.items()},
        "has_smtp": seen.asked_smtp,
        "looked_from": _joined([seen.vantage.ipv4, seen.vantage.ipv6]),
        "record_id": record.policy_id if record is not None else None,
        "record_ttl": seen.sts.full_ttl,
        "policy_text_id": policy_id(case.body) if case.body is not None else None,
        "policy_fingerprint": policy_fingerprint(policy) if policy is not None else None,
        "policy_mode": str(policy.mode) if policy is not None else None,
        "policy_max_age": policy.max_age if policy is not None else None,
        "mx_hosts": ",".join(mx.hosts(seen)) if is_known else None,
        "took_ms": round(seen.took_s * 1_000),
    }


def _hosts(check_id: str, judged: Judgement) -> Iterator[Row]:
    case = judged.case
    host = case.seen.policy_host
    serials = changes.serials(case)
    answers = [one.answer.whole_s for one in host.seen if one.answer is not None]
    yield {
        **_head(check_id, judged),
        "role": "policy-host",
        "host": case.host,
        "outcome": _together([_of_policy_host(judged, one) for one in host.seen]),
        "addresses": _joined(host.addresses),
        "certificate_serial": serials.get(case.host),
        **_certificate([one.tls for one in host.seen]),
        "answer_ms": round(answers[0] * 1_000) if answers else None,
    }
    seen_hosts: set[str] = set()
    for one in case.seen.mx_hosts:
        if one.host not in seen_hosts:
            seen_hosts.add(one.host)
            covered = any(pattern.matches(one.host) for pattern in case.patterns)
            yield {
                **_head(check_id, judged),
                "role": "mx",
                "host": one.host,
                "preference": one.preference,
                "outcome": _of_mx_host(judged, one),
                "is_covered": covered if case.patterns else None,
                "addresses": _joined(one.addresses.addresses),
                "certificate_serial": serials.get(one.host),
                **_certificate([talk.tls for talk in one.seen]),
            }


def _of_policy_host(judged: Judgement, one: HttpsObservation) -> str:
    if one.answer is None:
        return "unknown" if one.outcome is Outcome.UNKNOWN else "wrong"
    if one.tls is not None and one.tls.certificate is not None:
        if one.tls.certificate.inspected_by:
            return "unknown"
        if faults(one.tls, judged.case.host, judged.case.at):
            return "wrong"
    return "right" if one.answer.status == 200 else "wrong"


def _of_mx_host(judged: Judgement, host: MxObservation) -> str:
    if not judged.case.seen.asked_smtp:
        return "not-asked"
    found = []
    for talk in host.seen:
        said = mx_hosts.at_address(judged.case, host.host, talk)
        severities = {REGISTER[each.code].severity for each in said}
        if Severity.ERROR in severities:
            found.append("wrong")
        else:
            found.append("unknown" if Severity.UNKNOWN in severities else "right")
    if not found and not host.addresses.addresses:
        both = (host.addresses.ipv4, host.addresses.ipv6)
        return "unknown" if any(one.outcome is Outcome.UNKNOWN for one in both) else "wrong"
    return _together(found)


def _together(found: Sequence[str]) -> str:
    """Of several addresses: one that fails counts, one that could not be seen does not."""
    return next((one for one in ("wrong", "right") if one in found), "unknown")


def _certificate(shown: Iterable[Tls | None]) -> Row:
    seen = [tls for tls in shown if tls is not None]
    own = [tls.certificate for tls in seen if tls.certificate and not tls.certificate.inspected_by]
    return {
        "certificate_ends_at": min((one.not_after for one in own), default=None),
        "tls_version": next((tls.version for tls in seen if tls.version), None),
    }


def _finding(check_id: str, judged: Judgement, number: int, said: Finding) -> Row:
    rule = REGISTER[said.code]
    return {
        **_head(check_id, judged),
        "finding_number": number,
        "code": said.code,
        "severity": str(said.severity),
        "subject": said.subject,
        "observed": said.observed,
        "expected": said.expected,
        "line": said.line,
        "section": said.section,
        "remedy": said.remedy,
        "senders": _joined(said.senders),
        "result_type": rule.result_type or None,
        "whose": str(rule.whose),
    }


def _head(check_id: str, judged: Judgement) -> Row:
    return {
        "check_id": check_id,
        "checked_at": judged.case.at,
        "policy_domain": judged.domain,
        "is_sample": False,
    }


def _joined(parts: Iterable[str]) -> str | None:
    return ",".join(part for part in parts if part) or None


def _earlier(checks: Sequence[Row], certificates: Sequence[Row], held: Sequence[Row]) -> Earlier:
    newest = sorted(checks, key=lambda row: _time(row["checked_at"]), reverse=True)
    whole = next((row for row in newest if row["record_id"] and row["policy_text_id"]), None)
    record = whole or next((row for row in newest if row["record_id"]), {})
    text = whole or next((row for row in newest if row["policy_text_id"]), {})
    hosts = next((row["mx_hosts"] for row in newest if row["mx_hosts"] is not None), None)
    at = _time((whole or (newest[0] if newest else held[0])).get("checked_at") or _last(held))
    return Earlier(
        at=at,
        record_id=str(record.get("record_id") or ""),
        text_id=str(text.get("policy_text_id") or ""),
        mx_hosts=tuple(host for host in str(hosts).split(",") if host)
        if hosts is not None
        else None,
        certificates={str(row["host"]): str(row["certificate_serial"]) for row in certificates},
        held=tuple(
            Held(str(row["policy_mode"]), _int(row["policy_max_age"]), _time(row["last_seen_at"]))
            for row in held
        ),
    )


def _last(held: Sequence[Row]) -> datetime:
    return max(_time(row["last_seen_at"]) for row in held)


def _ask(
    warehouse: Warehouse, text: str, domains: Sequence[str], **more: Parameter
) -> Iterator[Row]:
    named: Mapping[str, Parameter] = {}
    wanted = ""
    if len(domains) <= _NAMED:
        named = {f"d{number}": domain for number, domain in enumerate(domains)}
        wanted = f" AND policy_domain IN ({', '.join(f'@{name}' for name in named)})"
    return warehouse.ask(
        text.replace("{wanted}", wanted), {**named, **more}, limits=_LIMITS
    ).records()


def _by_domain(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row["policy_domain"]), []).append(row)
    return found


def _time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"expected a time, found {value!r}")
    return value


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected a number, found {value!r}")
    return value

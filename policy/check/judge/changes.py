"""Judge what is other than at the last check (RFC 8461, 8.1 and 8.3)."""

from collections.abc import Iterator

from policy.check.judge import mx
from policy.check.judge.context import Case, Earlier, listed
from policy.check.judge.records import is_stale, recommended, zone_line
from policy.check.model import Outcome, Tls
from policy.findings import Finding
from policy.model import Mode, policy_id
from policy.plan import text as minute
from policy.record import is_id_of


def findings(case: Case) -> Iterator[Finding]:
    """Findings about changes, and about a record that is ahead of its policy."""
    yield from _ahead(case)
    before = case.earlier
    if before is None:
        return
    yield from _text(case, before)
    yield from _removed(case, before)
    yield from _mx(case, before)
    yield from _certificates(case, before)


def serials(case: Case) -> dict[str, str]:
    """The serial of the certificate of each host, the first address's; others' are foreign."""
    found: dict[str, str] = {}

    def take(host: str, tls: Tls | None) -> None:
        if tls is not None and tls.certificate is not None and not tls.certificate.inspected_by:
            found.setdefault(host, tls.certificate.serial)

    for one in case.seen.policy_host.seen:
        take(case.host, one.tls)
    for host in case.seen.mx_hosts:
        for talk in host.seen:
            take(host.host, talk.tls)
    return found


def _ahead(case: Case) -> Iterator[Finding]:
    """The id of a text that is not on line yet."""
    record, own, before = case.record.record, case.own, case.earlier
    if record is None or case.body is None:
        return
    is_ours_ahead = (
        own is not None
        and case.body != own.body
        and is_id_of(record.policy_id, own.body, own.policy_id)
    )
    text_id = policy_id(case.body)
    is_new_id_alone = (
        before is not None
        and bool(before.record_id)
        and before.record_id != record.policy_id
        and before.text_id == text_id
        and not is_id_of(record.policy_id, case.body)
        and (own is None or own.body == case.body)
        and not (own is not None and record.policy_id == own.policy_id)
    )
    if is_ours_ahead:
        yield case.finding(
            "record-ahead-of-policy",
            case.record_name,
            observed=f"id={record.policy_id}, that of the text in the policy folder; on line is "
            f"another text, whose id is {text_id}",
            expected="the text that the id belongs to",
            remedy="put the text of the policy folder on line, then a fresh id:\n"
            f"mta-sts records {case.seen.domain} --again",
        )
    elif is_new_id_alone and before is not None:
        yield case.finding(
            "record-ahead-of-policy",
            case.record_name,
            observed=f"id={record.policy_id} since {minute(before.at)}, before that "
            f"id={before.record_id}; the text is the same",
            expected="a new text with the new id, unless the id alone was to change",
            remedy="if a new text is to come: put it on line, and then publish yet another id",
        )


def _text(case: Case, before: Earlier) -> Iterator[Finding]:
    record = case.record.record
    if case.body is None or not before.text_id or before.text_id == policy_id(case.body):
        return
    observed = f"text id {before.text_id} until {minute(before.at)}, now {policy_id(case.body)}"
    if is_stale(case) and record is not None:
        held = max((one.until for one in before.held), default=None)
        until = f"; senders may hold the old text until {minute(held)}" if held else ""
        should = recommended(case)
        yield case.finding(
            "record-id-unchanged",
            case.record_name,
            observed=f"{observed}; id={record.policy_id} as before{until}",
            expected="a new id for the new text",
            remedy=zone_line(should) if should else "",
        )
    elif record is not None:
        yield case.finding(
            "policy-changed",
            case.host,
            observed=f"{observed}; id={record.policy_id}, before id={before.record_id}",
            expected="a change that was meant",
            remedy=f"mta-sts fetches --domain {case.seen.domain}",
        )


def _removed(case: Case, before: Earlier) -> Iterator[Finding]:
    held = case.held
    found = case.seen.sts.resolver
    host = case.seen.policy_host
    is_record_gone = (
        bool(before.record_id)
        and found.outcome is not Outcome.UNKNOWN
        and not (case.record.kept or case.record.near)
    )
    is_host_gone = (
        bool(before.text_id)
        and not host.addresses
        and all(said.resolver.outcome is Outcome.ABSENT for said in (host.ipv6, host.ipv4))
    )
    if held is None or not (is_record_gone or is_host_gone):
        return
    gone = " and ".join(["the STS record"] * is_record_gone + ["the policy host"] * is_host_gone)
    what = f"mode {held.mode}, max_age {held.max_age}, last seen {minute(held.last_seen)}"
    yield case.finding(
        "policy-removed-early",
        case.record_name if is_record_gone else case.host,
        observed=f"gone: {gone}; senders may hold a policy until {minute(held.until)} ({what})",
        expected="mode none with a new id, and both kept until then",
        remedy=f"mta-sts mode {case.seen.domain} {Mode.NONE} --longest-max-age {held.max_age}",
    )


def _mx(case: Case, before: Earlier) -> Iterator[Finding]:
    if before.mx_hosts is None or case.seen.mx.resolver.outcome is Outcome.UNKNOWN:
        return
    now, then = set(mx.hosts(case.seen)), set(before.mx_hosts)
    if now == then:
        return
    new, gone = sorted(now - then), sorted(then - now)
    told = [f"new: {listed(new)}"] * bool(new) + [f"gone: {listed(gone)}"] * bool(gone)
    yield case.finding(
        "mx-set-changed",
        case.seen.domain,
        observed=f"{'; '.join(told)}, since {minute(before.at)}",
        expected="a change that was meant",
        remedy=f"dig MX {case.seen.domain}",
    )


def _certificates(case: Case, before: Earlier) -> Iterator[Finding]:
    for host, serial in serials(case).items():
        then = before.certificates.get(host, serial)
        if then != serial:
            yield case.finding(
                "certificate-changed",
                host,
                observed=f"serial {serial}, on {minute(before.at)} {then}",
                expected="a change that was meant",
                remedy="nothing to do, if you renewed it",
            )

"""What to publish, in order: each step with what to wait for, how to see it, and how to go back.

Policy first, record second (RFC 8461, 8.1). Every time is for publishing at ``at``, in UTC, with
the TTL of the STS record added, since a resolver may hand out the old id that long.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from policy.domain import HOST_PREFIX, RECORD_PREFIX, policy_url
from policy.model import Mode, Policy, policy_id
from policy.record import FIRST_TTL, Record, sts

DAY = 86_400
TLSPOL_LONGEST = 30 * DAY  # postfix-tlspol ffe1e2d: no sender known is deaf to the id for longer


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. The next one comes at ``until``, or where that is ``None`` once seen."""

    number: int
    title: str
    do: str
    records: tuple[Record, ...] = ()
    wait: str = ""
    until: datetime | None = None
    see: tuple[str, ...] = ()  # sentences, and commands after "$ "
    back: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A policy text that takes the place of another."""

    domain: str
    before: Policy
    after: Policy
    body: bytes  # the new text
    with_id: str
    at: datetime
    ttl: int  # seconds, of the STS record that is there now
    new_ttl: int = FIRST_TTL
    record_name: str = ""  # where a CNAME leads to, if the record is delegated
    undo: str = ""  # the command that goes back; "" where mode or max_age changed

    def moment(self, seconds: int) -> datetime:
        """So long after the new record, for those too who were just given the old one."""
        return self.at + timedelta(seconds=self.ttl + seconds)


def mode_changed(change: Change) -> tuple[Step, ...]:
    """The steps to another mode or max_age; to ``none`` they are :func:`withdrawn`."""
    return numbered([_file(change), _record(change), _held(change)])


def withdrawn(change: Change, longest_max_age: int) -> tuple[Step, ...]:
    """The steps to no policy (RFC 8461, 8.3), with the dates on which record and host may go.

    ``longest_max_age`` is the greatest that was served before, in seconds.
    """
    over = change.moment(longest_max_age)
    gone = over + timedelta(seconds=change.ttl)
    name, target = RECORD_PREFIX + change.domain, HOST_PREFIX + change.domain
    return numbered(
        [
            _file(change),
            _record(change),
            Step(
                0,
                "Keep both until the last old policy has run out",
                "Serve mode none, and leave the record and the policy host as they are.",
                wait=f"the longest max_age served before ({span(longest_max_age)}) and the TTL",
                until=over,
                see=(f"$ {dig('TXT', name)}", f"$ curl -sS {policy_url(change.domain)}"),
                back=_back(change),
            ),
            Step(
                0,
                "Remove the STS record",
                f"Delete the TXT record {name}. The TLSRPT record may stay.",
                wait="its TTL",
                until=gone,
                see=(f"$ {dig('TXT', name)}", "prints nothing"),
                back="publish the record again",
            ),
            Step(
                0,
                "Remove the policy host",
                f"Delete the name {target} and then the file {change.domain}.txt.",
                see=(f"$ {dig('A', target)}", "prints nothing"),
                back="no way back is needed: no sender holds a policy any more",
            ),
        ]
    )


def mx_added(change: Change, hosts: Sequence[str]) -> tuple[Step, ...]:
    """The steps to new MX hosts: the policy knows them before DNS names them."""
    undo = f"mta-sts mx {change.domain} remove {' '.join(hosts)}"
    change = replace(change, undo=undo)
    before, named = change.before, " and ".join(hosts)
    publish = Step(
        0,
        "Now the MX record",
        f"Add the MX record for {named}.",
        see=(
            f"$ {dig('MX', change.domain)}",
            f"names {named}; the next TLS reports count sessions there without failure",
        ),
        back=f"delete the MX record first and wait its TTL, then: {undo}",
    )
    if before.mode is not Mode.ENFORCE:
        why = f"nothing more: the old text is in mode {before.mode}, which refuses no host"
        return numbered([_file(change), _record(change), replace(publish, wait=why)])
    wait = Step(
        0,
        "Wait before you touch the MX records",
        f"A sender that holds the old text in enforce refuses {named}.",
        wait="a day, in which senders look for a new id (RFC 8461, 3.3), and the TTL",
        until=change.moment(min(DAY, before.max_age)),
        see=(f"$ mta-sts fetches --domain {change.domain}", "shows who has the new text"),
        back=_back(change),
    )
    deaf = text(change.moment(min(before.max_age, TLSPOL_LONGEST)))
    publish = replace(
        publish,
        do=f"Add the MX record for {named}, and keep the old MX hosts beside it.",
        wait="who still holds the old text delivers to the old hosts alone, so they stay: "
        f"postfix-tlspol, which does not look at the id, needs them until {deaf}",
        until=change.moment(before.max_age),
    )
    last = Step(
        0,
        "Then the old hosts, if they are to go",
        f"mta-sts mx {change.domain} remove HOST shows those steps.",
    )
    return numbered([_file(change), _record(change), wait, publish, last])


def mx_removed(
    change: Change, hosts: Sequence[str], mx_ttl: int, *, is_gone: bool
) -> tuple[Step, ...]:
    """The steps away from MX hosts: DNS forgets them before the policy does.

    ``is_gone`` says that DNS names none of them any more.
    """
    named = " and ".join(hosts)
    done = "DNS names it no more, so this is done if that is longer ago than its TTL."
    over = change.at + timedelta(seconds=mx_ttl)
    undo = f"mta-sts mx {change.domain} add {' '.join(hosts)}"
    later = replace(change, at=over, undo=undo)
    first = Step(
        0,
        "First the MX record",
        f"Delete the MX record for {named}. {done if is_gone else ''}".rstrip(),
        wait=f"the TTL of the MX records ({span(mx_ttl)}): until then senders still go there, and "
        "a policy without it would have enforce refuse them",
        until=over,
        see=(f"$ {dig('MX', change.domain)}", f"does not name {named}"),
        back="add the MX record again; the policy still covers it",
    )
    file = replace(_file(later), title="Then the policy")
    return numbered([first, file, _record(later), _held(later)])


def _file(change: Change) -> Step:
    return Step(
        0,
        "First the policy",
        f"Put the changed {change.domain}.txt on line, everywhere it is served from.",
        wait="until every instance and cache gives the new text",
        see=same_text(change.domain, change.body),
        back=_back(change),
    )


def _record(change: Change) -> Step:
    record = sts(change.domain, change.with_id, change.new_ttl)
    if change.record_name:
        record = replace(record, name=change.record_name)
    return Step(
        0,
        "Then the record with the new id",
        "Change it only now: a sender that sees the new id and gets the old text keeps that text "
        "under the new id.",
        (record,),
        wait=f"the TTL of the record ({span(change.ttl)}): until then some are given the old id",
        until=change.moment(0),
        see=(f"$ {dig('TXT', RECORD_PREFIX + change.domain)}", f'prints "{record.value}"'),
        back=_back(change),
    )


def _held(change: Change) -> Step:
    before = change.before
    deaf = change.moment(min(before.max_age, TLSPOL_LONGEST))
    return Step(
        0,
        "Then let the old text run out",
        f"Most senders fetch again when they next see the new id, and {before.mode} counts for "
        f"the others until then. postfix-tlspol does not look at the id: it keeps the old text "
        f"until {text(deaf)}, and never for more than 30 days.",
        wait=f"the old max_age ({span(before.max_age)}) and the TTL, the longest that any sender "
        "may hold it",
        until=change.moment(before.max_age),
        see=(f"$ mta-sts fetches --domain {change.domain}", "shows who has asked since"),
        back=_back(change),
    )


def _back(change: Change) -> str:
    if change.undo:
        return f"{change.undo}, then its steps"
    mode, age = change.before.mode, change.before.max_age
    told = f"mta-sts mode {change.domain} {mode} --max-age {age}, then these steps again"
    if change.after.mode is Mode.ENFORCE:
        return f"{told}; who has fetched enforce holds it up to {span(change.after.max_age)}"
    return told


def same_text(domain: str, body: bytes) -> tuple[str, str]:
    """How to see that a text is on line: a command, and what it prints."""
    return (
        f"$ curl -sS {policy_url(domain)} | sha256sum | cut -c 1-20",
        f"prints {policy_id(body)}",
    )


def numbered(steps: list[Step]) -> tuple[Step, ...]:
    """The steps with their numbers, from 1."""
    return tuple(replace(step, number=number) for number, step in enumerate(steps, start=1))


def dig(kind: str, name: str) -> str:
    """The command that shows a record."""
    return f"dig +short {kind} {name}"


def text(at: datetime) -> str:
    """A time in UTC, to the minute."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def span(seconds: int) -> str:
    """A length of time as the record or policy has it, and for people."""
    for unit, size in (("day", DAY), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            number = seconds // size
            return f"{seconds} s, {number} {unit}{'' if number == 1 else 's'}"
    return f"{seconds} s"

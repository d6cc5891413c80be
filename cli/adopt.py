"""Take a policy over that is published already: the live text and id, as they are."""

from collections.abc import Iterator

from cli import asking, names
from cli.drafts import Draft, Refused, not_covered
from cli.exits import FINDINGS, UNFINISHED
from policy import parse, remedy
from policy.check import https
from policy.check.dns import Resolver
from policy.check.model import Fetch, Outcome
from policy.domain import HOST_PREFIX, policy_url
from policy.errors import PolicySyntaxError
from policy.model import Mode, Policy, policy_id
from policy.store import PolicyFolder

_STRENGTH = (Mode.NONE, Mode.TESTING, Mode.ENFORCE)


def draft(
    folder: PolicyFolder,
    domain: str,
    dns: Resolver,
    ca_file: str | None,
    connect_to: tuple[str, int] | None,
) -> Draft | Refused:
    """The live policy of a domain, or why it cannot be taken over."""
    fetched = _fetched(domain, dns, ca_file, connect_to)
    if refusal := _refusal(domain, fetched):
        return refusal
    reading = parse.reading(fetched.body)
    if reading.policy is None:
        return Refused(domain, FINDINGS, _correction(fetched, reading.faults))
    record = asking.published(dns, domain)
    live = dns.mx(domain)
    if record.is_unknown:
        said = (
            f"its id could not be asked for ({record.fault}), so it was not taken over; try again"
        )
        return Refused(domain, UNFINISHED, said)
    with_id = record.record.policy_id if record.record else policy_id(fetched.body)
    warnings = [*_record_warnings(domain, record), *_text_warnings(fetched, reading.policy)]
    warnings += [
        f"MX host {host} is not covered: {_effect(reading.policy)}; after this: mta-sts mx "
        f"{domain} add {host}"
        for host in not_covered(reading.policy, live)
    ]
    if live.outcome is Outcome.UNKNOWN:
        warnings.append(f"whether it covers the MX hosts is not known: {live.reason}")
    if (here := folder.text(domain)) is not None and here != fetched.body:
        warnings += behind(here, reading.policy)
    return Draft(
        domain,
        fetched.body,
        reading.policy,
        with_id,
        "live policy",
        found=(
            f"Live policy: {fetched.url} at {fetched.address}, {len(fetched.body)} bytes",
            f"STS record: {record.record or record.fault}",
            f"MX records: {asking.mx_text(live)}",
        ),
        notes=("Text and id stay as they are, so that no sender sees a change.",),
        warnings=tuple(warnings),
    )


def behind(here: bytes, live: Policy) -> Iterator[str]:
    """Where the text here would take senders back from the live one they hold."""
    own = parse.reading(here).policy
    if own is None:
        yield "The file here is no valid policy."
        return
    if _STRENGTH.index(own.mode) < _STRENGTH.index(live.mode):
        yield f"The file here has mode {own.mode}, senders hold {live.mode}."
    if own.max_age < live.max_age:
        yield f"The file here has max_age {own.max_age}, senders hold {live.max_age}."
    missing = [str(known) for known in live.mx if known not in own.mx]
    if missing:
        yield f"The file here lacks mx {', '.join(missing)} of the live text."


def _fetched(
    domain: str, dns: Resolver, ca_file: str | None, connect_to: tuple[str, int] | None
) -> Fetch:
    if connect_to is not None:
        address, port = connect_to
        return https.fetch(domain, [address], port=port, ca_file=ca_file)
    found = dns.addresses(HOST_PREFIX + domain)
    if found.outcome is not Outcome.ANSWER:
        return Fetch(policy_url(domain), found.outcome, "address", found.reason)
    return https.fetch(domain, found.values, ca_file=ca_file)


def _refusal(domain: str, fetched: Fetch) -> Refused | None:
    """Why what came is not a policy that a sender would take."""
    if fetched.outcome is not Outcome.ANSWER:
        status = FINDINGS if fetched.outcome is Outcome.ABSENT else UNFINISHED
        return Refused(
            domain,
            status,
            f"{fetched.url} could not be fetched ({fetched.failed_at}: {fetched.reason}). For a "
            f"domain that publishes nothing yet: mta-sts init {domain}",
        )
    if fetched.status != 200:
        to = f" to {fetched.location}" if fetched.location else ""
        return Refused(
            domain,
            FINDINGS,
            f"{fetched.url} answered {fetched.status}{to}, which is no policy to a sender "
            f"(RFC 8461, 3.3: exactly 200, no redirect); start anew: mta-sts init {domain}",
        )
    return None


def _correction(fetched: Fetch, faults: tuple[PolicySyntaxError, ...]) -> str:
    """The faults of a live text, and the text as it should be where that can be told."""
    named = "; ".join(str(fault) for fault in faults[:3])
    better = remedy.text(fetched.body, names.domain)
    offer = f" The text put right reads: {' / '.join(better.split(chr(10)))}" if better else ""
    return f"the live policy is none to a sender, and was not taken over: {named}.{offer}"


def _record_warnings(domain: str, record: asking.Published) -> Iterator[str]:
    if record.record is None:
        yield (
            f"there is no valid STS record ({record.fault}), so senders that go by the RFC hold "
            f"no policy; publish one: mta-sts records {domain}"
        )


def _text_warnings(fetched: Fetch, policy: Policy) -> Iterator[str]:
    kind = fetched.content_type.partition(";")[0].strip().lower()
    if kind != "text/plain":
        said = fetched.content_type or "no Content-Type"
        yield f"it is served with {said}, and many senders want text/plain; here it will be"
    if policy.max_age < 86_400 and policy.mode is not Mode.NONE:
        yield f"max_age {policy.max_age} is under a day: Google, for one, ignores such a policy"


def _effect(policy: Policy) -> str:
    return "senders refuse it now" if policy.mode is Mode.ENFORCE else "enforce would refuse it"

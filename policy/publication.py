"""The steps of a first publication: the mailbox first, the STS record last."""

from dataclasses import dataclass

from policy.domain import HOST_PREFIX, TLSRPT_PREFIX, policy_url
from policy.model import Mode, Policy
from policy.plan import Step, dig, numbered, same_text, span
from policy.record import FIRST_TTL, Record, delegated, host, sts, tlsrpt

_NOT_THERE = "a resolver that asked before may say for a while that there is nothing"


@dataclass(frozen=True, slots=True)
class Publication:
    """What is needed to publish a policy for the first time."""

    domain: str
    policy: Policy
    body: bytes
    with_id: str
    rua: tuple[str, ...]
    host_target: str = ""  # a name or an address; "" where it is not known yet
    ttl: int = FIRST_TTL
    delegate: str = ""  # the zone of one's own that a customer's names lead to
    is_rua_assumed: bool = False


def steps(wanted: Publication) -> tuple[Step, ...]:
    """The steps of a first publication, the mailbox first and the STS record last.

    Raises:
        RecordSyntaxError: a rua is no mailto or https URI.
        DomainError: the target of the policy host is no name, or a delegated name is too long.
    """
    return numbered(
        [_mailbox(wanted), _tlsrpt(wanted), _host(wanted), _policy(wanted), _sts(wanted)]
    )


def _mailbox(wanted: Publication) -> Step:
    mail = [uri[len("mailto:") :] for uri in wanted.rua if uri.lower().startswith("mailto:")]
    post = [uri for uri in wanted.rua if not uri.lower().startswith("mailto:")]
    do, see = [], []
    if wanted.is_rua_assumed:
        do.append("This address is assumed; --rua mailto:ADDRESS says another.")
    if mail:
        do.append(
            f"Send a mail from outside, from another provider, to {' and '.join(mail)}. "
            "A Google Group must take mail from anyone on the web, or reports are lost unseen."
        )
        see.append("the mail arrives, attachment and all")
    if post:
        do.append(f"Make {' and '.join(post)} take a POST of application/tlsrpt+gzip.")
        see += [f"$ curl -sSi -H 'Content-Type: application/tlsrpt+gzip' --data x '{post[0]}'"]
    return Step(0, "The mailbox for TLS reports", " ".join(do), see=tuple(see), back="nothing yet")


def _tlsrpt(wanted: Publication) -> Step:
    name = TLSRPT_PREFIX + wanted.domain
    record = tlsrpt(wanted.domain, wanted.rua, wanted.ttl)
    return Step(
        0,
        "The TLSRPT record",
        "Publish it now, so that the first failure is already reported.",
        _published(record, wanted.delegate),
        see=(f"$ {dig('TXT', name)}", f'prints "{record.value}"', f"({_NOT_THERE})"),
        back="delete the record; reports stop within about two days",
    )


def _host(wanted: Publication) -> Step:
    name = HOST_PREFIX + wanted.domain
    given = host(wanted.domain, wanted.host_target or "host.invalid", wanted.ttl)
    records = _published(given, wanted.delegate)
    do = "Let it lead to the host that serves the policies."
    if not wanted.host_target:
        own, records = records[0].name, records[1:]
        do = (
            f"Publish {own} as a CNAME to the host that serves the policies, or as A and AAAA "
            "with its addresses (--host-target NAME or ADDRESS fills this in)."
        )
    return Step(
        0,
        "The name of the policy host",
        f"{do} Its certificate must be for {name}.",
        records,
        see=(
            f"$ {dig('AAAA' if given.kind == 'AAAA' else 'A', name)}",
            "prints the host and its address",
        ),
        back="delete the name; before there is an STS record nobody asks for it",
    )


def _policy(wanted: Publication) -> Step:
    return Step(
        0,
        "The policy",
        f"Put {wanted.domain}.txt on line, byte for byte, at {policy_url(wanted.domain)}",
        see=(
            f"$ curl -sSi {policy_url(wanted.domain)}",
            "answers 200 with Content-Type text/plain, without a redirect",
            *same_text(wanted.domain, wanted.body),
        ),
        back="take it off line; before there is an STS record nobody asks for it",
    )


def _sts(wanted: Publication) -> Step:
    record = sts(wanted.domain, wanted.with_id, wanted.ttl)
    held = span(wanted.policy.max_age)
    back = {
        Mode.TESTING: "delete the record; in testing nobody refuses mail, whoever holds the policy",
        Mode.ENFORCE: f"mta-sts mode {wanted.domain} testing; to delete the record alone changes "
        f"nothing for senders that hold enforce, for up to {held}",
        Mode.NONE: f"mta-sts mode {wanted.domain} testing",
    }[wanted.policy.mode]
    return Step(
        0,
        "Last, the STS record",
        f"From now on senders fetch the policy. Leave the TTL at {FIRST_TTL} until enforce has "
        "held for some weeks.",
        _published(record, wanted.delegate),
        see=(
            f"$ {dig('TXT', record.name)}",
            f'prints "{record.value}"',
            "and after a mail to the domain from Gmail:",
            f"$ mta-sts fetches --domain {wanted.domain}",
        ),
        back=back,
    )


def _published(record: Record, zone: str) -> tuple[Record, ...]:
    if not zone:
        return (record,)
    alias, own = delegated(record, zone)
    return own, alias  # so that the CNAME never leads to nothing

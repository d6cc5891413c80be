"""The first policy of a domain, drafted from what DNS says or from what a person names."""

from dataclasses import dataclass

from cli import asking, names
from cli.exits import UNFINISHED, USAGE
from policy import presets
from policy.check.dns import Resolver
from policy.check.model import Lookup, MxHost, Outcome
from policy.domain import HOST_PREFIX, is_domain
from policy.errors import DomainError
from policy.model import Mode, MxPattern, Policy, policy_id
from policy.remedy import is_ipv4

FIRST_MAX_AGE = 604_800
DAYS_SAID = (
    "max_age is a week: no sender known ignores it (Google does below a day), and a mistake is "
    "forgotten in a week. Before enforce make it two weeks or more."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """How the hosts are found: by hand, by a preset, or by DNS where there is neither."""

    hosts: tuple[str, ...] = ()
    preset: str | None = None
    max_age: int = FIRST_MAX_AGE


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy to write, and how it came about."""

    domain: str
    body: bytes
    policy: Policy
    with_id: str
    source: str  # MX records, --mx, preset NAME, live policy
    provider: str = ""  # the preset whose hosts they are
    found: tuple[str, ...] = ()  # sentences on what DNS and the policy host say
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def text_id(self) -> str:
        """The id that the text has of itself."""
        return policy_id(self.body)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no draft, with the exit status it asks for."""

    domain: str
    status: int
    text: str


def draft(domain: str, choice: Choice, dns: Resolver | None) -> Draft | Refused:
    """A policy in testing for a domain, or why there is none.

    Raises:
        PresetError: there is no such preset, or it cannot know the hosts.
        DomainError: a host given by hand is no name.
    """
    if domain.startswith(HOST_PREFIX):
        meant = domain.removeprefix(HOST_PREFIX)
        why = f"this is the policy host of {meant}; its policy domain is meant"
        return Refused(domain, USAGE, f"{why}: mta-sts init {meant}")
    live = dns.mx(domain) if dns is not None else None
    if choice.hosts:
        return _by_hand(domain, choice, live)
    if choice.preset is not None:
        return _by_preset(domain, choice, choice.preset, live)
    if live is None:
        return Refused(domain, USAGE, "without DNS, name the hosts: --mx HOST or --preset NAME")
    refusal = _no_hosts(domain, live)
    if refusal is not None:
        return refusal
    hosts = asking.mx_hosts(live)
    return _made(domain, choice, tuple(map(MxPattern, hosts)), "MX records", live)


def pattern(text: str) -> MxPattern:
    """An mx value as a person gives it: a host or a wildcard, in whatever case and script.

    Raises:
        DomainError: it is neither.
    """
    wildcard = "*." if text.startswith("*.") else ""
    return MxPattern(wildcard + names.domain(text.removeprefix("*.")))


def new_pattern(text: str) -> MxPattern:
    """An mx value to put into a policy.

    Raises:
        DomainError: it is no host and no wildcard, or an IPv4 address, which the grammar lets
            pass and no host can match (RFC 8461, 4.1).
    """
    found = pattern(text)
    if is_ipv4(found.domain):
        raise DomainError(f"expected the name of a host, found the address {found}")
    return found


def not_covered(policy: Policy, live: Lookup[MxHost] | None) -> list[str]:
    """The live MX hosts that the policy does not allow."""
    return [host for host in asking.mx_hosts(live) if not policy.covers(host)] if live else []


def _no_hosts(domain: str, live: Lookup[MxHost]) -> Refused | None:
    """Why DNS gives no hosts to list, if it gives none."""
    if live.outcome is Outcome.UNKNOWN:
        return Refused(
            domain,
            UNFINISHED,
            f"the MX records could not be asked for: {live.reason}. Try again, or name the hosts "
            f"by hand: mta-sts init {domain} --mx HOST",
        )
    if live.outcome is Outcome.ABSENT:
        return Refused(
            domain,
            USAGE,
            f"there are no MX records ({live.reason}). Where they are still to come: --preset "
            f"{'|'.join(presets.SLUGS[:3])}|…, or --mx HOST. Without any, senders would try the "
            f"domain itself: --mx {domain}",
        )
    if asking.is_null_mx(live):
        return Refused(
            domain,
            USAGE,
            "the MX record is '.', a null MX (RFC 7505): the domain takes no mail, so there is "
            "nothing to protect and no policy is needed",
        )
    odd = [host for host in asking.mx_hosts(live) if not is_domain(host)]
    if odd:
        return Refused(
            domain,
            USAGE,
            f"the MX record names {', '.join(odd)}, which no policy can list (RFC 8461, 3.2: "
            "letters, digits and hyphens); give the host another name first",
        )
    return None


def _by_hand(domain: str, choice: Choice, live: Lookup[MxHost] | None) -> Draft | Refused:
    try:
        hosts = tuple(dict.fromkeys(new_pattern(text) for text in choice.hosts))
    except DomainError as error:
        return Refused(domain, USAGE, f"--mx: {error}")
    return _made(domain, choice, hosts, "--mx", live)


def _by_preset(
    domain: str, choice: Choice, slug: str, live: Lookup[MxHost] | None
) -> Draft | Refused:
    patterns = presets.patterns(slug)
    hosts = asking.mx_hosts(live) if live is not None else []
    strangers = [host for host in hosts if not any(known.matches(host) for known in patterns)]
    if live is not None and asking.is_null_mx(live):
        return _no_hosts(domain, live) or _made(domain, choice, patterns, f"preset {slug}", live)
    if live is not None and strangers:
        return Refused(
            domain,
            USAGE,
            f"the MX records decide, and {', '.join(strangers)} is not what {slug} covers. "
            f"Leave --preset out to use them: {asking.mx_text(live)}",
        )
    return _made(domain, choice, patterns, f"preset {slug}", live)


def _made(
    domain: str,
    choice: Choice,
    mx: tuple[MxPattern, ...],
    source: str,
    live: Lookup[MxHost] | None,
) -> Draft:
    policy = Policy(Mode.TESTING, choice.max_age, mx)
    body = str(policy).encode()
    hosts = asking.mx_hosts(live) if live is not None else []
    hosts = hosts or [known.text.removeprefix("*.") for known in mx]
    owners = [found for host in hosts if (found := presets.owner(host))]
    missing = not_covered(policy, live)
    warnings = [f"MX host {host} is in DNS and not in this policy" for host in missing]
    if 0 <= choice.max_age < 86_400:
        warnings.append("a max_age under a day: Google, for one, ignores such a policy")
    return Draft(
        domain,
        body,
        policy,
        policy_id(body),
        source,
        owners[0].slug if owners else "",
        (f"MX records: {asking.mx_text(live) if live is not None else 'not asked for'}",),
        presets.notes(hosts),
        tuple(warnings),
    )

"""Mail providers: whose MX hosts these are, and what a policy lists where there are none yet.

Live MX records decide. A preset explains them, and stands in for them only where the provider
gives every customer the same hosts; elsewhere it says what to look up.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from policy.errors import PolicyError, shown
from policy.model import MxPattern


class PresetError(PolicyError):
    """There is no such preset, or it cannot know the hosts."""

    code = "preset-refused"


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider, in one generation of its MX hosts.

    ``mx`` is empty where each customer has a host of its own; ``look_up`` then says where that
    is found. ``names`` are domains: a host is the provider's if it is one of them or under one.
    """

    slug: str
    name: str
    names: tuple[str, ...]
    mx: tuple[str, ...]
    about: str
    look_up: str = ""

    def owns(self, mx_host: str) -> bool:
        """Whether the host is one of this provider's, in this generation."""
        return any(mx_host == name or mx_host.endswith("." + name) for name in self.names)


_BY_HAND = "then: mta-sts init DOMAIN --mx HOST"

PRESETS = (
    Preset(
        "google-workspace",
        "Google Workspace",
        ("smtp.google.com",),
        ("smtp.google.com",),
        "the one MX host of domains set up since April 2023; the five of before are another "
        "generation, which a policy for this one does not cover",
    ),
    Preset(
        "google-workspace-legacy",
        "Google Workspace, as before April 2023",
        ("aspmx.l.google.com", "googlemail.com"),
        ("aspmx.l.google.com", *(f"alt{number}.aspmx.l.google.com" for number in range(1, 5))),
        "five MX hosts, still supported: aspmx.l.google.com and alt1 to alt4 in front of it; a "
        "move to smtp.google.com needs that host in the policy first",
    ),
    Preset(
        "microsoft-365",
        "Microsoft 365",
        ("mail.protection.outlook.com",),
        ("*.mail.protection.outlook.com",),
        "each domain has one host right under mail.protection.outlook.com, which the wildcard "
        "covers; a host under mx.microsoft, which domains with DNSSEC have and newer ones may, it "
        "does not",
    ),
    Preset(
        "microsoft-365-mx-microsoft",
        "Microsoft 365 under mx.microsoft",
        ("mx.microsoft",),
        (),
        "each domain has a host two labels below mx.microsoft, such as "
        "example-com.a-v1.mx.microsoft; '*.mx.microsoft' covers one label and so not this host",
        "the MX value in the Microsoft 365 admin center, Settings, Domains, DNS records (or "
        "Get-DnssecStatusForVerifiedDomain in Exchange Online PowerShell), " + _BY_HAND,
    ),
    Preset(
        "cloudflare-email-routing",
        "Cloudflare Email Routing",
        ("mx.cloudflare.net",),
        tuple(f"route{number}.mx.cloudflare.net" for number in range(1, 4)),
        "three MX hosts, the same for every customer",
    ),
    Preset(
        "fastmail",
        "Fastmail",
        ("messagingengine.com",),
        ("in1-smtp.messagingengine.com", "in2-smtp.messagingengine.com"),
        "two MX hosts, the same for every customer",
    ),
    Preset(
        "icloud-mail",
        "iCloud Mail",
        ("mail.icloud.com",),
        ("mx01.mail.icloud.com", "mx02.mail.icloud.com"),
        "two MX hosts, the same for every customer",
    ),
    Preset(
        "proton-mail",
        "Proton Mail",
        ("protonmail.ch",),
        ("mail.protonmail.ch", "mailsec.protonmail.ch"),
        "two MX hosts, the same for every customer",
    ),
    Preset(
        "mimecast",
        "Mimecast",
        ("mimecast.com",),
        (),
        "the hosts depend on the region of the account",
        "the MX values that the Mimecast administration console shows, " + _BY_HAND,
    ),
    Preset(
        "proofpoint",
        "Proofpoint",
        ("pphosted.com", "ppe-hosted.com"),
        (),
        "the hosts depend on the account",
        "the MX values that Proofpoint gave you, " + _BY_HAND,
    ),
)

SLUGS = tuple(preset.slug for preset in PRESETS)

_GOOGLE = ("google-workspace", "google-workspace-legacy")
_MICROSOFT = ("microsoft-365", "microsoft-365-mx-microsoft")


def preset(slug: str) -> Preset:
    """The preset of that name.

    Raises:
        PresetError: there is none.
    """
    for known in PRESETS:
        if known.slug == slug:
            return known
    raise PresetError(f"expected one of {', '.join(SLUGS)}, found {shown(slug)}")


def patterns(slug: str) -> tuple[MxPattern, ...]:
    """What a policy lists for a domain that has no MX records yet.

    Raises:
        PresetError: there is no such preset, or each customer has a host of its own.
    """
    found = preset(slug)
    if not found.mx:
        raise PresetError(
            f"{slug} cannot know your MX host: {found.about}. Look up {found.look_up}"
        )
    return tuple(MxPattern(text) for text in found.mx)


def owner(mx_host: str) -> Preset | None:
    """The provider that a host, in lower case and without final dot, belongs to."""
    return next((known for known in PRESETS if known.owns(mx_host)), None)


def notes(mx_hosts: Iterable[str]) -> tuple[str, ...]:
    """What there is to know about a set of MX hosts, a sentence each."""
    hosts = tuple(mx_hosts)
    owners = {found.slug: found for host in hosts if (found := owner(host))}
    said = [f"{found.name}: {found.about}." for found in owners.values()]
    if set(_GOOGLE) <= set(owners):
        said.append(
            "Both generations of Google's hosts are there; Google asks for one of them alone. "
            "The policy lists both, so that either can go."
        )
    if set(_MICROSOFT) <= set(owners):
        said.append(
            "Both of Microsoft's forms are there; remove the MX record under "
            "mail.protection.outlook.com once mail arrives by the other."
        )
    strangers = [host for host in hosts if owner(host) is None]
    if owners and strangers:
        said.append(f"Of no provider known here: {', '.join(strangers)}.")
    return tuple(said)

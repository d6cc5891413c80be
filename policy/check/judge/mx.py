"""Judge the MX records beside the policy: which hosts it covers, and which patterns to write."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from policy import presets
from policy.check.judge.context import Case, argument, listed
from policy.check.model import MxObservation, Observation, Outcome
from policy.findings import Finding
from policy.model import Mode, MxPattern

NULL_MX = "."  # RFC 7505
_BY_NAME = 5  # hosts that are named one by one rather than by a wildcard


def hosts(seen: Observation) -> tuple[str, ...]:
    """The MX hosts, each once, in the order of preference; none for a null MX."""
    named = [said.host for said in seen.mx.resolver.values if said.host != NULL_MX]
    implicit = [one.host for one in seen.mx_hosts if one.is_implicit and one.addresses.addresses]
    return tuple(dict.fromkeys(named or implicit))


def lines(names: Iterable[str]) -> str:
    """The mx lines for hosts."""
    return "\n".join(f"mx: {name}" for name in names)


def findings(case: Case) -> Iterator[Finding]:
    """Findings about the MX records and how the policy covers them."""
    seen, domain = case.seen, case.seen.domain
    found = seen.mx.resolver
    if found.outcome is Outcome.UNKNOWN:
        yield case.finding(
            "mx-lookup-failed",
            domain,
            observed=found.reason,
            expected="the MX records",
            remedy=f"dig MX {domain}",
        )
        return
    if [said.host for said in found.values] == [NULL_MX]:
        yield case.finding(
            "mx-null",
            domain,
            observed="MX 0 .",
            expected="no policy, or one that nobody has a use for",
            remedy="nothing to do",
        )
        return
    names = hosts(seen)
    if found.outcome is Outcome.ABSENT:
        implicit = next((one for one in seen.mx_hosts if one.is_implicit), None)
        if not names and (implicit is None or _is_known(implicit)):
            yield _absent(case)
            return
        if names:
            yield _implicit(case)
    if case.patterns and case.mode is not Mode.NONE:
        yield from _coverage(case, case.patterns, names)
    if seen.mx_left_out:
        yield case.finding(
            "not-all-looked-at",
            domain,
            observed=f"{seen.mx_left_out:,} MX hosts more than were looked at",
            expected="a few MX hosts",
            remedy=f"dig MX {domain}",
        )


def _is_known(implicit: MxObservation) -> bool:
    both = (implicit.addresses.ipv4, implicit.addresses.ipv6)
    return all(said.outcome is not Outcome.UNKNOWN for said in both)


def _absent(case: Case) -> Finding:
    return case.finding(
        "mx-absent",
        case.seen.domain,
        observed=case.seen.mx.resolver.reason or "no MX record and no address",
        expected="an MX record",
        remedy=f"publish the MX record of {case.seen.domain}; for a domain without mail:\n"
        f"{case.seen.domain}. IN MX 0 .",
    )


def _implicit(case: Case) -> Finding:
    return case.finding(
        "mx-implicit",
        case.seen.domain,
        observed="no MX record; the domain itself has an address",
        expected="an MX record for the host that takes the mail",
        remedy=f"{case.seen.domain}. IN MX 10 {case.seen.domain}.",
    )


def _coverage(case: Case, patterns: Sequence[MxPattern], names: Sequence[str]) -> Iterator[Finding]:
    texts = {pattern.text.lower() for pattern in patterns}
    bare = [name for name in names if texts.isdisjoint(matching(name))]
    wildcards = [pattern for pattern in patterns if pattern.is_wildcard]
    wide = _wildcards(case.seen.domain, bare)
    for name in bare:
        parent = name.partition(".")[2]
        line = f"mx: {wide.get(parent, name)}"
        yield case.finding(
            "mx-not-covered",
            name,
            observed=f"matches none of {listed(pattern.text for pattern in patterns)}"
            f"{_near(wildcards, name)}",
            expected=line,
            remedy=f"mta-sts mx {case.seen.domain} add {argument(wide.get(parent, name))}"
            if case.own
            else line,
        )
    if not names:
        return
    used = {text for name in names for text in matching(name)}
    unused = [pattern.text for pattern in patterns if pattern.text.lower() not in used]
    if unused:
        yield case.finding(
            "mx-pattern-unused",
            case.seen.domain,
            observed=listed(f"mx: {text}" for text in unused),
            expected=f"patterns for {listed(names)}",
            remedy="delete the line, unless such a host is to come",
        )


def matching(host: str) -> tuple[str, ...]:
    """The patterns that match an MX host (RFC 8461, 4.1), as ``MxPattern.matches`` has it.

    Hosts and patterns may be thousands each: they are not held against each other one by one.
    """
    name = host.lower().removesuffix(".")
    label, _dot, parent = name.partition(".")
    return (name, f"*.{parent}") if label else (name,)


def _near(wildcards: Iterable[MxPattern], host: str) -> str:
    """Why a wildcard that looks as if it matched does not."""
    for pattern in wildcards:
        if host == pattern.domain or host.endswith(f".{pattern.domain}"):
            count = len(host.removesuffix(pattern.domain).removesuffix(".").split("."))
            count = 0 if host == pattern.domain else count
            return f"; {pattern.text} stands for exactly one label, here there are {count}"
    return ""


def _wildcards(domain: str, bare: Sequence[str]) -> dict[str, str]:
    """By parent domain: the wildcard to offer in place of hosts.

    A provider's own pattern where it has one; else one for many hosts under a parent that is
    not the domain itself (RFC 8461, 10.4).
    """
    offered: dict[str, str] = {}
    for name in bare:
        owner = presets.owner(name)
        for text in owner.mx if owner else ():
            if text.startswith("*.") and MxPattern(text).matches(name):
                offered[name.partition(".")[2]] = text
    for parent, count in Counter(name.partition(".")[2] for name in bare).items():
        if count > _BY_NAME and parent != domain and "." in parent:
            offered.setdefault(parent, f"*.{parent}")
    return offered


def narrower(domain: str, names: Sequence[str]) -> str:
    """The mx lines to write in place of a wildcard over the whole domain."""
    wide = _wildcards(domain, names)
    parents = {name: wide.get(name.partition(".")[2], name) for name in names}
    return lines(dict.fromkeys(parents.values()))

"""What to do about failures: remedies with names put in, what our own log says, the next commands.

Hosts and domains of a report come from outside. One stands in a command only where it is a name
that DNS can have.
"""

from collections.abc import Iterable, Iterator, Sequence

import click

from cli.failure_entries import Entry, Row, Served
from cli.showing import say, verbatim
from policy.domain import is_domain

_EXPLAINED = 3  # days of our own log beside a failed fetch
_FETCHING = ("sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid")
_OF_HOSTS = ("certificate-host-mismatch", "validation-failure")


def remedy(entry: Entry) -> str:
    """The remedy, with the domain and the MX host in its commands."""
    text = str(entry.first["remedy"])
    if is_domain(entry.key[0]):
        text = text.replace("DOMAIN", entry.key[0])
    host = _host(entry)
    return text.replace("MX:25", f"{host}:25").replace("_tcp.MX", f"_tcp.{host}") if host else text


def not_covered(entry: Entry, served: Served | None) -> str:
    """What to do about hosts that no mx line of the policy covers; "" where there is none."""
    domain = entry.key[0]
    if served is None or not served.mx or str(entry.first["result_type"]).lower() not in _OF_HOSTS:
        return ""
    hosts = dict.fromkeys(
        host for host in _hosts(entry) if not any(pattern.matches(host) for pattern in served.mx)
    )
    if not hosts:
        return ""
    named = ", ".join(list(hosts)[:_EXPLAINED])
    return (
        f"no mx line of the policy served now covers {named}. If it is an MX host of yours (dig MX "
        f"{domain}): mta-sts mx {domain} add {next(iter(hosts))}. If not, somebody led the sender "
        "elsewhere, which is what the policy is there to find."
    )


def our_log(entry: Entry, explained: Iterable[Row]) -> Iterator[str]:
    """What our own log says of fetches that failed, the newest days first."""
    if str(entry.first["result_type"]).lower() not in _FETCHING:
        return
    reporters = {row["reporter"] for row in entry.rows}
    shown = 0
    for row in explained:
        is_mine = (
            (row["policy_domain"], row["is_sample"]) == entry.key
            and row["is_authenticated"] == entry.is_proven
            and row["reporter"] in reporters
            and row["result_type"] == str(entry.first["result_type"]).lower()
        )
        if is_mine and shown < _EXPLAINED:
            shown += 1
            yield f"{row['report_date']}: {row['explanation']} {row['next_step']}"


def next_commands(domain: str, mine: Sequence[Entry], served: Served | None) -> None:
    """Print what to type next about the worst of these."""
    click.echo("\nNext")
    worst = mine[0]
    name = domain if is_domain(domain) else "DOMAIN"
    match worst.first["place"]:
        case "policy-host":
            say(f"What the policy host answered to whom: mta-sts fetches --domain {name}", indent=2)
        case "mail-server":
            host = _host(worst) or "MX"
            say("Ask the MX host as a sender does:", indent=2)
            command = f"openssl s_client -starttls smtp -connect {host}:25 -servername {host}"
            verbatim([f"{command} -showcerts"], indent=4)
        case _:
            pass
    blocking = [entry for entry in mine if entry.blocks and entry.is_proven and entry.goes_on]
    if served is not None and served.mode == "enforce":
        if any(entry.first["enforce_effect"] == "mail-refused" for entry in blocking):
            say(
                "The policy is enforce: such mail is kept out now. If it cannot be mended at once, "
                f"the way back: mta-sts mode {name} testing prints the steps and how long they take.",
                indent=2,
            )
    elif blocking:
        say("Stay in testing until the reports after the repair are clean.", indent=2)
    say(f"Who reported which day: mta-sts reports {name}", indent=2)


def _hosts(entry: Entry) -> list[str]:
    named = (str(row["receiving_mx_hostname"] or "") for row in entry.rows)
    return [host for host in named if is_domain(host)]


def _host(entry: Entry) -> str:
    return next(iter(_hosts(entry)), "")

"""mta-sts check: look at domains as a sending MTA would, and judge what is there."""

from collections.abc import Sequence

import click

from cli import asking
from cli.warehouse import settings_with, warehouse_option
from policy.check.senders.known import SLUGS, sender


@click.command(
    epilog="Examples: mta-sts check example.com; mta-sts check --from domains.txt --no-smtp "
    "--json; mta-sts check example.com --as postfix-tlspol"
)
@click.argument("domains", nargs=-1, metavar="[DOMAIN]...")
@asking.from_option
@click.option(
    "--as",
    "slug",
    type=click.Choice(SLUGS),
    metavar="NAME",
    help=f"Show what one known sender would do: {', '.join(SLUGS)}.",
)
@click.option("--no-smtp", is_flag=True, help="Do not talk to the MX hosts and the mailbox.")
@click.option(
    "--allow-private", is_flag=True, help="Look at private, loopback and link-local addresses too."
)
@click.option("--json", "as_json", is_flag=True, help="One finding a line, as a JSON object.")
@asking.nameserver_option
@click.option("--https-port", type=int, default=443, hidden=True)
@click.option("--smtp-port", type=int, default=25, hidden=True)
@click.option("--authority-port", type=int, default=53, hidden=True)
@warehouse_option
def check(
    domains: Sequence[str],
    source: str | None,
    slug: str | None,
    no_smtp: bool,
    allow_private: bool,
    as_json: bool,
    nameserver: tuple[str, int] | None,
    https_port: int,
    smtp_port: int,
    authority_port: int,
    warehouse: str | None,
) -> int:
    """Ask DNS, the policy host and every MX host as a sending MTA would, and judge the answers.

    Exit status: 1 with an error; 3 without one, where something that matters could not be looked
    at; else 0, also with warnings. Certificates are held against the system's roots, or those
    of SSL_CERT_FILE. No mail is sent.
    """
    wanted = asking.domains(domains, source)
    if not wanted:
        raise click.UsageError("which domain? For example: mta-sts check example.com")
    from cli.checking import checked  # with DNS, TLS and the warehouse: slow to import
    from policy.check.run import Settings

    looks = Settings(
        nameserver=nameserver,
        asks_smtp=not no_smtp,
        allow_private=allow_private,
        https_port=https_port,
        smtp_port=smtp_port,
        authority_port=authority_port,
    )
    known = sender(slug) if slug is not None else None
    return checked(wanted, looks, settings_with(warehouse), known, as_json=as_json)

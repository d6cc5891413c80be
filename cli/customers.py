"""The domains of one customer, as domains.csv has them."""

import difflib

import click

from policy.config import Settings
from policy.errors import shown
from policy.store import DOMAINS_FILE, PolicyFolder


def domains_of(chosen: Settings, customer: str) -> tuple[str, ...]:
    """The policy domains of a customer, in the order of their rows.

    Raises:
        click.BadParameter: no row has such a customer.
    """
    rows = list(PolicyFolder(chosen.policies).rows().values())
    found = tuple(row.policy_domain for row in rows if row.customer == customer)
    if found:
        return found
    known = sorted({row.customer for row in rows} - {""})
    near = difflib.get_close_matches(customer, known, n=1)
    offer = f"; did you mean {shown(near[0])}?" if near else ""
    raise click.BadParameter(
        f"--customer: expected a customer of {DOMAINS_FILE}, found {shown(customer)}{offer}"
    )

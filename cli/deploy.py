"""mta-sts deploy: what a Google Cloud project must hold, shown first, then made."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

import click

from analytics.deploy import names, orgpolicy
from analytics.warehouse.catalogue import Catalogue
from cli import deploy_check, deploy_owner, deploy_plan, showing
from cli.customers import domains_of
from cli.exits import DONE, FINDINGS
from cli.progress import named
from cli.warehouse import cloud_place, settings_with, warehouse_option
from policy.config import Settings

_LOOK_AGAIN_S = 10.0  # while the log sink makes its tables
_MAX_WAIT_S = 3_600.0


_EXAMPLES = """\b
Examples: mta-sts deploy --warehouse bigquery:my-project --region europe-west1 --plan
          mta-sts deploy --warehouse bigquery:my-project --location EU --bootstrap
          mta-sts deploy --warehouse bigquery:my-project --check
"""


@click.command(epilog=_EXAMPLES)
@click.option("--plan", "is_plan", is_flag=True, help="Show what would be done, and do nothing.")
@click.option(
    "--check",
    "is_check",
    is_flag=True,
    help="Say what is missing or has drifted, also of the APIs, and which policies of the "
    "organisation are in the way.",
)
@click.option(
    "--bootstrap",
    "is_bootstrap",
    is_flag=True,
    help="Print what an owner does once: APIs, accounts and their exact roles.",
)
@click.option("--run", "is_run", is_flag=True, help="With --bootstrap: run it, command by command.")
@click.option(
    "--region",
    metavar="REGION",
    help="Where the function runs, such as europe-west1.  [default: as the log sink has it]",
)
@click.option(
    "--location",
    metavar="LOCATION",
    help="Where BigQuery keeps the data, for good.  [default: MTA_STS_LOCATION, else where it is "
    "already, else the region]",
)
@click.option(
    "--service", default="mta-sts", show_default=True, help="Name of the Cloud Run service."
)
@click.option("--sink", default="mta-sts", show_default=True, help="Name of the log sink.")
@click.option(
    "--exclude-from-default",
    is_flag=True,
    help="Keep our entries out of the project's own log bucket: they are in BigQuery.",
)
@click.option(
    "--customer",
    "customers",
    multiple=True,
    metavar="NAME",
    help="A dataset for this customer of domains.csv, with its own domains alone; repeat.",
)
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, _MAX_WAIT_S),
    default=0.0,
    metavar="SECONDS",
    help="Wait at most so long for the log sink's tables.",
)
@click.option(
    "--org-policies",
    "pasted",
    type=click.File("r", encoding="utf-8", errors="replace"),
    metavar="FILE",
    help="With --check: what the printed commands gave; - is standard input.",
)
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--json", "as_json", is_flag=True, help="One step a line, as a JSON object.")
@warehouse_option
def deploy(
    is_plan: bool,
    is_check: bool,
    is_bootstrap: bool,
    is_run: bool,
    region: str | None,
    location: str | None,
    service: str,
    sink: str,
    exclude_from_default: bool,
    customers: Sequence[str],
    wait_s: float,
    pasted: TextIO | None,
    yes: bool,
    as_json: bool,
    warehouse: str | None,
) -> int:
    """Make the BigQuery datasets, tables and views, and the log sink that fills them.

    The plan is shown first. It may be run again at any time: only what differs is changed, and
    nothing is dropped. Needs a login: gcloud auth application-default login.
    """
    _refuse_mixed(is_plan, is_check, is_bootstrap, is_run, pasted is not None)
    chosen = settings_with(warehouse)
    place = cloud_place(chosen)
    where = names.region(region) if region else ""
    service, sink = names.service(service), names.sink(sink)
    if is_bootstrap:
        kept_in = _location(location, chosen, "", where)
        return deploy_owner.bootstrap(place, kept_in, is_run=is_run, yes=yes, as_json=as_json)

    from analytics.deploy.connect import Connection  # slow to import
    from analytics.deploy.desired import Choices, desired
    from analytics.deploy.project import insist

    of = _customers(chosen, customers)
    if location or chosen.location:
        names.location(location or chosen.location or "")  # before anything is asked
    there = Connection(place, os.environ)
    where = where or there.region(sink)
    kept_in = _location(location, chosen, there.datasets.location(), where)
    choices = Choices(
        place,
        location=kept_in,
        service=service,
        region=where,
        sink=sink,
        client_ip=chosen.client_ip,
        retention_days=chosen.retention_days,
        keeps_default=not exclude_from_default,
        customers=of,
    )
    project = there.project(service, where, sink)
    wanted = desired(Catalogue(), choices)
    if is_check:
        told = pasted.read(orgpolicy.MAX_BYTES + 1) if pasted is not None else None
        return deploy_check.check(there, project, wanted, kept_in, told, as_json=as_json)
    steps = project.steps(wanted)
    if is_plan or not deploy_plan.has_work(steps):
        deploy_plan.show(steps, as_json=as_json)
        is_open = any(step.is_open for step in steps)
        if not is_plan:
            deploy_plan.take_policies(chosen, place)
        return FINDINGS if is_plan and is_open else DONE
    if not as_json:
        deploy_plan.show(steps, as_json=False)
    insist(steps)
    showing.confirmed("Do this?", yes=yes)
    return deploy_plan.carry_out(
        project, wanted, chosen, place, wait=_waiter(wait_s), as_json=as_json
    )


def _refuse_mixed(
    is_plan: bool, is_check: bool, is_bootstrap: bool, is_run: bool, has_pasted: bool
) -> None:
    if sum((is_plan, is_check, is_bootstrap)) > 1:
        raise click.UsageError("--plan, --check and --bootstrap: take one of them")
    if is_run and not is_bootstrap:
        raise click.UsageError("--run belongs to --bootstrap")
    if has_pasted and not is_check:
        raise click.UsageError("--org-policies belongs to --check")


def _location(given: str | None, chosen: Settings, found: str, region: str) -> str:
    """Where the data is kept: as asked for, as it is, or where the function runs."""
    asked = given or chosen.location or found or region
    if not asked:
        raise click.UsageError(
            "where is the data to be kept? It cannot be changed later. Say --region, where the "
            "function runs (such as europe-west1), or --location (also EU or US)"
        )
    return names.location(asked)


def _customers(chosen: Settings, wanted: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The policy domains of each customer, as domains.csv has them."""
    return {name: domains_of(chosen, name) for name in wanted}


def _waiter(wait_s: float) -> Callable[[], bool]:
    """Waits for another look, as often as the time allows."""
    until = time.monotonic() + wait_s

    def pause() -> bool:
        left = until - time.monotonic()
        if left <= 0:
            return False
        with named("waiting for the log sink's tables") as tell:
            tell(f"{left:.0f} s at most, from {datetime.now(UTC):%H:%M:%S} UTC on")
            time.sleep(min(_LOOK_AGAIN_S, left))
        return True

    return pause

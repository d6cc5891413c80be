"""mta-sts looker: the links that make the Data Studio data sources and the report."""

from collections.abc import Iterator, Sequence

import click

from analytics.deploy import names
from analytics.looker import MAIN_VIEW, Source, Template, link, template
from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.catalogue import Catalogue
from cli.output import Row, json_lines
from cli.showing import say
from cli.warehouse import cloud_place, settings_with, warehouse_option
from policy.errors import shown


@click.command(
    epilog="Examples: mta-sts looker --warehouse bigquery:my-project; "
    "mta-sts looker dashboard policy_rollout --json",
)
@click.argument("views", nargs=-1, metavar="[VIEW]...")
@click.option(
    "--template", "report_id", metavar="ID", help="Copy this report rather than a blank page."
)
@click.option(
    "--alias",
    metavar="NAME",
    help="With --template: which of its data sources is replaced; needed where it has several.",
)
@click.option(
    "--billing-project",
    metavar="PROJECT",
    help="Where queries of the report run and are paid.  [default: the project of the data]",
)
@click.option("--json", "as_json", is_flag=True, help="One link a line, as a JSON object.")
@warehouse_option
def looker(
    views: Sequence[str],
    report_id: str | None,
    alias: str | None,
    billing_project: str | None,
    as_json: bool,
    warehouse: str | None,
) -> None:
    """Print the links that make a Data Studio (formerly Looker Studio) report from the views.

    Nothing is asked of the network: open a link in the browser, as somebody who may read the
    views. Without VIEW: dashboard, the view that is made for a report with one source, and then
    each of the others; with --template: dashboard alone.
    """
    place = cloud_place(settings_with(warehouse))
    if alias and not report_id:
        raise click.UsageError("--alias names a data source of a template: say --template ID too")
    copied = template(report_id, alias or "") if report_id else Template()
    wanted = _views(views, only_main=bool(report_id))
    payer = names.project(billing_project) if billing_project else place.project
    rows = list(_links(place, wanted, copied, payer))
    if as_json:
        json_lines(rows)
        return
    for row in rows:
        click.echo(f"{row['view']}\n  {row['url']}")
    say(
        "Open a link, see that the data is there, and press Edit and share. "
        "Which chart takes which fields: docs/looker-studio.md",
        err=True,
    )


def _views(given: Sequence[str], *, only_main: bool) -> list[str]:
    """The views that are asked for, each once; the main one comes first where none is.

    Raises:
        click.BadParameter: one is no view of ours.
    """
    known = Catalogue().views
    for name in given:
        if name not in known:
            expected = f"expected one of {', '.join(known)}"
            raise click.BadParameter(f"{expected}, found {shown(name)}")
    if given:
        return list(dict.fromkeys(given))
    return [MAIN_VIEW] if only_main else [MAIN_VIEW, *(v for v in known if v != MAIN_VIEW)]


def _links(place: Place, views: Sequence[str], copied: Template, payer: str) -> Iterator[Row]:
    for view in views:
        source = Source(place.project, place.views, view, payer)
        yield {"view": view, "url": link(source, copied)}

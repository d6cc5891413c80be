"""mta-sts senders: who fetches, how well that is proven, and which version each holds."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click

from analytics.warehouse.base import Limits, Parameter, Warehouse
from cli import names
from cli.identify import judge_new
from cli.nobody import explain_nobody
from cli.output import json_lines, local, table, time_of
from cli.warehouse import load, opened, settings_with, warehouse_option
from cli.who import Shown, show

Row = Mapping[str, object]

_SECONDS = 60.0
_VIEWS = {
    "operator": "sender_confirmations",
    "software": "sender_coverage",
    "address": "sender_clients",
}
_ORDER = {
    "operator": "policy_domain, is_sample, fetch_count DESC, operator",
    "software": "policy_domain, is_sample, fetch_count DESC, sender",
    "address": "policy_domain, is_sample, last_fetched_at DESC, client_key",
}


@click.command(
    epilog="Examples: mta-sts senders example.com; mta-sts senders --by address --json",
)
@click.argument("domain", required=False)
@click.option(
    "--by",
    type=click.Choice(sorted(_VIEWS)),
    default="operator",
    show_default=True,
    help="What a row stands for.",
)
@click.option("--json", "as_json", is_flag=True, help="One row a line, as a JSON object.")
@warehouse_option
def senders(domain: str | None, by: str, as_json: bool, warehouse: str | None) -> None:
    """Show who fetches: confirmed, claimed, software, scanners, and the version each holds.

    A TLS report confirms too, where its origin is proven and it holds the policy. New clients are judged first, with the lists and names that are stored; mta-sts identify asks
    for newer ones.
    """
    at = datetime.now(UTC)
    chosen = settings_with(warehouse)
    desk = opened(chosen)
    load(desk, at)
    judge_new(desk, chosen, at)
    wanted = None if domain is None else names.domain(domain)
    rows = _rows(desk, _VIEWS[by], _ORDER[by], wanted)
    if as_json:
        json_lines(rows)
    elif by == "operator":
        served = _rows(desk, "policy_versions_v1", "policy_domain", wanted, "mta_sts_raw")
        others = _rows(desk, "sender_coverage", _ORDER["software"], wanted)
        silent = _rows(desk, "silent_senders", "policy_domain, operator", wanted)
        shown = Shown(
            operators=rows,
            others=others,
            served=[row for row in served if row["is_served_now"]],
            silent=[row for row in silent if row["silence"] == "silent"],
        )
        show(shown, chosen.timezone)
        if not rows:
            explain_nobody(wanted)
    elif rows:
        _show_table(by, rows, chosen.timezone)
    else:
        explain_nobody(wanted)


def _rows(
    desk: Warehouse, view: str, order: str, domain: str | None, dataset: str = "mta_sts"
) -> list[Row]:
    values: dict[str, Parameter] = {} if domain is None else {"domain": domain}
    where = "" if domain is None else "WHERE policy_domain = @domain"
    sql = f"SELECT * FROM {dataset}.{view} {where} ORDER BY {order}"  # noqa: S608 - names of ours
    return list(desk.ask(sql, values, limits=Limits(_SECONDS)).records())


def _show_table(by: str, rows: Sequence[Row], timezone: str) -> None:
    if by == "software":
        table(
            ("POLICY DOMAIN", "SENDER", "VERDICT", "FETCHES", "ADDRESSES", "REPORTS", "LAST"),
            [
                (
                    row["policy_domain"],
                    row["sender_name"] or "",
                    row["verdict"] or "not judged",
                    row["fetch_count"],
                    row["client_count"],
                    row["report_count"],
                    local(time_of(row["last_fetched_at"] or row["last_report_at"]), timezone),
                )
                for row in rows
            ],
        )
        return
    table(
        ("POLICY DOMAIN", "ADDRESS", "VERDICT", "SENDER", "ID", "FETCHES", "LAST"),
        [
            (
                row["policy_domain"],
                row["address"] or "(not kept)",
                row["verdict"] or "not judged",
                row["sender"] or "",
                str(row["policy_id"] or "(unknown)")[:9],
                row["fetch_count"],
                local(time_of(row["last_fetched_at"]), timezone),
            )
            for row in rows
        ],
    )

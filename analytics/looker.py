"""Links that make a data source and a report in Data Studio (formerly Looker Studio).

They follow Google's Linking API; nothing is asked for, and nothing is made until somebody opens
one and presses *Edit and share*. No API makes a report, so a link is as far as a program comes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from analytics.errors import AnalyticsError
from policy.errors import shown

CREATE = "https://lookerstudio.google.com/reporting/create"
MAIN_VIEW = "dashboard"  # the one made for a report with a single source

_REPORT_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")  # a UUID as a rule, in a report's own address
_ALIAS = re.compile(r"[0-9A-Za-z_]{1,64}")


class LinkError(AnalyticsError):
    """What a link is to be made of is not what the Linking API takes."""

    code = "link-refused"
    exit_status = 2


@dataclass(frozen=True, slots=True)
class Source:
    """A view as a data source: whose it is, and who pays for what is asked of it."""

    project: str
    dataset: str
    view: str
    billing_project: str  # where queries run; the project itself as a rule


@dataclass(frozen=True, slots=True)
class Template:
    """A report of one's own that the new one is a copy of; "" is a blank page.

    ``alias`` names the data source in it that is replaced, "" where it has only one.
    """

    report_id: str = ""
    alias: str = ""


def template(report_id: str, alias: str = "") -> Template:
    """A template, by what its address and its list of data sources call it.

    Raises:
        LinkError: the text is no id of a report, or no alias.
    """
    if not _REPORT_ID.fullmatch(report_id):
        raise LinkError(
            "--template: expected the id of a report, which stands after /reporting/ in its "
            f"address, found {shown(report_id)}"
        )
    if alias and not _ALIAS.fullmatch(alias):
        raise LinkError(
            "--alias: expected what the template calls its data source (Resource, Manage added "
            f"data sources), such as ds0, found {shown(alias)}"
        )
    return Template(report_id, alias)


def link(source: Source, template: Template) -> str:
    """The address that makes a report over one view."""
    return f"{CREATE}?{urlencode(list(_parameters(source, template)), quote_via=quote)}"


def _parameters(source: Source, template: Template) -> Iterator[tuple[str, str]]:
    """Each parameter as the Linking API spells it."""
    if template.report_id:
        yield "c.reportId", template.report_id
    yield "c.mode", "edit"
    yield "r.reportName", f"STS Witness: {source.view}"
    before = f"ds.{template.alias}." if template.alias else "ds."
    yield before + "connector", "bigQuery"
    yield before + "datasourceName", f"STS Witness: {source.view}"
    yield before + "type", "TABLE"
    yield before + "projectId", source.project
    yield before + "datasetId", source.dataset
    yield before + "tableId", source.view
    yield before + "billingProjectId", source.billing_project
    if template.report_id:
        # else fields that the template calculates would be thrown away
        yield before + "refreshFields", "false"

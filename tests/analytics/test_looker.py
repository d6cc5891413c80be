"""The links to Data Studio: each parameter's spelling and encoding, and what is refused."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from analytics.looker import LinkError, Source, Template, link, template

SOURCE = Source("my-project", "mta_sts", "dashboard", "payer-1")

# the whole address, as the Linking API's reference spells it
BLANK = (
    "https://lookerstudio.google.com/reporting/create"
    "?c.mode=edit"
    "&r.reportName=STS%20Witness%3A%20dashboard"
    "&ds.connector=bigQuery"
    "&ds.datasourceName=STS%20Witness%3A%20dashboard"
    "&ds.type=TABLE"
    "&ds.projectId=my-project"
    "&ds.datasetId=mta_sts"
    "&ds.tableId=dashboard"
    "&ds.billingProjectId=payer-1"
)


def test_link_to_a_blank_report() -> None:
    assert link(SOURCE, Template()) == BLANK


def test_link_to_a_copy_of_a_template_keeps_its_calculated_fields() -> None:
    made = link(SOURCE, template("0fbd8b21-6e8f-4b5a-9d3c-2f9f5a7e1c11"))
    assert made == BLANK.replace("?", "?c.reportId=0fbd8b21-6e8f-4b5a-9d3c-2f9f5a7e1c11&") + (
        "&ds.refreshFields=false"
    )


def test_alias_stands_in_each_parameter_of_its_data_source() -> None:
    asked = urlsplit(link(SOURCE, template("0fbd8b21-6e8f", "ds0"))).query
    names = [name for name, _value in parse_qsl(asked, strict_parsing=True)]
    assert [name for name in names if name.startswith("ds.")] == [
        f"ds.ds0.{name}"
        for name in (
            "connector", "datasourceName", "type", "projectId", "datasetId", "tableId",
            "billingProjectId", "refreshFields",
        )
    ]  # fmt: skip


def test_names_of_old_projects_are_encoded() -> None:
    made = link(Source("example.com:mine", "mta_sts", "dashboard", "a&b=c"), Template())
    assert "&ds.projectId=example.com%3Amine&" in made
    assert made.endswith("&ds.billingProjectId=a%26b%3Dc")


@pytest.mark.parametrize(
    ("report_id", "alias", "message"),
    [
        ("", "", "--template: expected the id of a report, which stands after /reporting/ in its address, found ''"),
        ("a/b/cdefgh", "", "--template: expected the id of a report, which stands after /reporting/ in its address, found 'a/b/cdefgh'"),
        ("abcdefgh&c.mode=view", "", "--template: expected the id of a report, which stands after /reporting/ in its address, found 'abcdefgh&c.mode=view'"),
        ("abcdefgh", "d.s", "--alias: expected what the template calls its data source (Resource, Manage added data sources), such as ds0, found 'd.s'"),
    ],
)  # fmt: skip
def test_template_that_is_none_is_refused(report_id: str, alias: str, message: str) -> None:
    with pytest.raises(LinkError) as caught:
        template(report_id, alias)
    assert str(caught.value) == message
    assert caught.value.exit_status == 2

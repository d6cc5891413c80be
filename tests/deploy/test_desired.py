"""What a deployment holds, from the catalogue and the choices."""

from dataclasses import replace

import pytest

from analytics.deploy.desired import Choices, desired
from analytics.deploy.model import Authorised, Dataset, Exclusion, Grant, Sink, Table, View
from analytics.deploy.names import NameRefusedError
from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.catalogue import Catalogue
from policy.address import ClientIp
from tests.deploy.build import CHOICES

CATALOGUE = Catalogue()


def views(choices: Choices) -> dict[str, View]:
    made = desired(CATALOGUE, choices).objects
    return {f"{one.dataset}.{one.name}": one for one in made if isinstance(one, View)}


def test_every_table_and_view_is_wanted_each_view_after_those_it_reads() -> None:
    made = desired(CATALOGUE, CHOICES).objects
    assert [one.name for one in made if isinstance(one, Table)] == list(CATALOGUE.tables)
    assert [one.name for one in made if isinstance(one, View)] == list(CATALOGUE.views_in_order())
    fetches = next(one for one in made if isinstance(one, Table) and "fetches" in one.name)
    assert (fetches.partition, fetches.expires_days) == ("fetched_at", 400)


def test_views_name_their_tables_with_the_project() -> None:
    text = views(replace(CHOICES, place=Place("my-project", "mail")))["mail.policy_fetches"].text
    assert "FROM `my-project`.mail_raw.policy_fetches_v1 AS f" in text
    assert "mta_sts" not in text


def test_people_read_views_alone() -> None:
    made = desired(CATALOGUE, CHOICES).objects
    raw = next(one for one in made if isinstance(one, Dataset))
    assert (raw.name, raw.is_closed, raw.expires_days) == ("mta_sts_raw", True, 400)
    assert [one for one in made if isinstance(one, Authorised)] == [
        Authorised("mta_sts_raw", "mta_sts")
    ]
    assert [one for one in made if isinstance(one, Grant)] == [Grant("mta_sts_raw", "WRITER")]


def test_sink_writes_to_the_raw_dataset() -> None:
    (sink,) = [one for one in desired(CATALOGUE, CHOICES).objects if isinstance(one, Sink)]
    assert sink.destination == "bigquery.googleapis.com/projects/my-project/datasets/mta_sts_raw"
    assert sink.filter == (
        'resource.type="cloud_run_revision"\n'
        'AND resource.labels.service_name="mta-sts"\n'
        'AND resource.labels.location="europe-west1"\n'
        'AND ((log_id("run.googleapis.com/stdout")\n'
        'AND (jsonPayload.event=("policy_fetch" OR "tlsrpt_body") OR textPayload:*))\n'
        'OR log_id("run.googleapis.com/requests"))'
    )


EXCLUSIONS = [
    (True, ClientIp.FULL, []),
    (True, ClientIp.PREFIX, ["mta-sts-requests"]),
    (True, ClientIp.NONE, ["mta-sts-requests"]),
    (False, ClientIp.FULL, ["mta-sts-events", "mta-sts-requests"]),
]


@pytest.mark.parametrize(("keeps", "client_ip", "names"), EXCLUSIONS)
def test_log_with_whole_addresses_is_kept_out_where_those_are_not_kept(
    keeps: bool, client_ip: ClientIp, names: list[str]
) -> None:
    choices = replace(CHOICES, keeps_default=keeps, client_ip=client_ip)
    made = desired(CATALOGUE, choices).objects
    assert [one.name for one in made if isinstance(one, Exclusion)] == names
    (sink,) = [one for one in made if isinstance(one, Sink)]
    assert ("run.googleapis.com/requests" in sink.filter) is (client_ip is ClientIp.FULL)


def test_view_over_the_platforms_log_is_empty_and_says_why_where_that_is_not_kept() -> None:
    full = views(CHOICES)["mta_sts.unlogged_requests"]
    assert full.awaits == ("run_googleapis_com_stdout", "run_googleapis_com_requests")
    empty = views(replace(CHOICES, client_ip=ClientIp.PREFIX))["mta_sts.unlogged_requests"]
    assert empty.awaits == ()
    assert empty.description.startswith("Empty, since MTA_STS_CLIENT_IP is prefix: ")
    assert "CAST(NULL AS TIMESTAMP) AS logged_at" in empty.text
    assert empty.text.endswith("WHERE FALSE")
    assert empty.columns == full.columns


def test_customer_has_a_dataset_with_its_own_domains() -> None:
    choices = replace(CHOICES, customers={"Example & Co.": ["b.example", "a.example"]})
    own = views(choices)["mta_sts_customer_example_co.dashboard"]
    assert own.text.endswith(
        "FROM `my-project`.mta_sts.dashboard\nWHERE policy_domain IN ('a.example', 'b.example')"
    )
    made = desired(CATALOGUE, choices).objects
    assert Authorised("mta_sts", "mta_sts_customer_example_co") in made


@pytest.mark.parametrize(
    ("customers", "message"),
    [
        (
            ["A b", "a-B"],
            (
                "customers 'A b' and 'a-B' would both have the dataset mta_sts_customer_a_b; "
                "name one of them otherwise in domains.csv"
            ),
        ),
        (["会社"], "customer '会社': expected a letter or digit of ASCII in it"),
    ],
)
def test_customer_without_a_name_of_its_own_is_refused(customers: list[str], message: str) -> None:
    choices = replace(CHOICES, customers={name: ["a.example"] for name in customers})
    with pytest.raises(NameRefusedError) as caught:
        desired(CATALOGUE, choices)
    assert str(caught.value) == message

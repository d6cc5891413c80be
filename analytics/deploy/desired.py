"""What a project must hold for one deployment: from the catalogue and a few choices."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from analytics.cloudlog import filters
from analytics.deploy.model import (
    Authorised,
    Dataset,
    Desired,
    Exclusion,
    Grant,
    Seed,
    Sink,
    Table,
    View,
)
from analytics.deploy.names import NameRefusedError
from analytics.deploy.texts import qualified
from analytics.warehouse.bigquery.objects import partition_column
from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.catalogue import RAW, VIEWS, Catalogue, references
from policy.address import ClientIp
from policy.errors import shown

WRITER = "WRITER"  # roles/bigquery.dataEditor, as a dataset's access list spells it
STDOUT, REQUESTS = "run_googleapis_com_stdout", "run_googleapis_com_requests"
# of the sink's table of our lines: what is read there whole (see loads/policy_fetches_v1)
SEEDED = ("timestamp", "insertId", "jsonPayload.event", "jsonPayload.fetch.event_id")

_RAW_TEXT = "STS Witness: what machines write. People read the views beside it."
_VIEWS_TEXT = "STS Witness: views for people, over the tables in the raw dataset."
_OWN_VIEW = "dashboard"  # what a customer gets, narrowed to the domains of its own


@dataclass(frozen=True, slots=True)
class Choices:
    """What a deployment is told."""

    place: Place
    location: str
    service: str  # the Cloud Run service whose log is read
    region: str  # where that runs; "" is anywhere
    sink: str
    client_ip: ClientIp
    retention_days: int
    keeps_default: bool = True  # whether the project's own log bucket keeps our entries too
    customers: Mapping[str, Sequence[str]] = field(default_factory=dict)  # name → policy domains


def desired(catalogue: Catalogue, choices: Choices) -> Desired:
    """All that must be there, each after what it needs.

    Raises:
        NameRefusedError: two customers would have one dataset.
    """
    place = choices.place
    customers = _customers(choices)
    return Desired(
        (
            Dataset(
                place.raw,
                choices.location,
                _RAW_TEXT,
                is_closed=True,
                expires_days=choices.retention_days,
            ),
            Dataset(place.views, choices.location, _VIEWS_TEXT),
            *(Dataset(name, choices.location, text) for name, text, _domains in customers),
            *_tables(catalogue, choices),
            Sink(
                choices.sink,
                f"bigquery.googleapis.com/projects/{place.project}/datasets/{place.raw}",
                filters.sink(choices.service, choices.region, choices.client_ip),
            ),
            Grant(place.raw, WRITER),
            Authorised(place.raw, place.views),
            *(Authorised(place.views, name) for name, _text, _domains in customers),
            Seed(STDOUT, SEEDED),
            *_views(catalogue, choices),
            *(_own_view(catalogue, place, name, domains) for name, _text, domains in customers),
            *_exclusions(choices),
        )
    )


def _tables(catalogue: Catalogue, choices: Choices) -> Iterator[Table]:
    for name in catalogue.tables:
        schema = catalogue.schema(name)
        partition = partition_column(schema.partition)
        yield Table(
            choices.place.raw,
            name,
            schema.description,
            schema.columns,
            partition,
            choices.retention_days if partition else None,
            schema.cluster,
        )


def _views(catalogue: Catalogue, choices: Choices) -> Iterator[View]:
    for name in catalogue.views_in_order():
        schema, text = catalogue.schema(name), catalogue.text(name)
        description = schema.description
        awaits = [table for table in (STDOUT, REQUESTS) if (RAW, table) in references(text)]
        if REQUESTS in awaits and choices.client_ip is not ClientIp.FULL:
            # that log holds whole addresses, so it is not routed and its table never comes
            text, awaits = _empty(catalogue, name), []
            description = (
                f"Empty, since MTA_STS_CLIENT_IP is {choices.client_ip}: the platform's log of "
                f"requests holds whole addresses and is not kept. {description}"
            )
        yield View(
            choices.place.views,
            name,
            description,
            qualified(text, choices.place),
            tuple((column.name, column.description) for column in schema.columns),
            tuple(awaits),
        )


def _empty(catalogue: Catalogue, view: str) -> str:
    """A view with the columns of another one and no row."""
    columns = catalogue.schema(view).columns
    values = ",\n".join(f"    CAST(NULL AS {column.type}) AS {column.name}" for column in columns)
    return f"-- No row: MTA_STS_CLIENT_IP is not full.\nSELECT\n{values}\nFROM UNNEST([1])\nWHERE FALSE"


def _customers(choices: Choices) -> list[tuple[str, str, Sequence[str]]]:
    """Dataset, description and domains of each customer."""
    found: dict[str, str] = {}
    rows = []
    for customer, domains in choices.customers.items():
        dataset = f"{choices.place.views}_customer_{_slug(customer)}"
        if dataset in found:
            raise NameRefusedError(
                f"customers {shown(found[dataset])} and {shown(customer)} would both have the "
                f"dataset {dataset}; name one of them otherwise in domains.csv"
            )
        found[dataset] = customer
        rows.append((dataset, "STS Witness: the policy domains of one customer.", domains))
    return rows


def _slug(name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not slug:
        raise NameRefusedError(f"customer {shown(name)}: expected a letter or digit of ASCII in it")
    return slug[:100]


def _own_view(catalogue: Catalogue, place: Place, dataset: str, domains: Sequence[str]) -> View:
    schema = catalogue.schema(_OWN_VIEW)
    columns = ",\n".join(f"    {column.name}" for column in schema.columns)
    # canonical domains: letters, digits, hyphens and dots, so that no quote can stand in them
    wanted = ", ".join(f"'{domain}'" for domain in sorted(domains))
    text = f"SELECT\n{columns}\nFROM {VIEWS}.{_OWN_VIEW}\nWHERE policy_domain IN ({wanted})"
    return View(
        dataset,
        _OWN_VIEW,
        schema.description,
        qualified(text, place),
        tuple((column.name, column.description) for column in schema.columns),
    )


def _exclusions(choices: Choices) -> Iterable[Exclusion]:
    if not choices.keeps_default:
        yield Exclusion(
            f"{choices.service}-events", filters.events(choices.service, choices.region)
        )
    if not choices.keeps_default or choices.client_ip is not ClientIp.FULL:
        yield Exclusion(
            f"{choices.service}-requests", filters.requests(choices.service, choices.region)
        )

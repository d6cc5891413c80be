"""Texts of views as BigQuery keeps them, and as a person may paste them there."""

from analytics.warehouse.bigquery.place import Place
from analytics.warehouse.catalogue import RAW, VIEWS, with_datasets


def qualified(text: str, place: Place) -> str:
    """A text whose tables are named with their project, so that it can be run from any other."""
    project = f"`{place.project}`"
    return with_datasets(
        text, {RAW: f"{project}.{place.raw}", VIEWS: f"{project}.{place.views}"}
    ).strip()

"""Where the data is in BigQuery: a project and two datasets in it."""

from dataclasses import dataclass

from analytics.warehouse.catalogue import RAW, VIEWS, with_datasets


@dataclass(frozen=True, slots=True)
class Place:
    """A project, and the prefix that its two datasets have."""

    project: str
    prefix: str

    @classmethod
    def of(cls, warehouse: str) -> "Place":
        """The place that the setting names, ``bigquery:PROJECT.PREFIX`` as policy.config gives it."""
        project, _dot, prefix = warehouse.removeprefix("bigquery:").rpartition(".")
        return cls(project, prefix)

    @property
    def raw(self) -> str:
        """The dataset of the tables."""
        return f"{self.prefix}_raw"

    @property
    def views(self) -> str:
        """The dataset of the views."""
        return self.prefix

    def text(self, sql: str) -> str:
        """A GoogleSQL text with the datasets of here, for a job in the project."""
        return with_datasets(sql, {RAW: self.raw, VIEWS: self.views})

    def stored_text(self, sql: str) -> str:
        """The same for a text that is kept, and may be asked from another project."""
        raw, views = (f"`{self.project}`.{dataset}" for dataset in (self.raw, self.views))
        return with_datasets(sql, {RAW: raw, VIEWS: views})

    def table(self, name: str) -> str:
        """The full name of a table, as the client library takes it."""
        return f"{self.project}.{self.raw}.{name}"

    def view(self, name: str) -> str:
        """The full name of a view, as the client library takes it."""
        return f"{self.project}.{self.views}.{name}"

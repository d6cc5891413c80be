"""What can go wrong between a question and its answer.

AnalyticsError
├── CatalogueError         a schema.yaml or view.sql of ours that cannot be used
├── WarehouseError         the warehouse could not finish; a retry may help
│   ├── WarehouseBusyError     another process held it for too long
│   ├── AccessDeniedError      a right, an API or a login is missing
│   └── QueryStoppedError      a query took longer than it may
└── QueryRefusedError      a query that we do not run, or that the engine cannot read

The exit status is the exception's own: 2 for what the caller can put right, 3 for the rest.
"""


class AnalyticsError(Exception):
    """The root of what this package raises; ``code`` is stable."""

    code = "analytics-error"
    exit_status = 3


class CatalogueError(AnalyticsError):
    """An object's schema.yaml or view.sql is not what it must be."""

    code = "catalogue-invalid"


class WarehouseError(AnalyticsError):
    """The warehouse cannot be opened, read or written now."""

    code = "warehouse-unavailable"


class WarehouseBusyError(WarehouseError):
    """Another process has held the warehouse for longer than we wait."""

    code = "warehouse-busy"


class AccessDeniedError(WarehouseError):
    """The warehouse does not let us in; the message names what is missing and who grants it."""

    code = "access-denied"


class QueryStoppedError(WarehouseError):
    """A query reached its deadline and was stopped."""

    code = "query-stopped"


class QueryRefusedError(AnalyticsError):
    """A query is not one that may run, or not one that can be understood."""

    code = "query-refused"
    exit_status = 2

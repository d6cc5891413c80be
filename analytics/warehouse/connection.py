"""What the desk's modules use of an open DuckDB; only its adapter imports the engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

# a variable of the connection: what CURRENT_TIMESTAMP() in a view answers once it is set
CLOCK = "mta_sts_now"


class Connection(Protocol):
    """An open connection."""

    def execute(self, query: str, parameters: object = None) -> "Connection":
        """Run a statement."""
        ...

    def register(self, view_name: str, python_object: object) -> object:
        """Give what Python has a name that can be selected from."""
        ...

    def unregister(self, view_name: str) -> object:
        """Take that name away."""
        ...

    def fetchall(self) -> list[tuple[object, ...]]:
        """The rows of the last one."""
        ...


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All that is written within becomes visible together, or none of it."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise

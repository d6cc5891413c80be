"""Starts the BigQuery emulator, by the Python that it is installed for, with three things changed.

It keeps tables in DuckLake, so that tables can be asked as they were, and spends most of its time on
that: here they are in memory, in DuckDB's own form, and a load takes less than half as long. A MERGE
there begins a transaction of its own and takes the refusal for a sign that there is one already.
DuckDB 1.5 aborts the one that is there with the refusal, so that no MERGE could stand in a script's
transaction, as BigQuery has it. And where two transactions wrote to one row, the second fails with
words of DuckDB, not of BigQuery.
"""

import sys
from typing import Any

import duckdb
from local_bigquery import cli  # type: ignore[import-not-found]
from local_bigquery.engine import database  # type: ignore[import-not-found]
from local_bigquery.jobs import merge, query, runner  # type: ignore[import-not-found]
from sqlglot import exp

# there is no other way in
_run, _merge, _error = query._run, merge.run, runner.from_exception  # noqa: SLF001


class _Within:
    """A cursor that is in a transaction: another cannot be begun."""

    def __init__(self, cursor: Any) -> None:  # noqa: ANN401 - any cursor
        self._cursor = cursor

    def execute(self, text: str, *given: Any) -> Any:  # noqa: ANN401 - as the cursor has it
        if text == "BEGIN":
            raise duckdb.TransactionException("there is one")
        return self._cursor.execute(text, *given)


def _statement(cursor: Any, tree: Any, context: Any, *rest: Any) -> Any:  # noqa: ANN401
    if isinstance(tree, exp.Transaction):
        context.is_in_transaction = True
    if isinstance(tree, exp.Commit | exp.Rollback):
        context.is_in_transaction = False
    return _run(cursor, tree, context, *rest)


def _merged(cursor: Any, tree: Any, context: Any) -> Any:  # noqa: ANN401
    is_within = getattr(context, "is_in_transaction", False)
    return _merge(_Within(cursor) if is_within else cursor, tree, context)


def _told(error: Exception) -> Any:  # noqa: ANN401
    found = _error(error)
    if "conflict" in found.message.lower():
        found.message = "Transaction is aborted due to concurrent update against table"
    return found


def _attach(connection: Any, project: str) -> None:  # noqa: ANN401
    connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {database.quote(project)}")
    database._attached.add(project)  # noqa: SLF001


def _projects() -> list[str]:
    return sorted(database._attached)  # noqa: SLF001


query._run, merge.run, runner.from_exception = _statement, _merged, _told  # noqa: SLF001
database._attach, database.projects = _attach, _projects  # noqa: SLF001

if __name__ == "__main__":
    cli.main(sys.argv[1:])

"""The result types as a table: the one that is shipped, also in a warehouse of an earlier version."""

import duckdb

from analytics.warehouse import result_types
from analytics.warehouse.catalogue import Catalogue
from analytics.warehouse.prepare import prepared
from policy.result_types import RESULT_TYPES


def stored(connection: duckdb.DuckDBPyConnection) -> list[result_types.Row]:
    connection.execute(f"SELECT * FROM mta_sts_raw.{result_types.TABLE}")  # noqa: S608
    names = [column[0] for column in connection.description or ()]
    return [dict(zip(names, row, strict=True)) for row in connection.fetchall()]


def test_a_warehouse_of_an_earlier_version_gets_the_types_of_this_one() -> None:
    with duckdb.connect() as connection:
        prepared(connection, Catalogue())
        assert stored(connection) == [
            {name: row[name] for name in stored(connection)[0]} for row in result_types.rows()
        ]
        connection.execute(
            f"UPDATE mta_sts_raw.{result_types.TABLE} SET cause = 'of before'"  # noqa: S608
        )
        connection.execute("UPDATE main.prepared SET state = 'of an earlier version'")
        prepared(connection, Catalogue())
        assert "of before" not in {row["cause"] for row in stored(connection)}


def test_each_type_has_a_row_and_each_reason_one_more() -> None:
    rows = result_types.rows()
    types = {row["result_type"] for row in rows if row["reason_number"] == 0}
    assert types == {kind.code for kind in RESULT_TYPES} | {"", "(unknown)"}
    assert len(rows) == len(RESULT_TYPES) + 2 + sum(len(kind.reasons) for kind in RESULT_TYPES)

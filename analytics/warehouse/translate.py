"""GoogleSQL as DuckDB runs it, with BigQuery's answers.

sqlglot carries most of the language over. What it carries over to another answer is mended here,
and what cannot be mended is refused: a wrong number looks like a right one. The connection's time
zone must be UTC.
"""

import logging
from collections.abc import Callable
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, TokenError, UnsupportedError

from analytics.errors import QueryRefusedError
from analytics.warehouse.connection import CLOCK
from policy.errors import shown

_MICROSECONDS = {
    "MILLISECOND": 1_000,
    "SECOND": 1_000_000,
    "MINUTE": 60_000_000,
    "HOUR": 3_600_000_000,
    "DAY": 86_400_000_000,
}
_OTHER_PARTS = {"WEEK": "ISOWEEK", "MILLISECOND": "MICROSECOND"}
_DATE_PARTS = ("WEEK", "ISOWEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR", "DAY")


def parsed(sql: str) -> exp.Expr:
    """The syntax tree of the one statement in ``sql``.

    Raises:
        QueryRefusedError: it is no GoogleSQL, or none or several statements.
    """
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns on stderr of what we refuse
    try:
        statements = [tree for tree in sqlglot.parse(sql, read="bigquery") if tree is not None]
    except ParseError as error:
        raise QueryRefusedError(f"query: {_place(error)}") from error
    except TokenError as error:
        raise QueryRefusedError("query: a quote or bracket is not closed") from error
    except RecursionError as error:
        raise QueryRefusedError("query: too deeply nested") from error
    if len(statements) != 1:
        raise QueryRefusedError(f"query: expected one SELECT, found {len(statements)} statements")
    return statements[0]


@lru_cache(maxsize=128)  # a process asks the same again, and this takes longer than most answers
def to_duckdb(sql: str) -> str:
    """The text in DuckDB's SQL; ``@name`` becomes ``$name``.

    Raises:
        QueryRefusedError: it uses what DuckDB has not, or answers otherwise than BigQuery.
    """
    return generated(parsed(sql))


def generated(tree: exp.Expr) -> str:
    """The tree in DuckDB's SQL; the tree itself stays as it is."""
    try:
        copy = tree.copy()
        for node in copy.walk():
            _refuse(node)
        # the inner ones first: a node is copied into what takes its place
        for node in reversed(list(copy.walk())):
            if (mend := _MENDS.get(type(node))) and node.parent:
                node.replace(mend(node))
        return copy.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise QueryRefusedError(f"query: not in the desk's warehouse: {error}") from error
    except RecursionError as error:
        raise QueryRefusedError("query: too deeply nested") from error


def _place(error: ParseError) -> str:
    first = error.errors[0] if error.errors else {}
    what = str(first.get("description") or "no GoogleSQL").rstrip(".")
    near = str(first.get("highlight") or "")
    where = f"line {first.get('line', 1)}, column {first.get('col', 1)}: "
    return where + what + (f", near {shown(near)}" if near else "")


def _refuse(node: exp.Expr) -> None:
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        name = str(node.this).upper()
        if name != "ERROR":
            raise QueryRefusedError(
                f"query: {shown(name)} is no function of GoogleSQL that we know"
            )
    for kind, reason in _REFUSED.items():
        if isinstance(node, kind):
            raise QueryRefusedError(f"query: {reason}")
    if isinstance(node, exp.Unnest) and node.args.get("offset"):
        raise QueryRefusedError("query: WITH OFFSET counts from 1 here and from 0 in BigQuery")
    if isinstance(node, exp.ArrayAgg) and node.find(exp.Limit):
        raise QueryRefusedError("query: no LIMIT in ARRAY_AGG here; MAX_BY gives the one you want")
    if isinstance(node, exp.StrToTime) and node.args.get("zone"):
        raise QueryRefusedError("query: PARSE_TIMESTAMP takes no zone here; use %z in the text")
    if isinstance(node, exp.DateTrunc) and _unit(node).partition("(")[0] not in _DATE_PARTS:
        raise QueryRefusedError("query: DATE_TRUNC takes a date part; use TIMESTAMP_TRUNC")
    if isinstance(node, exp.Extract):
        part = node.this.sql(dialect="bigquery").upper().partition("(")[0]  # WEEK(MONDAY)
        if other := _OTHER_PARTS.get(part):
            raise QueryRefusedError(f"query: EXTRACT({part} …) differs here; use {other}")


_REFUSED: dict[type[exp.Expr], str] = {
    exp.NetFunc: "no NET functions here; client_prefix holds an address's network",
    exp.SafeFunc: "no SAFE. functions here; use SAFE_CAST or SAFE_DIVIDE",
    exp.Format: "FORMAT leaves its text unfilled here; use CONCAT and CAST",
    exp.FarmFingerprint: "no FARM_FINGERPRINT here; use SHA256",
    exp.SessionParameter: "no session variables",
    exp.ReadCSV: "no table functions",
    exp.ReadParquet: "no table functions",
}


def _unit(node: exp.Expr) -> str:
    unit = node.args.get("unit")
    return unit.sql(dialect="bigquery").strip("'").upper() if isinstance(unit, exp.Expr) else ""


def _whole(node: exp.Expr, divisor: int) -> exp.Expr:
    return exp.paren(exp.IntDiv(this=exp.paren(node), expression=exp.Literal.number(divisor)))


def _int_div(node: exp.Expr) -> exp.Expr:
    """``DIV(10 - 4, 3)``: sqlglot drops the grouping, of its arguments and of itself."""
    left, right = exp.paren(node.this.copy()), exp.paren(node.expression.copy())
    return exp.paren(exp.IntDiv(this=left, expression=right), copy=False)


def _timestamp_diff(node: exp.Expr) -> exp.Expr:
    """Whole intervals, where DuckDB counts the boundaries crossed."""
    divisor = _MICROSECONDS.get(_unit(node))
    if divisor is None:
        return node
    micros = exp.TimestampDiff(
        this=node.this.copy(), expression=node.expression.copy(), unit=exp.var("MICROSECOND")
    )
    return _whole(micros, divisor)


def _unix_seconds(node: exp.Expr) -> exp.Expr:
    """Rounded down, where DuckDB rounds to the nearest."""
    micros = exp.UnixMicros(this=node.this.copy())
    seconds = exp.Div(
        this=micros, expression=exp.cast(exp.Literal.number(1_000_000), "double"), typed=False
    )
    return exp.cast(exp.Floor(this=seconds), "bigint")


def _extract(node: exp.Expr) -> exp.Expr:
    part = node.name.upper()
    if part == "DAYOFWEEK":  # Sunday is 1, where DuckDB has 0
        return exp.paren(exp.Add(this=node.copy(), expression=exp.Literal.number(1)))
    if part == "MICROSECOND":  # of the second, where DuckDB has those of the minute
        return exp.paren(exp.Mod(this=node.copy(), expression=exp.Literal.number(1_000_000)))
    if part == "ISOWEEK":
        return exp.Extract(this=exp.var("WEEK"), expression=node.expression.copy())
    if part == "DATE":
        return exp.cast(node.expression.copy(), "date")
    return node


def _now(node: exp.Expr) -> exp.Expr:
    """The connection's clock where one is set: a view's answer can be that of a stated moment."""
    variable = exp.Anonymous(this="GETVARIABLE", expressions=[exp.Literal.string(CLOCK)])
    return exp.Coalesce(this=variable, expressions=[node.copy()])


def _today(node: exp.Expr) -> exp.Expr:
    return node if node.this else exp.cast(_now(exp.CurrentTimestamp()), "date")


def _literal(node: exp.Expr) -> exp.Expr:
    """1.5 is FLOAT64, where DuckDB takes it for a decimal."""
    if node.is_string or node.name.isdigit() or isinstance(node.parent, exp.Cast):
        return node
    return exp.cast(node.copy(), "double")


def _div(node: exp.Expr) -> exp.Expr:
    """Division by zero is an error, where DuckDB answers infinity."""
    divisor = node.expression
    if isinstance(divisor, exp.Literal) and divisor.name.strip("0."):
        return node
    return exp.Div(
        this=node.this.copy(),
        expression=exp.Case()
        .when(
            exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0)),
            exp.Anonymous(this="ERROR", expressions=[exp.Literal.string("division by zero")]),
        )
        .else_(divisor.copy()),
        typed=node.args.get("typed"),
        safe=node.args.get("safe"),
    )


def _count_if(node: exp.Expr) -> exp.Expr:
    """0 where nothing is true, where DuckDB has NULL unless something is false."""
    is_distinct = isinstance(node.this, exp.Distinct)
    asked = node.this.expressions[0] if is_distinct else node.this
    one: exp.Expr = exp.Case().when(asked.copy(), exp.Literal.number(1))
    return exp.Count(this=exp.Distinct(expressions=[one]) if is_distinct else one)


def _extreme(name: str) -> Callable[[exp.Expr], exp.Expr]:
    """MAX_BY answers NULL where the value beside the maximum is NULL; DuckDB's own skips it."""

    def mend(node: exp.Expr) -> exp.Expr:
        return exp.Anonymous(this=name, expressions=[node.this.copy(), node.expression.copy()])

    return mend


def _any_value(node: exp.Expr) -> exp.Expr:
    having = node.this
    if not isinstance(having, exp.HavingMax):
        return node
    name = "ARG_MAX_NULL" if having.args.get("max") else "ARG_MIN_NULL"
    return _extreme(name)(having)


def _as(type_name: str) -> Callable[[exp.Expr], exp.Expr]:
    """DuckDB makes a TIMESTAMP without a zone of it."""

    def mend(node: exp.Expr) -> exp.Expr:
        return exp.cast(node.copy(), type_name)

    return mend


_MENDS: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.AnyValue: _any_value,
    exp.ArgMax: _extreme("ARG_MAX_NULL"),
    exp.ArgMin: _extreme("ARG_MIN_NULL"),
    exp.CountIf: _count_if,
    exp.CurrentDate: _today,
    exp.CurrentTimestamp: _now,
    exp.DateAdd: _as("date"),
    exp.DateSub: _as("date"),
    exp.DateTrunc: _as("date"),
    exp.LastDay: _as("date"),
    exp.Div: _div,
    exp.Extract: _extract,
    exp.IntDiv: _int_div,
    exp.Literal: _literal,
    exp.StrToTime: _as("timestamptz"),
    exp.TimestampDiff: _timestamp_diff,
    exp.UnixSeconds: _unix_seconds,
    exp.UnixToTime: _as("timestamptz"),
}

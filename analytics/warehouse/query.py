"""Which queries a person may run: one that reads our tables and views, and nothing else.

The syntax tree decides, not the text. The engine's own locks stand behind it: the connection is
read-only, without files, network or settings.
"""

from sqlglot import exp

from analytics.errors import QueryRefusedError
from analytics.warehouse.catalogue import RAW, VIEWS, Catalogue
from analytics.warehouse.translate import generated, parsed
from policy.errors import shown

MAX_BYTES = 64 * 1024  # of a query's text; a parser's work grows with it
MAX_ARRAY = 1_000_000  # values; while DuckDB builds one list, no deadline can stop it

# what reads, and only that: everything else a tree may hold at its root is refused
_ROOTS = (exp.Select, exp.SetOperation, exp.Subquery)
_NEVER = (exp.Command, exp.DDL, exp.DML, exp.Into, exp.Lock, exp.Set, exp.Pragma)


def checked(text: str, catalogue: Catalogue) -> str:
    """The query as GoogleSQL, its views named with their dataset; a view's name reads it whole.

    Raises:
        QueryRefusedError: it is not one SELECT over our tables and views, or the desk cannot
            answer it.
    """
    if view := _view(text, catalogue):
        _refuse_cloud_only({view}, catalogue)
        return _whole(view)
    tree = _tree(text)
    bare = _bare(tree, text, catalogue)
    _refuse_cloud_only(
        {table.name for table in tree.find_all(exp.Table) if table in bare or table.db}, catalogue
    )
    for node in tree.find_all(exp.GenerateSeries):
        if not _is_short(node):
            raise QueryRefusedError(
                f"query: GENERATE_ARRAY takes two numbers here, at most {MAX_ARRAY:,} apart"
            )
    for table in bare:
        table.set("db", exp.to_identifier(VIEWS))
    generated(tree)  # refuses what the desk cannot answer, before the warehouse is opened
    return tree.sql(dialect="bigquery") if bare else text


def checked_in_cloud(text: str, catalogue: Catalogue) -> str:
    """The query as it is; a view's name reads it whole.

    A view without its dataset is for BigQuery to find, whose job names the dataset: the text is
    not written anew.

    Raises:
        QueryRefusedError: it is not one SELECT over our tables and views.
    """
    if view := _view(text, catalogue):
        return _whole(view)
    _bare(_tree(text), text, catalogue)
    return text


def _view(text: str, catalogue: Catalogue) -> str:
    """The view whose name the text is, "" where it is none."""
    name = text.strip().removeprefix(f"{VIEWS}.")
    return name if name in catalogue.views else ""


def _whole(view: str) -> str:
    return f"SELECT * FROM {VIEWS}.{view}"  # noqa: S608 - a name of ours


def _tree(text: str) -> exp.Expr:
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise QueryRefusedError(f"query: longer than {MAX_BYTES} bytes")
    return parsed(text)


def _refuse_cloud_only(names: set[str], catalogue: Catalogue) -> None:
    """Say why a view is not on the desk."""
    for name in sorted(names.intersection(catalogue.views)):
        if catalogue.schema(name).is_cloud_only:
            raise QueryRefusedError(
                f"query: {name} reads the log of Google Cloud, which is not here; "
                "--warehouse bigquery:PROJECT asks where it is"
            )


def _bare(tree: exp.Expr, text: str, catalogue: Catalogue) -> list[exp.Table]:
    """The views that stand without their dataset.

    Raises:
        QueryRefusedError: it is not one SELECT over our tables and views.
    """
    name = text.strip()
    if not isinstance(tree, _ROOTS):
        raise QueryRefusedError(f"query: expected one SELECT or a view, found {_found(tree, name)}")
    for node in tree.walk():
        if isinstance(node, _NEVER):
            raise QueryRefusedError(f"query: expected SELECT alone, found {_keyword(node)}")
        if isinstance(node, exp.Parameter | exp.Placeholder):
            raise QueryRefusedError("query: parameters have no value here; write the value")
    return [table for table in list(tree.find_all(exp.Table)) if _is_bare(table, catalogue)]


def _is_short(node: exp.GenerateSeries) -> bool:
    try:
        first, last = (int(node.args[name].sql()) for name in ("start", "end"))
    except ValueError:
        return False  # no number that can be told before it runs
    return abs(last - first) <= MAX_ARRAY


def _found(tree: exp.Expr, text: str) -> str:
    first = text.split(maxsplit=1)[0] if text else ""
    if isinstance(tree, exp.Column | exp.Alias | exp.Dot):  # a mistyped view parses as a column
        return f"{shown(text)}; `mta-sts query` lists the views"
    return shown(first)


def _keyword(node: exp.Expr) -> str:
    return type(node).__name__.upper()


def _is_bare(table: exp.Table, catalogue: Catalogue) -> bool:
    """Whether it is a view that stands without its dataset.

    Raises:
        QueryRefusedError: it is nothing that a query may read.
    """
    if not isinstance(table.this, exp.Identifier):
        raise QueryRefusedError(f"query: no table functions, found {shown(table.this.sql())}")
    if table.args.get("version") or table.args.get("sample"):
        raise QueryRefusedError("query: neither FOR SYSTEM_TIME nor TABLESAMPLE here")
    name, dataset = table.name, table.db
    if not dataset and _is_cte(table):
        return False
    if not (dataset or table.catalog) and name in catalogue.views:
        return True
    known = {RAW: catalogue.tables, VIEWS: catalogue.views}.get(dataset, ())
    if table.catalog or name not in known:
        full = ".".join(part for part in (table.catalog, dataset, name) if part)
        raise QueryRefusedError(
            f"query: there is no table or view {shown(full)}; `mta-sts query` lists the views"
        )
    return False


def _is_cte(table: exp.Table) -> bool:
    """Whether the name is one that a WITH round the table gives, and gives there.

    A query of a WITH sees those before it, and itself only where the WITH is recursive.
    """
    node: exp.Expr = table
    inside: exp.Expr | None = None  # the query of a WITH that we come from
    while (parent := node.parent) is not None:
        if isinstance(node, exp.CTE):
            inside = node
        if with_ := parent.args.get("with_"):
            for cte in with_.expressions:
                if cte is inside and not with_.args.get("recursive"):
                    break
                if cte.alias.casefold() == table.name.casefold():
                    return True
        node = parent
    return False

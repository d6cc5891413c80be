"""Google's own SQL analyser over our tables and views: what it takes, BigQuery takes.

It is ZetaSQL compiled to WebAssembly. Compiling that to this machine's code takes 13 s on two
cores, so the result is kept in a folder that the caller gives, and read again in 2 ms.
"""

from collections.abc import Mapping
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path

import wasmtime
from zetasql.api import Analyzer, CatalogBuilder, TableBuilder  # type: ignore[import-untyped]
from zetasql.core.exceptions import ServerError  # type: ignore[import-untyped]
from zetasql.core.local_service import ZetaSqlLocalService  # type: ignore[import-untyped]
from zetasql.core.wasm_client import (  # type: ignore[import-untyped]
    WasmClient,
    get_tzinfo_dir,
)
from zetasql.types import (  # type: ignore[import-untyped]
    AnalyzerOptions,
    Function,
    FunctionArgumentType,
    FunctionArgumentTypeOptions,
    FunctionEnums,
    FunctionSignature,
    ProductMode,
    SignatureArgumentKind,
    SimpleCatalog,
    Type,
    TypeKind,
    ZetaSQLBuiltinFunctionOptions,
)
from zetasql.wasi import get_wasm_path  # type: ignore[import-untyped]

from analytics.warehouse.base import Parameter
from analytics.warehouse.catalogue import RAW, VIEWS, Catalogue

_KINDS = {
    "BOOL": TypeKind.TYPE_BOOL,
    "BYTES": TypeKind.TYPE_BYTES,
    "DATE": TypeKind.TYPE_DATE,
    "FLOAT64": TypeKind.TYPE_DOUBLE,
    "INT64": TypeKind.TYPE_INT64,
    "STRING": TypeKind.TYPE_STRING,
    "TIMESTAMP": TypeKind.TYPE_TIMESTAMP,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
# BigQuery has these two (its reference, aggregate functions), the published analyser has not
_OF_BIGQUERY = ("MAX_BY", "MIN_BY")
_PARAMETERS: Mapping[type, str] = {
    str: "STRING",
    bool: "BOOL",
    int: "INT64",
    float: "FLOAT64",
    date: "DATE",
    datetime: "TIMESTAMP",
    type(None): "STRING",
}


class RefusedError(Exception):
    """GoogleSQL has no such query; the message is the analyser's."""


class GoogleSql:
    """The analyser, with every table and view of the catalogue in it by dataset and name."""

    def __init__(self, kept_in: Path, catalogue: Catalogue) -> None:
        self._service = _service(kept_in)
        self._language = self._service.get_language_options(maximum_features=True)
        # the names of types that the public products have: no DOUBLE, no INT32
        self._language.product_mode = ProductMode.PRODUCT_EXTERNAL
        functions = ZetaSQLBuiltinFunctionOptions(language_options=self._language)
        self._catalog = CatalogBuilder("project").with_builtin_functions(functions).build()
        self._catalog.custom_function += [_extreme(name) for name in _OF_BIGQUERY]
        for dataset, names in ((RAW, catalogue.tables), (VIEWS, catalogue.views)):
            tables = [_table(name, catalogue) for name in names]
            self._catalog.catalog.append(SimpleCatalog(name=dataset, table=tables))

    def columns(
        self, sql: str, parameters: Mapping[str, Parameter] | None = None
    ) -> list[tuple[str, str]]:
        """Name and type of each column of a query.

        Raises:
            RefusedError: it is none that GoogleSQL has.
        """
        told = self._analysed(sql, parameters or {})
        return [
            (column.name, _NAMES.get(column.column.type.type_kind, "another type"))
            for column in told.output_column_list
        ]

    def check(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> None:
        """Analyse a statement that gives no columns, such as a MERGE.

        Raises:
            RefusedError: it is none that GoogleSQL has.
        """
        self._analysed(sql, parameters or {})

    def _analysed(self, sql: str, parameters: Mapping[str, Parameter]) -> Analyzer:
        options = AnalyzerOptions(
            language_options=self._language,
            query_parameters=[
                AnalyzerOptions.QueryParameter(
                    name=name, type=Type(type_kind=_KINDS[_PARAMETERS[type(value)]])
                )
                for name, value in parameters.items()
            ],
        )
        try:
            return Analyzer(options, self._catalog, self._service).analyze_statement(sql)
        except ServerError as error:
            raise RefusedError(str(error)) from error


def _table(name: str, catalogue: Catalogue) -> Analyzer:
    table = TableBuilder(name)
    for column in catalogue.schema(name).columns:
        table.add_column(column.name, _KINDS[column.type])
    return table.build()


def _extreme(name: str) -> Function:
    """An aggregate of two arguments that gives the type of the first one."""
    one, other = (
        FunctionArgumentType(
            kind=kind,
            num_occurrences=1,
            options=FunctionArgumentTypeOptions(
                cardinality=FunctionEnums.ArgumentCardinality.REQUIRED
            ),
        )
        for kind in (SignatureArgumentKind.ARG_TYPE_ANY_1, SignatureArgumentKind.ARG_TYPE_ANY_2)
    )
    return Function(
        name_path=[name],
        group="BigQuery",
        mode=FunctionEnums.Mode.AGGREGATE,
        signature=[FunctionSignature(argument=[one, other], return_type=one)],
    )


def _service(kept_in: Path) -> ZetaSqlLocalService:
    service = ZetaSqlLocalService.__new__(ZetaSqlLocalService)
    service.wasm_client = _Client(kept_in)
    return service


class _Client(WasmClient):  # type: ignore[misc]
    """The library's client, over a module that is compiled once a machine, not once a process."""

    def __init__(self, kept_in: Path) -> None:
        config = wasmtime.Config()
        config.shared_memory = True  # the module asks for it
        engine = wasmtime.Engine(config)
        self.store = wasmtime.Store(engine)
        wasi = wasmtime.WasiConfig()
        wasi.preopen_dir(get_tzinfo_dir(), "/usr/share/zoneinfo")
        self.store.set_wasi(wasi)
        self.module = _module(engine, kept_in)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        self.instance = linker.instantiate(self.store, self.module)
        self.exports = self.instance.exports(self.store)
        start = self.exports["_initialize"]
        assert isinstance(start, wasmtime.Func)
        start(self.store)
        self.memory = self.exports["memory"]


def _module(engine: wasmtime.Engine, kept_in: Path) -> wasmtime.Module:
    source = Path(get_wasm_path())
    status = source.stat()
    kept = kept_in / f"{version('wasmtime')}-{status.st_size}-{status.st_mtime_ns}.cwasm"
    if kept.exists():
        try:
            return wasmtime.Module.deserialize_file(engine, str(kept))
        except wasmtime.WasmtimeError:  # made by another build or for another processor
            kept.unlink(missing_ok=True)
    module = wasmtime.Module.from_file(engine, str(source))
    new = kept.with_suffix(".new")
    new.write_bytes(module.serialize())
    new.replace(kept)
    return module

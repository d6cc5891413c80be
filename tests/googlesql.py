"""Google's own SQL analyser over our tables and views: what it takes, BigQuery takes.

It is ZetaSQL compiled to WebAssembly. Compiling that to this machine's code takes 13 s on two
cores, so the result is kept in a folder that the caller gives, and read again in 2 ms.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import wasmtime
from zetasql.api import CatalogBuilder, TableBuilder  # type: ignore[import-untyped]
from zetasql.core.exceptions import ServerError  # type: ignore[import-untyped]
from zetasql.core.local_service import ZetaSqlLocalService  # type: ignore[import-untyped]
from zetasql.core.wasm_client import (  # type: ignore[import-untyped]
    WasmClient,
    get_tzinfo_dir,
)
from zetasql.types import (  # type: ignore[import-untyped]
    AnalyzeRequest,
    AnalyzerOptions,
    ArrayType,
    Function,
    FunctionArgumentType,
    FunctionArgumentTypeOptions,
    FunctionEnums,
    FunctionSignature,
    ProductMode,
    ResolvedNodeKind,
    SignatureArgumentKind,
    SimpleCatalog,
    SimpleTable,
    StructField,
    StructType,
    Type,
    TypeKind,
    ZetaSQLBuiltinFunctionOptions,
)
from zetasql.wasi import get_wasm_path  # type: ignore[import-untyped]
from zetasql.wasi._pb2.zetasql.local_service.local_service_pb2 import (  # type: ignore[import-untyped]
    AnalyzeResponse,
)

from analytics.warehouse.base import Parameter
from analytics.warehouse.catalogue import RAW, VIEWS, Catalogue
from tests.analytics.build import START, event
from tests.sink import REQUESTS, Column, Sink, request_entry

_KINDS = {
    "BOOL": TypeKind.TYPE_BOOL,
    "BYTES": TypeKind.TYPE_BYTES,
    "DATE": TypeKind.TYPE_DATE,
    "FLOAT64": TypeKind.TYPE_DOUBLE,
    "INT64": TypeKind.TYPE_INT64,
    "STRING": TypeKind.TYPE_STRING,
    "TIMESTAMP": TypeKind.TYPE_TIMESTAMP,
}
_OF_SINK = {"BOOLEAN": "BOOL", "FLOAT": "FLOAT64", "INTEGER": "INT64"}  # as its API has them
_NAMES = {kind: name for name, kind in _KINDS.items()}
# BigQuery has these two (its reference, aggregate functions), the published analyser has not
_OF_BIGQUERY = ("MAX_BY", "MIN_BY")
_STATEMENTS = (
    ResolvedNodeKind.RESOLVED_QUERY_STMT,
    ResolvedNodeKind.RESOLVED_DELETE_STMT,
    ResolvedNodeKind.RESOLVED_MERGE_STMT,
    ResolvedNodeKind.RESOLVED_UPDATE_STMT,
)
_PARAMETERS: Mapping[type, str] = {
    str: "STRING",
    bool: "BOOL",
    int: "INT64",
    float: "FLOAT64",
    date: "DATE",
    datetime: "TIMESTAMP",
    type(None): "STRING",
}


PROJECT = "my-project"  # by which the datasets are found as well


class RefusedError(Exception):
    """GoogleSQL has no such query; the message is the analyser's."""


class GoogleSql:
    """The analyser, with every table and view of the catalogue in it by dataset and name."""

    def __init__(self, kept_in: Path, catalogue: Catalogue) -> None:
        self._service = _service(kept_in)
        self._language = self._service.get_language_options(maximum_features=True)
        # the names of types that the public products have: no DOUBLE, no INT32
        self._language.product_mode = ProductMode.PRODUCT_EXTERNAL
        self._language.supported_statement_kinds = list(_STATEMENTS)
        functions = ZetaSQLBuiltinFunctionOptions(language_options=self._language)
        catalog = CatalogBuilder("project").with_builtin_functions(functions).build()
        catalog.custom_function += [_extreme(name) for name in _OF_BIGQUERY]
        for dataset, names in ((RAW, catalogue.tables), (VIEWS, catalogue.views)):
            tables = [_table(name, catalogue) for name in names]
            if dataset == RAW:
                tables += _sink_tables()
            catalog.catalog.append(SimpleCatalog(name=dataset, table=tables))
        # a text may name the project too
        catalog.catalog.append(SimpleCatalog(name=PROJECT, catalog=list(catalog.catalog)))
        # once: with every question it would take three times as long
        self._catalog = self._service.register_catalog(simple_catalog=catalog).registered_id

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
            for column in told.resolved_query_stmt_node.output_column_list
        ]

    def check(self, sql: str, types: Mapping[str, str]) -> None:
        """Analyse a statement that gives no columns, such as a MERGE; parameters by their types.

        Raises:
            RefusedError: it is none that GoogleSQL has.
        """
        self._analysed_with(sql, {name: named_type(text) for name, text in types.items()})

    def _analysed(self, sql: str, parameters: Mapping[str, Parameter]) -> Any:  # noqa: ANN401 - a message of protobuf
        return self._analysed_with(
            sql,
            {name: _plain(_PARAMETERS[type(value)]) for name, value in parameters.items()},
        )

    def _analysed_with(self, sql: str, types: Mapping[str, Type]) -> Any:  # noqa: ANN401 - a message of protobuf
        options = AnalyzerOptions(
            language_options=self._language,
            query_parameters=[
                AnalyzerOptions.QueryParameter(name=name, type=kind) for name, kind in types.items()
            ],
        )
        asked = AnalyzeRequest(
            sql_statement=sql, options=options, registered_catalog_id=self._catalog
        )
        try:
            # not by the library's own models: half of the time goes into them
            answer = self._service.wasm_client.call_grpc_func(
                "ZetaSqlLocalService_Analyze", asked.to_proto(), AnalyzeResponse
            )
        except ServerError as error:
            raise RefusedError(str(error)) from error
        return answer.resolved_statement


def _table(name: str, catalogue: Catalogue) -> SimpleTable:
    table = TableBuilder(name)
    for column in catalogue.schema(name).columns:
        table.add_column(column.name, _KINDS[column.type])
    return table.build()


def _sink_tables() -> list[SimpleTable]:
    """The tables of the log sink, with the columns that a first event and request give them."""
    written = Sink()
    written.lines([event(1)])
    written.write(REQUESTS, request_entry(START, trace_id="a" * 32, span_id="b" * 16))
    tables = []
    for name, shape in written.tables.items():
        table = TableBuilder(name)
        for column, found in shape.columns.items():
            table.add_column(column, _of_sink(found))
        tables.append(table.build())
    return tables


def _of_sink(column: Column) -> Type:
    if column.kind == "RECORD":
        return _struct({name: _of_sink(part) for name, part in column.parts.items()})
    return _plain(_OF_SINK.get(column.kind, column.kind))


def named_type(text: str) -> Type:
    """A type as GoogleSQL writes it: STRING, ARRAY<STRING>, ARRAY<STRUCT<a STRING, b INT64>>."""
    if found := re.fullmatch(r"ARRAY<(.*)>", text):
        kind = TypeKind.TYPE_ARRAY
        return Type(type_kind=kind, array_type=ArrayType(element_type=named_type(found[1])))
    if found := re.fullmatch(r"STRUCT<(.*)>", text):
        parts = dict(part.split(" ", 1) for part in found[1].split(", "))
        return _struct({name: named_type(part) for name, part in parts.items()})
    return _plain(text)


def _struct(parts: Mapping[str, Type]) -> Type:
    fields = [StructField(field_name=name, field_type=kind) for name, kind in parts.items()]
    return Type(type_kind=TypeKind.TYPE_STRUCT, struct_type=StructType(field=fields))


def _plain(name: str) -> Type:
    return Type(type_kind=_KINDS[name])


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

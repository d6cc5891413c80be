"""Several questions about one moment: what several views read is worked out once.

A view that others read is a text in theirs, and worked out anew for each of them; and a condition
on the outermost does not reach far into it. So the tables are narrowed to a domain first, and the
views in KEPT become tables of this connection when something reads them.
"""

import re
from collections.abc import Mapping

from analytics.warehouse.catalogue import RAW, VIEWS, Catalogue
from analytics.warehouse.connection import Connection

# views that others read, or that one page asks more than once, and whose rows are not many
KEPT = (
    "check_findings_latest",
    "domain_checks",
    "enforce_refusals",
    "policy_readiness",
    "sender_confirmations",
    "silent_senders",
    "tlsrpt_failures",
    "tlsrpt_policy_results",
)

_OWN = "policy_domain = $domain"
_CONTENTS = f"SELECT content_hash FROM {RAW}.tlsrpt_policy_results_v1 WHERE {_OWN}"  # noqa: S608
_KEYS = f"SELECT report_key FROM {RAW}.tlsrpt_reports_v1 WHERE content_hash IN ({_CONTENTS})"  # noqa: S608

# the rows of a table that a view can need for one domain. Fetches are not among them: a copy of
# them may be large, and the log as a whole tells since when there is one
NARROWED: Mapping[str, str] = {
    "check_findings_v1": _OWN,
    "check_hosts_v1": _OWN,
    "checks_v1": _OWN,
    "client_versions_v1": _OWN,
    "policy_versions_v1": _OWN,
    "tlsrpt_failure_details_v1": f"content_hash IN ({_CONTENTS})",
    "tlsrpt_policy_results_v1": _OWN,
    # with all revisions of a report, also one that no longer names the domain
    "tlsrpt_reports_v1": f"report_key IN ({_KEYS})",
}

_TOKEN = re.compile(
    rf"""'(?:[^']|'')*' | "(?:[^"]|"")*" | \b(?P<dataset>{RAW}|{VIEWS})\.(?P<name>[a-z][a-z0-9_]*)""",
    re.VERBOSE,
)


class Views:
    """The views of one connection, of ``domain`` alone where one is given."""

    def __init__(
        self, connection: Connection, catalogue: Catalogue, domain: str | None = None
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._domain = domain
        self._texts: dict[str, str] = {}
        self._names: dict[tuple[str, str], str] = {}

    def rewritten(self, text: str) -> str:
        """DuckDB's text with what stands for its tables and views in this connection.

        A view without a policy domain tells of more than one: it is read as it is.
        """
        if not self._texts:
            self._texts = self._views()

        def asked(match: re.Match[str]) -> str:
            name = match["name"]
            return self._name(VIEWS, name) if self._is_of_domains(match) else match[0]

        return _TOKEN.sub(asked, text)

    def _is_of_domains(self, match: re.Match[str]) -> bool:
        name = match["name"]
        return (
            match["dataset"] == VIEWS
            and name in self._texts
            and any(
                column.name == "policy_domain" for column in self._catalogue.schema(name).columns
            )
        )

    def _views(self) -> dict[str, str]:
        rows = self._connection.execute(
            "SELECT view_name, sql FROM duckdb_views() WHERE schema_name = $schema",
            {"schema": VIEWS},
        ).fetchall()
        return {str(name): _body(str(text)) for name, text in rows}

    def _name(self, dataset: str, name: str) -> str:
        """Where the rows of a table or view are found; made when first asked for."""
        place = dataset, name
        if place not in self._names:
            self._names[place] = self._made(dataset, name)
        return self._names[place]

    def _made(self, dataset: str, name: str) -> str:
        full = f"{dataset}.{name}"
        if dataset == RAW:
            if self._domain is None or name not in NARROWED:
                return full
            where = NARROWED[name].replace("$domain", _quoted(self._domain))
            body, kind = f"SELECT * FROM {full} WHERE {where}", "TABLE"  # noqa: S608
        elif name in self._texts:
            body = _TOKEN.sub(self._inner, self._texts[name])
            kind = "TABLE" if name in KEPT else "VIEW"
        else:
            return full
        self._connection.execute(f'CREATE TEMP {kind} "{full}" AS {body}')
        return f'temp."{full}"'

    def _inner(self, match: re.Match[str]) -> str:
        return self._name(match["dataset"], match["name"]) if match["dataset"] else match[0]


def _body(text: str) -> str:
    """The SELECT of a view as DuckDB keeps it."""
    return text.partition(" AS ")[2].rstrip().removesuffix(";")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

"""Lists of operators, networks and User-Agents as CSV: rows become values, or faults with a reason."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from analytics.senders import blocks
from analytics.senders.model import (
    ASNS,
    BLOCKS,
    Certainty,
    Fault,
    Honours,
    Kind,
    Match,
    Nature,
    NetworkRow,
    Operator,
    Origin,
    UserAgentRow,
    VerifiedBy,
)
from policy.errors import shown

WIDEST = {4: 8, 6: 20}  # nobody's mail network is wider; one such row would verify half the world
_SLUG = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ASN = re.compile(r"AS([1-9][0-9]{0,9})")
_SUFFIX = re.compile(
    r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_NAME = re.compile(
    r"(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")  # RFC 5321, 4.1.2: Dot-string
_SHORTEST_PART = 3  # characters that a User-Agent may be known by

_Row = TypeVar("_Row")
_Choice = TypeVar("_Choice", bound=StrEnum)
_Fields = Mapping[str, str]


class BadValueError(ValueError):
    """A value is not what its column takes."""

    def __init__(self, expected: str, found: str) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"expected {expected}, found {shown(found)}")


@dataclass(frozen=True, slots=True)
class Form(Generic[_Row]):
    """What the columns of one list are, and how a row is made and known again."""

    required: tuple[str, ...]
    optional: Mapping[str, str]  # by column, what stands for it where it is absent
    key: tuple[str, ...]
    made: Callable[[_Fields, Origin], _Row]


@dataclass(slots=True)
class Listed(Generic[_Row]):
    """What a file said: rows to have, keys of rows to take away, and what could not be read."""

    rows: list[_Row] = field(default_factory=list)
    removed: dict[tuple[str, ...], int] = field(default_factory=dict)  # with the line
    faults: list[Fault] = field(default_factory=list)
    keys: set[tuple[str, ...]] = field(default_factory=set)


def read(text: str, file: str, form: Form[_Row], origin: Origin) -> Listed[_Row]:
    """The rows of a CSV text. Blank lines, and those that begin with ``#``, say nothing.

    An administrator's own list may have a column ``action``: *remove* takes a shipped row away.
    """
    listed: Listed[_Row] = Listed()
    try:
        for line, given in _records(text, file, form, listed.faults):
            fields = _filled(given, form, origin)
            try:
                _take(listed, line, fields, form, origin)
            except BadValueError as error:
                listed.faults.append(Fault(file, line, error.expected, shown(error.found)))
    except csv.Error as error:
        listed.faults.append(Fault(file, 0, "CSV as RFC 4180 has it", str(error)))
    return listed


def _filled(given: dict[str, str], form: Form[_Row], origin: Origin) -> dict[str, str]:
    """With what stands for absent values; a shipped list has to say them itself."""
    for name, value in form.optional.items():
        if not given.get(name):
            given[name] = value if origin is Origin.OWN else ""
    return given


def _take(
    listed: Listed[_Row], line: int, fields: _Fields, form: Form[_Row], origin: Origin
) -> None:
    key = tuple(fields[name] for name in form.key)
    action = fields.get("action") or "add"
    if action not in (("add", "remove") if origin is Origin.OWN else ("add",)):
        raise BadValueError("add, or remove in a list of your own", action)
    if key in listed.keys:
        raise BadValueError("each row once", ",".join(key))
    if action == "remove":
        listed.removed[key] = line
    else:
        listed.rows.append(form.made(fields, origin))
    listed.keys.add(key)


def _records(
    text: str, file: str, form: Form[_Row], faults: list[Fault]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and fields of each row; faults of the form are added to ``faults``."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    columns: list[str] | None = None
    for values in reader:
        if not any(values) or values[0].startswith("#"):
            continue
        if columns is None:
            columns = values
            known = {*form.required, *form.optional, "action"}
            if missing := [name for name in form.required if name not in columns]:
                faults.append(
                    Fault(file, reader.line_num, f"column {missing[0]}", shown(",".join(columns)))
                )
                return
            if odd := [name for name in columns if name not in known]:
                faults.append(Fault(file, reader.line_num, "a known column", shown(odd[0])))
            continue
        if len(values) != len(columns):
            faults.append(Fault(file, reader.line_num, f"{len(columns)} fields", str(len(values))))
            continue
        given = {name: value.strip(" \t") for name, value in zip(columns, values, strict=True)}
        yield reader.line_num, given


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise BadValueError("a name of a-z, 0-9, - and .", text)
    return text


def _choice(kind: type[_Choice], text: str) -> _Choice:
    if text not in set(kind):
        raise BadValueError(" or ".join(kind), text)
    return kind(text)


def _date(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadValueError("a date such as 2026-11-24", text)


def _text(what: str, text: str) -> str:
    if not text or not text.isprintable():
        raise BadValueError(what, text)
    return text


def value_of(kind: Kind, text: str) -> str:
    """The value of a network row, if it is one of that kind.

    Raises:
        BadValueError: it is not.
    """
    if kind in BLOCKS:
        return str(_block(kind, text))
    if kind in ASNS:
        match = _ASN.fullmatch(text)
        if not (match and int(match[1]) < 2**32):
            raise BadValueError("a number such as AS8075", text)
    elif not (_NAME if kind is Kind.SPF_DOMAIN else _SUFFIX).fullmatch(text):
        raise BadValueError("a domain of two labels or more, in lower case", text)
    return text


def _block(kind: Kind, text: str) -> blocks.Block:
    try:
        found = blocks.block(text)
    except ValueError as error:
        raise BadValueError("a block such as 192.0.2.0/24, without bits beyond it", text) from error
    if kind in (Kind.SPF, Kind.PUBLISHED, Kind.OWNED) and found.length < WIDEST[found.version]:
        raise BadValueError(f"no block wider than /{WIDEST[found.version]}", text)
    return found


def _network(fields: _Fields, origin: Origin) -> NetworkRow:
    kind = _choice(Kind, fields["kind"])
    return NetworkRow(
        operator=_slug(fields["operator"]),
        kind=kind,
        value=value_of(kind, fields["value"]),
        source=_text("a source", fields["source"]),
        as_of=_date(fields["as_of"]),
        certainty=_choice(Certainty, fields["certainty"]),
        origin=origin,
    )


def _user_agent(fields: _Fields, origin: Origin) -> UserAgentRow:
    match = _choice(Match, fields["match"])
    pattern = fields["pattern"]
    if (match is Match.ABSENT) != (pattern == ""):
        raise BadValueError("a pattern, and none for absent", pattern)
    if match is Match.CONTAINS and len(pattern) < _SHORTEST_PART:
        raise BadValueError(f"a part of {_SHORTEST_PART} characters or more", pattern)
    return UserAgentRow(
        pattern=pattern,
        match=match,
        software=_text("a name of the software", fields["software"]),
        operator=_slug(fields["operator"]) if fields["operator"] else "",
        nature=_choice(Nature, fields["kind"]),
        source=_text("a source", fields["source"]),
        as_of=_date(fields["as_of"]),
        certainty=_choice(Certainty, fields["certainty"]),
        origin=origin,
    )


def _operator(fields: _Fields, origin: Origin) -> Operator:
    honours_date = fields["honours_date"]
    if fields["is_expected"] not in ("yes", "no"):
        raise BadValueError("yes or no", fields["is_expected"])
    return Operator(
        slug=_slug(fields["operator"]),
        name=_text("a name", fields["name"]),
        organization_names=_several(fields["organization_names"]),
        contact_domains=tuple(_domain(each) for each in _several(fields["contact_domains"])),
        contact_addresses=tuple(_address(each) for each in _several(fields["contact_addresses"])),
        domains=tuple(_domain(each) for each in _several(fields["domains"])),
        verified_by=_choice(VerifiedBy, fields["verified_by"]),
        honours_mta_sts=_choice(Honours, fields["honours_mta_sts"]),
        honours_source=fields["honours_source"],
        honours_date=_date(honours_date) if honours_date else None,
        is_expected=fields["is_expected"] == "yes",
        source=_text("a source", fields["source"]),
        as_of=_date(fields["as_of"]),
        origin=origin,
    )


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip(" ") for part in text.split(";")) if text else ()


def _domain(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise BadValueError("domains parted by ;", text)
    return text


def _address(text: str) -> str:
    local, _at, domain = text.rpartition("@")
    if not (_LOCAL.fullmatch(local) and _NAME.fullmatch(domain)):
        raise BadValueError("mail addresses in lower case, parted by ;", text)
    return text


_SAID = {"source": "your own list", "certainty": Certainty.CERTAIN.value}

NETWORKS = Form(
    ("operator", "kind", "value", "as_of"), _SAID, ("operator", "kind", "value"), _network
)
USER_AGENTS = Form(
    ("pattern", "match", "software", "kind", "as_of"),
    _SAID | {"operator": ""},
    ("pattern", "match"),
    _user_agent,
)
OPERATORS = Form(
    ("operator", "name", "as_of"),
    {
        "organization_names": "",
        "contact_domains": "",
        "contact_addresses": "",
        "domains": "",
        "verified_by": VerifiedBy.NETWORK.value,
        "honours_mta_sts": Honours.UNKNOWN.value,
        "honours_source": "",
        "honours_date": "",
        "is_expected": "yes",
        "source": "your own list",
    },
    ("operator",),
    _operator,
)

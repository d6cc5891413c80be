"""From what is wanted and what is found to the steps between; pure, so that it can be shown first."""

from collections.abc import Iterable

from analytics.cloudlog import filters
from analytics.deploy.model import (
    Action,
    Authorised,
    Dataset,
    Desired,
    Exclusion,
    Found,
    Grant,
    Seed,
    Sink,
    Step,
    Table,
    View,
    Wanted,
)
from analytics.warehouse.catalogue import Column


def plan(desired: Desired, found: Found) -> tuple[Step, ...]:
    """A step for each thing that is wanted, in the order in which they are made."""
    return tuple(_step(wanted, found) for wanted in desired.objects)


def refused(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps that stand in the way of all others."""
    return tuple(step for step in steps if step.action is Action.REFUSE)


def to_do(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps that change something."""
    return tuple(step for step in steps if step.action in (Action.CREATE, Action.CHANGE))


def waiting(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps that only time brings."""
    return tuple(step for step in steps if step.action is Action.WAIT)


def _step(wanted: Wanted, found: Found) -> Step:
    match wanted:
        case Dataset():
            return _dataset(wanted, found.datasets.get(wanted.name))
        case Table():
            return _table(wanted, found.tables.get((wanted.dataset, wanted.name)))
        case View():
            return _view(wanted, found)
        case Grant():
            return _grant(wanted, found)
        case Authorised():
            name = f"views of {wanted.reader} on {wanted.dataset}"
            is_there = wanted in found.authorised
            action = Action.KEEP if is_there else Action.CREATE
            return Step(action, "right", name, wanted)
        case Sink():
            return _sink(wanted, found.sink)
        case Exclusion():
            return _exclusion(wanted, found.exclusions.get(wanted.name))
        case Seed():
            return _seed(wanted, found)


def _dataset(wanted: Dataset, found: Dataset | None) -> Step:
    if found is None:
        where = f"in {wanted.location}, which cannot be changed later"
        return Step(Action.CREATE, "dataset", wanted.name, wanted, (where,))
    if found.location.casefold() != wanted.location.casefold():
        return Step(
            Action.REFUSE,
            "dataset",
            wanted.name,
            wanted,
            (f"it is in {found.location}, and {wanted.location} is asked for",),
            f"go on where it is: --location {found.location}; or begin anew beside it with another "
            "prefix: --warehouse bigquery:PROJECT.PREFIX",
        )
    details = _texts(wanted.description, found.description)
    if wanted.is_closed and not found.is_closed:
        details.append("viewers of the project read it no more: they ask the views")
    if wanted.expires_days != found.expires_days:
        days = _days(wanted.expires_days)
        details.append(f"partitions of tables that are made in it stay for {days}")
    return _changed("dataset", wanted.name, wanted, details)


def _table(wanted: Table, found: Table | None) -> Step:
    if found is None:
        return Step(Action.CREATE, "table", f"{wanted.dataset}.{wanted.name}", wanted)
    name = f"{wanted.dataset}.{wanted.name}"
    if faults := tuple(_incompatible(wanted, found)):
        return Step(Action.REFUSE, "table", name, wanted, faults, _set_aside(name))
    details = [f"column {column.name} is added" for column in _added(wanted, found)]
    details += _relaxed(wanted, found)
    details += _texts(wanted.description, found.description)
    details += _column_texts(
        {column.name: column.description for column in wanted.columns},
        {column.name: column.description for column in found.columns},
    )
    if wanted.cluster != found.cluster:
        details.append(f"clustered by {', '.join(wanted.cluster) or 'nothing'}")
    if wanted.expires_days != found.expires_days:
        details.append(
            f"partitions stay for {_days(wanted.expires_days)}, not {_days(found.expires_days)}"
        )
    return _changed("table", name, wanted, details)


def _incompatible(wanted: Table, found: Table) -> Iterable[str]:
    """What no change brings about without another table."""
    there = {column.name: column for column in found.columns}
    for column in wanted.columns:
        has = there.get(column.name)
        if has is None and column.is_required:
            yield f"column {column.name} is required, and rows are there that lack it"
        elif has is not None and has.type != column.type:
            yield f"column {column.name} is {has.type}, and {column.type} is wanted"
        elif has is not None and column.is_required and not has.is_required:
            yield f"column {column.name} may be absent, and is wanted in every row"
    if wanted.partition != found.partition:
        parted = wanted.partition or "nothing"
        yield f"it is parted by {found.partition or 'nothing'}, and {parted} is wanted"


def _set_aside(name: str) -> str:
    return (
        f"nothing is dropped: copy it (bq cp {name} {name}_before), see that the copy is whole, "
        f"remove it (bq rm -t {name}) and run this again; what the log sink still holds is filled "
        "in from there"
    )


def _added(wanted: Table, found: Table) -> list[Column]:
    there = {column.name for column in found.columns}
    return [column for column in wanted.columns if column.name not in there]


def _relaxed(wanted: Table, found: Table) -> list[str]:
    required = {column.name for column in found.columns if column.is_required}
    return [
        f"column {column.name} may be absent"
        for column in wanted.columns
        if not column.is_required and column.name in required
    ]


def _days(days: int | None) -> str:
    return "ever" if days is None else f"{days} days"


def _view(wanted: View, found: Found) -> Step:
    name = f"{wanted.dataset}.{wanted.name}"
    absent = [table for table in wanted.awaits if table not in found.sink_tables]
    if absent:
        return Step(
            Action.WAIT,
            "view",
            name,
            wanted,
            (f"the log sink has not made {' and '.join(absent)} yet",),
            "its tables come with the first entries, some minutes after the first request: send "
            "one, and run this again",
        )
    has = found.views.get((wanted.dataset, wanted.name))
    if has is None:
        return Step(Action.CREATE, "view", name, wanted)
    details = [] if has.text.strip() == wanted.text.strip() else ["its text"]
    details += _texts(wanted.description, has.description)
    details += _column_texts(dict(wanted.columns), dict(has.columns))
    return _changed("view", name, wanted, details)


def _grant(wanted: Grant, found: Found) -> Step:
    member = wanted.member or found.writer
    name = f"{wanted.role} on {wanted.dataset} for {member or 'the writer of the log sink'}"
    is_there = bool(member) and Grant(wanted.dataset, wanted.role, member) in found.grants
    return Step(Action.KEEP if is_there else Action.CREATE, "right", name, wanted)


def _sink(wanted: Sink, found: Sink | None) -> Step:
    if found is None:
        return Step(Action.CREATE, "log sink", wanted.name, wanted, (f"to {wanted.destination}",))
    details = []
    if found.destination != wanted.destination:
        details.append(f"to {wanted.destination}, not {found.destination}")
    details += _filter(wanted.filter, found.filter)
    if found.is_disabled:
        details.append("it is switched off, and switched on again")
    if not found.is_partitioned:
        return Step(
            Action.REFUSE,
            "log sink",
            wanted.name,
            wanted,
            ("it writes one table a day, and a partitioned one is wanted",),
            f"remove it (gcloud logging sinks delete {wanted.name}) and run this again: what was "
            "written stays",
        )
    return _changed("log sink", wanted.name, wanted, details)


def _filter(wanted: str, found: str) -> list[str]:
    if found.split() == wanted.split():
        return []
    before, after = filters.has_requests(found), filters.has_requests(wanted)
    if after and not before:
        return ["the platform's log of requests, with whole addresses, is copied from now on"]
    if before and not after:
        return ["the platform's log of requests is copied no more (MTA_STS_CLIENT_IP)"]
    return ["its filter"]


def _exclusion(wanted: Exclusion, found: Exclusion | None) -> Step:
    name = f"{wanted.name} of _Default"
    if found is None:
        return Step(Action.CREATE, "exclusion", name, wanted)
    same = found.filter.split() == wanted.filter.split()
    return _changed("exclusion", name, wanted, [] if same else ["its filter"])


def _seed(wanted: Seed, found: Found) -> Step:
    has = found.sink_tables.get(wanted.table, frozenset())
    absent = [path for path in wanted.columns if path not in has]
    if not absent:
        return Step(Action.KEEP, "seed event", wanted.table, wanted)
    what = "has no table yet" if not has else f"lacks {', '.join(absent)}"
    return Step(Action.CREATE, "seed event", wanted.table, wanted, (f"the log sink {what}",))


def _texts(wanted: str, found: str) -> list[str]:
    return [] if wanted == found else ["its description"]


def _column_texts(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    other = [name for name, text in wanted.items() if name in found and found[name] != text]
    return [f"the description of {', '.join(other)}"] if other else []


def _changed(kind: str, name: str, wanted: Wanted, details: Iterable[str]) -> Step:
    told = tuple(details)
    return Step(Action.CHANGE if told else Action.KEEP, kind, name, wanted, told)

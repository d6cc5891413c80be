"""What both halves of the facts share: asking for one domain's rows, and taking values from them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as clock

from analytics.report.model import Cut
from analytics.warehouse.base import Asking, Limits, Parameter

Row = Mapping[str, object]

_LIMITS = Limits(120.0)


@dataclass(frozen=True, slots=True)
class Topic:
    """The domain that is asked about, real or sample data, and the days that are counted."""

    warehouse: Asking
    policy_domain: str
    is_sample: bool
    first: date
    last: date

    def rows(self, sql: str) -> Sequence[Row]:
        """The rows of the answer; parameters that the text does not name are not sent.

        Raises:
            WarehouseError: the warehouse cannot answer now.
        """
        known: dict[str, Parameter] = {
            "domain": self.policy_domain,
            "is_sample": self.is_sample,
            "first": self.first,
            "since": datetime.combine(self.first, clock(), UTC),
        }
        values = {name: value for name, value in known.items() if re.search(rf"@{name}\b", sql)}
        return list(self.warehouse.ask(sql, values, limits=_LIMITS).records())


def cut(rows: Sequence[Row]) -> Cut:
    """How many of how many; each row has the count of all of them."""
    return Cut(len(rows), number(rows[0]["row_count"]) if rows else 0)


def text(value: object) -> str:
    """A text; "" where there is none."""
    return "" if value is None else str(value)


def number(value: object) -> int:
    """A whole number; 0 where there is none."""
    return 0 if value is None else int(str(value))


def time(value: object) -> datetime | None:
    """A time, where there is one."""
    return value if isinstance(value, datetime) else None


def time_of(value: object) -> datetime:
    """A time that stands in every row."""
    if not isinstance(value, datetime):
        raise TypeError(f"expected a time, found {value!r}")
    return value


def day_of(value: object) -> date:
    """A day that stands in every row."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).date()
    if not isinstance(value, date):
        raise TypeError(f"expected a day, found {value!r}")
    return value

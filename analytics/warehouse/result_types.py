"""The rows of ``tlsrpt_result_types_v1``: ``policy.result_types`` as a table that views can join."""

from collections.abc import Iterator

from policy.result_types import NOT_STATED, RESULT_TYPES, UNKNOWN, ResultType

TABLE = "tlsrpt_result_types_v1"
THERE = """
SELECT
    result_type,
    place,
    whose,
    blocks,
    enforce_effect,
    section,
    reason_number,
    reason_pattern,
    cause,
    remedy
FROM mta_sts_raw.tlsrpt_result_types_v1
ORDER BY result_type, reason_number
"""

Row = dict[str, str | int | None]


def rows() -> list[Row]:
    """All rows by type: it, then each reason that tells more about it."""
    kinds = sorted((*RESULT_TYPES, NOT_STATED, UNKNOWN), key=lambda kind: kind.code)
    return [row for kind in kinds for row in _of(kind)]


def _of(kind: ResultType) -> Iterator[Row]:
    same: Row = {
        "result_type": kind.code,
        "place": kind.place.value,
        "whose": kind.whose.value,
        "blocks": kind.blocks.value,
        "enforce_effect": kind.effect.value,
        "section": kind.section,
    }
    yield {
        **same,
        "reason_number": 0,
        "reason_pattern": None,
        "cause": kind.cause,
        "remedy": kind.remedy,
    }
    for number, reason in enumerate(kind.reasons, start=1):
        yield {
            **same,
            "reason_number": number,
            "reason_pattern": reason.pattern,
            "cause": reason.cause,
            "remedy": reason.remedy,
        }

"""What our own log says of a fetch that a sender says failed, in the language of the texts given.

English stands in the view ``fetch_errors_explained``; every other language has it by the columns
of a row, in ``arrivals.ftl``.
"""

from collections.abc import Mapping

from analytics.texts.catalogue import Texts, Value
from policy.domain import HOST_PREFIX

ARRIVALS = (
    "not-served-here", "not-logged", "served", "refused", "nobody-arrived", "cannot-tell",
    "never-arrived",
)  # fmt: skip
NEXT = (
    "not-served-here", "not-logged", "refused", "invalid-served", "invalid-elsewhere", "served",
    "certificate", "before",
)  # fmt: skip


def explained(row: Mapping[str, object], texts: Texts) -> tuple[str, str]:
    """The explanation and the next step of a row of ``fetch_errors_explained``.

    Of its columns it needs all from ``arrival`` on, ``policy_domain``, ``reporter_name`` and
    ``result_type``. What another version of the view says is told as it came.
    """
    arrival = str(row["arrival"])
    if texts.language == "en" or arrival not in ARRIVALS:
        return str(row["explanation"]), str(row["next_step"])
    domain = str(row["policy_domain"])
    values: dict[str, Value] = {
        "domain": domain,
        "host": f"{HOST_PREFIX}{domain}",
        "who": str(row["reporter_name"]),
        "requests": _count(row["request_count"]),
        "served": _count(row["served_count"]),
        "others": _count(row["other_request_count"]),
        "unknown": _count(row["unknown_request_count"]),
        "has_refused": "yes" if row["refused_answers"] else "no",
        "refused": str(row["refused_answers"] or ""),
        "is_unsure": "yes" if arrival == "cannot-tell" else "no",
    }
    said = texts.say(f"arrivals-{arrival}", values)
    if row["was_served_since"]:
        said += texts.say("arrivals-since")
    return said, texts.say(f"arrivals-next-{_next(arrival, str(row['result_type']))}", values)


def _next(arrival: str, result_type: str) -> str:
    """Which step comes next, as the view decides it."""
    if arrival in ("not-served-here", "not-logged", "refused"):
        return arrival
    if result_type == "sts-policy-invalid":
        return "invalid-served" if arrival == "served" else "invalid-elsewhere"
    if arrival == "served":
        return arrival
    return "certificate" if result_type == "sts-webpki-invalid" else "before"


def _count(value: object) -> int:
    return int(str(value))

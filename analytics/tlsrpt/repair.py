"""JSON that is not quite a report, put into the form of one.

Every departure is told by a code of :mod:`analytics.tlsrpt.quirks`. What has no place in the form
is left out; what the form cannot do without, and has no other source, ends in a ReportError.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from analytics.tlsrpt import counts
from analytics.tlsrpt.errors import ReportError
from analytics.tlsrpt.limits import MAX_DETAILS, MAX_LINE, MAX_LINES, MAX_POLICIES, MAX_TEXT
from analytics.tlsrpt.wire import DateRange, Detail, Document, Policy, Result, Summary
from policy.errors import shown
from policy.model import MAX_POLICY_BYTES

_DOCUMENT = ("contact-info", "date-range", "organization-name", "policies", "report-id")
_RANGE = ("end-datetime", "start-datetime")
_RESULT = ("failure-details", "policy", "summary")
_POLICY = ("mx-host", "policy-domain", "policy-string", "policy-type")
_SUMMARY = ("total-failure-session-count", "total-successful-session-count")
_DETAIL = (
    "additional-information",
    "failed-session-count",
    "failure-reason-code",
    "receiving-ip",
    "receiving-mx-helo",
    "receiving-mx-hostname",
    "result-type",
    "sending-mta-ip",
)
# names that stand in the grammar or the prose of RFC 8460, 4.4 for what its example calls otherwise
_ALIASES = {
    "additional-info-uri": "additional-information",
    "failure-error-code": "failure-reason-code",
    "failed-session-counts": "failed-session-count",
    "mx-host-pattern": "mx-host",
    "org-name": "organization-name",
}

_BETWEEN = re.compile(r"[-_\s]")  # the words of a name; in camelCase nothing does
_NAMES = {
    _BETWEEN.sub("", written): name
    for written, name in (
        *((each, each) for each in (*_DOCUMENT, *_RANGE, *_RESULT, *_POLICY, *_SUMMARY, *_DETAIL)),
        *_ALIASES.items(),
    )
}

_Fields = Mapping[str, object]
_Made = TypeVar("_Made")


def document(value: object, quirks: set[str]) -> Document:
    """The report that a JSON value can be read as; dates are "" where they are absent.

    Raises:
        ReportError: it is none.
    """
    if not isinstance(value, dict):
        raise ReportError("report", "an object", _kind(value))
    fields = _fields(value, _DOCUMENT, quirks)
    if not any(name in fields for name in _DOCUMENT):
        found = shown(", ".join(sorted(value)[:5])) if value else "an empty object"
        raise ReportError("report", "the fields of a TLS report", found)
    if "policies" not in fields:
        raise ReportError("policies", "a list", None)
    policies = _several(fields["policies"], "policies", _result, quirks, MAX_POLICIES)
    if "policies-unreadable" in quirks and not policies:
        raise ReportError("policies", "objects", "none")
    return Document(
        contact_info=_text(fields.get("contact-info"), quirks),
        date_range=_date_range(fields.get("date-range"), quirks),
        organization_name=_text(fields.get("organization-name"), quirks),
        policies=policies,
        report_id=_text(fields.get("report-id"), quirks),
    )


def _fields(value: dict[str, Any], known: tuple[str, ...], quirks: set[str]) -> _Fields:
    """The members by their names in RFC 8460; one that is rightly named comes first."""
    found: dict[str, object] = {}
    others = []
    for name, each in value.items():
        if name in known:
            found[name] = each
        else:
            others.append((name, each))
    for name, each in others:
        plain = _NAMES.get(_BETWEEN.sub("", name).lower(), "")
        if plain in known and plain not in found:
            quirks.add("field-name")
            found[plain] = each
        else:
            quirks.add("field-unknown")
    return found


def _several(
    value: object,
    where: str,
    made: Callable[[dict[str, Any], set[str]], _Made],
    quirks: set[str],
    most: int,
) -> list[_Made]:
    """A list of objects; an object alone is a list of one, null is an empty one."""
    if value is None:
        quirks.add(f"{where}-null")
        return []
    if isinstance(value, dict):
        quirks.add(f"{where}-object")
        value = [value]
    if not isinstance(value, list):
        raise ReportError(where, "a list", _kind(value))
    if len(value) > most:
        raise ReportError(where, f"at most {most} entries", str(len(value)))
    objects = [each for each in value if isinstance(each, dict)]
    if len(objects) < len(value):
        quirks.add(f"{where}-unreadable")
    return [made(each, quirks) for each in objects]


def _result(value: dict[str, Any], quirks: set[str]) -> Result:
    fields = _fields(value, _RESULT, quirks)
    policy = fields.get("policy")
    if not isinstance(policy, dict):
        quirks.add("policy-missing")
        policy = {}
    return Result(
        failure_details=_failures(fields.get("failure-details"), quirks),
        policy=_policy(policy, quirks),
        summary=_summary(fields.get("summary"), quirks),
    )


def _failures(value: object, quirks: set[str]) -> list[Detail] | None:
    if value is None:
        return None
    if isinstance(value, dict | list):
        return _several(value, "failure-details", _detail, quirks, MAX_DETAILS)
    quirks.add("failure-details-unreadable")
    return []


def _policy(value: dict[str, Any], quirks: set[str]) -> Policy:
    fields = _fields(value, _POLICY, quirks)
    return Policy(
        mx_host=_lines(fields.get("mx-host"), quirks, most=MAX_LINE),
        policy_domain=_text(fields.get("policy-domain"), quirks),
        policy_string=_lines(fields.get("policy-string"), quirks, most=MAX_POLICY_BYTES),
        policy_type=_text(fields.get("policy-type"), quirks),
    )


def _summary(value: object, quirks: set[str]) -> Summary | None:
    if not isinstance(value, dict):
        return None
    fields = _fields(value, _SUMMARY, quirks)
    return Summary(
        total_failure_session_count=counts.read(fields.get(_SUMMARY[0]), quirks),
        total_successful_session_count=counts.read(fields.get(_SUMMARY[1]), quirks),
    )


def _detail(value: dict[str, Any], quirks: set[str]) -> Detail:
    fields = _fields(value, _DETAIL, quirks)

    def text(name: str) -> str | None:
        return _text(fields.get(name), quirks)

    return Detail(
        additional_information=text("additional-information"),
        failed_session_count=counts.read(fields.get("failed-session-count"), quirks),
        failure_reason_code=text("failure-reason-code"),
        receiving_ip=text("receiving-ip"),
        receiving_mx_helo=text("receiving-mx-helo"),
        receiving_mx_hostname=text("receiving-mx-hostname"),
        result_type=text("result-type"),
        sending_mta_ip=text("sending-mta-ip"),
    )


def _date_range(value: object, quirks: set[str]) -> DateRange:
    fields = _fields(value, _RANGE, quirks) if isinstance(value, dict) else {}
    texts = [_text(fields.get(name), quirks, is_time=True) or "" for name in _RANGE]
    return DateRange(end_datetime=texts[0], start_datetime=texts[1])


def _text(value: object, quirks: set[str], *, is_time: bool = False) -> str | None:
    """A text, cut to what is kept; a number is its digits, anything else is None."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not is_time:  # there the code of the time tells
            quirks.add("text-number")
        value = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if value is not None and not isinstance(value, str):
        quirks.add("text-invalid")
        return None
    if value is not None and len(value) > MAX_TEXT:
        quirks.add("text-cut")
        return value[:MAX_TEXT]
    return value


def _lines(value: object, quirks: set[str], *, most: int) -> tuple[str, ...] | str | None:
    """A list of texts or one text; what is neither is left out."""
    if value is None:
        return None
    if isinstance(value, str):
        return _cut(value, quirks, most)
    if not isinstance(value, list):
        quirks.add("text-invalid")
        return None
    texts = [each for each in value if isinstance(each, str)]
    if len(texts) < len(value):
        quirks.add("text-invalid")
    if len(texts) > MAX_LINES:
        quirks.add("text-cut")
    return tuple(_cut(each, quirks, most) for each in texts[:MAX_LINES])


def _cut(text: str, quirks: set[str], most: int) -> str:
    if len(text) > most:
        quirks.add("text-cut")
    return text[:most]


def _kind(value: object) -> str:
    """What a JSON value is, in words."""
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    kinds = {dict: "an object", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")

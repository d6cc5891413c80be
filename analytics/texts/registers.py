"""What a finding or a result type means, and what to do, in the language of the texts given.

English stands in the registers themselves (``policy.register``, ``policy.result_types``), for the
commands and the tables of the warehouse; every other language has it by code, in ``findings.ftl``
and ``results.ftl``. A code that the register does not have is told as it came.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from analytics.texts.catalogue import Texts
from policy.register import REGISTER
from policy.result_types import NOT_STATED, RESULT_TYPES, UNKNOWN, Reason, ResultType, known

_NAMES = {NOT_STATED.code: "not-stated", UNKNOWN.code: "unknown"}  # where the code is no key


def result(result_type: str, reason_code: str | None, texts: Texts) -> tuple[str, str]:
    """Cause and remedy of a result type, by the sender's reason where that tells more."""
    kind = NOT_STATED if not result_type else known(result_type) or UNKNOWN
    cause, remedy = kind.explained(reason_code)
    return result_as(kind.code, cause, remedy, texts)


def result_as(result_type: str, cause: str, remedy: str, texts: Texts) -> tuple[str, str]:
    """A cause and a remedy, in English as a view has them, in the language of the texts."""
    if texts.language == "en":
        return cause, remedy
    key = _by_cause().get((result_type.lower(), cause)) or _by_cause().get((UNKNOWN.code, cause))
    if key is None:
        return cause, remedy
    return texts.say(f"{key}-cause"), texts.say(f"{key}-remedy")


def finding(code: str, texts: Texts) -> tuple[str, str] | None:
    """What a finding of the code means, and what mends it; nothing where no register has it.

    The remedy of a finding itself may be text to copy for the case at hand; this is the one that
    holds for every case.
    """
    rule = REGISTER.get(code)
    if rule is None:
        return None
    if texts.language == "en":
        return rule.meaning, rule.remedy
    return texts.say(f"findings-{code}-meaning"), texts.say(f"findings-{code}-remedy")


def english() -> Mapping[str, Mapping[str, str]]:
    """By subject, each message that the other languages have a file for, in English."""
    findings = {
        f"findings-{code}-{part}": text
        for code, rule in REGISTER.items()
        for part, text in (("meaning", rule.meaning), ("remedy", rule.remedy))
    }
    results = {
        f"{key}-{part}": text
        for key, _kind, one in _results()
        for part, text in (("cause", one.cause), ("remedy", one.remedy))
    }
    return {"findings": findings, "results": results}


@cache
def _by_cause() -> Mapping[tuple[str, str], str]:
    return {(kind.code, one.cause): key for key, kind, one in _results()}


def _results() -> Iterator[tuple[str, ResultType, ResultType | Reason]]:
    """Each type, then the reasons that tell more about it, with the start of their keys."""
    for kind in (*RESULT_TYPES, NOT_STATED, UNKNOWN):
        key = f"results-{_NAMES.get(kind.code, kind.code)}"
        yield key, kind, kind
        for reason in kind.reasons:
            yield f"{key}-{reason.name}", kind, reason

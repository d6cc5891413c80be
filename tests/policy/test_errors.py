"""Errors: the form of their messages, and that each has a code of its own."""

import pytest

from policy import errors
from policy.errors import PolicyError, PolicySyntaxError, RecordSyntaxError, shown


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ("on", "'on'"),
        ("it's", '"it\'s"'),
        ("café", "'café'"),
        ("a\nb", r"'a\nb'"),
        ("\x1b[31m", r"'\x1b[31m'"),
        ("\u202eabc", r"'\u202eabc'"),
        ("\ud800", r"'\ud800'"),
        ("x" * 100, repr("x" * 100)),
        ("x" * 101, repr("x" * 100 + "…")),
    ],
)
def test_foreign_text_is_quoted_escaped_and_cut(found: str, text: str) -> None:
    assert shown(found) == text


def test_a_policy_fault_names_line_expectation_evidence_and_section() -> None:
    fault = PolicySyntaxError("mode-invalid", "enforce, testing or none", found="on", line=2)
    assert str(fault) == "line 2: expected enforce, testing or none, found 'on' (RFC 8461, 3.2)"
    assert (fault.code, fault.line, fault.section) == ("mode-invalid", 2, "3.2")


def test_a_fault_of_the_whole_text_names_no_line() -> None:
    fault = PolicySyntaxError("mode-missing", "a line 'mode: …'", found=None)
    assert str(fault) == "expected a line 'mode: …', found none (RFC 8461, 3.2)"


def test_a_record_fault_names_the_character() -> None:
    fault = RecordSyntaxError("x", "id=", found="ID=1", rfc="RFC 8461, 3.1", position=9)
    assert str(fault) == "character 9: expected id=, found 'ID=1' (RFC 8461, 3.1)"
    whole = RecordSyntaxError("x", "id=", found=None, rfc="RFC 8461, 3.1")
    assert str(whole) == "expected id=, found none (RFC 8461, 3.1)"


def test_all_errors_have_one_root_and_a_code() -> None:
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    ours = [kind for kind in classes if issubclass(kind, PolicyError)]
    assert ours == classes
    codes = [kind.code for kind in ours if "code" in vars(kind)]
    assert len(codes) == len(set(codes)) > 3

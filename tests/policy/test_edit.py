"""Edits: one value changes, and no other byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import edit, parse
from policy.edit import EditError
from policy.errors import PolicySyntaxError
from policy.model import Mode, Policy
from tests.policy.strategies import POLICIES

CRLF = b"version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\nmx: a.example.com\r\n"
ODD = b"mx:a.example.com \nmode:\ttesting  \nmax_age:60 \nversion: STSv1"  # and no final line end


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CRLF, CRLF.replace(b"testing", b"enforce")),
        (ODD, b"mx:a.example.com \nmode:\tenforce  \nmax_age:60 \nversion: STSv1"),
        (
            b"version: STSv1\nmode: none\nmax_age: 1\nnote: mode: none\nmx: a.example\n",
            b"version: STSv1\nmode: enforce\nmax_age: 1\nnote: mode: none\nmx: a.example\n",
        ),
        (
            b"version: STSv1\r\nmode: testing\nmax_age: 1\r\nmx: a.example\n",
            b"version: STSv1\r\nmode: enforce\nmax_age: 1\r\nmx: a.example\n",
        ),
    ],
)
def test_only_the_value_of_mode_changes(before: bytes, after: bytes) -> None:
    assert edit.with_mode(before, Mode.ENFORCE) == after


def test_only_the_value_of_max_age_changes() -> None:
    assert edit.with_max_age(CRLF, 86_400) == CRLF.replace(b"604800", b"86400")
    assert edit.with_max_age(ODD, 86_400) == ODD.replace(b":60 ", b":86400 ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CRLF, CRLF + b"mx: b.example.com\r\n"),
        (CRLF.replace(b"\r", b""), CRLF.replace(b"\r", b"") + b"mx: b.example.com\n"),
        (ODD, ODD.replace(b"\nmode", b"\nmx: b.example.com\nmode")),
        (CRLF.removesuffix(b"\r\n"), CRLF + b"mx: b.example.com"),
        (
            b"version: STSv1\nmode: none\nmax_age: 1\n",
            b"version: STSv1\nmode: none\nmax_age: 1\nmx: b.example.com\n",
        ),
    ],
)
def test_an_mx_line_comes_after_the_last_with_the_same_line_end(
    before: bytes, after: bytes
) -> None:
    assert edit.with_mx(before, "b.example.com") == after


def test_an_mx_that_stands_there_is_not_added_again() -> None:
    assert edit.with_mx(CRLF, "A.example.com") == CRLF


def test_an_mx_is_removed_with_its_line_however_often_and_written() -> None:
    twice = CRLF + b"mx: b.example.com\r\nmx: B.example.com\r\n"
    assert edit.without_mx(twice, "b.example.com") == CRLF
    assert edit.without_mx(CRLF + b"mx: b.example.com", "b.example.com") == CRLF


@pytest.mark.parametrize(
    ("body", "mx", "said"),
    [
        (
            CRLF,
            "b.example.com",
            "expected one of the mx values (a.example.com), found 'b.example.com'",
        ),
        (
            CRLF.replace(b"a.", b"*."),
            "b.example.com",
            "expected one of the mx values (*.example.com), found 'b.example.com'; "
            + "'*.example.com' covers it, so remove that one instead",
        ),
        (
            CRLF,
            "a.example.com",
            "the policy would not be valid: expected an mx line, since mode is not none, found "
            + "none (RFC 8461, 3.2)",
        ),
    ],
)
def test_a_removal_that_makes_no_sense_is_refused(body: bytes, mx: str, said: str) -> None:
    with pytest.raises(EditError) as caught:
        edit.without_mx(body, mx)
    assert str(caught.value) == said


def test_a_field_that_stands_twice_is_not_edited_since_senders_differ_on_which_counts() -> None:
    with pytest.raises(EditError) as caught:
        edit.with_mode(CRLF + b"mode: testing\r\n", Mode.ENFORCE)
    assert str(caught.value) == "expected mode once, found it on lines 2 and 5; delete one of them"


def test_no_bad_text_comes_out() -> None:
    with pytest.raises(EditError) as caught:
        edit.with_max_age(CRLF, 31_557_601)
    assert "at most 31557600 seconds, found '31557601'" in str(caught.value)
    with pytest.raises(EditError) as caught:
        edit.with_mx(CRLF, "a_b.example.com")
    assert "letters, digits and hyphens only" in str(caught.value)
    with pytest.raises(EditError) as caught:
        edit.with_mode(b"version: STSv1\nmode: none\nmax_age: 1\n", Mode.TESTING)
    assert "expected an mx line" in str(caught.value)


def test_a_text_that_is_no_policy_is_not_edited() -> None:
    with pytest.raises(PolicySyntaxError) as caught:
        edit.with_mode(CRLF + b"\r\n", Mode.ENFORCE)
    assert caught.value.code == "policy-blank-line"


def test_a_pattern_covers_a_host_and_itself() -> None:
    policy = parse.policy(CRLF.replace(b"a.", b"*."))
    assert str(edit.covering(policy, "b.example.com")) == "*.example.com"
    assert str(edit.covering(policy, "*.EXAMPLE.com")) == "*.example.com"
    assert edit.covering(policy, "a.b.example.com") is None


def test_the_difference_shows_what_changed_with_a_line_round_it() -> None:
    assert edit.difference(CRLF, edit.with_mode(CRLF, Mode.NONE)) == (
        "  version: STSv1",
        "- mode: testing",
        "+ mode: none",
        "  max_age: 604800",
    )


@given(policy=POLICIES, mode=st.sampled_from(list(Mode)), max_age=st.integers(0, 31_557_600))
def test_an_edit_and_its_way_back_are_the_same_bytes(
    policy: Policy, mode: Mode, max_age: int
) -> None:
    body = str(policy).encode()
    if not policy.mx:
        mode = Mode.NONE
    there = edit.with_max_age(edit.with_mode(body, mode), max_age)
    read = parse.policy(there)
    assert (read.mode, read.max_age, read.mx) == (mode, max_age, policy.mx)
    assert edit.with_max_age(edit.with_mode(there, policy.mode), policy.max_age) == body
    added = edit.with_mx(body, "new.host.invalid")
    assert parse.policy(added).mx == (*policy.mx, *parse.policy(added).mx[-1:])
    assert edit.without_mx(added, "new.host.invalid") == body

"""Each sender reads each measured case as it was seen to, where that can be known at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from policy.check.judge import judge
from policy.check.model import Answers
from policy.check.senders import reading
from policy.check.senders.known import SENDERS, Sender, SenderError, sender
from policy.check.senders.reading import Refused, Taken, Unread
from policy.measured import READERS
from policy.model import Mode
from tests.policy.check.build import SEEN, TEXT, answer, served
from tests.policy.test_public_cases import (
    RECORD_COLUMNS,
    body,
    cases,
    numbers,
    refusals,
)

NAME = "_mta-sts.example.com"
MEASURED = [one for one in SENDERS if one.reader]
GIVEN_RECORDS = [one for one in MEASURED if one.reader in RECORD_COLUMNS]
# Where one code has forms of which a reader takes some and refuses others; the table has them one
# by one, a finding names only who refuses them all.
ELSEWISE = {
    ("mox", "P47"), ("maddy", "P63"), ("mailauth", "P45"), ("mailauth", "P49"),
    ("mailauth-4", "P45"), ("mailauth-4", "P49"),
}  # fmt: skip
# Texts that a reader takes although a field that we need cannot be read by the RFC.
UNREAD = {"P13", "P14", "P28", "P72"}


@pytest.mark.parametrize("known", MEASURED, ids=lambda one: one.slug)
@pytest.mark.parametrize("number", numbers("P", 76))
def test_a_policy_is_taken_or_refused_as_measured(shared: Path, known: Sender, number: str) -> None:
    text = body(cases(shared, "policy")[number])
    found = reading.policy(known, judge(served(text)).case, text, "utf-8")
    is_refused = known.reader in refusals(shared)[number]
    if isinstance(found, Unread) or (number == "P72" and not is_refused):  # refused when fetched
        assert number in UNREAD
        assert not is_refused
    elif (known.slug, number) not in ELSEWISE:
        assert isinstance(found, Refused) is is_refused


@pytest.mark.parametrize("known", GIVEN_RECORDS, ids=lambda one: one.slug)
@pytest.mark.parametrize("number", numbers("T", 24))
def test_a_record_is_taken_or_refused_as_measured(shared: Path, known: Sender, number: str) -> None:
    text = body(cases(shared, "txt")[number])
    seen = replace(SEEN, sts=Answers(answer(NAME, "TXT", (text,))))
    judged = judge(seen)
    about = [said for said in judged.findings if said.subject == NAME]
    found = reading.record(known, judged.case, about)
    assert (found is not None) is (known.reader in refusals(shared)[number])


def read(slug: str, text: bytes, charset: str = "utf-8") -> Taken | Refused | Unread:
    return reading.policy(sender(slug), judge(served(text)).case, text, charset)


@pytest.mark.parametrize(
    ("slug", "mode"),
    [("mox", Mode.ENFORCE), ("postfix-mta-sts-resolver", Mode.TESTING), ("maddy", Mode.TESTING)],
)
def test_of_a_mode_that_stands_twice_each_takes_its_own(slug: str, mode: Mode) -> None:
    found = read(slug, TEXT + b"mode: testing\r\n")
    assert isinstance(found, Taken)
    assert found.mode is mode


def test_kumomta_refuses_what_stands_twice() -> None:
    assert read("kumomta", TEXT + b"mode: testing\r\n") == Refused(
        "field-duplicate in line 5: mode: enforce (line 2), mode: testing (line 5)"
    )


@pytest.mark.parametrize("slug", ["google", "microsoft"])
def test_whose_reading_is_not_known_is_taken_to_read_as_the_rfc_says(slug: str) -> None:
    assert read(slug, TEXT) == Taken(Mode.ENFORCE, 1_209_600, ("mx1.example.net",))
    found = read(slug, TEXT + b"\r\n")
    assert isinstance(found, Refused)
    assert not found.is_sure


def test_gmail_ignores_what_is_kept_for_less_than_a_day() -> None:
    short = TEXT.replace(b"1209600", b"3600")
    assert read("google", short) == Refused("max_age 3600, under 86400, is ignored")
    assert isinstance(read("microsoft", short), Taken)


def test_chasquid_reads_ten_kibibytes() -> None:
    lines = b"".join(b"mx: mx%03d.example.net\r\n" % number for number in range(600))
    found = read("chasquid", TEXT + lines)
    assert isinstance(found, Taken | Refused)
    whole = read("mox", TEXT + lines)
    assert isinstance(whole, Taken)
    assert len(whole.mx) == 601


@pytest.mark.parametrize(
    ("charset", "text"),
    [("", TEXT + b"note: caf\xc3\xa9\r\n"), ("no-such", TEXT), ("utf-8", TEXT + b"a: \xe9\r\n")],
)
def test_postfix_mta_sts_resolver_goes_by_the_charset(charset: str, text: bytes) -> None:
    assert isinstance(read("postfix-mta-sts-resolver", text, charset), Refused)


def test_names_are_those_of_the_readers() -> None:
    assert {one.reader for one in MEASURED} <= set(READERS)
    assert len({one.slug for one in SENDERS}) == len(SENDERS)
    with pytest.raises(SenderError) as caught:
        sender("sendmail")
    assert str(caught.value).startswith("expected one of postfix-mta-sts-resolver, ")
    assert str(caught.value).endswith(", found 'sendmail'")

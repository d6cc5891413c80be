"""What our log says of a failed fetch in other languages: each answer of the view, with its counts."""

import re
from pathlib import Path

import pytest
import yaml

from analytics.texts.arrivals import ARRIVALS, NEXT, explained
from analytics.texts.catalogue import texts
from analytics.warehouse.catalogue import Catalogue
from tests.host import ROOT

EN, JA = texts("en"), texts("ja")
CASES = sorted((ROOT / "tests/sql/fetch_errors_explained").glob("*/expect.yaml"))
ROW = {
    "policy_domain": "example.com",
    "reporter_name": "Google (Gmail)",
    "result_type": "sts-policy-fetch-error",
    "arrival": "served",
    "request_count": 2,
    "served_count": 1,
    "refused_answers": None,
    "other_request_count": 1_234,
    "unknown_request_count": 5,
    "was_served_since": False,
    "explanation": "In English.",
    "next_step": "Do it.",
}


def rows() -> list[dict[str, object]]:
    """What the view's own cases expect."""
    found = [
        row for path in CASES for row in yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    ]
    return [ROW | row for row in found if "arrival" in row]


def test_answers_are_those_of_the_view() -> None:
    view = Catalogue().text("fetch_errors_explained")
    decided = view.partition("CASE\n            WHEN NOT e.is_served_here")[2].partition(
        "AS arrival"
    )[0]
    assert set(re.findall(r"(?:THEN|ELSE) '([a-z-]+)'", decided)) == set(ARRIVALS)
    assert {str(row["arrival"]) for row in rows()} == set(ARRIVALS)


def test_english_is_what_the_view_says() -> None:
    assert explained(ROW, EN) == ("In English.", "Do it.")
    assert explained(ROW | {"arrival": "by-pigeon"}, JA) == ("In English.", "Do it.")


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row.get("why")))
def test_japanese_has_the_facts_of_the_english(row: dict[str, object]) -> None:
    for english, said in zip(
        (str(row["explanation"]), str(row["next_step"])), explained(row, JA), strict=True
    ):
        if english in (ROW["explanation"], ROW["next_step"]):  # the case does not say
            assert said.endswith("。")
            continue
        facts = re.findall(
            r"mta-sts [a-z]+|\b[0-9]+\b|[a-z-]+\.example(?:\.com)?|AAAA|/\.well\S+txt",
            english.replace("Microsoft 365", ""),
        )
        assert [fact for fact in facts if fact not in said] == []


def test_every_next_step_is_told() -> None:
    told = {
        explained(ROW | {"arrival": arrival, "result_type": kind}, JA)[1]
        for arrival in ARRIVALS
        for kind in ("sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid")
    }
    assert len(told) == len(NEXT) + 1  # the last one in two forms


def test_it_reads_so() -> None:
    assert explained(ROW | {"arrival": "never-arrived", "was_served_since": True}, JA) == (
        (
            "Google (Gmail) のものと分かるリクエストは、その時間に届いていません。ほかからは 1,234 件届き、うち "
            "5 件は正体の分からないクライアントからです。その後、ポリシーを取得しています。"
        ),
        (
            "リクエストが記録される前に失敗しています。mta-sts.example.com の DNS（A と、あれば AAAA）、"
            "証明書、ファイアウォールとボット対策の順に確認してください。"
        ),
    )

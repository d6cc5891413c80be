"""The pages in docs: their commands can be typed, and their tables are those of the code."""

import re
import shlex

import click
import pytest

from analytics.deploy.orgpolicy import judge, read
from analytics.warehouse.catalogue import Catalogue
from cli.main import VERBS, command
from policy import config
from tests.host import ROOT
from tests.test_cloudbuild import BUILD

PAGES = [ROOT / "README.md", ROOT / "README.ja.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(mta-sts [^`]+)`")


def commands(text: str) -> list[str]:
    """Each mta-sts command of a page, in blocks and in sentences."""
    lines = [
        line.partition("    #")[0]
        for block in BLOCK.findall(text)
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return [line for line in lines if line.startswith("mta-sts ")] + INLINE.findall(text)


TYPED = [(page.name, text) for page in PAGES for text in commands(page.read_text())]


@pytest.mark.parametrize(("page", "text"), TYPED, ids=[text for _page, text in TYPED])
def test_command_of_a_page_has_that_verb_and_those_options(page: str, text: str) -> None:
    words = shlex.split(text.partition(" > ")[0])
    verb, arguments = words[1], words[2:]
    assert verb in VERBS, page
    with click.Context(command) as context:
        found = command.get_command(context, verb)
        assert found is not None
        known = {name for param in found.params for name in param.opts}
    asked = {word.partition("=")[0] for word in arguments if word.startswith("--")}
    assert asked <= known | {"--help"}, page


def test_fields_of_the_dashboard_are_those_of_the_view() -> None:
    page = (ROOT / "docs/looker-studio.md").read_text()
    for column in Catalogue().schema("dashboard").columns:
        assert f"| `{column.name}` | {column.type} | {column.description} |" in page


def test_charts_take_fields_that_their_view_has() -> None:
    page = (ROOT / "docs/looker-studio.md").read_text()
    views = [
        "dashboard", "dashboard", "policy_rollout", "refused_fetches", "tlsrpt_results_daily",
        "tlsrpt_failures", "domain_checks",
    ]  # fmt: skip
    values = {"standing", "fetches", "false", "true"}
    for number, (view, part) in enumerate(zip(views, page.split("\n## Page ")[1:], strict=True)):
        columns = {column.name for column in Catalogue().schema(view).columns}
        part = part.partition("\n## ")[0]
        named = set(re.findall(r"`([a-z_]+)`", part)) - values - {view}
        assert named <= columns, number + 1


def test_settings_and_substitutions_that_a_page_names_are_there() -> None:
    known = {name for name, _default, _meaning in config.KNOWN}
    for page in PAGES:
        text = page.read_text()
        assert set(re.findall(r"MTA_STS_[A-Z_]+[A-Z]", text)) <= known, page.name
    given = set(
        re.findall(r"\b_[A-Z][A-Z_]+\b", (ROOT / "docs/deploy-google-cloud.md").read_text())
    )
    assert given <= set(BUILD["substitutions"])


def test_every_policy_of_an_organisation_is_explained() -> None:
    page = (ROOT / "docs/deploy-google-cloud.md").read_text()
    for obstacle in judge(read(""), "EU"):
        assert obstacle.name in page


MONTH = 30.4  # days
GIB, MIB = 2**30, 2**20


def costs(domains: int, a_day: int) -> list[float]:
    """The page's arithmetic, row by row."""
    fetches = domains * a_day * MONTH
    seconds = fetches * 0.1
    rows = [
        max(0, fetches - 2e6) * 0.40 / 1e6,
        max(0, seconds - 180_000) * 0.000024,
        max(0, seconds * 0.25 - 360_000) * 0.0000025,
        max(0, fetches * (550 * 1.9 + 900) / GIB - 50) * 0.50,
        fetches * 2 * 1_100 / (200 * MIB) * 0.01,
        max(0, fetches * 13 * 825 / GIB - 10) * 0.02,
        max(0, fetches * 900 / GIB - 1) * 0.12,
    ]
    return [fetches, *rows, sum(rows)]


def test_costs_are_what_their_arithmetic_gives() -> None:
    page = (ROOT / "docs/deploy-google-cloud.md").read_text()
    table = page.partition("| fetches a month")[2].partition("\n\n")[0]
    lines = ["| fetches a month" + table.splitlines()[0], *table.splitlines()[1:]]
    cells = [[cell.strip(" *") for cell in line.split("|")[2:-1]] for line in lines]
    found = [[float(cell.replace(",", "")) for cell in row] for row in cells]
    for column, (domains, a_day) in enumerate(((1, 300), (100, 100), (10_000, 20), (10_000, 100))):
        wanted = costs(domains, a_day)
        assert [row[column] for row in found] == pytest.approx(wanted, abs=0.006), column

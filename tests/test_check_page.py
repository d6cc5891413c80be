"""docs/check.md: its second half is what the code has, and its first half names what there is."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from analytics.warehouse.catalogue import Catalogue
from policy.check.judge.steps import Mark
from policy.check.senders.walk import End
from policy.findings import Severity
from policy.register import REGISTER

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_page", ROOT / "scripts" / "check_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_second_half_is_made_from_the_code(script: ModuleType) -> None:
    _head, mark, below = PAGE.partition(script.MARK)
    assert mark
    assert below == script.made(), "run scripts/check_page.py"


def test_every_finding_has_its_place(script: ModuleType) -> None:
    headings = re.findall(r"^#### `([a-z0-9-]+)`$", PAGE, re.MULTILINE)
    assert headings == list(REGISTER)


def test_the_first_half_names_what_there_is(script: ModuleType) -> None:
    head = PAGE.partition(script.MARK)[0]
    for name in [*Severity, *End]:
        assert f"`{name}`" in head
    for view in ("domain_checks", "check_findings_latest"):
        assert view in Catalogue().views
        assert f"mta-sts query {view}" in head
    assert len(Mark) == 4

"""The register of quirks holds its promise; test_samples shows that each of its codes is made."""

import re
from pathlib import Path

from analytics.tlsrpt.quirks import REGISTER, Effect

GUIDE = Path(__file__).parents[2] / "docs" / "tls-reports.md"
CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def test_each_says_what_it_means() -> None:
    for code, quirk in REGISTER.items():
        assert code == quirk.code
        assert CODE.fullmatch(code)
        assert quirk.source
        assert quirk.meaning.endswith(".")


def test_a_code_stands_once() -> None:
    text = Path(__file__).parents[2] / "analytics" / "tlsrpt" / "quirks.py"
    codes = re.findall(r'Quirk\(\s*"([a-z0-9-]+)"', text.read_text(encoding="utf-8"))
    assert sorted(codes) == sorted(REGISTER)


def test_the_guide_names_no_other_code() -> None:
    section = GUIDE.read_text(encoding="utf-8").split("\n## Quirks\n")[1].split("\n## ")[0]
    codes = {code for row in section.split("\n") if row.startswith("| `") for code in re.findall(r"`([^`]+)`", row.split("|")[1])}  # fmt: skip
    assert codes
    assert codes <= set(REGISTER)


def test_what_is_lost_is_told_apart_from_what_was_repaired() -> None:
    """So that a reader may look at what matters alone."""
    lost = {code for code, quirk in REGISTER.items() if quirk.effect is Effect.LOST}
    assert {"count-missing", "ip-invalid", "json-trailing-bytes", "text-cut"} <= lost
    assert not {"date-zone-missing", "mx-host-string", "gzip-members", "zip"} & lost

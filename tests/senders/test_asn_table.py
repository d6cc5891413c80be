"""The script makes the same small table of the same package."""

import importlib.util
import io
import json
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "asn_table.py"

FOUR = """\
1.0.0.0,1.0.0.255,13335,"Cloudflare, Inc."
20.0.0.0,20.1.255.255,8075,Microsoft Corporation
20.2.0.0,20.2.0.255,8075,Microsoft Corporation
"""
SIX = """\
2a01:110::,2a01:111:ffff:ffff:ffff:ffff:ffff:ffff,8075,Microsoft Corporation
2001:4860::,2001:4860:ffff:ffff:ffff:ffff:ffff:ffff,15169,Google LLC
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("asn_table", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def package(path: Path, version: str = "2.3.2026061719") -> Path:
    files = {
        "package.json": json.dumps({"version": version}),
        "asn-ipv4.csv": FOUR,
        "asn-ipv6.csv": SIX,
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_a_table_holds_the_wanted_systems_alone(tmp_path: Path, script: ModuleType) -> None:
    text = script.table(package(tmp_path / "asn.tgz"), frozenset({"8075", "15169"}))
    assert text == (
        "# @ip-location-db/asn 2.3.2026061719, 2026-06-17; CC-BY-4.0, see NOTICE\n"
        "20.0.0.0/15,8075\n"
        "20.2.0.0/24,8075\n"
        "2001:4860::/32,15169\n"
        "2a01:110::/31,8075\n"
    )


def test_a_version_without_a_date_is_refused(tmp_path: Path, script: ModuleType) -> None:
    with pytest.raises(SystemExit, match="expected a version that ends in a date"):
        script.table(package(tmp_path / "asn.tgz", "2.3.4"), frozenset({"8075"}))


def test_the_systems_wanted_are_those_of_the_lists(script: ModuleType) -> None:
    assert {"8075", "15169", "62371"} <= script.wanted()

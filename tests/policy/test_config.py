"""Settings: defaults that work, and errors that say which variable and what it may be."""

from pathlib import Path

import pytest

from policy import config
from policy.address import Source
from policy.config import EventSink
from policy.errors import SettingsError


def read(environ: dict[str, str], cwd: Path, code: Path | None = None) -> config.Settings:
    return config.settings(environ, cwd=cwd, code=code)


def test_empty_environment_is_enough(tmp_path: Path) -> None:
    found = read({}, tmp_path)
    assert found.home == tmp_path / "var"
    assert found.warehouse == f"duckdb:{tmp_path / 'var' / 'warehouse.duckdb'}"
    assert found.events is EventSink.STDOUT
    assert found.client_address.source is Source.PEER
    assert found.retention_days == 400


def test_cloud_run_takes_the_last_forwarded_address(tmp_path: Path) -> None:
    rule = read({"K_SERVICE": "mta-sts"}, tmp_path).client_address
    assert (rule.source, rule.hops) == (Source.FORWARDED, 1)


@pytest.mark.parametrize(
    ("made", "environ", "expected"),
    [
        ([], {}, "var/policies"),
        (["policy/data"], {}, "policy/data"),
        (["policy/data", "var/policies"], {}, "var/policies"),
        (["policy/data", "h/policies"], {"MTA_STS_HOME": "h"}, "h/policies"),
        (["policy/data"], {"MTA_STS_POLICIES": "elsewhere"}, "elsewhere"),
    ],
)
def test_own_policies_come_before_shipped_ones(
    tmp_path: Path, made: list[str], environ: dict[str, str], expected: str
) -> None:
    for folder in made:
        (tmp_path / folder).mkdir(parents=True)
    assert read(environ, tmp_path).policies == tmp_path / expected


def test_function_finds_the_policies_beside_its_code(tmp_path: Path) -> None:
    (tmp_path / "code" / "policy" / "data").mkdir(parents=True)
    found = read({}, tmp_path / "elsewhere", tmp_path / "code")
    assert found.policies == tmp_path / "code" / "policy" / "data"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("bigquery:my-project", "bigquery:my-project.mta_sts"),
        ("bigquery:my-project.mine_2", "bigquery:my-project.mine_2"),
        ("duckdb:/data/w.duckdb", "duckdb:/data/w.duckdb"),
    ],
)
def test_warehouse_is_said_in_full(tmp_path: Path, given: str, expected: str) -> None:
    assert read({"MTA_STS_WAREHOUSE": given}, tmp_path).warehouse == expected


def test_location_and_bytes_are_for_bigquery(tmp_path: Path) -> None:
    found = read({"MTA_STS_LOCATION": "EU", "MTA_STS_MAX_BYTES_BILLED": "1000"}, tmp_path)
    assert (found.location, found.max_bytes_billed) == ("EU", 1000)
    found = read({}, tmp_path)
    assert (found.location, found.max_bytes_billed) == (None, 20 * 2**30)


_BIGQUERY = (
    "MTA_STS_WAREHOUSE: expected duckdb:PATH or bigquery:PROJECT, a project's id of 6 to 30 of a-z, "
    "0-9 and -, also with .PREFIX of a-z, 0-9, _"
)
_LOCATION = "MTA_STS_LOCATION: expected a location of BigQuery such as EU or europe-west1"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MTA_STS_POLICY", "x", "MTA_STS_POLICY is no setting; did you mean MTA_STS_POLICIES?"),
        ("MTA_STS_HOEM", "x", "MTA_STS_HOEM is no setting; did you mean MTA_STS_HOME?"),
        (
            "MTA_STS_EVENTS",
            "syslog",
            "MTA_STS_EVENTS: expected one of stdout, file, none, found 'syslog'",
        ),
        (
            "MTA_STS_CLIENT_IP",
            "FULL",
            "MTA_STS_CLIENT_IP: expected one of full, prefix, none, found 'FULL'",
        ),
        (
            "MTA_STS_OWN_ADDRESSES",
            "192.0.2.10, mx.example.com",
            (
                "MTA_STS_OWN_ADDRESSES: expected addresses such as 192.0.2.10,2001:db8::10, "
                "found 'mx.example.com'"
            ),
        ),
        (
            "MTA_STS_RETENTION_DAYS",
            "0",
            "MTA_STS_RETENTION_DAYS: expected a number of days from 1, found '0'",
        ),
        (
            "MTA_STS_RETENTION_DAYS",
            "٣",
            "MTA_STS_RETENTION_DAYS: expected a number of days from 1, found '٣'",
        ),
        (
            "MTA_STS_WAREHOUSE",
            "sqlite:x",
            "MTA_STS_WAREHOUSE: expected duckdb:PATH or bigquery:PROJECT; found 'sqlite:x'",
        ),
        (
            "MTA_STS_WAREHOUSE",
            "mysql:x",
            "MTA_STS_WAREHOUSE: expected duckdb:PATH or bigquery:PROJECT; found 'mysql:x'",
        ),
        (
            "MTA_STS_WAREHOUSE",
            "duckdb:",
            "MTA_STS_WAREHOUSE: expected duckdb:PATH or bigquery:PROJECT; found 'duckdb:'",
        ),
        *(
            (
                "MTA_STS_WAREHOUSE",
                f"bigquery:{given}",
                f"{_BIGQUERY}; found {told}",
            )
            for given, told in (
                ("", "'bigquery:'"),
                ("a;b", "'bigquery:a;b'"),
                ("../x", "'bigquery:../x'"),
                ("short", "'bigquery:short'"),
                ("My-Project", "'bigquery:My-Project'"),
                ("my-project.", "'bigquery:my-project.'"),
                ("my-project.a.b", "'bigquery:my-project.a.b'"),
                ("my-project.a`b", "'bigquery:my-project.a`b'"),
                ("my-project.a-b", "'bigquery:my-project.a-b'"),
                ("my-project\n", "'bigquery:my-project\\n'"),
                ("my-projec\u0442", "'bigquery:my-projec\u0442'"),
            )
        ),
        (
            "MTA_STS_LOCATION",
            "EU; DROP",
            f"{_LOCATION}, found 'EU; DROP'",
        ),
        (
            "MTA_STS_MAX_BYTES_BILLED",
            "1 GB",
            "MTA_STS_MAX_BYTES_BILLED: expected a number of bytes from 1, found '1 GB'",
        ),
        (
            "MTA_STS_MAX_BYTES_BILLED",
            "0",
            "MTA_STS_MAX_BYTES_BILLED: expected a number of bytes from 1, found '0'",
        ),
        (
            "MTA_STS_TLSRPT_HTTPS",
            "yes",
            "MTA_STS_TLSRPT_HTTPS: expected one of on, off, found 'yes'",
        ),
        (
            "MTA_STS_TLSRPT_BUDGET_BYTES",
            "1e6",
            "MTA_STS_TLSRPT_BUDGET_BYTES: expected a number of bytes from 1, found '1e6'",
        ),
        (
            "MTA_STS_AUTHSERV_ID",
            "a; dkim=pass",
            "MTA_STS_AUTHSERV_ID: expected a name such as mx.example.com, found 'a; dkim=pass'",
        ),
        (
            "MTA_STS_AUTHSERV_ID",
            "mx\x1b",
            "MTA_STS_AUTHSERV_ID: expected a name such as mx.example.com, found 'mx\\x1b'",
        ),
        (
            "MTA_STS_TIMEZONE",
            "Mars/Olympus",
            "MTA_STS_TIMEZONE: expected a zone such as Europe/Berlin, found 'Mars/Olympus'",
        ),
        (
            "MTA_STS_TIMEZONE",
            "../etc/passwd",
            "MTA_STS_TIMEZONE: expected a zone such as Europe/Berlin, found '../etc/passwd'",
        ),
    ],
)
def test_wrong_setting_is_named(tmp_path: Path, name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read({name: value}, tmp_path)
    assert str(caught.value) == message


def test_a_variable_of_another_name_is_not_ours(tmp_path: Path) -> None:
    assert read({"MTASTS_EVENTS": "x", "HOME": "/"}, tmp_path) == read({}, tmp_path)


def test_posted_reports_need_a_place_to_be_kept(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="needs MTA_STS_EVENTS=file or stdout"):
        read({"MTA_STS_TLSRPT_HTTPS": "on", "MTA_STS_EVENTS": "none"}, tmp_path)


def test_password_is_not_shown(tmp_path: Path) -> None:
    found = read({"MTA_STS_IMAP_PASSWORD": "a secret"}, tmp_path)
    assert found.imap_password == "a secret"  # noqa: S105 - of the test
    assert "a secret" not in repr(found)


def test_expected_operators_are_slugs_each_once(tmp_path: Path) -> None:
    assert read({}, tmp_path).expect == ()
    given = {"MTA_STS_EXPECT": "google, Microsoft,,google,amazon-ses"}
    assert read(given, tmp_path).expect == ("google", "microsoft", "amazon-ses")
    with pytest.raises(SettingsError) as caught:
        read({"MTA_STS_EXPECT": "google;microsoft"}, tmp_path)
    assert str(caught.value) == (
        "MTA_STS_EXPECT: expected operators such as google,microsoft, found 'google;microsoft'"
    )

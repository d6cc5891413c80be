"""The unit files of docs/own-server.md, as systemd itself judges them, and its Caddyfile."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from policy import config
from tests import ownserver

VERIFY = shutil.which("systemd-analyze")
EXPOSURE = 3.0  # systemd's score, from 0 to 10; below it is "OK", and most services have 9


def written(folder: Path) -> list[Path]:
    """The units as files, with a command that is here."""
    here = str(Path(sys.executable).with_name("mta-sts"))
    paths = []
    for name, text in ownserver.units().items():
        path = folder / name
        path.write_text(text.replace("/opt/sts-witness/bin/mta-sts", here))
        paths.append(path)
    return paths


@pytest.mark.skipif(VERIFY is None, reason="needs systemd-analyze (systemd)")
def test_systemd_takes_the_units_without_a_word(tmp_path: Path) -> None:
    for path in written(tmp_path):
        done = subprocess.run(
            [str(VERIFY), "verify", "--man=no", str(path)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        ours = [line for line in done.stderr.splitlines() if path.stem in line]
        assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.skipif(VERIFY is None, reason="needs systemd-analyze (systemd)")
def test_policy_host_is_shut_in_as_far_as_systemd_can(tmp_path: Path) -> None:
    service = written(tmp_path)[0]
    done = subprocess.run(
        [str(VERIFY), "security", "--offline=true", str(service)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    found = re.search(r"Overall exposure level for [^:]*: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) < EXPOSURE


def test_units_set_what_settings_know(tmp_path: Path) -> None:
    refresh = ownserver.units()["sts-witness-refresh.service"]
    service = ownserver.units()["sts-witness.service"]
    scheduled = config.settings(ownserver.environment(refresh), cwd=tmp_path)
    chosen = config.settings(ownserver.environment(service), cwd=tmp_path)
    assert scheduled.home == chosen.home == Path("/var/lib/sts-witness")
    assert scheduled.policies == chosen.policies
    assert chosen.client_address.header == "HTTP_X_CLIENT_IP"
    assert chosen.own_addresses == ("192.0.2.10", "2001:db8::10")


def test_ports_of_the_caddyfile_are_those_of_the_unit() -> None:
    (text,) = ownserver.blocks("caddyfile")
    words = ownserver.command(ownserver.units()["sts-witness.service"])
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert f"reverse_proxy {options['--host']}:{options['--port']} {{" in text
    assert f"ask http://127.0.0.1:{options['--ask']}/\n" in text


def test_format_for_nginx_tells_all() -> None:
    from analytics.accesslog import detect

    (text,) = ownserver.blocks("nginx")
    joined = "".join(re.findall(r"'([^']*)'", text))
    line = (
        '192.0.2.1 - - [24/Nov/2026:10:00:01 +0000] 1795514401.250 "GET / HTTP/1.1" 200 70 '
        '"x" "mta-sts.example.com" "*/*" "-" "-" "-" 0.004'
    )
    found = detect.given(joined).parse(line.encode())
    assert found.has_fingerprint
    assert found.is_body
    assert (found.host, found.at.microsecond) == ("mta-sts.example.com", 250_000)

"""What docs/own-server.md has in its blocks, so that the page is what is tested."""

import re
import shlex
from pathlib import Path

from tests.host import ROOT

PAGE = (ROOT / "docs/own-server.md").read_text()
_BLOCK = re.compile(r"^ *```(?P<kind>[a-z]+)\n(?P<text>.*?)^ *```", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    """The blocks of a kind, in their order."""
    return [found["text"] for found in _BLOCK.finditer(PAGE) if found["kind"] == kind]


def units() -> dict[str, str]:
    """The unit files by their names."""
    service, refresh, timer = blocks("ini")
    return {
        "sts-witness.service": service,
        "sts-witness-refresh.service": refresh,
        "sts-witness-refresh.timer": timer,
    }


def command(unit: str) -> list[str]:
    """The words of a unit's ExecStart."""
    (line,) = (line for line in unit.splitlines() if line.startswith("ExecStart="))
    return shlex.split(line.removeprefix("ExecStart="))


def environment(unit: str) -> dict[str, str]:
    """The variables that a unit sets."""
    lines = [line for line in unit.splitlines() if line.startswith("Environment=")]
    return dict(line.removeprefix("Environment=").split("=", 1) for line in lines)


def caddyfile(*, upstream: int, ask: int, port: int, http_port: int, storage: Path) -> str:
    """The page's Caddyfile on other ports, with Caddy's own authority in place of a public one."""
    (text,) = blocks("caddyfile")
    for name, there, here in (
        ("upstream", "127.0.0.1:8080", f"127.0.0.1:{upstream}"),
        ("ask", "127.0.0.1:8081", f"127.0.0.1:{ask}"),
        (
            "mail",
            "email postmaster@example.com",
            (
                f"admin off\n\tlocal_certs\n\tskip_install_trust\n\tdefault_bind 127.0.0.1\n"
                f"\thttps_port {port}\n\thttp_port {http_port}\n\tstorage file_system {storage}"
            ),
        ),
    ):
        assert text.count(there) == 1, name
        text = text.replace(there, here)
    return text

"""What the lab needs and this machine may not have."""

import os
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
SENDER = ROOT / ".venv" / "sender" / "bin"

# a program of each Debian package
_PROGRAMS = {"ip": "iproute2", "nsd": "nsd", "nginx": "nginx-light", "postmap": "postfix"}
_CAP_SYS_ADMIN = 21  # linux/capability.h


def missing() -> str:
    """What is absent, as a reason to skip; "" where the lab can be built."""
    absent = []
    if os.geteuid() != 0:
        absent.append("root")
    elif not _may_make_namespaces():
        absent.append("the right to make network namespaces (CAP_SYS_ADMIN)")
    absent += [f"{name} ({package})" for name, package in _PROGRAMS.items() if not _found(name)]
    if not (SENDER / "mta-sts-daemon").exists():
        absent.append(".venv/sender (make .venv/.real)")
    return f"needs {', '.join(absent)}" if absent else ""


def program(name: str) -> str:
    """The path of a program, also of one that only root has on its path."""
    return shutil.which(name, path=_path()) or name


def _found(name: str) -> bool:
    return shutil.which(name, path=_path()) is not None


def _path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def _may_make_namespaces() -> bool:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> _CAP_SYS_ADMIN & 1)

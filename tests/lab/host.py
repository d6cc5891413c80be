"""Our policy host, as Google Cloud runs it: under functions-framework."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lab.namespace import Namespace
from tests.lab.needs import ROOT
from tests.lab.wait import LabError

ADDRESS = "127.0.0.1"
PORT = 8080
BEHIND = f"{ADDRESS}:{PORT}"

_LOG = "host.log"
_COMMAND = Path(sys.executable).with_name("mta-sts")
_FRAMEWORK = Path(sys.executable).with_name("functions-framework")


class PolicyHost:
    """``main.policy_host``, with its policies in ``policies`` and its events under ``home``."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self.home = folder
        self.policies = folder / "policies"
        self.policies.mkdir(parents=True)
        process = namespace.start(
            [
                _FRAMEWORK,
                *("--target", "policy_host", "--source", ROOT / "main.py"),
                *("--host", ADDRESS, "--port", str(PORT)),
            ],
            log=_LOG,
            environ={
                "MTA_STS_HOME": str(self.home),
                "MTA_STS_POLICIES": str(self.policies),
                "MTA_STS_EVENTS": "file",
                "MTA_STS_CLIENT_ADDRESS": "forwarded:1",
            },
        )
        namespace.listening(process, ADDRESS, PORT, log=_LOG)

    def fetches(self, domain: str) -> list[dict[str, Any]]:
        """What ``mta-sts fetches --json`` shows of a domain, newest first."""
        done = subprocess.run(
            [_COMMAND, "fetches", "--domain", domain, "--json"],
            capture_output=True,
            check=False,
            cwd=self.home,
            encoding="utf-8",
            env={"PATH": os.environ["PATH"], "MTA_STS_HOME": str(self.home)},
            timeout=60,
        )
        if done.returncode:
            raise LabError(f"mta-sts fetches: status {done.returncode}\n{done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def events(self, domain: str) -> list[dict[str, Any]]:
        """The fetches of a domain's policy so far, oldest first."""
        found = [
            json.loads(line)["fetch"]
            for path in sorted(self.home.glob("events/*.jsonl"))
            for line in path.read_text(encoding="ascii").splitlines()
        ]
        return [fetch for fetch in found if fetch["policy_domain"] == domain]

"""A real sender of TLS reports: sys4's tlsrpt-reporter, told of sessions as Postfix tells it.

It takes a datagram a delivery, makes the reports of yesterday, and posts them by curl and mails
them by a script. The TLSRPT record comes with each datagram, so that it asks no DNS.
"""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.lab.needs import ROOT
from tests.lab.wait import LabError, until

PROGRAMS = ROOT / ".venv" / "reporter" / "bin"
ORGANISATION = "Example Sender"
CONTACT = "tlsrpt@sender.example"
FROM = "noreply@sender.example"

_STS, _NOTHING = 2, 9  # its policy types
_EXPIRED = 204  # its code for certificate-expired


class Reporter:
    """tlsrpt-reporter in ``folder``; ``curl`` are more options for its POST."""

    def __init__(self, folder: Path, *, curl: Sequence[str], http_timeout_s: int = 5) -> None:
        self._folder = folder
        self._curl = curl
        self._http_timeout_s = http_timeout_s
        (folder / "mail").mkdir(parents=True)
        script = folder / "sendmail.sh"
        script.write_text(f"#!/bin/sh\ncat > {folder}/mail/$$.eml\n")
        script.chmod(0o755)
        self._script = script

    def sessions(self, told: Sequence[Mapping[str, object]]) -> None:
        """Take in these deliveries and make them yesterday's.

        Raises:
            LabError: it did not start.
        """
        path = self._folder / "socket"
        with self._running("collectd", ["--socketname", path, "--sockettimeout", "1"]) as process:
            until(path.exists, "tlsrpt-collectd listens", timeout_s=20)
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
                for session in told:
                    client.sendto(json.dumps(session).encode(), str(path))
            time.sleep(2.5)  # it writes what it has once nothing came for a second
            process.send_signal(signal.SIGUSR2)  # the day rolls over
            time.sleep(2)

    def send(self, *, seconds: float, destinations: int) -> list[Path]:
        """Send the reports, until all are delivered; the mails that it wrote."""
        fetcher = f"{PROGRAMS / 'tlsrpt-fetcher'} --storage sqlite://{self._folder}/c.sqlite"
        curl = " ".join(["curl", "--silent", *self._curl])
        curl += " --header 'Content-Type: application/tlsrpt+gzip' --data-binary @-"
        own = {
            "dbname": self._folder / "r.sqlite",
            "fetchers": fetcher,
            "organization_name": ORGANISATION,
            "contact_info": CONTACT,
            "sender_address": FROM,
            "http_script": curl,
            "sendmail_script": self._script,
            "http_timeout": self._http_timeout_s,
            "spread_out_delivery": 2,
            "interval_main_loop": 2,
            "min_wait_delivery": 1,
            "max_wait_delivery": 2,
            "max_retries_delivery": 5,
            "min_wait_domainlist": 0,
            "max_wait_domainlist": 1,
            "min_wait_domaindetails": 0,
            "max_wait_domaindetails": 1,
        }
        options = [str(part) for name, value in own.items() for part in (f"--{name}", value)]
        with self._running("reportd", options, storage=False):
            until(
                lambda: len(self.sent()) >= destinations,
                f"{destinations} deliveries; so far {self.sent()}",
                timeout_s=seconds,
            )
        return sorted((self._folder / "mail").glob("*.eml"))

    def sent(self) -> list[str]:
        """Destinations that it believes to have its report."""
        with contextlib.closing(sqlite3.connect(self._folder / "r.sqlite")) as connection:
            try:
                rows = connection.execute(
                    "SELECT destination FROM destinations WHERE status = 'sent'"
                ).fetchall()
            except sqlite3.OperationalError:  # not made yet, or just being written
                return []
        return [str(row[0]) for row in rows]

    @contextlib.contextmanager
    def _running(
        self, name: str, options: Sequence[object], *, storage: bool = True
    ) -> Iterator[subprocess.Popen[bytes]]:
        command = [str(PROGRAMS / f"tlsrpt-{name}"), *map(str, options)]
        if storage:
            command += ["--storage", f"sqlite://{self._folder}/c.sqlite"]
        log = (self._folder / f"{name}.log").open("wb")
        with log, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as ran:
            try:
                yield ran
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(ran.pid, signal.SIGTERM)
                try:
                    ran.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    os.killpg(ran.pid, signal.SIGKILL)
                    raise LabError(f"tlsrpt-{name} did not end") from None


def session(
    domain: str, rua: str, *, failed: bool = False, has_policy: bool = True
) -> dict[str, object]:
    """One delivery attempt as libtlsrpt tells it."""
    policy: dict[str, object] = {"policy-type": _NOTHING, "f": int(failed), "t": 0}
    if has_policy:
        policy |= {
            "policy-type": _STS,
            "policy-domain": domain,
            "policy-string": [
                "version: STSv1",
                "mode: testing",
                f"mx: mx1.{domain}",
                "max_age: 604800",
            ],
            "mx-host": [f"mx1.{domain}"],
        }
    if failed:
        detail = {"c": _EXPIRED, "s": "192.0.2.10", "r": "198.51.100.25", "n": f"mx1.{domain}"}
        policy |= {"t": 1, "failure-details": [detail]}
    return {"dpv": "1", "d": domain, "pr": f"v=TLSRPTv1; rua={rua}", "policies": [policy]}

"""Authoritative DNS for ``example.``, by NSD."""

import signal
import socket
from collections.abc import Mapping
from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype

from tests.lab.namespace import Namespace
from tests.lab.needs import program
from tests.lab.wait import until

ADDRESS = "127.0.0.1"
ZONE = "example"

_LOG = "nsd.log"
_CONFIG = """\
server:
  ip-address: {address}
  server-count: 1
  username: ""
  rrl-ratelimit: 0
  database: ""
  hide-version: yes
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
remote-control:
  control-enable: no
zone:
  name: "{zone}"
  zonefile: "zone.txt"
"""
# no answer may be kept: what a test publishes holds at the next question
_HEAD = """\
$ORIGIN {zone}.
$TTL 0
@ SOA ns.{zone}. hostmaster.{zone}. {serial} 3600 600 86400 0
@ NS ns.{zone}.
ns A {address}
"""


class Nsd:
    """The zone ``example.``; its records are text as in a zone file, by name."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        folder.mkdir()
        self._namespace = namespace
        self._zone = folder / "zone.txt"
        self._serial = 0
        self._records: dict[str, tuple[str, ...]] = {}
        self._write()
        config = folder / "nsd.conf"
        config.write_text(
            _CONFIG.format(address=ADDRESS, folder=folder, zone=ZONE), encoding="ascii"
        )
        self._process = namespace.start([program("nsd"), "-d", "-c", config], log=_LOG)
        namespace.listening(self._process, ADDRESS, 53, log=_LOG)

    def publish(self, records: Mapping[str, tuple[str, ...]]) -> None:
        """Publish records (``{"mail": ("A 127.0.0.1",)}``), in place of those of the same names.

        Names are relative to the zone. It returns when the server answers with them.
        """
        self._records |= records
        self._write()
        self._process.send_signal(signal.SIGHUP)
        until(lambda: self._served() == self._serial, f"serial {self._serial} is not served")

    def _write(self) -> None:
        self._serial += 1
        lines = [
            f"{name} {record}\n" for name, records in self._records.items() for record in records
        ]
        head = _HEAD.format(zone=ZONE, address=ADDRESS, serial=self._serial)
        self._zone.write_text(head + "".join(lines), encoding="ascii")

    def _served(self) -> int:
        question = dns.message.make_query(f"{ZONE}.", dns.rdatatype.SOA)
        with self._namespace.socket(socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            answer = dns.query.udp(question, ADDRESS, timeout=5, sock=client)
        return next(iter(answer.answer[0])).serial if answer.answer else 0

"""A small world on loopback: domains with their DNS, policy hosts and MX hosts, all of them real.

Each host has an address of its own; all policy hosts share a port, and all MX hosts another.
"""

import contextlib
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from policy.model import policy_id
from tests.authority import Authority
from tests.mxhost import Mail, MxHost, mx_host
from tests.nameserver import NameServer, name_server
from tests.policyhost import PolicyHost, Served, policy_host, server_context

_MONTHS = timedelta(days=90)  # so that no certificate ends soon
MX = "mx.{}"  # the usual MX host of a domain


def policy(*mx: str, mode: str = "enforce", max_age: int = 1_209_600) -> bytes:
    """A policy text."""
    lines = ["version: STSv1", f"mode: {mode}", f"max_age: {max_age}", *(f"mx: {m}" for m in mx)]
    return "".join(f"{line}\r\n" for line in lines).encode()


@dataclass(frozen=True)
class Place:
    """What of a domain is other than right; ``None`` and empty parts are as they should be."""

    body: bytes | None = None
    records: Sequence[str] | None = None  # TXT at _mta-sts; an empty one is none
    tlsrpt: Sequence[str] | None = None
    served: Served | None = None  # in place of the body alone
    host_chain: Path | None = None  # key and certificate of the policy host
    mail: Mapping[str, Mail] | None = None  # by MX host, the preferred first
    zone: Mapping[tuple[str, str], Sequence[str] | str] | None = None  # beside or in place of ours


class World:
    """Name server, policy hosts and MX hosts, started as domains are added."""

    server: NameServer

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "ca")
        self.stranger = Authority(folder / "stranger", name="a CA that nobody trusts")
        self.zone: dict[tuple[str, str], Sequence[str] | str] = {}
        self.hosts: dict[str, PolicyHost] = {}
        self.mx: dict[str, MxHost] = {}
        self._count = 0
        self._stack = contextlib.ExitStack()
        self._https, self._smtp = _free_port(), _free_port()

    def __enter__(self) -> Self:
        """Start the name server."""
        self.server = self._stack.enter_context(name_server(self.zone))
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop everything."""
        self._stack.close()

    @property
    def options(self) -> tuple[str, ...]:
        """The world as ``mta-sts check`` takes it; the roots are in SSL_CERT_FILE."""
        return (
            *("--nameserver", self.server.option),
            *("--authority-port", str(self.server.port)),
            *("--https-port", str(self._https)),
            *("--smtp-port", str(self._smtp)),
            "--allow-private",
        )

    def chain(self, *names: str, lasts: timedelta = _MONTHS) -> Path:
        """Key and certificate for these names."""
        return self.authority.issue(*names, lasts=lasts)

    def secure(self, *names: str) -> Mail:
        """A mail server with a certificate for these names."""
        return Mail(server_context(self.chain(*names)))

    def add(self, domain: str, place: Place | None = None) -> None:
        """A domain; without a place all of it is right."""
        place = place or Place()
        host, mx = f"mta-sts.{domain}", MX.format(domain)
        body = place.body if place.body is not None else policy(mx)
        chain = place.host_chain or self.chain(host)
        served = place.served or Served(body)
        address = self._address()
        self.hosts[domain] = self._stack.enter_context(
            policy_host(
                chain.parent, served, context=server_context(chain), at=(address, self._https)
            )
        )
        records = [f'"v=STSv1; id={policy_id(body)};"']
        reports = [f'"v=TLSRPTv1; rua=mailto:tls@{domain};"']
        self.zone |= {
            (domain, "NS"): [f"ns.{domain}."],
            (f"ns.{domain}", "A"): [self.server.address],
            (host, "A"): [address],
            (f"_mta-sts.{domain}", "TXT"): _quoted(place.records, records),
            (f"_smtp._tls.{domain}", "TXT"): _quoted(place.tlsrpt, reports),
        }
        mail = place.mail if place.mail is not None else {mx: self.secure(mx)}
        self.zone[domain, "MX"] = [f"{10 * n} {name}." for n, name in enumerate(mail, start=1)]
        for name, talk in mail.items():
            self._mail(name, talk)
        self.zone |= dict(place.zone or {})

    def _mail(self, name: str, talk: Mail) -> None:
        address = self._address()
        self.mx[name] = self._stack.enter_context(mx_host(talk, (address, self._smtp)))
        self.zone[name, "A"] = [address]

    def _address(self) -> str:
        self._count += 1
        return f"127.1.{self._count // 250}.{self._count % 250 + 1}"


@contextlib.contextmanager
def world(folder: Path) -> Iterator[World]:
    """A world without domains yet."""
    with World(folder) as made:
        yield made


def _quoted(given: Sequence[str] | None, usual: list[str]) -> list[str]:
    return usual if given is None else [f'"{text}"' for text in given if text]


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port

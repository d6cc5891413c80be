"""Domains of which each is right or wrong in one way, and what becomes of a mail to it.

The MX hosts of the faulty ones show a certificate that nobody signed. Where the sender takes
the policy, which is enforce, the mail is held back; where it takes none, the mail goes out.
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from policy.model import Mode, MxPattern, Policy
from tests.authority import Authority
from tests.lab import front, nsd
from tests.lab.lab import FAULTY, PLAIN, SENDING_FATES, TRUSTED, UNTRUSTED, Lab
from tests.lab.postfix import Postfix
from tests.lab.sender import SOCKETMAP

VERIFIED, SENT, DEFERRED = "sent-verified", "sent", "deferred"

_LOG = "faulty.log"
_TYPE = {"Content-Type": "text/plain"}


@dataclass(frozen=True)
class Case:
    """A domain, named by its first label; ``answer`` where a faulty host serves its policy."""

    name: str
    fate: str
    mx: str = UNTRUSTED
    mode: Mode = Mode.ENFORCE
    pattern: str = "mx.{domain}"
    answer: dict[str, Any] | None = None
    certificate: str = "good"
    fetches: int = field(default=1)  # that our log shows
    is_delegated: bool = False  # record and host by CNAME to a provider (RFC 8461, 8.2)

    @property
    def domain(self) -> str:
        """The policy domain."""
        return f"{self.name}.{nsd.ZONE}"

    @property
    def text(self) -> str:
        """Its policy."""
        return str(Policy(self.mode, 86_400, (MxPattern(self.pattern.format(domain=self.domain)),)))


def _faulty(name: str, fate: str = SENT, certificate: str = "good", **answer: Any) -> Case:  # noqa: ANN401
    told = {"status": 200, "headers": _TYPE, **answer}
    return Case(name, fate, answer=told, certificate=certificate, fetches=0)


CASES = (
    Case("right", VERIFIED, TRUSTED),
    Case("wildcard", VERIFIED, TRUSTED, pattern="*.{domain}"),
    Case("delegated", VERIFIED, TRUSTED, is_delegated=True),
    Case("badcert", DEFERRED),
    Case("nostarttls", DEFERRED, PLAIN),
    Case("badmx", DEFERRED, TRUSTED, pattern="elsewhere.example"),
    Case("testing-mode", SENT, mode=Mode.TESTING),
    Case("nothing", SENT, mode=Mode.NONE),
    _faulty("redirect", status=301, headers={**_TYPE, "Location": "https://www.example/x"}),
    _faulty("html", headers={"Content-Type": "text/html"}),
    _faulty("notype", headers={}),
    _faulty("odd-status", status=203),
    _faulty("gone", status=404),
    _faulty("large", body="x-filler: " + "a" * 70_000 + "\r\n"),
    _faulty("slow", wait_s=8),
    _faulty("expired", certificate="expired"),
    _faulty("wrong-name", certificate="wrong-name"),
    _faulty("self-signed", certificate="untrusted"),
    _faulty("gzip", DEFERRED, headers={**_TYPE, "Content-Encoding": "gzip"}),
)


class Fates:
    """All the domains on line, the MX hosts that receive for them, and a Postfix that sends."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._namespace = lab.namespace
        self._stranger = Authority(lab.folder / "stranger", name="a CA that nobody trusts")
        self._publish()
        self._serve_faulty()
        hosts = [f"mx.{case.domain}" for case in CASES]
        trusted = lab.authority.issue("mx.right.example", *hosts[1:])
        untrusted = self._stranger.issue(*hosts)
        self._receiving = [
            self._postfix("trusted", TRUSTED, trusted),
            self._postfix("untrusted", UNTRUSTED, untrusted),
            self._postfix("plain", PLAIN, None),
        ]
        self.sending = Postfix(
            lab.namespace,
            lab.folder / "fates-sending",
            SENDING_FATES,
            {
                "myhostname": "sending.example",
                "mydestination": "",
                "smtp_bind_address": SENDING_FATES,
                "smtp_tls_security_level": "may",
                "smtp_tls_CAfile": str(lab.authority.file),
                "smtp_tls_policy_maps": SOCKETMAP,
                "smtp_tls_loglevel": "1",
            },
        )

    def __enter__(self) -> Self:
        """Return when all take mail."""
        for postfix in (*self._receiving, self.sending):
            postfix.ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop them."""
        for postfix in (self.sending, *self._receiving):
            postfix.stop()

    def fate(self, case: Case) -> str:
        """Send a mail to the domain and tell what became of it."""
        recipient = f"u@{case.domain}"
        self.sending.submit(recipient)
        outcome = self.sending.outcome(recipient)
        if not outcome.startswith("sent "):
            return outcome.partition(" ")[0]
        mark = f"Verified TLS connection established to mx.{case.domain}["
        return VERIFIED if any(mark in line for line in self.sending.log()) else SENT

    def _publish(self) -> None:
        records: dict[str, tuple[str, ...]] = {}
        for case in CASES:
            named = self._lab.policy(case.domain, case.text) if case.answer is None else "1"
            self._lab.authority.issue(f"mta-sts.{case.domain}")
            host = front.ADDRESS if case.answer is None else FAULTY
            of = "provider" if case.is_delegated else case.name
            records |= {
                case.name: (f"MX 10 mx.{case.name}",),
                f"mx.{case.name}": (f"A {case.mx}",),
                f"mta-sts.{of}": (f"A {host}",),
                f"_mta-sts.{of}": (f'TXT "v=STSv1; id={named};"',),
            }
            if case.is_delegated:
                names = (f"mta-sts.{case.name}", f"_mta-sts.{case.name}")
                targets = ("mta-sts.provider", "_mta-sts.provider")
                records |= {name: (f"CNAME {to}",) for name, to in zip(names, targets, strict=True)}
        self._lab.dns.publish(records)

    def _serve_faulty(self) -> None:
        told = {}
        for case in CASES:
            if case.answer is not None:
                body = case.text + case.answer.get("body", "")
                file = str(self._certificate(case))
                told[f"mta-sts.{case.domain}"] = {**case.answer, "body": body, "certificate": file}
        config = self._lab.folder / "faulty.json"
        config.write_text(json.dumps(told), encoding="ascii")
        script = Path(__file__).with_name("faulty.py")
        process = self._namespace.start([sys.executable, script, FAULTY, config], log=_LOG)
        self._namespace.listening(process, FAULTY, 443, log=_LOG)

    def _certificate(self, case: Case) -> Path:
        host = f"mta-sts.{case.domain}"
        if case.certificate == "untrusted":
            return self._stranger.issue(host)
        if case.certificate == "wrong-name":
            return self._lab.authority.issue(f"www.{case.domain}")
        return self._lab.authority.issue(host, is_expired=case.certificate == "expired")

    def _postfix(self, name: str, address: str, certificate: Path | None) -> Postfix:
        tls = {"smtpd_tls_security_level": "none"}
        if certificate is not None:
            tls = {"smtpd_tls_security_level": "may", "smtpd_tls_chain_files": str(certificate)}
        settings = {
            "myhostname": f"{name}.example",
            "mydestination": ", ".join(case.domain for case in CASES),
            "local_recipient_maps": "",
            "local_transport": "discard:",
        }
        return Postfix(
            self._namespace, self._lab.folder / f"fates-{name}", address, {**settings, **tls}
        )

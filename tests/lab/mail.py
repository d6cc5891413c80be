"""Mail from one Postfix to another, under the policies that our host serves."""

from types import TracebackType
from typing import Self

from tests.lab.lab import RECEIVING, SENDING, Lab
from tests.lab.postfix import Postfix
from tests.lab.sender import SOCKETMAP


class Mail:
    """A sending Postfix that obeys MTA-STS, and the one that receives for ``domains``.

    The receiving one shows a certificate for ``mx_host`` alone.
    """

    def __init__(self, lab: Lab, domains: tuple[str, ...], mx_host: str) -> None:
        self._receiving = Postfix(
            lab.namespace,
            lab.folder / "receiving",
            RECEIVING,
            {
                "myhostname": mx_host,
                "mydestination": ", ".join(domains),
                "local_recipient_maps": "",
                "local_transport": "discard:",
                "smtpd_tls_security_level": "may",
                "smtpd_tls_chain_files": str(lab.authority.issue(mx_host)),
            },
        )
        self.sending = Postfix(
            lab.namespace,
            lab.folder / "sending",
            SENDING,
            {
                "myhostname": "sending.example",
                "mydestination": "",
                "smtp_bind_address": SENDING,
                "smtp_tls_security_level": "may",
                "smtp_tls_CAfile": str(lab.authority.file),
                "smtp_tls_policy_maps": SOCKETMAP,
                "smtp_tls_loglevel": "1",
            },
        )

    def __enter__(self) -> Self:
        """Return when both take mail."""
        self._receiving.ready()
        self.sending.ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop both."""
        self.sending.stop()
        self._receiving.stop()

    def deliver(self, recipient: str) -> str:
        """Send a mail and tell its outcome, ``sent (…)`` or ``deferred (…)``."""
        self.sending.submit(recipient)
        return self.sending.outcome(recipient)

    def tls(self, mx_host: str) -> str:
        """What Postfix says of the last connection to ``mx_host``: ``Verified``, ``Untrusted``."""
        mark = f" TLS connection established to {mx_host}["
        found = [line for line in self.sending.log() if mark in line]
        return found[-1].partition(mark)[0].rpartition(" ")[2] if found else ""

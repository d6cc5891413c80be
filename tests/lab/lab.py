"""The lab as a whole: domains with their DNS, certificates and policies."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from policy.model import policy_id
from tests.authority import Authority
from tests.lab import front, host, nsd
from tests.lab.front import Front
from tests.lab.host import PolicyHost
from tests.lab.namespace import Namespace
from tests.lab.nsd import Nsd
from tests.lab.sender import Sender

SENDING = "127.0.0.2"
RECEIVING = "127.0.0.20"
# the daemons of a Postfix that has ended may still listen, so each has addresses of its own
SENDING_FATES = "127.0.0.3"
TRUSTED = "127.0.0.23"
UNTRUSTED = "127.0.0.21"  # an MX host with a certificate of nobody's
PLAIN = "127.0.0.22"  # one without STARTTLS
FAULTY = "127.0.0.11"  # a policy host with faulty answers


class Lab:
    """DNS, certificates, our policy host behind TLS, and a sender that asks for policies."""

    namespace: Namespace
    dns: Nsd
    authority: Authority
    host: PolicyHost
    sender: Sender

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start all of it."""
        with ExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="sts-lab-"))
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.folder.chmod(0o755)  # Postfix reads its files as another user
            senders = (SENDING, SENDING_FATES)
            receivers = (RECEIVING, TRUSTED, UNTRUSTED, PLAIN)
            addresses = (*senders, front.ADDRESS, FAULTY, *receivers)
            self.namespace = stack.enter_context(Namespace(self.folder, addresses))
            self.namespace.source(front.ADDRESS, SENDING)
            self.authority = Authority(self.folder / "ca")
            self.dns = Nsd(self.namespace, self.folder / "dns")
            self.host = PolicyHost(self.namespace, self.folder / "home")
            Front(self.namespace, self.folder / "front", self.authority, behind=host.BEHIND)
            self.sender = Sender(self.namespace, self.folder / "sender", self.authority)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop and remove all of it."""
        self._stack.close()

    def domain(self, name: str, text: str | None) -> str:
        """Publish a domain whose policy is ``text``, or that has none; gives back the id."""
        label = name.removesuffix(f".{nsd.ZONE}")
        self.authority.issue(f"mta-sts.{name}")
        self.dns.publish(
            {label: (f"MX 10 mx.{label}",), f"mx.{label}": (f"A {RECEIVING}",)}
            | {f"mta-sts.{label}": (f"A {front.ADDRESS}",)}
        )
        named = self.policy(name, text) if text is not None else policy_id(b"")
        self.record(name, named)
        return named

    def policy(self, name: str, text: str) -> str:
        """Serve ``text`` for a domain from now on; gives back the id that goes with it."""
        path = self.host.policies / f"{name}.txt"
        fresh = path.with_suffix(".new")
        fresh.write_bytes(text.encode())
        fresh.rename(path)
        return policy_id(text.encode())

    def record(self, name: str, named: str) -> None:
        """Publish the policy id of a domain."""
        label = name.removesuffix(f".{nsd.ZONE}")
        self.dns.publish({f"_mta-sts.{label}": (f'TXT "v=STSv1; id={named};"',)})

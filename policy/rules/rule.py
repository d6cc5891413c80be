"""What a finding code stands for."""

from dataclasses import dataclass
from enum import StrEnum

from policy.findings import Severity
from policy.measured import refused_by


class Whose(StrEnum):
    """Who can mend it, which is whose fault it is, if anybody's."""

    POLICY = "policy"
    FOLDER = "folder"
    DNS = "dns"
    HOST = "policy-host"
    MX = "mx"
    REPORTS = "reports"
    SENDER = "sender"
    HERE = "here"
    NOBODY = "nobody"

    @property
    def words(self) -> str:
        """Them in words."""
        return _WORDS[self]


_WORDS = {
    Whose.POLICY: "whoever writes the policy",
    Whose.FOLDER: "whoever keeps the policy folder",
    Whose.DNS: "whoever keeps the domain's DNS",
    Whose.HOST: "whoever runs the policy host",
    Whose.MX: "whoever runs the MX hosts",
    Whose.REPORTS: "whoever keeps the report mailbox",
    Whose.SENDER: "the sender",
    Whose.HERE: "nobody at the domain: it is about the place that was looked from",
    Whose.NOBODY: "nobody's; it is worth knowing",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code stands for; the texts are sentences.

    ``severity`` is that under a policy in enforce; ``unenforced`` is another one where the policy
    is in testing or cannot be read. ``result_type`` is what a sender would report of it
    (RFC 8460, 4.3). ``is_vital`` says that a check which could not look there is not finished.
    """

    code: str
    severity: Severity
    section: str
    meaning: str
    cause: str
    remedy: str
    whose: Whose
    result_type: str = ""
    unenforced: Severity | None = None
    is_vital: bool = True

    @property
    def senders(self) -> tuple[str, ...]:
        """The implementations known to refuse it, each as ``name version``."""
        return refused_by(self.code)

"""The register of finding codes: what each one means, how much it matters, which section says so.

A code is never renamed and never used for something else. Findings about the policy folder
cite the folder itself, all others an RFC.
"""

from policy.findings import Finding, Severity
from policy.measured import refused_by
from policy.rules.changes import CHANGES
from policy.rules.folder import FOLDER
from policy.rules.hosts import HOSTS
from policy.rules.mx import MX
from policy.rules.records import RECORDS
from policy.rules.rule import Rule, Whose
from policy.rules.texts import TEXTS

__all__ = ["GROUPS", "REGISTER", "Rule", "Whose", "finding"]

# In the order in which a sender meets them; the first words are those of a heading.
GROUPS = {
    "The STS and TLSRPT records": RECORDS,
    "The policy host": HOSTS,
    "The policy text": TEXTS,
    "The MX hosts": MX,
    "What changed": CHANGES,
    "The policy folder": FOLDER,
}

REGISTER = {rule.code: rule for rules in GROUPS.values() for rule in rules}


def finding(
    code: str,
    policy_domain: str,
    subject: str,
    *,
    observed: str,
    expected: str,
    remedy: str,
    line: int | None = None,
    form: str = "",
    severity: Severity | None = None,
    senders: tuple[str, ...] | None = None,
) -> Finding:
    """A finding of a code of the register, with the severity, section and senders it has there.

    ``form`` is the form of the fault where senders treat forms differently (policy.measured);
    ``severity`` and ``senders`` are those of the case at hand where they hang on more than that.
    """
    rule = REGISTER[code]
    return Finding(
        policy_domain=policy_domain,
        code=code,
        severity=rule.severity if severity is None else severity,
        subject=subject,
        observed=observed,
        expected=expected,
        line=line,
        section=rule.section,
        remedy=remedy,
        senders=refused_by(code, form) if senders is None else senders,
    )

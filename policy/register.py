"""The register of finding codes: what each one means, how much it matters, which section says so.

A code is never renamed and never used for something else. Findings about the policy folder
cite the folder itself, all others an RFC.
"""

from dataclasses import dataclass

from policy.findings import Finding, Severity
from policy.measured import refused_by

_ERROR, _WARNING, _NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE
_FILE = "RFC 8461, 3.2"
_RECORD = "RFC 8461, 3.1"
_FOLDER = "STS Witness, policy folder"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code stands for; ``meaning`` is a sentence or two."""

    code: str
    severity: Severity
    section: str
    meaning: str

    @property
    def senders(self) -> tuple[str, ...]:
        """The implementations known to refuse it, each as ``name version``."""
        return refused_by(self.code)


_RULES = (
    # the text as a whole
    Rule("policy-empty", _ERROR, _FILE, "The policy text is empty."),
    Rule(
        "policy-too-large",
        _ERROR,
        "RFC 8461, 3.3",
        "Senders stop reading at 64 KiB, and this server does not serve more.",
    ),
    Rule(
        "policy-long",
        _WARNING,
        "RFC 8461, 3.3",
        "A sender may limit what it reads; chasquid cuts the text at 10 KiB.",
    ),
    Rule(
        "policy-bom",
        _ERROR,
        _FILE,
        "A byte order mark becomes part of the first field's name, which is then unknown.",
    ),
    Rule("policy-not-utf8", _ERROR, _FILE, "A policy text is UTF-8, of which ASCII is a part."),
    Rule(
        "policy-blank-line",
        _ERROR,
        _FILE,
        "The grammar has no empty line, neither between fields nor at the end.",
    ),
    Rule("policy-bare-cr", _ERROR, _FILE, "Lines end in LF or CRLF; a CR alone ends none."),
    Rule("policy-control-character", _ERROR, _FILE, "Control characters are not allowed."),
    Rule("policy-comment", _ERROR, _FILE, "There are no comments in a policy text."),
    # lines and fields
    Rule("line-malformed", _ERROR, _FILE, "Every line is a name, a colon and a value."),
    Rule(
        "field-name-blank",
        _ERROR,
        _FILE,
        "Blanks may stand after the colon and at the end of a line, and nowhere else.",
    ),
    Rule(
        "field-value-empty", _ERROR, _FILE, "A field has a value of at least one visible character."
    ),
    Rule(
        "field-duplicate",
        _WARNING,
        _FILE,
        "Of a field that stands twice the first one counts; not every sender reads it so.",
    ),
    Rule("field-unknown", _NOTICE, _FILE, "Senders ignore fields that they do not know."),
    Rule(
        "field-misspelt",
        _WARNING,
        _FILE,
        "Names are case-sensitive, and a field with another name is ignored.",
    ),
    # version, mode, max_age
    Rule("version-missing", _ERROR, _FILE, "The field version is required."),
    Rule("version-invalid", _ERROR, _FILE, "The only version is STSv1, written so."),
    Rule("mode-missing", _ERROR, _FILE, "The field mode is required."),
    Rule("mode-invalid", _ERROR, _FILE, "The modes are enforce, testing and none, in lower case."),
    Rule(
        "mode-testing",
        _NOTICE,
        "RFC 8461, 5",
        "Senders deliver mail also where validation fails, and report it.",
    ),
    Rule(
        "mode-none",
        _NOTICE,
        "RFC 8461, 8.3",
        "The policy is being withdrawn. The record and this file stay until the longest max_age "
        "that was ever served has passed.",
    ),
    Rule("max-age-missing", _ERROR, _FILE, "The field max_age is required."),
    Rule("max-age-invalid", _ERROR, _FILE, "max_age is a number of seconds, 1 to 10 digits."),
    Rule(
        "max-age-out-of-range", _ERROR, _FILE, "max_age is at most 31557600 seconds, about a year."
    ),
    Rule(
        "max-age-zero",
        _WARNING,
        "RFC 8461, 10.2",
        "A policy that is not kept protects nothing; 0 is valid, and some senders refuse it.",
    ),
    Rule(
        "max-age-under-a-day",
        _WARNING,
        "RFC 8461, 10.2",
        "A short max_age protects little; by the NCSC's advice Google ignores less than a day.",
    ),
    Rule(
        "max-age-short-for-enforce",
        _WARNING,
        "RFC 8461, 10.2",
        "The longer senders keep a policy, the less an attacker gains by blocking it; the NCSC "
        "asks for two weeks at least in enforce.",
    ),
    # mx
    Rule("mx-missing", _ERROR, _FILE, "With enforce and testing at least one mx is required."),
    Rule(
        "mx-missing-in-none",
        _WARNING,
        _FILE,
        "With none the mx lines may be left out, but some senders then refuse the policy and "
        "keep the one before.",
    ),
    Rule("mx-empty", _ERROR, _FILE, "An mx is a host name, or '*.' and a domain."),
    Rule("mx-list", _ERROR, _FILE, "Each mx line names one host or pattern."),
    Rule("mx-not-ascii", _ERROR, _FILE, "Internationalised names are written in A-labels."),
    Rule("mx-address-literal", _ERROR, _FILE, "An mx names a host; an address is none."),
    Rule(
        "mx-ipv4-address",
        _ERROR,
        "RFC 8461, 4.1",
        "The grammar lets an IPv4 address pass as a name, but it matches no MX host.",
    ),
    Rule(
        "mx-wildcard-invalid",
        _ERROR,
        "RFC 8461, 4.1",
        "A '*' is the whole left-most label and stands for exactly one label.",
    ),
    Rule("mx-final-dot", _ERROR, _FILE, "A domain here has no final dot (RFC 5321, 4.1.2)."),
    Rule("mx-underscore", _ERROR, _FILE, "A domain here has no underscore (RFC 5321, 4.1.2)."),
    Rule("mx-invalid", _ERROR, _FILE, "An mx is a host name, or '*.' and a domain."),
    Rule(
        "mx-upper-case",
        _NOTICE,
        "RFC 8461, 4.1",
        "Names are compared without regard to case, but not by every sender.",
    ),
    Rule("mx-duplicate", _NOTICE, "RFC 8461, 4.1", "One match is enough; the second adds none."),
    Rule(
        "mx-covers-own-domain",
        _NOTICE,
        "RFC 8461, 10.4",
        "Any host of the domain that gets a certificate can then pass for an MX.",
    ),
    # the policy folder
    Rule("policy-unreadable", _ERROR, _FOLDER, "A policy that cannot be read is not served."),
    Rule(
        "file-name-invalid",
        _ERROR,
        _FOLDER,
        "A policy file is named for its domain: lower case, A-labels, then .txt.",
    ),
    Rule(
        "file-named-for-host",
        _WARNING,
        "RFC 8461, 3.3",
        "The policy host is mta-sts. and the domain, so a file is named for the domain alone.",
    ),
    Rule("domains-row-invalid", _ERROR, _FOLDER, "A row of domains.csv that is wrong is left out."),
    Rule(
        "same-as-missing",
        _ERROR,
        _FOLDER,
        "same_as names a domain that has a file of its own; else nothing is served.",
    ),
    Rule(
        "same-as-ignored",
        _WARNING,
        _FOLDER,
        "The domain has a file of its own, which is served in place of the other one.",
    ),
    Rule("adopted-id-invalid", _ERROR, _RECORD, "An id is 1 to 32 letters and digits, all ASCII."),
)

REGISTER = {rule.code: rule for rule in _RULES}


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
) -> Finding:
    """A finding of a code of the register, with the severity, section and senders it has there.

    ``form`` is the form of the fault where senders treat forms differently (policy.measured).
    """
    rule = REGISTER[code]
    return Finding(
        policy_domain=policy_domain,
        code=code,
        severity=rule.severity,
        subject=subject,
        observed=observed,
        expected=expected,
        line=line,
        section=rule.section,
        remedy=remedy,
        senders=refused_by(code, form),
    )

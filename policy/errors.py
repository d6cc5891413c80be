"""What can be wrong with what somebody gave us.

PolicyError
├── SettingsError          an environment variable or option
├── DomainError            a name that is no domain
├── PolicyFileError        a policy that is there and cannot be served
├── PolicySyntaxError      a line of a policy text outside RFC 8461, 3.2
└── RecordSyntaxError      a TXT record outside RFC 8461, 3.1 or RFC 8460, 3

A bad state of the world is a finding (policy.findings), not an error.
"""

FOUND_LIMIT = 100  # characters of foreign text that a message repeats


def shown(found: str) -> str:
    """Foreign text as a message may show it: quoted, escaped and cut."""
    cut = found if len(found) <= FOUND_LIMIT else found[:FOUND_LIMIT] + "…"
    return ascii(cut) if not cut.isprintable() else repr(cut)


class PolicyError(Exception):
    """The root of what this package raises; ``code`` is stable."""

    code = "policy-error"


class SettingsError(PolicyError):
    """A setting has a value that it cannot have, or is not a setting at all."""

    code = "settings-invalid"


class DomainError(PolicyError):
    """A name is no domain in the sense of RFC 5321, 4.1.2."""

    code = "domain-invalid"


class PolicyFileError(PolicyError):
    """A policy is there but cannot be served; other domains are not concerned."""

    code = "policy-unreadable"


class PolicySyntaxError(PolicyError):
    """A policy text is outside the grammar of RFC 8461, 3.2.

    The message reads ``line 2: expected enforce, testing or none, found 'on' (RFC 8461, 3.2)``.
    """

    def __init__(
        self, code: str, expected: str, *, found: str | None, line: int = 0, section: str = "3.2"
    ) -> None:
        self.code = code
        self.expected = expected
        self.found = found
        self.line = line  # from 1; 0 where the fault is of the whole text
        self.section = section
        where = f"line {line}: " if line else ""
        what = "none" if found is None else shown(found)
        super().__init__(f"{where}expected {expected}, found {what} (RFC 8461, {section})")


class RecordSyntaxError(PolicyError):
    """A TXT record is outside the grammar of RFC 8461, 3.1 or RFC 8460, 3.

    The message reads ``character 9: expected id=, found 'ID=1' (RFC 8461, 3.1)``.
    """

    def __init__(
        self, code: str, expected: str, *, found: str | None, rfc: str, position: int = 0
    ) -> None:
        self.code = code
        self.expected = expected
        self.found = found
        self.position = position  # from 1; 0 where the fault is of the whole record
        self.rfc = rfc
        where = f"character {position}: " if position else ""
        what = "none" if found is None else shown(found)
        super().__init__(f"{where}expected {expected}, found {what} ({rfc})")

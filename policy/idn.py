"""Domains as people type them, into the names that the rest works with."""

from policy.domain import canonical
from policy.errors import DomainError, shown

_MAX_NAME = 1_000  # no name is longer in U-labels, and the tables behind idna are slow


def domain(text: str) -> str:
    """The domain in lower-case A-labels (RFC 5890), also where it was typed in U-labels.

    Raises:
        DomainError: it is no domain.
    """
    name = text.strip(" \t")
    if name.isascii():
        return canonical(name)
    if len(name) > _MAX_NAME:
        raise DomainError(f"expected a domain such as example.com, found {shown(text)}")
    import idna  # here, since few names need it and it is slow to import

    try:
        ascii_name = idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError as error:  # IDNAError is one
        raise DomainError(
            f"expected a domain such as example.com, found {shown(text)}, which is "
            f"no internationalised name ({error})"
        ) from error
    return canonical(ascii_name)

"""Whether a signing domain may speak for another one (RFC 7489, 3.1.1: relaxed alignment)."""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from policy.domain import is_domain, lower_ascii


def is_aligned(signing: str, named: str) -> bool:
    """Whether both are one organisation's: equal, or below the same registered domain.

    By the public suffix list, as DMARC: a rule of sub-domains alone would let a customer's name
    below a provider's suffix speak for the suffix, and would refuse siblings.
    """
    if not named:
        return False
    return signing == named or _organisation(signing) == _organisation(named) is not None


def domain_of(address: str) -> str:
    """The domain of the first mail address in a text such as contact-info, in lower case, or ""."""
    _local, _at, rest = address[:1_000].partition("@")
    end = next((i for i, char in enumerate(rest) if not (char.isalnum() or char in ".-")), None)
    domain = lower_ascii(rest[:end].removesuffix("."))
    return domain if is_domain(domain) else ""


@lru_cache(maxsize=1_000)
def _organisation(domain: str) -> str | None:
    return _suffixes().privatesuffix(domain)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()

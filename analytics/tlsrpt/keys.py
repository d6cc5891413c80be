"""The DNS look-ups of DKIM keys in one run: each name once, and no domain can use up the time."""

from collections import Counter

from analytics.tlsrpt.signed.signatures import TxtLookup
from policy.check.model import Lookup, Outcome

MAX_FAILURES = 2  # names of one domain without an answer, after which it is asked no more
_MAX_KNOWN = 10_000  # answers kept; a name that came before them is asked again


class Keys:
    """Remembers what ``txt`` answers; it is the ``keys`` of :func:`authenticate.verified`.

    ``txt`` is that of :class:`policy.check.dns.Resolver` in production, which has a deadline
    a look-up and one for all. A stranger chooses the names that are asked: one who has thousands
    of them time out gets no further than two a domain.
    """

    def __init__(self, txt: TxtLookup) -> None:
        self._txt = txt
        self._known: dict[str, Lookup[tuple[bytes, ...]]] = {}
        self._failures: Counter[str] = Counter()

    def __call__(self, name: str) -> Lookup[tuple[bytes, ...]]:
        """The TXT records at a name."""
        if name in self._known:
            return self._known[name]
        domain = name.partition("._domainkey.")[2]
        if self._failures[domain] >= MAX_FAILURES:
            reason = f"not asked: {MAX_FAILURES} other names of {domain} had no answer"
            return Lookup(name, "TXT", Outcome.UNKNOWN, reason=reason)
        found = self._txt(name)
        if found.outcome is Outcome.UNKNOWN:
            self._failures[domain] += 1
        if len(self._known) >= _MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[name] = found
        return found

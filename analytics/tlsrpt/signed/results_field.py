"""What a receiver says of a mail's DKIM signatures in Authentication-Results (RFC 8601).

No library: authres, the one there is, had its last release in 2019, refuses what Exchange writes
(``action=none``) and ids in quotes, and takes quadratic time for what a stranger sends.
"""

from collections.abc import Iterator

from analytics.tlsrpt.signed.fields import Header
from policy.domain import is_domain

_NAME = b"authentication-results"
_MAX_FIELD = 16_384  # bytes; receivers write under 2,000

_Clause = list[str | None]  # words; None is an equals sign
_Result = dict[str, str]


class _UnreadableError(ValueError):
    """The field is none of RFC 8601."""


def vouched(header: Header, authserv_id: str) -> tuple[str, ...]:
    """The domains whose signature the receiver of that id found valid, in its order.

    Only the topmost field of that id counts, as the receiver puts its own above all that came
    with the mail and takes others of its id away (RFC 8601, 4.1 and 5). One that writes a field
    for each method puts them one below the other, so the topmost of such a run that tells of DKIM
    counts. A field that cannot be read could be the receiver's: nothing below it counts.
    """
    try:
        for clauses in _run(header, authserv_id.lower()):
            results = [result for result in _results(clauses) if result["method"] == "dkim"]
            if results:
                passed = (result for result in results if result["result"] == "pass")
                return tuple(dict.fromkeys(filter(None, map(_domain, passed))))
    except _UnreadableError:
        pass
    return ()


def _run(header: Header, authserv_id: str) -> Iterator[list[_Clause]]:
    """The topmost fields of that id without another field between them, as clauses."""
    is_in_run = False
    for name, value in header.fields:
        clauses = _clauses(value) if name.lower() == _NAME else [[]]
        if clauses[0] and (clauses[0][0] or "").lower() == authserv_id and None not in clauses[0]:
            is_in_run = True
            yield clauses[1:]
        elif is_in_run:
            return


def _results(clauses: list[_Clause]) -> Iterator[_Result]:
    """Each readable result of a field: its method and result, and its properties by name."""
    for clause in clauses:
        if pairs := _pairs(clause):
            method, result = pairs[0]
            properties = dict(pairs[1:])
            if len(properties) == len(pairs) - 1:  # said twice is said by nobody
                yield properties | {"method": method.partition("/")[0], "result": result}


def _pairs(clause: _Clause) -> list[tuple[str, str]]:
    """The names and values of a clause; none where it is of another form."""
    names, signs, values = clause[0::3], clause[1::3], clause[2::3]
    if len(clause) % 3 or any(sign is not None for sign in signs):
        return []
    return [
        (name.lower(), value.lower())
        for name, value in zip(names, values, strict=True)
        if name is not None and value is not None
    ]


def _domain(result: _Result) -> str:
    """The signing domain: header.d, or what header.i has behind the @ (RFC 8601, 2.7.1)."""
    domain = result.get("header.d") or result.get("header.i", "").rpartition("@")[2]
    return domain if is_domain(domain) else ""


def _clauses(field: bytes) -> list[_Clause]:
    """What stands between semicolons, without comments and quotes.

    Raises:
        _UnreadableError: a quote or a comment does not end, or it is longer than any receiver's.
    """
    if len(field) > _MAX_FIELD:
        raise _UnreadableError
    reading = _Reading()
    for char in field.decode("ascii", "replace"):
        reading.take(char)
    return reading.ended()


class _Reading:
    """Reads a structured field a character at a time (RFC 5322, 3.2.2 and 3.2.4)."""

    def __init__(self) -> None:
        self._clauses: list[_Clause] = [[]]
        self._word: list[str] = []
        self._depth = 0  # of comments
        self._is_quoted = self._is_escaped = False

    def take(self, char: str) -> None:
        """The next character."""
        if self._is_escaped:
            self._is_escaped = False
            if self._is_quoted:
                self._word.append(char)
        elif char == "\\" and (self._is_quoted or self._depth):
            self._is_escaped = True
        elif self._is_quoted:
            if char == '"':
                self._is_quoted = False
            elif char not in "\r\n":
                self._word.append(char)
        elif self._depth:
            self._depth += {"(": 1, ")": -1}.get(char, 0)
        else:
            self._plain(char)

    def ended(self) -> list[_Clause]:
        """The clauses, if the field is complete."""
        if self._depth or self._is_quoted or self._is_escaped:
            raise _UnreadableError
        self._end_word()
        return self._clauses

    def _plain(self, char: str) -> None:
        if char == '"':
            self._is_quoted = True
        elif char == "=" and self._word and self._clauses[-1][-1:] == [None]:
            self._word.append(char)  # in a value: many write header.b and addresses so, unquoted
        elif char in " \t\r\n(;=":
            self._end_word()
            if char == "(":
                self._depth = 1
            elif char == ";":
                self._clauses.append([])
            elif char == "=":
                self._clauses[-1].append(None)
        else:
            self._word.append(char)

    def _end_word(self) -> None:
        if self._word:
            self._clauses[-1].append("".join(self._word))
            self._word.clear()

"""What is wrong with a report that cannot be taken in."""

from analytics.errors import AnalyticsError


class ReportError(AnalyticsError):
    """A report is beyond repair; other reports are not concerned.

    The message reads ``date-range: expected an RFC 3339 time, found 'yesterday'``.
    """

    code = "report-unreadable"

    def __init__(self, where: str, expected: str, found: str | None) -> None:
        self.where = where
        self.expected = expected
        self.found = found  # in words, or foreign text as shown() has it; None is nothing
        super().__init__(told(where, expected, found))


class SeveralReportsError(ReportError):
    """A text holds several reports, each of which can be read on its own."""

    code = "reports-several"

    def __init__(self, texts: tuple[bytes, ...]) -> None:
        self.texts = texts  # one report each, in their order
        super().__init__("JSON", "one report", str(len(texts)))


def told(where: str, expected: str, found: str | None) -> str:
    """The sentence of every refusal."""
    return f"{where}: expected {expected}, found {'nothing' if found is None else found}"

"""The peer: a function that answers one constant policy and logs nothing."""

TEXT = "version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: mx.example.com\r\n"
HEADERS = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


def hello(_request: object) -> tuple[str, dict[str, str]]:
    """The policy."""
    return TEXT, HEADERS

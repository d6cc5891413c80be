"""Google's JSON services, asked for what only tells: no answer is no error, and is known as such."""

import json

import requests
from google.auth import exceptions as auth

_TIMEOUT_S = 30.0
_MAX_BYTES = 4 * 1024 * 1024  # of an answer; twenty services are some 100 kB


def asked(
    session: requests.Session, method: str, url: str, **given: object
) -> tuple[int, dict[str, object] | None]:
    """The status of an answer, and its object; 0 where nobody answers, None where it holds none.

    ``session`` is one that signs its requests; ``given`` is as requests takes it.
    """
    try:
        with session.request(method, url, timeout=_TIMEOUT_S, stream=True, **given) as answer:  # type: ignore[arg-type]
            status = answer.status_code
            body = answer.raw.read(_MAX_BYTES, decode_content=True)
    except (requests.RequestException, auth.GoogleAuthError, OSError):
        return 0, None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return status, None
    return status, found if isinstance(found, dict) else None

"""Tokens for Gmail, by google-auth: of a service account, or of a user's stored credentials."""

import json
from collections.abc import Mapping
from pathlib import Path

from analytics.tlsrpt.sources.errors import CredentialsError, MailboxError

SCOPE = "https://mail.google.com/"  # the only one that IMAP takes
REQUEST_S = 20.0
_MAX_FILE = 65_536
_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - where tokens come from
_STORED = ("client_id", "client_secret", "refresh_token")
_TYPES = ("service_account", "authorized_user")


def credentials_file(environ: Mapping[str, str]) -> Path:
    """Where google-auth looks: GOOGLE_APPLICATION_CREDENTIALS, else what gcloud stored."""
    if given := environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return Path(given)
    home = environ.get("CLOUDSDK_CONFIG") or Path(environ.get("HOME", "~"), ".config", "gcloud")
    return Path(home) / "application_default_credentials.json"


def google_token(user: str, path: Path) -> str:
    """A token for the mailbox of ``user``.

    A service account acts for the user, which the domain's administrator allows it
    (domain-wide delegation); stored credentials are the user's own.

    Raises:
        CredentialsError: the file holds no credentials, or Google does not take them.
        MailboxError: Google cannot be asked now.
    """
    known = _known(path)
    from functools import partial

    from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
    from google.auth.transport.requests import Request
    from google.oauth2.credentials import Credentials as OfUser
    from google.oauth2.service_account import Credentials as OfService

    try:
        if known["type"] == "service_account":
            found = OfService.from_service_account_info(  # type: ignore[no-untyped-call]
                known, scopes=[SCOPE], subject=user
            )
        else:
            given = {"token_uri": _TOKEN_URI} | _stored(known)
            found = OfUser(None, scopes=[SCOPE], **given)  # type: ignore[no-untyped-call]
        found.refresh(partial(Request(), timeout=REQUEST_S))
    except TransportError as error:
        raise MailboxError(f"{path}: Google gave no token: {error}") from error
    except RefreshError as error:
        raise CredentialsError(
            f"{path}: Google refused a token for {user}: {_said(error)}"
        ) from error
    except (GoogleAuthError, ValueError) as error:
        raise CredentialsError(f"{path}: expected credentials of Google: {error}") from error
    return str(found.token)


def _known(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            known = json.loads(file.read(_MAX_FILE))
    except OSError as error:
        advice = "set GOOGLE_APPLICATION_CREDENTIALS to a key file"
        raise CredentialsError(f"{path}: {error.strerror or error}; {advice}") from error
    except ValueError as error:
        raise CredentialsError(f"{path}: expected JSON") from error
    if not isinstance(known, dict) or known.get("type") not in _TYPES:
        raise CredentialsError(f"{path}: expected a key file, its type {' or '.join(_TYPES)}")
    return known


def _stored(known: dict[str, object]) -> dict[str, object]:
    """What a token is refreshed with."""
    if missing := [name for name in _STORED if name not in known]:
        raise ValueError(f"found no {', no '.join(missing)}")
    return {name: known[name] for name in (*_STORED, "token_uri") if name in known}


def _said(error: Exception) -> str:
    """What Google answered, without the JSON around it."""
    return str(error.args[0]) if error.args else type(error).__name__

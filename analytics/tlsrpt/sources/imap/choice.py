"""Which credentials a mailbox is read with."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from analytics.tlsrpt.sources.errors import CredentialsError
from analytics.tlsrpt.sources.imap.credentials import (
    Credentials,
    Password,
    Token,
    command_token,
    password_of,
)
from analytics.tlsrpt.sources.imap.google import credentials_file, google_token
from analytics.tlsrpt.sources.imap.place import Place


def credentials(
    place: Place,
    *,
    password: str = "",
    password_file: Path | None = None,
    token_command: str = "",
    environ: Mapping[str, str],
    ask: Callable[[str], str] | None = None,
) -> Credentials:
    """What is there for a mailbox: a file, a command for tokens, a password, or what ``ask`` gives.

    ``;AUTH=XOAUTH2`` in the place wants a token: of the command, else of Google. ``ask`` is None
    where nobody sits at a terminal. Nothing is fetched before it is needed.

    Raises:
        CredentialsError: there is nothing.
    """
    if password_file is not None and not place.is_token:
        return password_of(password_file)
    if token_command:
        return Token(partial(command_token, token_command))
    if place.is_token:
        return Token(partial(google_token, place.user, credentials_file(environ)))
    if password:
        return Password(password)
    if ask is not None:
        return Password(ask(f"Password of {place.user} at {place.host}"))
    raise CredentialsError(
        f"{place.host}: expected MTA_STS_IMAP_PASSWORD, --password-file or "
        "MTA_STS_IMAP_TOKEN_COMMAND, found none"
    )

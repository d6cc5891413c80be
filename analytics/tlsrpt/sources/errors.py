"""What ends the reading of a mailbox; a single mail that cannot be read is a trouble instead.

AnalyticsError
└── MailboxError           it could not be read to its end; a retry may help
    ├── PlaceError             the place is none, or the folder is not there
    └── CredentialsError       the server or the issuer of tokens does not take what it was given
"""

from analytics.errors import AnalyticsError


class MailboxError(AnalyticsError):
    """A mailbox could not be read to its end; what was read is kept."""

    code = "mailbox-unavailable"


class PlaceError(MailboxError):
    """A mailbox is named so that it cannot be found."""

    code = "mailbox-invalid"
    exit_status = 2


class CredentialsError(MailboxError):
    """Who reads the mailbox is not let in, or has nothing to show."""

    code = "credentials-refused"
    exit_status = 2

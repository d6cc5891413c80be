"""The channels that the settings name."""

import socket
import ssl
from dataclasses import dataclass, field

from analytics.messages.mail import Dial, Mail, address, relay
from analytics.messages.model import Channel
from analytics.messages.webhook import Webhook, hook, key
from policy.config import Settings
from policy.errors import SettingsError

_MOST = 20  # recipients; a list of the mail server's has room for more
_NEEDED = "MTA_STS_ALERT_MAIL needs MTA_STS_SMTP, the server that the mail goes out through"


@dataclass(frozen=True, slots=True)
class Ways:
    """How channels reach their receivers: in place of the system's roots and of its sockets."""

    context: ssl.SSLContext | None = None
    dial: Dial = field(default=lambda place, wait_s: socket.create_connection(place, wait_s))


def mails(settings: Settings, ways: Ways | None = None) -> tuple[Mail, ...]:
    """One for each recipient of MTA_STS_ALERT_MAIL, so that each is tried alone.

    Raises:
        SettingsError: a setting of theirs cannot be used.
    """
    by = ways or Ways()
    if not settings.alert_mail:
        return ()
    if not settings.smtp:
        raise SettingsError(_NEEDED)
    words = [word for word in settings.alert_mail.split(",") if word.strip(" ")]
    found = tuple(dict.fromkeys(address(word, "MTA_STS_ALERT_MAIL") for word in words))
    if not 0 < len(found) <= _MOST:
        raise SettingsError(f"MTA_STS_ALERT_MAIL: expected 1 to {_MOST} addresses, by commas")
    server = relay(settings.smtp)
    if server.user and not settings.smtp_password:
        raise SettingsError("MTA_STS_SMTP names a user, and MTA_STS_SMTP_PASSWORD is empty")
    if not settings.smtp_password.isascii():
        raise SettingsError("MTA_STS_SMTP_PASSWORD: expected ASCII")  # smtplib sends no other
    sender = settings.alert_from or (server.user if "@" in server.user else found[0])
    return tuple(
        Mail(
            server,
            address(sender, "MTA_STS_ALERT_FROM"),
            recipient,
            settings.smtp_password,
            by.context,
            by.dial,
        )
        for recipient in found
    )


def channels(settings: Settings, ways: Ways | None = None) -> tuple[Channel, ...]:
    """All that alerts go out by; none where nothing is set.

    Raises:
        SettingsError: a setting of theirs cannot be used.
    """
    by = ways or Ways()
    found: list[Channel] = [*mails(settings, by)]
    if settings.alert_webhook:
        secret = key(settings.alert_webhook_secret)
        found.append(Webhook(hook(settings.alert_webhook), secret, by.context, by.dial))
    return tuple(found)

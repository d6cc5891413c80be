"""A webhook: one POST of JSON over HTTPS to a receiver that somebody has set up for it.

The id of a message goes in ``webhook-id`` and is signed as Standard Webhooks 1.0 has it
(``webhook-id``, ``webhook-timestamp``, ``webhook-signature``), where there is a secret.
"""

import base64
import binascii
import contextlib
import email.utils
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from analytics.messages.mail import Dial
from analytics.messages.model import Fate, Message, Told
from analytics.messages.words import inert
from policy.check.deadline import shut_at
from policy.errors import SettingsError, shown

DEADLINE_S = 30.0  # for all of one call
MAX_ANSWER = 64 * 1024  # bytes of it that are read
CHAT_LIMIT = 3_500  # characters; Google Chat and Slack take 4,000 and more

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SECRET = "whsec_"  # noqa: S105 - how a secret of Standard Webhooks begins
_FEWEST = 16  # characters of a secret that is none of those
_UNKNOWN_STATUS = (502, 504)  # of a gateway: what stands behind it may have had it (RFC 9110, 15.6)
_TEXT_ONLY = ("hooks.slack.com", "hooks.slack-gov.com", "chat.googleapis.com")
_TEAMS = (".webhook.office.com", ".logic.azure.com", ".api.powerplatform.com")
_FORM = "an https URL such as https://hooks.example.com/…"


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a webhook is. ``target`` is often a secret by itself, and is shown nowhere."""

    host: str
    port: int
    target: str = field(repr=False)
    is_tls: bool = True


def hook(text: str) -> Hook:
    """The place that MTA_STS_ALERT_WEBHOOK names.

    Raises:
        SettingsError: it is no https URL, nor one of this machine. The message repeats none of it.
    """
    try:
        url = urlsplit(text)
        host, port = url.hostname or "", url.port
    except ValueError as error:
        raise SettingsError(f"MTA_STS_ALERT_WEBHOOK: expected {_FORM}") from error
    is_tls = url.scheme == "https"
    if not host or not (is_tls or (url.scheme == "http" and host in _LOOPBACK)):
        raise SettingsError(f"MTA_STS_ALERT_WEBHOOK: expected {_FORM}; http only on this machine")
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    if url.username is not None or not (target + host).isascii() or not text.isprintable():
        raise SettingsError(f"MTA_STS_ALERT_WEBHOOK: expected {_FORM}, in ASCII and without a user")
    return Hook(host, port or (443 if is_tls else 80), target.replace(" ", "%20"), is_tls)


def key(secret: str) -> bytes:
    """The key that a secret stands for: ``whsec_`` and base64, or any text of 16 characters or more.

    Raises:
        SettingsError: it is neither.
    """
    try:
        if secret.startswith(_SECRET):
            return base64.b64decode(secret.removeprefix(_SECRET), validate=True)
        if not secret or len(secret) >= _FEWEST:
            return secret.encode()
    except (binascii.Error, ValueError):
        pass
    raise SettingsError(
        f"MTA_STS_ALERT_WEBHOOK_SECRET: expected whsec_ and base64, or {_FEWEST} characters or more"
    )


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver. ``context`` stands in for one with the system's roots."""

    hook: Hook
    key: bytes = field(default=b"", repr=False)
    context: ssl.SSLContext | None = None
    dial: Dial = field(default=lambda place, wait_s: socket.create_connection(place, wait_s))
    deadline_s: float = DEADLINE_S

    @property
    def name(self) -> str:
        """``webhook:`` and the host; the rest of the URL is often a secret."""
        return f"webhook:{self.hook.host}"

    def send(self, message: Message, at: datetime) -> Told:
        """Post once; a redirect is not followed."""
        body = json.dumps(_form(self.hook.host)(message), ensure_ascii=True).encode()
        until = time.monotonic() + self.deadline_s
        fate = Fate.UNSENT
        try:
            plain = self.dial((self.hook.host, self.hook.port), self.deadline_s)
            with plain, shut_at(plain, until) as overdue:
                try:
                    with contextlib.closing(self._connection(plain)) as connection:
                        fate = Fate.UNKNOWN
                        connection.request(
                            "POST", self.hook.target, body, self._head(message, body, at)
                        )
                        return _told(connection.getresponse(), self.hook.host, at)
                except (OSError, ValueError, http.client.HTTPException) as error:
                    late = f"no answer within {self.deadline_s:g} s"
                    reason = (
                        late
                        if overdue.is_set() or time.monotonic() >= until
                        else inert(error) or type(error).__name__
                    )
                    return Told(fate, f"{self.hook.host}: {reason}")
        except OSError as error:
            return Told(Fate.UNSENT, f"{self.hook.host}: {inert(error) or type(error).__name__}")

    def _connection(self, plain: socket.socket) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self.hook.host, self.hook.port)
        connection.sock = plain
        if self.hook.is_tls:
            context = self.context or ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=self.hook.host)
        return connection

    def _head(self, message: Message, body: bytes, at: datetime) -> Mapping[str, str]:
        stamp = str(int(at.timestamp()))
        head = {
            "Content-Type": "application/json",
            "User-Agent": "sts-witness",
            "Connection": "close",
            "webhook-id": message.message_id,
            "webhook-timestamp": stamp,
        }
        if self.key:
            signed = f"{message.message_id}.{stamp}.".encode() + body
            digest = hmac.new(self.key, signed, hashlib.sha256).digest()
            head["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return head


def _told(answer: http.client.HTTPResponse, host: str, at: datetime) -> Told:
    """What a status says; the answer's text is told where it refuses."""
    said = answer.read(MAX_ANSWER)
    if 200 <= answer.status < 300:
        return Told(Fate.SENT)
    text = said[:200].decode("utf-8", "replace").strip()
    reason = f"{host}: status {answer.status}{f' {shown(text)}' if text else ''}"
    if 300 <= answer.status < 400:
        reason = f"{host}: status {answer.status}: a redirect is not followed; set its final URL"
    fate = Fate.UNKNOWN if answer.status in _UNKNOWN_STATUS else Fate.UNSENT
    return Told(fate, reason, _wait(answer.getheader("Retry-After", ""), at))


def _wait(given: str, at: datetime) -> float | None:
    """Seconds that Retry-After asks for: a number or a date (RFC 9110, 10.2.3)."""
    text = given.strip(" ")
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - at).total_seconds())


def _form(host: str) -> Callable[[Message], Mapping[str, object]]:
    """What a receiver takes: Google Chat refuses any field but its own, Teams takes cards alone."""
    if host in _TEXT_ONLY:
        return _text
    return _card if host.endswith(_TEAMS) else _whole


def _whole(message: Message) -> Mapping[str, object]:
    return {
        "text": _brief(message),
        "message_id": message.message_id,
        "subject": inert(message.subject),
        **message.data,
    }


def _text(message: Message) -> Mapping[str, object]:
    return {"text": _brief(message)}


def _card(message: Message) -> Mapping[str, object]:
    lines = [line for line in _brief(message).split("\n") if line.strip()]
    content = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": line.strip(), "wrap": True} for line in lines],
    }
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    return {"type": "message", "attachments": [card]}


def _brief(message: Message) -> str:
    """Subject and text, in whole lines, as long as a chat takes."""
    text = f"{inert(message.subject)}\n{message.text.rstrip()}"
    if len(text) <= CHAT_LIMIT:
        return text
    return f"{text[:CHAT_LIMIT].rpartition(chr(10))[0]}\n… and more: mta-sts alerts"

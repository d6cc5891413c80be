"""Webhooks to a real receiver over HTTPS on loopback."""

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from analytics.messages.model import Fate, Message, Told
from analytics.messages.webhook import CHAT_LIMIT, Hook, Webhook, hook, key
from policy.errors import SettingsError
from tests.authority import Authority
from tests.receivers import HookReceiver, Roads, hook_receiver, server_context

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
MESSAGE = Message(
    "0" * 32, "STS Witness: 1 new", "New\n  one\n", data={"type": "alerts", "alerts": []}
)
SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def receiver(authority: Authority) -> Iterator[HookReceiver]:
    with hook_receiver(server_context(str(authority.issue("hooks.example")))) as made:
        yield made


@pytest.fixture
def way(receiver: HookReceiver, authority: Authority) -> Webhook:
    roads = Roads({("hooks.example", 443): receiver.place})
    context = ssl.create_default_context(cafile=str(authority.file))
    return Webhook(
        hook("https://hooks.example/T0/s3cret?x=1"), key(SECRET), context, roads.dial, 5.0
    )


def test_post_has_text_and_fields_and_is_signed(receiver: HookReceiver, way: Webhook) -> None:
    assert way.send(MESSAGE, AT) == Told(Fate.SENT)
    (post,) = receiver.posts
    assert post.path == "/T0/s3cret?x=1"
    assert post.data == {
        "text": "STS Witness: 1 new\nNew\n  one",
        "message_id": "0" * 32,
        "subject": "STS Witness: 1 new",
        "type": "alerts",
        "alerts": [],
    }
    assert post.head["content-type"] == "application/json"
    assert post.head["webhook-id"] == "0" * 32
    assert post.head["webhook-timestamp"] == "1795521600"
    signed = f"{'0' * 32}.1795521600.".encode() + post.body
    digest = hmac.new(b"k" * 24, signed, hashlib.sha256).digest()
    assert post.head["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    replace(way, key=b"").send(MESSAGE, AT)
    assert "webhook-signature" not in receiver.posts[1].head


@pytest.mark.parametrize(
    ("status", "fields", "told"),
    [
        (204, {}, Told(Fate.SENT)),
        (400, {}, Told(Fate.UNSENT, "hooks.example: status 400 'not now'")),
        (404, {"Retry-After": "x"}, Told(Fate.UNSENT, "hooks.example: status 404 'not now'")),
        (429, {"Retry-After": "120"}, Told(Fate.UNSENT, "hooks.example: status 429 'not now'", 120.0)),
        (429, {"Retry-After": "9" * 400}, Told(Fate.UNSENT, "hooks.example: status 429 'not now'")),
        (503, {"Retry-After": "Tue, 24 Nov 2026 13:00:00 GMT"},
         Told(Fate.UNSENT, "hooks.example: status 503 'not now'", 3600.0)),
        (503, {"Retry-After": "Mon, 23 Nov 2026 13:00:00 GMT"},
         Told(Fate.UNSENT, "hooks.example: status 503 'not now'", 0.0)),
        (500, {}, Told(Fate.UNSENT, "hooks.example: status 500 'not now'")),
        (502, {}, Told(Fate.UNKNOWN, "hooks.example: status 502 'not now'")),
        (504, {}, Told(Fate.UNKNOWN, "hooks.example: status 504 'not now'")),
        (307, {"Location": "https://elsewhere.example/"}, Told(
            Fate.UNSENT, "hooks.example: status 307: a redirect is not followed; set its final URL")),
    ],
)  # fmt: skip
def test_what_a_status_says(
    receiver: HookReceiver, way: Webhook, status: int, fields: Mapping[str, str], told: Told
) -> None:
    receiver.status, receiver.fields = status, fields
    assert way.send(MESSAGE, AT) == told
    assert len(receiver.posts) == 1


def test_answer_that_does_not_come_leaves_it_open(receiver: HookReceiver, way: Webhook) -> None:
    receiver.behave = "drop"
    told = way.send(MESSAGE, AT)
    assert told == Told(
        Fate.UNKNOWN, "hooks.example: Remote end closed connection without response"
    )
    receiver.behave = "hang"
    told = replace(way, deadline_s=1.0).send(MESSAGE, AT)
    assert told == Told(Fate.UNKNOWN, "hooks.example: no answer within 1 s")


def test_receiver_that_nobody_is_at_or_nobody_vouches_for_has_nothing(
    receiver: HookReceiver, way: Webhook
) -> None:
    down = Roads({("hooks.example", 443): receiver.place}, is_down=lambda _place: True)
    told = replace(way, dial=down.dial).send(MESSAGE, AT)
    assert told == Told(Fate.UNSENT, "hooks.example: [Errno 111] Connection refused")
    told = replace(way, context=None).send(MESSAGE, AT)
    assert told.fate is Fate.UNSENT
    assert "certificate verify failed" in told.reason
    other = Roads({("other.example", 443): receiver.place})
    told = replace(way, hook=hook("https://other.example/"), dial=other.dial).send(MESSAGE, AT)
    assert "Hostname mismatch" in told.reason
    assert receiver.posts == []


def sent(authority: Authority, host: str, message: Message) -> dict[str, object]:
    """What a receiver of that name is given."""
    with hook_receiver(server_context(str(authority.issue(host)))) as made:
        context = ssl.create_default_context(cafile=str(authority.file))
        roads = Roads({(host, 443): made.place})
        way = Webhook(hook(f"https://{host}/x"), b"", context, roads.dial, 5.0)
        assert way.send(message, AT) == Told(Fate.SENT)
        return made.posts[0].data


def test_each_chat_gets_what_it_takes(authority: Authority) -> None:
    for host in ("hooks.slack.com", "chat.googleapis.com"):
        assert sent(authority, host, MESSAGE) == {"text": "STS Witness: 1 new\nNew\n  one"}
    card = sent(authority, "a.b.environment.api.powerplatform.com", MESSAGE)
    assert card == {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [
                        {"type": "TextBlock", "text": text, "wrap": True}
                        for text in ("STS Witness: 1 new", "New", "one")
                    ],
                },
            }
        ],
    }


def test_chat_gets_no_more_than_it_takes(authority: Authority) -> None:
    long = replace(MESSAGE, text="".join(f"line {number}\n" for number in range(1_000)))
    text = str(sent(authority, "hooks.slack.com", long)["text"])
    assert len(text) < CHAT_LIMIT + 50
    assert text.endswith("\n… and more: mta-sts alerts")
    assert all(line.startswith("line ") for line in text.split("\n")[1:-1])


def test_http_is_for_this_machine(authority: Authority) -> None:
    assert authority
    with hook_receiver() as made:
        way = Webhook(hook(f"http://127.0.0.1:{made.place[1]}/"))
        assert way.send(MESSAGE, AT) == Told(Fate.SENT)
        assert json.loads(made.posts[0].body)["type"] == "alerts"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://hooks.example", Hook("hooks.example", 443, "/")),
        ("https://hooks.example:8443/a?b=c", Hook("hooks.example", 8443, "/a?b=c")),
        ("http://localhost:80/a", Hook("localhost", 80, "/a", is_tls=False)),
    ],
)
def test_hooks(text: str, found: Hook) -> None:
    assert hook(text) == found
    assert "/a" not in repr(found)


@pytest.mark.parametrize(
    "text",
    ["hooks.example", "ftp://hooks.example/", "http://hooks.example/s3cret", "https:///s3cret",
     "https://u:s3cret@hooks.example/", "https://hooks.example:x/s3cret", "https://hooks.example/s3cret\r\nA: b",
     "https://hooks.example/s3crét", "https://[::1/s3cret"],
)  # fmt: skip
def test_what_is_no_hook_is_told_without_it(text: str) -> None:
    with pytest.raises(
        SettingsError, match="^MTA_STS_ALERT_WEBHOOK: expected an https URL"
    ) as caught:
        hook(text)
    assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize(
    ("secret", "found"), [("", b""), (SECRET, b"k" * 24), ("sixteen letters!", b"sixteen letters!")]
)
def test_secrets(secret: str, found: bytes) -> None:
    assert key(secret) == found


@pytest.mark.parametrize("secret", ["short", "whsec_*"])
def test_what_is_no_secret(secret: str) -> None:
    with pytest.raises(
        SettingsError, match="^MTA_STS_ALERT_WEBHOOK_SECRET: expected whsec_"
    ) as caught:
        key(secret)
    assert secret not in str(caught.value)

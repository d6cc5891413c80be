"""The TLS reports of the stories: whole mails, each signed by a key of the demo (RFC 8460, 5.3)."""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from analytics.demo.model import (
    Failure,
    Reporter,
    Reports,
    Stories,
    Story,
    chance,
    picked,
    start_of,
)
from analytics.tlsrpt.model import Channel, Item
from policy.check.model import Lookup, Outcome
from policy.store import ServedPolicy

SOURCE = "mta-sts demo"
SELECTOR = "demo"

_SIGNED = ("From", "To", "Subject", "Date", "TLS-Report-Domain", "TLS-Report-Submitter")
_FETCH_ERROR = "sts-policy-fetch-error"
# No secret: nobody's DNS has its public half, so that it proves nothing outside the demo.
_KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"mta-sts demo: sample data").digest())


@dataclass(frozen=True, slots=True)
class Zone:
    """The signing keys of the demo's reporters, as a resolver has them (RFC 8463)."""

    reporters: Mapping[str, Reporter]

    def __call__(self, name: str) -> Lookup[tuple[bytes, ...]]:
        """The TXT records at a name."""
        known = {f"{SELECTOR}._domainkey.{one.domain}" for one in self.reporters.values()}
        if name not in known:
            return Lookup(name, "TXT", Outcome.ABSENT, reason="no such name", rcode="NXDOMAIN")
        public = base64.b64encode(_KEY.public_key().public_bytes_raw())
        return Lookup(name, "TXT", Outcome.ANSWER, ((b"v=DKIM1; k=ed25519; p=" + public,),))


def items(stories: Stories, end: datetime) -> Iterator[Item]:
    """The reports that have come by the end, as a mailbox gives them, the oldest first."""
    made = [
        item
        for story in stories.domains
        for told in story.reports
        for day in told.days
        if (item := _item(stories.reporters[told.reporter], story, told, day, end)) is not None
    ]
    return iter(sorted(made, key=lambda item: (item.received_at or end, item.member)))


def _item(reporter: Reporter, story: Story, told: Reports, day: int, end: datetime) -> Item | None:
    """The mail of one day; none where the domain had no policy yet, or it is still to come."""
    start = start_of(end, day)
    held = story.at(start, end)
    by = chance(reporter.name, story.name, day)
    sent = start + timedelta(days=1, minutes=by.randint(60, 540))
    if held is None or sent > end:
        return None
    document = _document(reporter, story, held, told, day, start)
    mail = _mail(reporter, story.name, document, start, sent)
    return Item(
        source=SOURCE,
        data=mail,
        channel=Channel.MAIL,
        member=f"{reporter.domain}!{story.name}!{start:%Y-%m-%d}.eml",
        received_at=sent,
        is_sample=True,
    )


def _document(
    reporter: Reporter,
    story: Story,
    held: ServedPolicy,
    told: Reports,
    day: int,
    start: datetime,
) -> bytes:
    failures = [one for one in story.failures if one.reporter == reporter.name and day in one.days]
    # who cannot fetch the policy holds none, and names none
    policy: dict[str, object] = {"policy-type": "sts", "policy-domain": story.name}
    if not any(one.type == _FETCH_ERROR for one in failures):
        policy["policy-string"] = held.body.decode().splitlines()
        policy["mx-host"] = [pattern.text for pattern in held.policy.mx]
    counts = [_count(reporter, story, one.sessions, day) for one in failures]
    document = {
        "organization-name": reporter.organization,
        "date-range": {
            "start-datetime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "end-datetime": f"{start:%Y-%m-%dT}23:59:59Z",
        },
        "contact-info": reporter.contact,
        "report-id": f"{start:%Y-%m-%dT%H:%M:%SZ}_{story.name}",
        "policies": [
            {
                "policy": policy,
                "summary": {
                    "total-successful-session-count": _count(reporter, story, told.sessions, day),
                    "total-failure-session-count": sum(counts),
                },
                "failure-details": [
                    _detail(reporter, one, count)
                    for one, count in zip(failures, counts, strict=True)
                ],
            }
        ],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _count(reporter: Reporter, story: Story, usual: int, day: int) -> int:
    """About so many; never none where there are some, and a lone one stays one."""
    by = chance(reporter.name, story.name, usual, day)
    return max(1, round(usual * by.uniform(0.6, 1.4))) if usual > 1 else usual


def _detail(reporter: Reporter, told: Failure, count: int) -> dict[str, object]:
    detail: dict[str, object] = {"result-type": told.type, "failed-session-count": count}
    if told.mx:
        (address,) = picked(reporter.name, reporter.sending_network, 1)
        detail |= {"sending-mta-ip": address, "receiving-mx-hostname": told.mx}
    if told.reason:
        detail["failure-reason-code"] = told.reason
    return detail


def _mail(
    reporter: Reporter, domain: str, document: bytes, start: datetime, sent: datetime
) -> bytes:
    last = int(start.timestamp()) + 86_399
    name = f"{reporter.domain}!{domain}!{int(start.timestamp())}!{last}.json.gz"
    number = f"{start:%Y.%m.%d}+{domain}@{reporter.domain}"
    fields = {
        "From": reporter.sender,
        "To": f"tlsrpt@{domain}",
        "Date": format_datetime(sent),
        "Message-ID": f"<{number}>",
        "Subject": f"Report Domain: {domain} Submitter: {reporter.domain} Report-ID: <{number}>",
        "TLS-Report-Domain": domain,
        "TLS-Report-Submitter": reporter.domain,
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/report; report-type=tlsrpt; boundary="demo"',
    }
    body = _lines(
        "--demo",
        "Content-Type: text/plain; charset=UTF-8",
        "",
        f"Sample data of mta-sts demo: a TLS report of {reporter.organization} about {domain}",
        "",
        "--demo",
        f'Content-Type: application/tlsrpt+gzip; name="{name}"',
        f'Content-Disposition: attachment; filename="{name}"',
        "Content-Transfer-Encoding: base64",
        "",
        *base64.encodebytes(gzip.compress(document, mtime=0)).decode().splitlines(),
        "",
        "--demo--",
    )
    signature = _signature(reporter.domain, fields, body, sent)
    head = _lines(*(f"{key}: {value}" for key, value in fields.items()))
    return f"{signature}\r\n".encode() + head + b"\r\n" + body


def _signature(domain: str, fields: Mapping[str, str], body: bytes, sent: datetime) -> str:
    """The DKIM-Signature (RFC 6376, 3.7): simple, so that what is signed is what stands there."""
    told = (
        f"DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d={domain}; s={SELECTOR};\r\n"
        f" t={int(sent.timestamp())}; h={':'.join(_SIGNED)};\r\n"
        f" bh={base64.b64encode(sha256(body).digest()).decode()};\r\n b="
    )
    signed = _lines(*(f"{name}: {fields[name]}" for name in _SIGNED)) + told.encode()
    return told + base64.b64encode(_KEY.sign(sha256(signed).digest())).decode()


def _lines(*texts: str) -> bytes:
    return "".join(f"{text}\r\n" for text in texts).encode()

"""Reports as they come in: compressed, in mails, and one that is large."""

import base64
import gzip
import json
import random
from typing import Any

COUNT, MAILS, DETAILS = 2_000, 500, 5_000

_DOMAINS = 200
_CYCLE = 8_400  # reports after which the same domain has the same day
_SENDERS = ("google", "microsoft", "postfix", "stalwart")
_SHARES = (50, 30, 12, 8)  # of those senders among the reports
_FAILING = 0.3  # of the reports have one to three failure details
_TYPES = (
    "certificate-expired",
    "validation-failure",
    "starttls-not-supported",
    "certificate-host-mismatch",
)


def reports(count: int = COUNT) -> list[bytes]:
    """So many reports, each as one gzip member; about 350 bytes of 650.

    A policy stays the same for months, so that most reports of a domain hold the same one.
    """
    dice = random.Random(8460)  # noqa: S311 - the same reports in every run
    return [_member(_report(number, dice)) for number in range(count)]


def mails(members: list[bytes]) -> list[bytes]:
    """A mail for each of some of them, as Google sends them."""
    return [_mail(number, member) for number, member in enumerate(members[:MAILS])]


def large() -> bytes:
    """One report with 5,000 failure details, as one gzip member."""
    dice = random.Random(8460)  # noqa: S311 - the same report in every run
    made = _report(0, dice)
    made["policies"][0]["failure-details"] = [_detail("d0.example", dice) for _ in range(DETAILS)]
    return _member(made)


def _member(report: dict[str, Any]) -> bytes:
    is_spaced = report["organization-name"].endswith("GmbH")  # tlsrpt-reporter leaves the blanks
    text = json.dumps(report, separators=None if is_spaced else (",", ":"))
    return gzip.compress(text.encode(), mtime=0)


def _report(number: int, dice: random.Random) -> dict[str, Any]:
    sender = dice.choices(_SENDERS, _SHARES)[0]
    domain = f"d{number % _DOMAINS}.example"
    year = 2026 - number // _CYCLE
    day = f"{year}-{1 + number % 12:02}-{1 + number // 12 % 28:02}"
    details = [_detail(domain, dice) for _ in range(dice.randrange(1, 4))]
    if dice.random() >= _FAILING:
        details = []
    result: dict[str, Any] = {
        "policy": _policy(number % _DOMAINS, domain, has_hosts=sender != "microsoft"),
        "summary": {
            "total-successful-session-count": dice.randrange(500),
            "total-failure-session-count": sum(each["failed-session-count"] for each in details),
        },
    }
    if details or sender in {"postfix", "stalwart"}:
        result["failure-details"] = details
    return {
        "organization-name": {
            "google": "Google Inc.",
            "microsoft": "Microsoft Corporation",
            "postfix": f"Sender {number % 40} GmbH",
            "stalwart": f"mx{number % 30}.sender.example",
        }[sender],
        "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
        "contact-info": None if sender == "stalwart" else f"tlsrpt@{sender}.example",
        "report-id": {
            "google": f"{day}T00:00:00Z_{domain}",
            "microsoft": f"{133900000000000000 + number * 7919}+{domain}",
            "postfix": f"{day}T00:00:00Z_idx{number}_{domain}",
            "stalwart": f"{1768000000 + number}_{dice.getrandbits(63)}",
        }[sender],
        "policies": [result],
    }


def _policy(number: int, domain: str, *, has_hosts: bool) -> dict[str, Any]:
    hosts = [f"mx{host}.{domain}" for host in range(1, 2 + number % 3)]
    mode = ("testing", "enforce")[number % 2]
    lines = [
        "version: STSv1",
        f"mode: {mode}",
        *(f"mx: {host}" for host in hosts),
        "max_age: 604800",
    ]
    made: dict[str, Any] = {"policy-type": "sts", "policy-string": lines, "policy-domain": domain}
    return {**made, "mx-host": hosts} if has_hosts else made


def _detail(domain: str, dice: random.Random) -> dict[str, Any]:
    return {
        "result-type": dice.choice(_TYPES),
        "sending-mta-ip": f"192.0.2.{dice.randrange(256)}",
        "receiving-ip": f"198.51.100.{dice.randrange(4)}",
        "receiving-mx-hostname": f"mx1.{domain}",
        "failed-session-count": dice.randrange(1, 50),
    }


def _mail(number: int, member: bytes) -> bytes:
    name = f"google.com!d{number % _DOMAINS}.example!1767225600!1767311999!001.json.gz"
    signature = "\r\n         ".join("b=" + "Q" * 70 for _line in range(5))
    text = f"""\
Received: from mail-ot1-f71.google.example (mail-ot1-f71.google.example [192.0.2.71])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
\tby mx1.example.com (Postfix) with ESMTPS id 4F{number:08d}
\tfor <tlsrpt@example.com>; Mon, 02 Nov 2026 04:10:07 +0100 (CET)
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
        d=google.example; s=20251104; t=1793588400; x=1794193200; darn=example.com;
        h=to:from:subject:message-id:tls-report-submitter:tls-report-domain:date
         :mime-version:from:to:cc:subject:date:message-id:reply-to;
        {signature}
MIME-Version: 1.0
Date: Sun, 01 Nov 2026 19:10:01 -0800
TLS-Report-Domain: d{number % _DOMAINS}.example
TLS-Report-Submitter: google.example
Message-ID: <{number}.tls@google.example>
Subject: Report Domain: d.example Submitter: google.example Report-ID: <{number}@google.example>
From: noreply-smtp-tls-reporting@google.example
To: tlsrpt@example.com
Content-Type: multipart/report; boundary="000000000000b06cc30651b4d5d9"; report-type=tlsrpt

--000000000000b06cc30651b4d5d9
Content-Type: text/plain; charset="UTF-8"; format=flowed; delsp=yes

This is an aggregate TLS report from google.example

--000000000000b06cc30651b4d5d9
Content-Type: application/tlsrpt+gzip;
\tname="{name}"
Content-Disposition: attachment;
\tfilename="{name}"
Content-Transfer-Encoding: base64

{base64.encodebytes(member).decode("ascii")}
--000000000000b06cc30651b4d5d9--
"""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()

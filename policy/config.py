"""Settings: the environment variables MTA_STS_*, read once and checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from policy.address import AddressRule, ClientIp, normal, rule
from policy.errors import SettingsError, shown

PREFIX = "MTA_STS_"

# a tenth of a dollar at list prices; all columns of 40 million fetches
MAX_BYTES_BILLED = 20 * 2**30

_Choice = TypeVar("_Choice", bound=StrEnum)

TLSRPT_BUDGET_BYTES = 16 * 1024 * 1024  # 4,096 small reports, or one of the largest
# the id of a project as Google Cloud gives it, and what may begin the name of a dataset
_BIGQUERY = re.compile(
    r"(?P<project>[a-z][a-z0-9-]{4,28}[a-z0-9])(?:[.](?P<prefix>[a-z][a-z0-9_]{0,99}))?"
)
_LOCATION = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,39}")

# name, default as a reader sees it, meaning; the README's table is made from this
KNOWN = (
    (
        "MTA_STS_POLICIES",
        "`$MTA_STS_HOME/policies` where it is, else `policy/data`",
        "folder of the policies, one `<domain>.txt` each; relative to the working directory",
    ),
    ("MTA_STS_HOME", "`var`", "folder of the events, the warehouse and your own policies"),
    (
        "MTA_STS_WAREHOUSE",
        "`duckdb:$MTA_STS_HOME/warehouse.duckdb`",
        "where commands read from: `duckdb:PATH`, or `bigquery:PROJECT`, also with `.PREFIX`: the "
        + "datasets are then `PREFIX_raw` and `PREFIX`, without it `mta_sts_raw` and `mta_sts`",
    ),
    (
        "MTA_STS_EVENTS",
        "`file` under `mta-sts serve`, else `stdout`",
        "where event lines go: `stdout`, `file` (one a day in `$MTA_STS_HOME/events`), `none`",
    ),
    (
        "MTA_STS_CLIENT_ADDRESS",
        "`forwarded:1` on Cloud Run, else `peer`",
        "where the client's address is found: `peer`, `header:NAME`, or `forwarded:N`, the N-th "
        + "from the right in `X-Forwarded-For`",
    ),
    (
        "MTA_STS_CLIENT_IP",
        "`full`",
        "how much of it is kept: `full`, `prefix` (/24, /48), `none`",
    ),
    (
        "MTA_STS_OWN_ADDRESSES",
        "none",
        "addresses by which senders reach this host, parted by commas; `mta-sts serve --ask` says yes "
        + "only to names that lead there",
    ),
    (
        "MTA_STS_RETENTION_DAYS",
        "`400`",
        "days after which events, TLS reports and their rows are deleted",
    ),
    (
        "MTA_STS_TLSRPT_HTTPS",
        "`off`",
        "`on`: take TLS reports by `POST https://mta-sts.<domain>/tlsrpt`",
    ),
    (
        "MTA_STS_TLSRPT_BUDGET_BYTES",
        f"`{TLSRPT_BUDGET_BYTES}`",
        "bytes of posted reports that one instance keeps in an hour, each at least 4096",
    ),
    (
        "MTA_STS_REPORT_MAILBOX",
        "none",
        "mailbox that `mta-sts refresh` takes TLS reports from: `imaps://user@host/folder`",
    ),
    (
        "MTA_STS_IMAP_PASSWORD",
        "none",
        "password of that mailbox, or of the one that `mta-sts ingest imaps://user@host/folder` reads",
    ),
    (
        "MTA_STS_IMAP_TOKEN_COMMAND",
        "none",
        "command that prints an OAuth token for that mailbox instead; run without a shell",
    ),
    (
        "MTA_STS_AUTHSERV_ID",
        "none",
        "id of the receiver whose `Authentication-Results` count: what stands first in that field",
    ),
    (
        "MTA_STS_EXPECT",
        "those that the list of senders expects",
        "operators that must be confirmed before enforce, parted by commas: `google,microsoft`",
    ),
    (
        "MTA_STS_ALERT_MAIL",
        "none",
        "addresses that alerts and the digest are mailed to, parted by commas; needs `MTA_STS_SMTP`",
    ),
    (
        "MTA_STS_ALERT_FROM",
        "the user of `MTA_STS_SMTP` if it is an address, else the first recipient",
        "address that these mails come from",
    ),
    (
        "MTA_STS_SMTP",
        "none",
        "server that mail goes out through: `smtp://user@host:587` (STARTTLS) or "
        + "`smtps://user@host:465`; without a user nobody logs in; `smtp://localhost:25` is spoken "
        + "to without TLS",
    ),
    ("MTA_STS_SMTP_PASSWORD", "none", "password of that user"),
    (
        "MTA_STS_ALERT_WEBHOOK",
        "none",
        "https URL that alerts are posted to as JSON: Slack, Google Chat, Teams, or your own",
    ),
    (
        "MTA_STS_ALERT_WEBHOOK_SECRET",
        "none",
        "secret that these posts are signed with, as Standard Webhooks has it",
    ),
    (
        "MTA_STS_DIGEST",
        "`monday`",
        "day (UTC) on which `mta-sts refresh` mails the digest of the week, or `off`",
    ),
    ("MTA_STS_TIMEZONE", "`UTC`", "zone of the times that people read; stored times are UTC"),
    (
        "MTA_STS_LOCATION",
        "that of the datasets",
        "where BigQuery keeps the data, such as `EU` or `europe-west1`",
    ),
    (
        "MTA_STS_MAX_BYTES_BILLED",
        f"`{MAX_BYTES_BILLED}` (20 GiB)",
        "what one query or load may be billed for in BigQuery; one that would take more is refused",
    ),
)


class EventSink(StrEnum):
    """Where event lines go."""

    STDOUT = "stdout"
    FILE = "file"
    NONE = "none"


class Switch(StrEnum):
    """Whether something is done."""

    ON = "on"
    OFF = "off"


class Weekday(StrEnum):
    """When the digest is due."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, with paths made absolute."""

    policies: Path
    home: Path
    warehouse: str
    events: EventSink
    client_address: AddressRule
    client_ip: ClientIp
    retention_days: int
    timezone: str
    location: str | None
    max_bytes_billed: int
    tlsrpt_https: bool = False
    tlsrpt_budget_bytes: int = TLSRPT_BUDGET_BYTES
    report_mailbox: str = ""
    imap_password: str = field(default="", repr=False)
    imap_token_command: str = ""
    authserv_id: str = ""
    expect: tuple[str, ...] = ()
    alert_mail: str = ""
    alert_from: str = ""
    smtp: str = field(default="", repr=False)  # somebody may have put a password there
    smtp_password: str = field(default="", repr=False)
    alert_webhook: str = field(default="", repr=False)
    alert_webhook_secret: str = field(default="", repr=False)
    digest: Weekday = Weekday.MONDAY
    own_addresses: tuple[str, ...] = ()


def settings(
    environ: Mapping[str, str],
    *,
    cwd: Path,
    code: Path | None = None,
    events: EventSink = EventSink.STDOUT,
) -> Settings:
    """The settings that ``environ`` gives.

    Relative paths are from ``cwd``. ``code`` is the folder that holds main.py where that may be
    another one; ``policy/data`` is looked for there. ``events`` is the default of MTA_STS_EVENTS.

    Raises:
        SettingsError: a variable is unknown, or has a value that it cannot have.
    """
    _refuse_unknown(environ)
    sink = _choice(EventSink, "MTA_STS_EVENTS", environ, events)
    tlsrpt_https = _choice(Switch, "MTA_STS_TLSRPT_HTTPS", environ, Switch.OFF) is Switch.ON
    if tlsrpt_https and sink is EventSink.NONE:
        raise SettingsError("MTA_STS_TLSRPT_HTTPS=on needs MTA_STS_EVENTS=file or stdout")
    home = cwd / environ.get("MTA_STS_HOME", "var")
    on_cloud_run = "K_SERVICE" in environ  # Cloud Run's container contract sets it
    default_address = "forwarded:1" if on_cloud_run else "peer"
    return Settings(
        policies=_policies(environ, cwd, home, code or cwd),
        home=home,
        warehouse=_warehouse(environ.get("MTA_STS_WAREHOUSE", ""), cwd, home),
        events=sink,
        client_address=rule(environ.get("MTA_STS_CLIENT_ADDRESS", default_address)),
        client_ip=_choice(ClientIp, "MTA_STS_CLIENT_IP", environ, ClientIp.FULL),
        retention_days=_days("MTA_STS_RETENTION_DAYS", environ, 400),
        timezone=_timezone(environ.get("MTA_STS_TIMEZONE", "UTC")),
        tlsrpt_https=tlsrpt_https,
        tlsrpt_budget_bytes=_bytes("MTA_STS_TLSRPT_BUDGET_BYTES", environ, TLSRPT_BUDGET_BYTES),
        report_mailbox=_mailbox(environ.get("MTA_STS_REPORT_MAILBOX", "")),
        imap_password=environ.get("MTA_STS_IMAP_PASSWORD", ""),
        imap_token_command=environ.get("MTA_STS_IMAP_TOKEN_COMMAND", ""),
        authserv_id=_authserv_id(environ.get("MTA_STS_AUTHSERV_ID", "")),
        expect=operators(environ.get("MTA_STS_EXPECT", ""), "MTA_STS_EXPECT"),
        alert_mail=environ.get("MTA_STS_ALERT_MAIL", ""),
        alert_from=environ.get("MTA_STS_ALERT_FROM", ""),
        smtp=environ.get("MTA_STS_SMTP", ""),
        smtp_password=environ.get("MTA_STS_SMTP_PASSWORD", ""),
        alert_webhook=environ.get("MTA_STS_ALERT_WEBHOOK", ""),
        alert_webhook_secret=environ.get("MTA_STS_ALERT_WEBHOOK_SECRET", ""),
        digest=_choice(Weekday, "MTA_STS_DIGEST", environ, Weekday.MONDAY),
        own_addresses=_addresses("MTA_STS_OWN_ADDRESSES", environ),
        location=_location(environ.get("MTA_STS_LOCATION", "")),
        max_bytes_billed=_bytes("MTA_STS_MAX_BYTES_BILLED", environ, MAX_BYTES_BILLED),
    )


def operators(given: str, name: str) -> tuple[str, ...]:
    """The slugs that the setting or option ``name`` gives, each once.

    Raises:
        SettingsError: one of them is no slug; whether the list of senders has it is not looked at.
    """
    words = (word.strip(" ").lower() for word in given.split(","))
    found = tuple(dict.fromkeys(word for word in words if word))
    if any(not (slug.isascii() and slug.replace("-", "").isalnum()) for slug in found):
        expected = "expected operators such as google,microsoft"
        raise SettingsError(f"{name}: {expected}, found {shown(given)}")
    return found


def _addresses(name: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    words = [word.strip(" ") for word in environ.get(name, "").split(",")]
    found = tuple(dict.fromkeys(normal(word) for word in words if word))
    if "" in found:
        wrong = next(word for word in words if word and not normal(word))
        expected = "expected addresses such as 192.0.2.10,2001:db8::10"
        raise SettingsError(f"{name}: {expected}, found {shown(wrong)}")
    return found


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = [name for name, _default, _meaning in KNOWN]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            import difflib

            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
            raise SettingsError(f"{name} is no setting; did you mean {nearest}?")


def _policies(environ: Mapping[str, str], cwd: Path, home: Path, code: Path) -> Path:
    if given := environ.get("MTA_STS_POLICIES"):
        return cwd / given
    own, shipped = home / "policies", code / "policy" / "data"
    return shipped if shipped.is_dir() and not own.is_dir() else own


def _warehouse(given: str, cwd: Path, home: Path) -> str:
    if not given:
        return f"duckdb:{home / 'warehouse.duckdb'}"
    kind, _colon, path = given.partition(":")
    if kind == "duckdb" and path:
        return f"duckdb:{cwd / path}"
    if kind == "bigquery" and (found := _BIGQUERY.fullmatch(path)):
        return f"bigquery:{found['project']}.{found['prefix'] or 'mta_sts'}"
    expected = "expected duckdb:PATH or bigquery:PROJECT"
    if kind == "bigquery":
        expected += (
            ", a project's id of 6 to 30 of a-z, 0-9 and -, also with .PREFIX of a-z, 0-9, _"
        )
    raise SettingsError(f"MTA_STS_WAREHOUSE: {expected}; found {shown(given)}")


def _mailbox(given: str) -> str:
    """Who reads it says what is wrong within; what may hold a password is never repeated."""
    if given and not given.lower().startswith(("imaps://", "imap://")):
        raise SettingsError("MTA_STS_REPORT_MAILBOX: expected imaps://user@host/folder")
    return given


def _location(given: str) -> str | None:
    if given and not _LOCATION.fullmatch(given):
        expected = "expected a location of BigQuery such as EU or europe-west1"
        raise SettingsError(f"MTA_STS_LOCATION: {expected}, found {shown(given)}")
    return given or None


def _bytes(name: str, environ: Mapping[str, str], default: int) -> int:
    given = environ.get(name, str(default))
    if not (given.isascii() and given.isdigit() and 0 < len(given) < 19 and int(given) > 0):
        raise SettingsError(f"{name}: expected a number of bytes from 1, found {shown(given)}")
    return int(given)


def _choice(
    kind: type[_Choice], name: str, environ: Mapping[str, str], default: _Choice
) -> _Choice:
    given = environ.get(name, default)
    if given not in set(kind):
        expected = ", ".join(kind)
        raise SettingsError(f"{name}: expected one of {expected}, found {shown(given)}")
    return kind(given)


def _days(name: str, environ: Mapping[str, str], default: int) -> int:
    given = environ.get(name, str(default))
    if not (given.isascii() and given.isdigit() and 0 < len(given) < 6 and int(given) > 0):
        raise SettingsError(f"{name}: expected a number of days from 1, found {shown(given)}")
    return int(given)


def _authserv_id(given: str) -> str:
    """RFC 8601, 2.2 has any value; one that would end the field's first part is none."""
    if not given.isprintable() or set(given) & set(' ;="()'):
        expected = "expected a name such as mx.example.com"
        raise SettingsError(f"MTA_STS_AUTHSERV_ID: {expected}, found {shown(given)}")
    return given


def _timezone(given: str) -> str:
    if given != "UTC":
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(given)
        except (ZoneInfoNotFoundError, ValueError) as error:
            expected = "expected a zone such as Europe/Berlin"
            raise SettingsError(f"MTA_STS_TIMEZONE: {expected}, found {shown(given)}") from error
    return given

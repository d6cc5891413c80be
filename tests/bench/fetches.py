"""Event lines of a busy month, the same in every run."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from policy.events import FetchEvent, Outcome, line

START = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = 30

_DOMAINS, _CLIENTS = 500, 20_000
_USER_AGENTS = ("Google-SMTP-STS", "postfix-mta-sts-resolver", "MTA-STS", "curl/8.5.0", None)
_OUTCOMES = (Outcome.SERVED, Outcome.UNKNOWN_HOST, Outcome.UNKNOWN_PATH)


def write(folder: Path, count: int) -> None:
    """So many events, a file for each day."""
    chosen = random.Random(8461)  # noqa: S311 - the same in every run
    folder.mkdir()
    for day in range(DAYS):
        start = START + timedelta(days=day)
        numbers = range(count * day // DAYS, count * (day + 1) // DAYS)
        with (folder / f"{start:%Y-%m-%d}.jsonl").open("wb") as file:
            file.writelines(_lines(chosen, start, numbers))


def _lines(chosen: random.Random, start: datetime, numbers: range) -> Iterator[bytes]:
    gap = timedelta(days=1) / max(1, len(numbers))
    for index, number in enumerate(numbers):
        event = _event(chosen, number, start + index * gap)
        yield line(event, latency_us=chosen.randrange(80, 900))


def _event(chosen: random.Random, number: int, at: datetime) -> FetchEvent:
    (outcome,) = chosen.choices(_OUTCOMES, (95, 3, 2))
    is_served = outcome is Outcome.SERVED
    which = min(int(chosen.expovariate(0.02)), _DOMAINS - 1)  # few domains have most fetches
    client = chosen.randrange(_CLIENTS)
    address = f"10.{client >> 8}.{client & 255}.{client % 200}"
    (user_agent,) = chosen.choices(_USER_AGENTS, (40, 25, 20, 10, 5))
    return FetchEvent(
        event_id=f"{chosen.getrandbits(96):024x}{number:08x}",
        fetched_at=at,
        message="",
        policy_domain=f"domain{which}.example",
        policy_host=f"mta-sts.domain{which}.example",
        policy_id=f"{which:020x}" if is_served else "",
        policy_fingerprint=f"{which:020x}" if is_served else "",
        policy_mode="enforce" if is_served else "",
        policy_max_age=604_800 if is_served else 0,
        http_method="GET",
        path="/.well-known/mta-sts.txt" if outcome is not Outcome.UNKNOWN_PATH else "/",
        http_status=200 if is_served else 404,
        outcome=outcome,
        client_ip=address,
        client_ip_source="forwarded",
        client_prefix=address.rpartition(".")[0] + ".0/24",
        forwarded_for=address,
        user_agent=user_agent,
        accept=None,
        accept_encoding="gzip",
        cache_control="",
        content_type="",
        http_protocol="HTTP/1.1",
        response_bytes=80 if is_served else 10,
        trace_id="",
        span_id="",
    )

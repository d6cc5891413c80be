"""A step of cloudbuild.yaml: what is served before a deployment, and whether it is right after it.

    smoke.py before        notes what the policy hosts serve now
    smoke.py after         compares, asks once with a forged address, and looks for the event

Exit status of ``after``: 0, or 10 where wrong bytes are served. Environment: SERVICE_URL, and
for stand-ins CONNECT_TO (address:port) and CA_FILE.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analytics.deploy import smoke
from analytics.deploy.smoke import Asked, Served, Told
from analytics.errors import AnalyticsError
from analytics.warehouse.base import Limits
from cli.warehouse import opened
from policy import config
from policy.check import https
from policy.check.dns import Resolver
from policy.check.model import Fetch, Outcome
from policy.domain import HOST_PREFIX, policy_url
from policy.store import PolicyFolder

WRONG = 10
BEFORE = Path(os.environ.get("DEPLOY_STATE", ".deploy")) / "before.json"
WAIT_S = float(os.environ.get("EVENT_WAIT_S", "120"))
SQL = """
    SELECT client_ip FROM mta_sts.policy_fetches_live WHERE user_agent = @agent
"""


def main(what: str) -> int:
    """Run one of the two."""
    settings = config.settings(os.environ, cwd=Path.cwd())
    folder = PolicyFolder(settings.policies)
    domains = list(folder.domains())[: smoke.MAX_DOMAINS]
    if what == "before":
        smoke.keep({domain: _fetch(domain).body or None for domain in domains}, BEFORE)
        return 0
    before = smoke.kept(BEFORE)
    told, url = [], os.environ["SERVICE_URL"]
    for domain in domains:
        own = folder.served(domain)
        if own is not None:
            after = _fetch(domain)
            what = smoke.served(own.body, before.get(domain), after)
            told.append(smoke.tell(domain, what, after))
            if what is Served.RIGHT:
                url = policy_url(domain)  # by way of the front that senders meet
    told += _client(settings, url)
    for line in smoke.lines(told):
        print(line, flush=True)
    return WRONG if any(each.is_wrong for each in told) else 0


def _fetch(domain: str) -> Fetch:
    ca_file = os.environ.get("CA_FILE")
    if elsewhere := _elsewhere():
        return https.fetch(domain, [elsewhere[0]], port=elsewhere[1], ca_file=ca_file)
    found = Resolver().addresses(HOST_PREFIX + domain)
    if found.outcome is not Outcome.ANSWER:
        return Fetch(policy_url(domain), found.outcome, "address", found.reason)
    return https.fetch(domain, found.values, ca_file=ca_file)


def _elsewhere() -> tuple[str, int] | None:
    address, colon, port = os.environ.get("CONNECT_TO", "").rpartition(":")
    return (address, int(port)) if colon else None


def _client(settings: config.Settings, url: str) -> list[Told]:
    try:
        asked = smoke.ask(url, ca_file=os.environ.get("CA_FILE"), connect_to=_elsewhere())
    except OSError as error:
        return [Told(f"{url} does not answer: {error}", is_warning=True)]
    return [smoke.start(asked), _address(settings, asked)]


def _address(settings: config.Settings, asked: Asked) -> Told:
    warehouse = opened(settings)
    until = time.monotonic() + WAIT_S

    def find(agent: str) -> list[str | None]:
        try:
            rows = warehouse.ask(SQL, {"agent": agent}, limits=Limits(60))
        except AnalyticsError as error:
            print(f"looking for the event: {error}", flush=True)
            return []
        return [None if value is None else str(value) for (value,) in rows]

    def pause() -> bool:
        left = until - time.monotonic()
        if left <= 0:
            return False
        print(f"the event is not there yet; {left:.0f} s more at most", flush=True)
        time.sleep(min(10.0, left))
        return True

    return smoke.address(asked, find, pause)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

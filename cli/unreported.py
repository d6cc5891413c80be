"""Why there is no TLS report, and how to get one."""

from collections.abc import Mapping
from datetime import date

from cli.showing import say

SILENCE = (
    "Silence is not success: who had no mail for you reports nothing, some senders report only "
    "failures, reports come late (most within two days, some after weeks), and a mailbox that "
    "refuses them looks just the same."
)

# for SQL over tlsrpt_results_daily: the day of a report, unless it cannot be (range-impossible)
POSSIBLE_DATE = "IF(is_possible_date, report_date, NULL)"


def explain_no_report(domain: str | None, known: Mapping[str, date], since: date | None) -> None:
    """Say why there is none; ``known`` has the day of the last one of each domain."""
    name = domain or "DOMAIN"
    if since is not None and known:
        last = max(known.values())
        say(
            f"No report for {since} or later; the last one is for {last}. Try: mta-sts reports {name}"
        )
        return
    say(f"No TLS report{f' about {domain}' if domain else ''} was taken in yet. What to try:")
    for number, cause in enumerate(
        (
            (
                "Take in one that you have: save the mail with its attachment (.eml) and "
                "mta-sts ingest FILE. It takes folders, mailboxes (IMAP) and what was posted too."
            ),
            (
                f"Is the TLSRPT record there? dig +short TXT _smtp._tls.{name}; mta-sts records {name} "
                "says what it should be."
            ),
            (
                "Does its mailbox take mail from anybody? Send it one from outside, with an attachment. "
                "A report comes the day after the first mail from a sender that reports."
            ),
        ),
        start=1,
    ):
        say(f"{number}. {cause}", indent=2, hang=3)
    say(SILENCE, indent=2)

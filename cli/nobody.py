"""Why nobody fetches a policy, and what to try."""

from cli.showing import say


def explain_nobody(domain: str | None) -> None:
    """The likely causes, the likeliest first (RFC 8461, 3)."""
    name = domain or "DOMAIN"
    say(f"Nobody has fetched {f'the policy of {domain}' if domain else 'a policy'} yet. Likely:")
    for number, cause in enumerate(
        (
            (
                f"Nobody has sent mail to {name} since the record is there: senders fetch when they "
                "have mail. Send yourself one from Gmail or Outlook.com and look again."
            ),
            (
                f"There is no valid STS record, so nobody asks: dig +short TXT _mta-sts.{name}, and "
                f"mta-sts records {name} says what it should be."
            ),
            (
                "The request does not reach the policy host (name, port 443, certificate): "
                f"curl -sSi https://mta-sts.{name}/.well-known/mta-sts.txt must leave a line in "
                "mta-sts fetches."
            ),
            (
                "Something in front answers in its place: a cache, a CDN, a filter against bots. "
                "The same curl then shows the policy and leaves no line."
            ),
            (
                "The events go elsewhere: MTA_STS_EVENTS=none, another MTA_STS_HOME, or the policy is "
                "served from another machine."
            ),
        ),
        start=1,
    ):
        say(f"{number}. {cause}", indent=2, hang=3)

"""The result types of TLS reports: what each means, what to do, and what it does under enforce.

RFC 8460, 4.3 has the types; causes and remedies are what mail servers and policy hosts are known to
get wrong. The list grows (RFC 8460, 6.6): a type that is not here is shown as it came.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_MOST_OF_A_REASON = 4_000  # characters of a reason that are looked at; it comes from outside


class Place(StrEnum):
    """Where to look."""

    MAIL_SERVER = "mail-server"
    POLICY_HOST = "policy-host"
    DNS = "dns"
    SENDER = "sender"
    UNKNOWN = "unknown"


class Whose(StrEnum):
    """Who has to mend it."""

    YOURS = "yours"
    YOURS_OR_PATH = "yours-or-path"  # or something between the two mail servers
    EITHER = "either"  # yours or the sender's
    SENDERS = "senders"
    UNKNOWN = "unknown"


class Blocks(StrEnum):
    """Whether the mode should not become enforce while senders report it."""

    YES = "yes"
    IF_REPEATED = "if-repeated"  # on several days, or by several senders
    NO = "no"


class Effect(StrEnum):
    """What becomes of the mail of that sender once the mode is enforce."""

    MAIL_REFUSED = "mail-refused"  # it is not delivered to that MX host (RFC 8461, 5)
    POLICY_UNUSED = "policy-unused"  # it is delivered, and nothing protects it (RFC 8461, 5.1)
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """What a failure-reason-code adds; ``pattern`` is searched for in its text, in lower case.

    The pattern is of RE2, so that databases can search for it too. ``name`` is for translations,
    once a type.
    """

    name: str
    pattern: str
    cause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ResultType:
    """One result type; ``reasons`` are tried in their order, the first that fits counts."""

    code: str
    section: str
    place: Place
    whose: Whose
    blocks: Blocks
    effect: Effect
    cause: str
    remedy: str
    reasons: tuple[Reason, ...] = ()

    def explained(self, reason_code: str | None) -> tuple[str, str]:
        """Cause and remedy, by the sender's reason where that tells more."""
        text = (reason_code or "")[:_MOST_OF_A_REASON].lower()
        for reason in self.reasons:
            if re.search(reason.pattern, text):
                return reason.cause, reason.remedy
        return self.cause, self.remedy


def known(code: str) -> ResultType | None:
    """The type of that name, in whatever case; none where no register has it."""
    return _BY_CODE.get(code.lower())


_NEGOTIATION, _DANE, _STS = "RFC 8460, 4.3.1", "RFC 8460, 4.3.2.1", "RFC 8460, 4.3.2.2"
_INTERMEDIATE = (
    "Serve the full chain: the certificate, then each intermediate one. "
    "openssl s_client -starttls smtp -connect MX:25 -showcerts shows what is served."
)
_SELF_SIGNED = (
    "A certificate of a public authority is needed; a self-signed one satisfies only senders that "
    "check by DANE."
)

RESULT_TYPES = (
    ResultType(
        "starttls-not-supported",
        _NEGOTIATION,
        Place.MAIL_SERVER,
        Whose.YOURS_OR_PATH,
        Blocks.YES,
        Effect.MAIL_REFUSED,
        "The MX host answered without offering STARTTLS, or something on the path took the offer "
        "away.",
        "Turn STARTTLS on for port 25 of that host, backup MX included. Look for firewalls that "
        "rewrite SMTP (Cisco: smtp fixup, ESMTP inspection). If one sender alone sees it, suspect "
        "its path.",
    ),
    ResultType(
        "certificate-host-mismatch",
        _NEGOTIATION,
        Place.MAIL_SERVER,
        Whose.YOURS,
        Blocks.YES,
        Effect.MAIL_REFUSED,
        "The certificate does not name the MX host, or the policy has no mx line for that host.",
        "Put every MX host name into the certificate (subjectAltName; a wildcard stands for one "
        "label). Compare the mx lines of the policy with the MX records; after a change of the "
        "policy, publish the new id.",
    ),
    ResultType(
        "certificate-expired",
        _NEGOTIATION,
        Place.MAIL_SERVER,
        Whose.YOURS,
        Blocks.YES,
        Effect.MAIL_REFUSED,
        "The certificate of the MX host is past its end date.",
        "Renew it and reload the mail server afterwards: many serve the old one until then. Look at "
        "each MX host, and at the certificate served to clients that send no SNI.",
        (
            Reason(
                "not-yet-valid",
                r"not[ _-]yet[ _-]valid",
                "The certificate of the MX host is not valid yet, by the sender's clock.",
                "Compare the clock of the host that made the certificate; senders set theirs right as "
                "a rule. The certificate of before serves until then.",
            ),
        ),
    ),
    ResultType(
        "certificate-not-trusted",
        _NEGOTIATION,
        Place.MAIL_SERVER,
        Whose.YOURS,
        Blocks.YES,
        Effect.MAIL_REFUSED,
        "The chain of the MX host's certificate does not end at an authority that the sender trusts: "
        "self-signed, of a private authority, or without its intermediate certificate.",
        f"{_INTERMEDIATE} {_SELF_SIGNED}",
        (
            Reason(
                "self-signed",
                r"self[ _-]?signed",
                "The certificate of the MX host is self-signed, or its chain ends in a self-signed "
                "one that the sender does not know.",
                f"{_SELF_SIGNED} For the chain of a public authority: {_INTERMEDIATE}",
            ),
            Reason(
                "issuer-unknown",
                r"local[ _-]issuer|get[ _-]issuer|verify[ _-]the[ _-]first|verify[ _-]leaf"
                r"|unknown[ _-]authority|unknown[ _-]ca\b|unknown-certificate-authority",
                "An intermediate certificate is missing, or the authority is a private one: the "
                "sender cannot follow the chain to one that it trusts.",
                f"{_INTERMEDIATE} {_SELF_SIGNED}",
            ),
        ),
    ),
    ResultType(
        "validation-failure",
        _NEGOTIATION,
        Place.MAIL_SERVER,
        Whose.EITHER,
        Blocks.IF_REPEATED,
        Effect.MAIL_REFUSED,
        "Some other failure: the TLS handshake broke off, or the MX host is not one of the policy; "
        "Google reports that so.",
        "If no mx line covers the MX host, mend the policy and publish the new id. Else test TLS 1.2 "
        "and 1.3 on port 25 of that host. A few sessions of one sender alone: watch it.",
        (
            Reason(
                "protocol-version",
                r"protocol[ _-]version|unsupported[ _-]protocol|version too low",
                "Sender and MX host have no version of TLS in common.",
                "Offer TLS 1.2 and 1.3 on port 25 of that host; many senders refuse what is older.",
            ),
            Reason(
                "no-common-cipher",
                r"handshake[ _-]failure|no shared cipher|no[ _-]ciphers",
                "Sender and MX host have no cipher in common, or the certificate's kind is one that "
                "the sender does not take.",
                "Offer the usual ciphers of TLS 1.2 and 1.3, and an RSA certificate beside an ECDSA one.",
            ),
            Reason(
                "too-weak",
                r"key too small|dh[ _-]key|md too weak|insufficient[ _-]security",
                "A key or hash of the MX host is too weak for the sender.",
                "Use RSA of 2,048 bits or more, SHA-256, and DH parameters of 2,048 bits or ECDHE alone.",
            ),
            Reason(
                "timed-out",
                r"timed?[ _-]?out|deadline exceeded",
                "The MX host did not answer in time during the handshake.",
                "Look at the load of that host, and at filters that hold connections back (greeting "
                "delays, tarpits) on port 25.",
            ),
        ),
    ),
    ResultType(
        "tlsa-invalid",
        _DANE,
        Place.DNS,
        Whose.YOURS,
        Blocks.NO,
        Effect.NONE,
        "No TLSA record of the MX host fits the certificate that it serves (DANE).",
        "Senders that check by DANE refuse mail already, whatever the policy says. Publish the record "
        "of the new key before the key changes: 3 1 1 of the current and of the next one, for every "
        "MX host.",
    ),
    ResultType(
        "dnssec-invalid",
        _DANE,
        Place.DNS,
        Whose.YOURS,
        Blocks.NO,
        Effect.NONE,
        "The DNS answers for the MX host do not validate by DNSSEC.",
        "Look at the DS record, at expired signatures and at the keys: delv _25._tcp.MX TLSA. Sign the "
        "zone again.",
    ),
    ResultType(
        "dane-required",
        _DANE,
        Place.SENDER,
        Whose.SENDERS,
        Blocks.NO,
        Effect.NONE,
        "The sender insists on DANE for this domain and found no TLSA record that it can use.",
        "It is the sender's own choice or an agreement with it: talk to it, or publish TLSA records "
        "in a signed zone.",
    ),
    ResultType(
        "sts-policy-fetch-error",
        _STS,
        Place.POLICY_HOST,
        Whose.YOURS,
        Blocks.YES,
        Effect.POLICY_UNUSED,
        "The sender could not fetch the policy: DNS of the policy host, its certificate, a time-out, "
        "a status other than 200, a redirect, or a filter against bots.",
        "mta-sts query fetch_errors_explained says whether its request reached this policy host that "
        "day. If not: A and AAAA of the policy host, certificate, firewall, bot filter.",
        (
            Reason(
                "not-found",
                r"\b404\b",
                "The sender asked for the policy and was told that there is none (404).",
                "Look for the host and path it asked for: mta-sts query refused_fetches. Senders ask "
                "for /.well-known/mta-sts.txt on the policy host, and nothing else counts.",
            ),
            Reason(
                "turned-away",
                r"\b(401|403|429)\b|forbidden|too many requests",
                "Something in front of the policy host turned the sender away (401, 403 or 429).",
                "Take the policy host out of every filter against bots, out of rate limits and "
                "authentication.",
            ),
            Reason(
                "redirected",
                r"(http|response|status)[^0-9]{0,20}30[1-8]\b|redirect",
                "The policy host answered with a redirect, which a sender must not follow (RFC 8461, 3.3).",
                "Serve the text itself at https://mta-sts.DOMAIN/.well-known/mta-sts.txt, without a "
                "redirect.",
            ),
            Reason(
                "server-error",
                r"(http|response|status)[^0-9]{0,20}5[0-9][0-9]\b",
                "The policy host answered with an error of its own (5xx).",
                "mta-sts query refused_fetches shows what it answered; what is not there was answered "
                "by a load balancer or proxy in front of it.",
            ),
            Reason(
                "not-reached",
                r"timed?[ _-]?out|deadline exceeded|connection refused|unreachable",
                "The policy host could not be reached, or did not answer in time; some senders give up "
                "after 2 seconds.",
                "Ask it by IPv4 and by IPv6, for a published AAAA that leads nowhere costs every sender "
                "that prefers it: curl -4 and curl -6. Look at firewalls, then at slow starts.",
            ),
            Reason(
                "not-resolved",
                r"nxdomain|no such host|name[ _-]resolution|servfail|\bdns\b",
                "The name of the policy host could not be resolved.",
                "dig A and AAAA of the policy host, and through a second resolver; a CNAME must lead to "
                "a name that is there.",
            ),
            Reason(
                "certificate",
                r"certificate|x509|\btls\b|\bssl\b",
                "The certificate of the policy host did not convince the sender, or TLS failed.",
                "Serve a certificate of a public authority for the policy host's name, with its full "
                "chain, also to clients by IPv6.",
            ),
        ),
    ),
    ResultType(
        "sts-policy-invalid",
        _STS,
        Place.POLICY_HOST,
        Whose.YOURS,
        Blocks.YES,
        Effect.POLICY_UNUSED,
        "The policy was fetched and is no policy to the sender: version, mode, max_age or mx is wrong "
        "or missing, or the Content-Type is not text/plain.",
        "mta-sts review DOMAIN names the line and the senders that refuse it. If nothing is wrong "
        "here, something in front serves another text: compare with curl.",
    ),
    ResultType(
        "sts-webpki-invalid",
        _STS,
        Place.POLICY_HOST,
        Whose.YOURS,
        Blocks.YES,
        Effect.POLICY_UNUSED,
        "The certificate of the policy host is not valid for its name.",
        "Serve a certificate of a public authority for the policy host's name, with its full chain; a "
        "managed one may still be on its way. Look at IPv4 and IPv6, and at clients without SNI.",
        (
            Reason(
                "expired",
                r"expired",
                "The certificate of the policy host has expired.",
                "Renew it, reload whatever serves it, and look at every address of the policy host.",
            ),
            Reason(
                "not-trusted",
                r"self[ _-]?signed|local[ _-]issuer|get[ _-]issuer|unknown[ _-]authority|unknown[ _-]ca\b",
                "The chain of the policy host's certificate does not end at an authority that the "
                "sender trusts.",
                "Serve the full chain of a public authority: the certificate, then each intermediate "
                "one.",
            ),
        ),
    ),
)

NOT_STATED = ResultType(
    "",
    "RFC 8460, 4.4",
    Place.UNKNOWN,
    Whose.UNKNOWN,
    Blocks.NO,
    Effect.UNKNOWN,
    "The report counts failed sessions and does not say how they failed.",
    "Look at what other senders report for the same days, and ask each MX host yourself: "
    "openssl s_client -starttls smtp -connect MX:25.",
)
UNKNOWN = ResultType(
    "(unknown)",
    "RFC 8460, 6.6",
    Place.UNKNOWN,
    Whose.UNKNOWN,
    Blocks.NO,
    Effect.UNKNOWN,
    "RFC 8460 does not list this result type: it stands here as the report has it.",
    "Read the reason that the report gives, and ask the sender what it means before the mode "
    "becomes enforce.",
)

_BY_CODE = {kind.code: kind for kind in RESULT_TYPES}

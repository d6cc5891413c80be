"""The result types of TLS reports (RFC 8460, 4.3), as the people have them who read one."""

from dataclasses import dataclass

from policy.rules.rule import Whose

_LOSES = "Under enforce senders hold this mail back, and return it after some days."
_WEAKENS = (
    "Mail still arrives: a sender that holds the policy goes by it, one without delivers as if "
    "there were none. When what they hold runs out, so does the protection."
)
_DANE = "Senders that use DANE hold this mail back; MTA-STS does not save it (RFC 8461, 2)."


@dataclass(frozen=True, slots=True)
class ResultType:
    """What a type means; ``effect`` is what it does to mail, ``codes`` are findings that cause it."""

    name: str
    meaning: str
    cause: str
    whose: Whose
    effect: str
    remedy: str
    codes: tuple[str, ...] = ()
    blocks_enforce: bool = True


RESULT_TYPES = (
    ResultType(
        "starttls-not-supported",
        "The MX host answered and did not offer STARTTLS.",
        "TLS is not set up there, or something on the way took the offer out. Where one sender "
        "alone sees it, its own path is likely.",
        Whose.MX,
        _LOSES,
        "Set TLS up at port 25 of that host, spares too; let no firewall rewrite SMTP.",
        ("starttls-not-supported",),
    ),
    ResultType(
        "certificate-host-mismatch",
        "The certificate is not for the MX host, or the MX host is not one of the policy's mx.",
        "A certificate for another name, an MX record that changed without the policy, or a "
        "wildcard that is one label too short.",
        Whose.MX,
        _LOSES,
        "Compare the mx lines with the MX records, and the certificate with the MX host's name.",
        ("certificate-host-mismatch", "mx-not-covered"),
    ),
    ResultType(
        "certificate-expired",
        "The certificate of the MX host has ended.",
        "A renewal that failed, or a mail server that was not told of the new one.",
        Whose.MX,
        _LOSES,
        "Renew it, reload the mail server, and look at every MX host.",
        ("certificate-expired", "mx-certificate-ends-soon"),
    ),
    ResultType(
        "certificate-not-trusted",
        "The certificate does not lead to a root that the sender trusts.",
        "A self-signed certificate, a CA of one's own, or an intermediate that is not sent.",
        Whose.MX,
        _LOSES,
        "Install a certificate of a public CA with its whole chain.",
        ("certificate-not-trusted",),
    ),
    ResultType(
        "validation-failure",
        "Something else failed while TLS was set up or checked.",
        "A handshake that broke off, no version or cipher in common, or an MX host that the policy "
        "does not cover, which Google reports so.",
        Whose.MX,
        _LOSES,
        "Read failure-reason-code in the report; see that the policy covers the host, then TLS. "
        "Few sessions of one sender alone may be its own trouble.",
        ("validation-failure", "mx-not-covered", "mx-tls-too-old", "mx-protocol-broken"),
    ),
    ResultType(
        "tlsa-invalid",
        "No TLSA record goes with the certificate of the MX host.",
        "A new certificate with a new key, and the old TLSA record.",
        Whose.DNS,
        _DANE,
        "Publish the new TLSA record before the key changes, and keep the old one beside it.",
        ("dane-present",),
        blocks_enforce=False,
    ),
    ResultType(
        "dnssec-invalid",
        "The answers of DNS do not validate.",
        "An expired signature, or a DS record that does not go with the key.",
        Whose.DNS,
        _DANE,
        "Sign the zone again, and compare its DS record: delv shows where it breaks.",
        (),
        blocks_enforce=False,
    ),
    ResultType(
        "dane-required",
        "The sender insists on DANE for this domain and found no secure TLSA record.",
        "An agreement with that sender, or its setting.",
        Whose.SENDER,
        _DANE,
        "Settle it with that sender, or publish TLSA records.",
        (),
        blocks_enforce=False,
    ),
    ResultType(
        "sts-policy-fetch-error",
        "The policy could not be fetched.",
        "DNS, port 443, TLS, a status other than 200, a redirect, or an answer that came too late. "
        "A request that is in the fetch log reached the host; one that is not did not.",
        Whose.HOST,
        _WEAKENS,
        "Look at the fetches of that day, then at the host from outside.",
        (
            "sts-policy-fetch-error",
            "policy-host-missing",
            "policy-redirected",
            "policy-status-invalid",
            "policy-slow",
            "policy-timeout",
        ),
    ),
    ResultType(
        "sts-policy-invalid",
        "The policy was fetched and is none, or came with another media type.",
        "A fault in the text, or a page in its place.",
        Whose.POLICY,
        _WEAKENS,
        "Review the text, and see what the host really serves.",
        ("media-type-invalid", "media-type-missing", "line-malformed", "mx-missing"),
    ),
    ResultType(
        "sts-webpki-invalid",
        "The certificate of the policy host is not valid for it.",
        "It has ended, is for another name, or its chain is not sent.",
        Whose.HOST,
        _WEAKENS,
        "Install a certificate for mta-sts. and the domain, with its chain.",
        ("sts-webpki-invalid", "policy-certificate-ends-soon"),
    ),
)

BY_NAME = {one.name: one for one in RESULT_TYPES}

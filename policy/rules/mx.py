"""Rules about MX records and MX hosts (RFC 8461, 4 and 5)."""

from policy.findings import Severity
from policy.rules.rule import Rule, Whose

_ERROR, _WARNING, _NOTICE, _UNKNOWN = Severity
_MATCHING = "RFC 8461, 4.1"
_CERTIFICATE = "RFC 8461, 4.2"
_STARTTLS = "RFC 8461, 4"
_MX = Whose.MX


def _host(
    code: str, section: str, meaning: str, cause: str, remedy: str, result_type: str = ""
) -> Rule:
    """A fault for which senders deliver no mail to a host under enforce."""
    return Rule(
        code, _ERROR, section, meaning, cause, remedy, _MX, result_type, unenforced=_WARNING
    )


def _not_seen(code: str, section: str, meaning: str, cause: str, remedy: str, whose: Whose) -> Rule:
    return Rule(code, _UNKNOWN, section, meaning, cause, remedy, whose)


_RECORDS = (
    _not_seen(
        "mx-lookup-failed",
        "RFC 5321, 5.1",
        "The MX records could not be asked for, so nothing is said about them.",
        "The zone's servers or the resolver gave no answer, or DNSSEC does not validate.",
        "Ask again, and another resolver: --resolver ADDRESS. If it stays so, senders meet it too.",
        Whose.DNS,
    ),
    Rule(
        "mx-null",
        _NOTICE,
        "RFC 7505, 3",
        "The domain says that it takes no mail, so no sender has a use for its policy.",
        "A domain that is kept from being used for mail.",
        "Nothing; a policy may go as RFC 8461, 8.3 says.",
        Whose.NOBODY,
    ),
    Rule(
        "mx-implicit",
        _NOTICE,
        "RFC 5321, 5.1",
        "There is no MX record, so the domain itself is the MX host, which the policy must cover.",
        "No MX record was ever made, or it was deleted.",
        "Publish an MX record for the host that takes the mail.",
        Whose.DNS,
    ),
    Rule(
        "mx-absent",
        _WARNING,
        "RFC 5321, 5.1",
        "The domain has neither an MX record nor an address, so it takes no mail.",
        "A domain without mail, or one whose zone is not in place.",
        "Publish the MX records; for a domain without mail: MX 0 . (RFC 7505).",
        Whose.DNS,
    ),
    Rule(
        "mx-not-covered",
        _ERROR,
        _MATCHING,
        "No mx of the policy matches this MX host, so senders deliver nothing there under enforce.",
        "The MX records changed and the policy did not, or a wildcard is one label too short: it "
        "stands for exactly one.",
        "Add the line; then the new id.",
        Whose.POLICY,
        "certificate-host-mismatch",
        unenforced=_WARNING,
    ),
    Rule(
        "mx-pattern-unused",
        _NOTICE,
        _MATCHING,
        "This mx matches no MX host that DNS has now.",
        "A host kept for a move, or one that is long gone.",
        "Delete the line if no such host is to come.",
        Whose.POLICY,
    ),
    _not_seen(
        "not-all-looked-at",
        "RFC 8461, 8.4",
        "There are more hosts or addresses than a check looks at, so nothing is said of the rest.",
        "Very many records at one name.",
        "Look at the rest by hand, or publish fewer.",
        Whose.HERE,
    ),
)

_REACHING = (
    _host(
        "mx-host-missing",
        "RFC 5321, 5.1",
        "This MX host has no address, so nothing can be delivered there.",
        "A host that was given up, or a typing error in the MX record.",
        "Take the MX record out, or give the host an address.",
    ),
    _not_seen(
        "mx-host-lookup-failed",
        "RFC 5321, 5.1",
        "The address of this MX host could not be asked for, so nothing is said about it.",
        "The zone's servers or the resolver gave no answer, or DNSSEC does not validate.",
        "Ask again, and another resolver: --resolver ADDRESS.",
        Whose.DNS,
    ),
    _host(
        "mx-connection-refused",
        "RFC 8461, 8.4",
        "This MX host takes no connection at port 25.",
        "No mail server runs there, or a firewall declines.",
        "Start it, or take the MX record out. A spare that fails is seen only when it is needed.",
    ),
    _host(
        "mx-address-failing",
        "RFC 8461, 8.4",
        "One of the host's addresses takes no connection at port 25; another one does.",
        "An AAAA record whose host does not listen on IPv6, or an old address.",
        "Mend that address, or take its A or AAAA record out.",
    ),
    _not_seen(
        "mx-not-reached",
        "RFC 8461, 8.4",
        "This MX host could not be reached from here. That is no statement about the server.",
        "A firewall there or here, a host that is down, or no route from here.",
        "Look from a machine that may send mail.",
        Whose.HERE,
    ),
    _not_seen(
        "port-25-blocked",
        "RFC 8461, 8.4",
        "No MX host at all could be reached at port 25, which most networks and clouds block "
        "towards outside. That is not the domain's fault.",
        "The network here lets nobody send mail directly.",
        "Run the check on a machine that may send mail, or leave SMTP out: --no-smtp.",
        Whose.HERE,
    ),
    _not_seen(
        "mx-reply-refused",
        "RFC 8461, 8.4",
        "The host answered us with a no before TLS could be seen; it may answer others otherwise.",
        "A list of addresses that it takes no mail from, or a server that is too busy.",
        "Look from a machine that may send mail, or again later.",
        Whose.HERE,
    ),
    Rule(
        "mx-address-not-reached",
        _UNKNOWN,
        "RFC 8461, 8.4",
        "One of the host's addresses could not be looked at from here; another one answered.",
        "No route in that family from here, or a firewall.",
        "Look from another network.",
        Whose.HERE,
        is_vital=False,
    ),
)

_TLS = (
    _host(
        "starttls-not-supported",
        _STARTTLS,
        "The host offers no STARTTLS, so senders deliver nothing there under enforce.",
        "TLS is not set up for port 25, or a firewall in between takes the offer out of the "
        "dialogue.",
        "Set a certificate up for port 25; let no firewall rewrite SMTP.",
        "starttls-not-supported",
    ),
    _host(
        "validation-failure",
        _STARTTLS,
        "The TLS handshake failed, so senders deliver nothing there under enforce.",
        "No certificate is installed, no version or cipher in common, or the server breaks off.",
        "Look into the server's log at that time; openssl s_client -starttls smtp shows the same.",
        "validation-failure",
    ),
    _host(
        "mx-protocol-broken",
        _STARTTLS,
        "What answers at port 25 does not speak SMTP.",
        "Another service, or a proxy in between.",
        "Let a mail server answer there.",
        "validation-failure",
    ),
    _host(
        "mx-tls-too-old",
        _STARTTLS,
        "The host speaks no TLS that senders may use; 1.2 is the least.",
        "Old software, or an old setting.",
        "Offer TLS 1.2 and 1.3 at port 25.",
        "validation-failure",
    ),
    _host(
        "certificate-expired",
        _CERTIFICATE,
        "The certificate of the MX host has ended, or is not valid yet.",
        "A renewal that failed, or a server that was not told of the new one.",
        "Renew it and reload the mail server.",
        "certificate-expired",
    ),
    _host(
        "certificate-host-mismatch",
        _CERTIFICATE,
        "The certificate is not for the name of the MX host. A common name does not count, and a "
        "wildcard is the whole left-most label.",
        "A certificate for the server's own name, or for the domain, in place of the MX name.",
        "Issue it for the name in the MX record, as a subject alternative name.",
        "certificate-host-mismatch",
    ),
    _host(
        "certificate-not-trusted",
        _CERTIFICATE,
        "The certificate does not lead to a root that senders trust.",
        "A self-signed certificate, a CA of one's own, or an intermediate that is not sent.",
        "Install a certificate of a public CA with its whole chain.",
        "certificate-not-trusted",
    ),
    Rule(
        "mx-certificate-ends-soon",
        _WARNING,
        _CERTIFICATE,
        "The certificate of the MX host ends within two weeks.",
        "A renewal that failed, or that nobody has set up.",
        "Renew it and reload the mail server.",
        _MX,
        "certificate-expired",
    ),
    Rule(
        "dane-present",
        _NOTICE,
        "RFC 8461, 2",
        "The host has TLSA records. DANE and MTA-STS live side by side; for a sender that does "
        "both, a DANE that fails is not saved by MTA-STS.",
        "DANE is set up too.",
        "Change the TLSA record before the key.",
        Whose.NOBODY,
    ),
    Rule(
        "dane-not-secured",
        _NOTICE,
        "RFC 7672, 2.2",
        "The host has TLSA records, but the resolver does not say that DNSSEC holds; without "
        "that senders pass them over.",
        "The zone is not signed, or the resolver does not validate.",
        "Ask a resolver that validates: --resolver ADDRESS; if it stays so, sign the zone.",
        Whose.DNS,
    ),
)

MX = (*_RECORDS, *_REACHING, *_TLS)

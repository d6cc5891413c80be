"""Rules about the policy host and its answer (RFC 8461, 3.2, 3.3 and 7)."""

from policy.findings import Severity
from policy.rules.rule import Rule, Whose

_ERROR, _WARNING, _NOTICE, _UNKNOWN = Severity
_FETCH = "RFC 8461, 3.3"
_TLS = "RFC 8461, 7.2"
_HOST = Whose.HOST
_FETCH_ERROR = "sts-policy-fetch-error"

HOSTS = (
    # to the host
    Rule(
        "policy-host-missing",
        _ERROR,
        _FETCH,
        "The policy host has no address, so the policy cannot be fetched.",
        "The name was never published, or its CNAME leads to a name that is gone.",
        "Publish mta-sts. as a CNAME, or as A and AAAA, to what serves the policy.",
        Whose.DNS,
        _FETCH_ERROR,
    ),
    Rule(
        "policy-host-lookup-failed",
        _UNKNOWN,
        _FETCH,
        "The address of the policy host could not be asked for, so nothing is said about it.",
        "The zone's servers or the resolver gave no answer, or DNSSEC does not validate.",
        "Ask again, and another resolver: --resolver ADDRESS. If it stays so, senders meet it too.",
        Whose.DNS,
    ),
    Rule(
        "sts-policy-fetch-error",
        _ERROR,
        _FETCH,
        "The fetch ended before there was an HTTP answer, at every address.",
        "Nothing listens at port 443, a firewall or filter of bots cuts off, no certificate is "
        "installed for the name, or what answers is not HTTPS.",
        "Mend the step that failed, then: curl -sSi the URL from outside.",
        _HOST,
        _FETCH_ERROR,
    ),
    Rule(
        "policy-host-not-reached",
        _UNKNOWN,
        _FETCH,
        "No answer came from the policy host, so nothing is said about it.",
        "A firewall there or here, a host that is down, or no route from here.",
        "Look from another network; if it stays so, senders meet it too.",
        Whose.HERE,
    ),
    Rule(
        "policy-host-address-failing",
        _WARNING,
        _FETCH,
        "One of the host's addresses does not serve the policy; a sender that chooses it may get "
        "none.",
        "An AAAA record whose host does not listen on IPv6, or an old address.",
        "Mend that address, or take its A or AAAA record out.",
        _HOST,
        _FETCH_ERROR,
    ),
    Rule(
        "policy-host-address-not-reached",
        _UNKNOWN,
        _FETCH,
        "One of the host's addresses could not be looked at from here; another one answered.",
        "No route in that family from here, or a firewall.",
        "Look from another network.",
        Whose.HERE,
        is_vital=False,
    ),
    Rule(
        "tls-inspected",
        _UNKNOWN,
        _FETCH,
        "A proxy between here and the host shows a certificate of its own, so nothing is said "
        "about the host's.",
        "The network here opens TLS connections and looks into them.",
        "Look from a network that does not.",
        Whose.HERE,
    ),
    # TLS
    Rule(
        "sts-webpki-invalid",
        _ERROR,
        _FETCH,
        "The certificate of the policy host is not valid for it, so senders take no policy from "
        "it.",
        "It has ended, is for another name (the provider's, not mta-sts. of the domain), or the "
        "intermediate certificate is not sent. A common name does not count.",
        "Install a certificate whose subject alternative name is the policy host, with its chain.",
        _HOST,
        "sts-webpki-invalid",
    ),
    Rule(
        "policy-certificate-ends-soon",
        _WARNING,
        _FETCH,
        "The certificate of the policy host ends within two weeks.",
        "A renewal that failed, or that nobody has set up.",
        "Renew it, and see that the server shows the new one.",
        _HOST,
        "sts-webpki-invalid",
    ),
    Rule(
        "tls-too-old",
        _ERROR,
        _TLS,
        "The policy host speaks no TLS that senders may use; 1.2 is the least.",
        "Old software, or an old setting.",
        "Offer TLS 1.2 and 1.3.",
        _HOST,
        _FETCH_ERROR,
    ),
    Rule(
        "tls-1-2-missing",
        _WARNING,
        _TLS,
        "The policy host speaks TLS 1.3 alone; some senders speak 1.2 and no more.",
        "A setting that allows the newest only.",
        "Offer TLS 1.2 and 1.3.",
        _HOST,
        _FETCH_ERROR,
    ),
    Rule(
        "tls-old-accepted",
        _NOTICE,
        _TLS,
        "The policy host still takes TLS 1.0 or 1.1, which RFC 9325 asks to refuse. Senders that "
        "keep to the RFC do not use them.",
        "An old setting.",
        "Offer TLS 1.2 and 1.3 only.",
        _HOST,
    ),
    # the answer
    Rule(
        "policy-redirected",
        _ERROR,
        _FETCH,
        "Senders must not follow a redirect, so to them there is no policy.",
        "A web server that sends every name to www, a path to one with a slash, or every visitor "
        "to a login.",
        "Serve the policy at exactly the URL.",
        _HOST,
        _FETCH_ERROR,
    ),
    Rule(
        "policy-status-invalid",
        _ERROR,
        _FETCH,
        "Only an answer with status 200 holds a policy.",
        "The file is not there, the host does not know the name, or a filter of bots refuses.",
        "Serve the policy with status 200.",
        _HOST,
        _FETCH_ERROR,
    ),
    Rule(
        "media-type-missing",
        _WARNING,
        "RFC 8461, 3.2",
        "The answer has no Content-Type; senders may ask for text/plain, and several do.",
        "A file served without an ending that the server knows.",
        "Send Content-Type: text/plain; charset=utf-8.",
        _HOST,
        "sts-policy-invalid",
    ),
    Rule(
        "media-type-invalid",
        _WARNING,
        "RFC 8461, 3.2",
        "The answer is not text/plain; senders may ask for that, and several do.",
        "A page or a function that answers with its usual type.",
        "Send Content-Type: text/plain; charset=utf-8.",
        _HOST,
        "sts-policy-invalid",
    ),
    Rule(
        "content-encoding-unasked",
        _WARNING,
        _FETCH,
        "The answer is compressed though that was not asked for; not every sender unpacks it.",
        "A server or proxy that compresses without looking at Accept-Encoding.",
        "Answer without compression.",
        _HOST,
        "sts-policy-invalid",
    ),
    Rule(
        "content-encoding-unreadable",
        _ERROR,
        _FETCH,
        "The answer names a compression that its bytes are not in, or one that is not read here; "
        "senders ask for none.",
        "A server or proxy that compresses without looking at Accept-Encoding, or that says so of "
        "a text that is not compressed.",
        "Answer without compression, and without a Content-Encoding.",
        _HOST,
        "sts-policy-fetch-error",
    ),
    Rule(
        "policy-slow",
        _WARNING,
        _FETCH,
        "The answer took longer than some senders wait; the RFC suggests a minute.",
        "A cold start, a policy that is made anew for each request, or a far host.",
        "Keep an instance warm; aim at less than 2 seconds in all.",
        _HOST,
        _FETCH_ERROR,
    ),
    Rule(
        "policy-timeout",
        _ERROR,
        _FETCH,
        "The answer was not whole after a minute, when senders give up.",
        "A host that accepts connections and does not answer.",
        "Make it answer within 2 seconds.",
        _HOST,
        _FETCH_ERROR,
    ),
    Rule(
        "policy-differs-by-address",
        _WARNING,
        "RFC 8461, 8.1",
        "The host's addresses do not serve the same text; which one a sender gets is chance.",
        "A change that has not reached every server.",
        "Bring the same text to all, and only then publish a new id.",
        _HOST,
    ),
    Rule(
        "policy-unlike-folder",
        _WARNING,
        "RFC 8461, 8.1",
        "What is on line is not the text in the policy folder here.",
        "A changed text that is not deployed yet, or another host that serves the name.",
        "Put the text on line, and only then publish its id.",
        _HOST,
    ),
)

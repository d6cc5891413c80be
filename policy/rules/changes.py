"""Rules about what changed since the last check (RFC 8461, 8.1 and 8.3)."""

from policy.findings import Severity
from policy.rules.rule import Rule, Whose

_ERROR, _WARNING, _NOTICE, _UNKNOWN = Severity
_ORDER = "RFC 8461, 8.1"

CHANGES = (
    Rule(
        "record-id-unchanged",
        _ERROR,
        _ORDER,
        "The text changed and the id did not. Senders that hold the old text do not fetch the new "
        "one; postfix-mta-sts-resolver keeps the old one even beyond its max_age.",
        "The second step of a change is missing: the record.",
        "Publish the record with the id of the new text.",
        Whose.DNS,
    ),
    Rule(
        "record-ahead-of-policy",
        _WARNING,
        _ORDER,
        "The id is new and the text is the old one. A sender that asks now keeps the old text "
        "under the new id, and does not ask again when the new text comes.",
        "The record was changed before the policy, or the text did not reach the server.",
        "Put the new text on line, and then publish yet another id.",
        Whose.DNS,
    ),
    Rule(
        "policy-changed",
        _NOTICE,
        _ORDER,
        "Text and id are others than at the last check.",
        "A change of the policy.",
        "Nothing, if you made it.",
        Whose.NOBODY,
    ),
    Rule(
        "policy-removed-early",
        _WARNING,
        "RFC 8461, 8.3",
        "Record or host are gone, while senders may hold the policy that was there. What they hold "
        "goes on counting.",
        "A policy that was taken away without mode none before.",
        "Serve it again with mode none and a new id, and keep both until the date.",
        Whose.DNS,
    ),
    Rule(
        "mx-set-changed",
        _NOTICE,
        _ORDER,
        "The MX hosts are others than at the last check.",
        "A move, or a host more or less.",
        "See that the policy covers them, and held them before DNS did.",
        Whose.NOBODY,
    ),
    Rule(
        "certificate-changed",
        _NOTICE,
        "RFC 8461, 4.2",
        "The host shows another certificate than at the last check.",
        "A renewal, or another server.",
        "Nothing, if you made it.",
        Whose.NOBODY,
    ),
)

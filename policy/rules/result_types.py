"""The result types of TLS reports as people have them who read one: with the findings behind each.

Causes, remedies and effects are those of ``policy.result_types``, which the views have too.
"""

from dataclasses import dataclass

from policy import result_types
from policy.result_types import Effect
from policy.rules.rule import Whose

_REFUSED = "Under enforce senders hold this mail back, and return it after some days."
_UNUSED = (
    "Mail still arrives: a sender that holds the policy goes by it, one without delivers as if "
    "there were none. When what they hold runs out, so does the protection."
)
_DANE = "Senders that use DANE hold this mail back; MTA-STS does not save it (RFC 8461, 2)."
_EFFECTS = {
    Effect.MAIL_REFUSED: _REFUSED,
    Effect.POLICY_UNUSED: _UNUSED,
    Effect.NONE: _DANE,  # none by MTA-STS
}


@dataclass(frozen=True, slots=True)
class ResultType:
    """What a type means; ``effect`` is what it does to mail, ``codes`` are findings that cause it."""

    name: str
    meaning: str
    cause: str
    whose: Whose
    effect: str
    remedy: str
    section: str
    codes: tuple[str, ...] = ()


_MEANT: dict[str, tuple[str, Whose, tuple[str, ...]]] = {
    "starttls-not-supported": (
        "The MX host answered and did not offer STARTTLS.",
        Whose.MX,
        ("starttls-not-supported",),
    ),
    "certificate-host-mismatch": (
        "The certificate is not for the MX host, or the MX host is not one of the policy's mx.",
        Whose.MX,
        ("certificate-host-mismatch", "mx-not-covered"),
    ),
    "certificate-expired": (
        "The certificate of the MX host has ended.",
        Whose.MX,
        ("certificate-expired", "mx-certificate-ends-soon"),
    ),
    "certificate-not-trusted": (
        "The certificate does not lead to a root that the sender trusts.",
        Whose.MX,
        ("certificate-not-trusted",),
    ),
    "validation-failure": (
        "Something else failed while TLS was set up or checked.",
        Whose.MX,
        ("validation-failure", "mx-not-covered", "mx-tls-too-old", "mx-protocol-broken"),
    ),
    "tlsa-invalid": (
        "No TLSA record goes with the certificate of the MX host.",
        Whose.DNS,
        ("dane-present",),
    ),
    "dnssec-invalid": ("The answers of DNS do not validate.", Whose.DNS, ()),
    "dane-required": (
        "The sender insists on DANE for this domain and found no secure TLSA record.",
        Whose.SENDER,
        (),
    ),
    "sts-policy-fetch-error": (
        "The policy could not be fetched.",
        Whose.HOST,
        (
            "sts-policy-fetch-error",
            "policy-host-missing",
            "policy-redirected",
            "policy-status-invalid",
            "policy-slow",
            "policy-timeout",
        ),
    ),
    "sts-policy-invalid": (
        "The policy was fetched and is none, or came with another media type.",
        Whose.POLICY,
        ("media-type-invalid", "media-type-missing", "line-malformed", "mx-missing"),
    ),
    "sts-webpki-invalid": (
        "The certificate of the policy host is not valid for it.",
        Whose.HOST,
        ("sts-webpki-invalid", "policy-certificate-ends-soon"),
    ),
}


def _explained(kind: result_types.ResultType) -> ResultType:
    meaning, whose, codes = _MEANT[kind.code]
    effect = _EFFECTS[kind.effect]
    return ResultType(
        kind.code, meaning, kind.cause, whose, effect, kind.remedy, kind.section, codes
    )


RESULT_TYPES = tuple(_explained(kind) for kind in result_types.RESULT_TYPES)
BY_NAME = {one.name: one for one in RESULT_TYPES}

"""The register of quirks: what about a report was not as RFC 8460 says, and what was made of it.

A code is never renamed and never used for something else. Sources: a section of RFC 8460 where
none other is named, and the senders that were seen to do so; *no sender known* is a precaution.
"""

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a quirk does to the report, the mildest first."""

    NONE = "none"  # all is there; something is worth knowing
    REPAIRED = "repaired"  # written otherwise, read without doubt
    INFERRED = "inferred"  # taken from elsewhere, or a guess that the meaning tells
    LOST = "lost"  # something is absent or cannot be read; the rest counts


@dataclass(frozen=True, slots=True)
class Quirk:
    """What a code stands for; ``meaning`` is a sentence or two."""

    code: str
    effect: Effect
    source: str
    meaning: str


_NONE, _REPAIRED, _INFERRED, _LOST = Effect
_NOBODY = "no sender known"

_QUIRKS = (
    # the mail
    Quirk("mail-nested", _NONE, "5.3; people", "The mail was forwarded as an attachment."),
    Quirk(
        "mail-part-type",
        _REPAIRED,
        "5.3, 6.4; gateways, application/tlsrpt in test mails",
        "The part has another type than application/tlsrpt+gzip or +json, or not that of its bytes.",
    ),
    Quirk(
        "mail-type",
        _REPAIRED,
        "5.3; gateways, people who forward",
        "The mail is no multipart/report with report-type tlsrpt.",
    ),
    Quirk(
        "base64-long-line",
        _REPAIRED,
        f"RFC 2045, 6.8; {_NOBODY}",
        "The attachment is base64 in lines longer than 76 characters.",
    ),
    Quirk(
        "base64-cut",
        _LOST,
        "RFC 2045, 6.8; copies by hand",
        "The base64 of the attachment ends early or has characters too many.",
    ),
    Quirk(
        "submitter-differs",
        _NONE,
        "5.3; Mail.ru",
        "TLS-Report-Submitter is not the domain of contact-info.",
    ),
    Quirk(
        "report-domain-differs",
        _NONE,
        "5.3, 5.6",
        "The report came for another domain than it is about: by TLS-Report-Domain of its mail, "
        "or by where it was posted. The report counts.",
    ),
    Quirk(
        "file-name-differs",
        _NONE,
        "5.1, 5.6",
        "The file name tells another domain or another start. The report counts.",
    ),
    # what it is packed in
    Quirk(
        "not-compressed",
        _NONE,
        "5.2; Halon",
        "The report was mailed as plain JSON, where gzip is recommended.",
    ),
    Quirk(
        "compressed-twice", _REPAIRED, f"5.2; {_NOBODY}", "What was compressed is compressed data."
    ),
    Quirk("gzip-members", _REPAIRED, f"6.3; {_NOBODY}", "Several gzip members were joined."),
    Quirk(
        "gzip-trailing-bytes",
        _REPAIRED,
        f"RFC 1952, 2.2; {_NOBODY}",
        "Something follows the compressed data, and is left out.",
    ),
    Quirk(
        "gzip-check",
        _REPAIRED,
        f"RFC 1952, 2.3.1; {_NOBODY}",
        "The check sum is not that of the data, which are otherwise whole.",
    ),
    Quirk(
        "gzip-cut",
        _REPAIRED,
        "RFC 1952, 2.3; copies by hand",
        "The compressed data end early, after the end of the JSON.",
    ),
    Quirk("zlib", _REPAIRED, f"5.2; {_NOBODY}", "It is compressed as zlib, not gzip (RFC 1950)."),
    Quirk("deflate", _REPAIRED, f"5.2; {_NOBODY}", "It is compressed without a header (RFC 1951)."),
    Quirk("zip", _REPAIRED, "5.2; people, gateways", "It came in a zip archive."),
    Quirk("base64", _REPAIRED, "copies by hand", "It came as base64 without a mail around it."),
    Quirk(
        "json-several",
        _REPAIRED,
        f"4; {_NOBODY}",
        "Several reports stand in one text; each was taken on its own.",
    ),
    # I-JSON
    Quirk("json-bom", _REPAIRED, "RFC 8259, 8.1", "The text begins with a byte order mark."),
    Quirk(
        "json-not-utf8",
        _REPAIRED,
        "RFC 7493, 2.1",
        "The text is UTF-16, UTF-32, or not quite UTF-8: what cannot be read became U+FFFD.",
    ),
    Quirk(
        "json-control-character",
        _REPAIRED,
        "RFC 8259, 7",
        "A control character stands in a text without its escape.",
    ),
    Quirk(
        "json-duplicate-key",
        _INFERRED,
        "RFC 7493, 2.3",
        "A name stands twice in one object; the last one was taken.",
    ),
    Quirk(
        "json-lone-surrogate",
        _LOST,
        "RFC 7493, 2.1",
        "A text has half of a surrogate pair, which became U+FFFD.",
    ),
    Quirk("json-not-a-number", _LOST, "RFC 8259, 6", "NaN or Infinity stands for a number."),
    Quirk(
        "json-number-too-large",
        _NONE,
        "RFC 7493, 2.2",
        "An integer is beyond 2^53 - 1, which not every reader keeps.",
    ),
    Quirk(
        "json-trailing-bytes",
        _LOST,
        "RFC 8259, 2",
        "Something follows the JSON, and is left out.",
    ),
    # fields and texts
    Quirk(
        "field-name",
        _REPAIRED,
        "4.4, whose grammar has names that its example has not",
        "A field has another name than in RFC 8460's example: mx-host-pattern, additional-info-uri, "
        "underscores, capitals.",
    ),
    Quirk("field-unknown", _NONE, "4", "There is a field that RFC 8460 does not have."),
    Quirk("text-cut", _LOST, "our limit", "A text or a list is longer than is kept."),
    Quirk("text-empty", _REPAIRED, "4.4; mox", "A text is empty where it should be absent."),
    Quirk("text-invalid", _LOST, "4.4", "Something else stands where a text should."),
    Quirk("text-number", _REPAIRED, "4.4", "A number stands where a text should."),
    # who and which
    Quirk(
        "organization-name-missing", _LOST, "4.4", "The reporter does not name itself, or by null."
    ),
    Quirk(
        "contact-info-missing",
        _LOST,
        "4.4; Stalwart",
        "There is no contact, or it is null.",
    ),
    Quirk("report-id-missing", _LOST, "4.4", "There is no report-id, or it is null."),
    Quirk(
        "report-id-incomplete",
        _NONE,
        "Microsoft",
        "The report-id ends with a plus, after which the domain should stand.",
    ),
    # the time
    Quirk(
        "date-zone-missing",
        _INFERRED,
        "RFC 3339, 5.6; Microsoft until March 2024",
        "A time has no zone, and was read as UTC.",
    ),
    Quirk("date-offset", _REPAIRED, f"4.4; {_NOBODY}", "A time has an offset in place of Z."),
    Quirk("date-fraction", _NONE, f"4.4; {_NOBODY}", "A time has fractions of a second."),
    Quirk(
        "date-form",
        _REPAIRED,
        f"RFC 3339, 5.6; {_NOBODY}",
        "A time is written otherwise: lower case, a blank, no seconds, as in mail.",
    ),
    Quirk("date-epoch", _REPAIRED, f"4.4; {_NOBODY}", "A time is a number since 1970."),
    Quirk(
        "date-hour-24",
        _REPAIRED,
        f"RFC 3339, 5.7; {_NOBODY}",
        "A time has the hour 24, and was read as 0 of the next day.",
    ),
    Quirk(
        "date-leap-second",
        _REPAIRED,
        f"RFC 3339, 5.7; {_NOBODY}",
        "A time has the second 60, and was read as 59.",
    ),
    Quirk(
        "date-without-time",
        _INFERRED,
        f"4.4; {_NOBODY}",
        "A time is a day alone: its first second, or its last one at the end of a range.",
    ),
    Quirk(
        "range-ends-at-midnight",
        _REPAIRED,
        "4.4; Mail.ru, Stalwart",
        "The range ends at midnight, and was read as the second before.",
    ),
    Quirk(
        "range-not-a-day",
        _NONE,
        "4.1; Stalwart",
        "The range is not one UTC day. It counts for the day on which it starts.",
    ),
    Quirk(
        "range-reversed",
        _REPAIRED,
        f"4.4; {_NOBODY}",
        "The range ends before it starts: the two were exchanged.",
    ),
    Quirk(
        "range-impossible",
        _NONE,
        f"4.4; {_NOBODY}",
        "The range begins before 2016, when there were no reports, or ends more than a day after "
        "the report came. Its sessions count, and no first or last day is taken from it.",
    ),
    Quirk(
        "range-inferred",
        _INFERRED,
        "5.1",
        "The range cannot be read, and was taken from the file name.",
    ),
    # policies
    Quirk("policies-object", _REPAIRED, f"4.4; {_NOBODY}", "policies is one object, not a list."),
    Quirk("policies-null", _REPAIRED, f"4.4; {_NOBODY}", "policies is null, not a list."),
    Quirk("policies-empty", _NONE, "4.4", "There is no policy result: the report says nothing."),
    Quirk(
        "policies-unreadable",
        _LOST,
        "4.4",
        "An entry of policies is no object, and is left out.",
    ),
    Quirk("policy-missing", _LOST, "4.4", "A policy result does not say which policy."),
    Quirk("policy-type-case", _REPAIRED, f"4.4; {_NOBODY}", "policy-type has capitals."),
    Quirk("policy-type-missing", _LOST, "4.4", "There is no policy-type, or it is null."),
    Quirk(
        "policy-type-unknown", _NONE, "4.4", "policy-type is none of RFC 8460's, and kept as it is."
    ),
    Quirk(
        "policy-domain-missing",
        _LOST,
        "4.4; Postfix with tlsrpt-reporter where no policy was found",
        "There is no policy-domain, or it is null.",
    ),
    Quirk(
        "policy-domain-is-mx",
        _NONE,
        "1.1; Postfix, mox",
        "The policy-domain of a DANE policy is the MX host.",
    ),
    Quirk(
        "policy-domain-inferred",
        _INFERRED,
        "5.6",
        "The mail domain was taken, in this order, from the STS policy of the same report, from the "
        "domain that it came for, from report-id, from the file name.",
    ),
    Quirk(
        "policy-domain-unknown",
        _LOST,
        "4.4",
        "Nothing tells which domain a policy result is about.",
    ),
    Quirk("domain-blank", _REPAIRED, f"4.4; {_NOBODY}", "There are blanks round a domain."),
    Quirk("domain-case", _REPAIRED, f"4.4; {_NOBODY}", "A domain has capitals."),
    Quirk("domain-final-dot", _REPAIRED, f"4.4; {_NOBODY}", "A domain has a final dot."),
    Quirk(
        "domain-u-label",
        _REPAIRED,
        f"4.4; {_NOBODY}",
        "A domain is written in Unicode; it is kept as A-labels.",
    ),
    Quirk("domain-invalid", _LOST, "4.4", "What stands for policy-domain is no domain."),
    Quirk(
        "mx-host-missing",
        _NONE,
        "4.4; Microsoft, Halon, Mail.ru",
        "There is no mx-host under an STS policy.",
    ),
    Quirk(
        "mx-host-string",
        _REPAIRED,
        "appendix B, corrected by erratum 6241",
        "mx-host is a text, not a list.",
    ),
    Quirk("mx-host-prefix", _REPAIRED, "4.4; a small MTA", "An mx-host begins with mx: ."),
    Quirk("mx-host-invalid", _NONE, "4.4", "An mx-host is no host or pattern; kept as it is."),
    Quirk(
        "policy-string-missing",
        _LOST,
        "4.4; Microsoft and Mail.ru where the policy could not be fetched",
        "The report does not say which policy it is.",
    ),
    Quirk("policy-string-string", _REPAIRED, "4.4; Halon", "policy-string is a text, not a list."),
    Quirk(
        "policy-string-json",
        _REPAIRED,
        "4.4; Microsoft for TLSA",
        "policy-string has a list as JSON inside a text.",
    ),
    Quirk(
        "policy-string-joined",
        _REPAIRED,
        f"4.4; {_NOBODY}",
        "Several lines of the policy stand in one text of policy-string.",
    ),
    Quirk(
        "policy-string-form",
        _REPAIRED,
        f"4.4; {_NOBODY}",
        "A line of the policy has blanks or capitals that it should not.",
    ),
    Quirk(
        "policy-string-version-missing",
        _INFERRED,
        f"4.4; {_NOBODY}",
        "The policy has no version: STSv1 was assumed.",
    ),
    Quirk(
        "policy-string-unreadable",
        _LOST,
        "4.4",
        "The policy cannot be read, and so not be compared with those served.",
    ),
    # sessions
    Quirk("summary-missing", _LOST, "4.4", "A policy result has no summary."),
    Quirk("count-missing", _LOST, "4.4", "A count is absent, null or cannot be read."),
    Quirk("count-string", _REPAIRED, f"4.4; {_NOBODY}", "A count is a text of digits."),
    Quirk("count-float", _REPAIRED, f"4.4; {_NOBODY}", "A count has a fraction, which is zero."),
    Quirk("count-negative", _LOST, "4.4", "A count is below zero."),
    Quirk("count-not-a-number", _LOST, "4.4", "A count is NaN or Infinity."),
    Quirk("count-too-large", _LOST, "RFC 7493, 2.2", "A count is beyond 2^53 - 1."),
    Quirk("count-invalid", _LOST, "4.4", "A count is no whole number."),
    Quirk(
        "sessions-twice",
        _NONE,
        "Microsoft",
        "The same number of sessions stands under STS and DANE of one domain: they are the same "
        "ones, and count once.",
    ),
    # failures
    Quirk(
        "failure-details-missing",
        _NONE,
        "4.4; Google, Microsoft where nothing failed",
        "There are no failure-details, or they are null, where an empty list is meant.",
    ),
    Quirk(
        "failure-details-object",
        _REPAIRED,
        f"4.4; {_NOBODY}",
        "failure-details is one object, not a list.",
    ),
    Quirk(
        "failure-details-unreadable", _LOST, "4.4", "Something of failure-details cannot be read."
    ),
    Quirk(
        "failures-without-details",
        _LOST,
        "4.3.3",
        "Sessions failed, and the report does not say why.",
    ),
    Quirk(
        "failure-detail-bare",
        _LOST,
        "4.4; Microsoft, Mail.ru",
        "A failure names neither sender nor MX host.",
    ),
    Quirk("result-type-case", _REPAIRED, f"4.3; {_NOBODY}", "A result type has capitals."),
    Quirk("result-type-missing", _LOST, "4.3", "A failure has no result type."),
    Quirk(
        "result-type-unknown",
        _NONE,
        "4.3, 6.6",
        "A result type is not in IANA's registry; it is kept as it is.",
    ),
    Quirk("ip-empty", _REPAIRED, "4.4; Google, mox", "An address is an empty text."),
    Quirk("ip-invalid", _LOST, "4.4", "An address is none."),
    Quirk("ip-mapped", _REPAIRED, f"4.4; {_NOBODY}", "An IPv4 address is written within IPv6."),
    Quirk("ip-form", _REPAIRED, f"4.4; {_NOBODY}", "An address has brackets, a port or a zone."),
    Quirk(
        "mx-hostname-invalid",
        _NONE,
        "4.4",
        "receiving-mx-hostname is no domain; it is kept as it is.",
    ),
)

REGISTER = {quirk.code: quirk for quirk in _QUIRKS}

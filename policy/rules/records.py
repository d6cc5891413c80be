"""Rules about DNS records: the STS record (RFC 8461, 3.1) and the TLSRPT record (RFC 8460, 3)."""

from policy.findings import Severity
from policy.rules.rule import Rule, Whose

_ERROR, _WARNING, _NOTICE, _UNKNOWN = Severity
_STS = "RFC 8461, 3.1"
_TLSRPT = "RFC 8460, 3"
_DNS = Whose.DNS


_STS_RECORD = (
    Rule(
        "record-missing",
        _ERROR,
        _STS,
        "Without a TXT record that begins with 'v=STSv1;' senders look for no policy.",
        "It was never published, stands at another name, or is not yet in every server of the "
        "zone. Where nothing at all is published this is a warning.",
        "Publish the record with the id of the text that is served.",
        _DNS,
    ),
    Rule(
        "record-duplicate",
        _ERROR,
        _STS,
        "Where two records begin with 'v=STSv1;' there is no policy.",
        "A new record was added in place of changing the old one.",
        "Delete all but the one with the id of the text that is served.",
        _DNS,
    ),
    Rule(
        "record-version-invalid",
        _ERROR,
        _STS,
        "A record that does not begin with 'v=STSv1;', written so, is passed over.",
        "Another case, quotes that became part of the data, a blank before it, or another order.",
        "Publish the record as it should be.",
        _DNS,
    ),
    Rule(
        "record-blank-before-semicolon",
        _WARNING,
        _STS,
        "The grammar lets a blank stand before the first ';', and the text beside it does not "
        "(erratum 6285).",
        "A form that puts blanks round the separator.",
        "Take the blank out.",
        _DNS,
    ),
    Rule(
        "record-id-missing",
        _ERROR,
        _STS,
        "A record without an id is none.",
        "It was left out, or written ID or Id.",
        "Publish the record with an id.",
        _DNS,
    ),
    Rule(
        "record-id-invalid",
        _ERROR,
        _STS,
        "An id is 1 to 32 letters and digits, all ASCII.",
        "A date with separators, or a hash that is too long.",
        "Publish the record with a fresh id.",
        _DNS,
    ),
    Rule(
        "record-id-duplicate",
        _WARNING,
        "RFC 8461, 3.2",
        "Of an id that stands twice the first one counts; mox refuses the record.",
        "A change that added the new id behind the old one.",
        "Keep the new one.",
        _DNS,
    ),
    Rule(
        "record-field-malformed",
        _ERROR,
        _STS,
        "Every field is name=value, with one ';' between two.",
        "';;', blanks round '=', or a blank at the end.",
        "Publish the record as it should be.",
        _DNS,
    ),
    Rule(
        "record-not-ascii",
        _ERROR,
        _STS,
        "The record is US-ASCII.",
        "A quotation mark or blank that a document put in.",
        "Type the record anew.",
        _DNS,
    ),
    Rule(
        "record-unrelated",
        _NOTICE,
        _STS,
        "Other TXT data at the name is passed over.",
        "A record for something else that was put here, or a wildcard that answers for every name.",
        "Remove it, so that nobody takes it for the policy record.",
        _DNS,
    ),
    Rule(
        "record-misplaced",
        _NOTICE,
        _STS,
        "Nobody looks for the policy record at the domain itself.",
        "The name _mta-sts was left out when the record was made.",
        "Remove it there; its place is _mta-sts.",
        _DNS,
    ),
    Rule(
        "record-beside-alias",
        _WARNING,
        "RFC 1034, 3.6.2",
        "Where a CNAME stands no other data may stand: a sender's resolver gives the TXT record or "
        "follows the CNAME, and which it does is not settled.",
        "The record was delegated by a CNAME, and the old TXT record stayed.",
        "Delete one of the two.",
        _DNS,
    ),
    Rule(
        "record-id-unlike-text",
        _NOTICE,
        _STS,
        "The id is not the hash of the text that is served here. Senders do not mind; but nobody "
        "can tell from it which text they hold.",
        "The text changed and the id did not, or the id was made by hand.",
        "Publish the record that mta-sts records shows.",
        _DNS,
    ),
    Rule(
        "record-lookup-failed",
        _UNKNOWN,
        _STS,
        "The record could not be asked for, so nothing is said about it.",
        "The zone's servers or the resolver gave no answer, or DNSSEC does not validate.",
        "Ask again, and another resolver: --resolver ADDRESS. If it stays so, senders meet it too.",
        _DNS,
    ),
    Rule(
        "dns-answers-differ",
        _NOTICE,
        "RFC 8461, 8.1",
        "The zone's own servers answer otherwise than the resolver that was asked.",
        "A change whose old answer caches still hold, or a resolver that has a view of its own.",
        "Wait the TTL; some senders are given the old answer until then.",
        _DNS,
    ),
    Rule(
        "dns-servers-disagree",
        _WARNING,
        "RFC 8461, 8.1",
        "The zone's own servers do not all give the same answer; which one a sender gets is chance.",
        "A change that has not reached every server of the zone, or two providers that serve it.",
        "Bring the same data to all servers of the zone.",
        _DNS,
    ),
)


def _report(code: str, meaning: str, cause: str, remedy: str) -> Rule:
    """A fault for which senders have nowhere to send reports."""
    return Rule(code, _ERROR, _TLSRPT, meaning, cause, remedy, _DNS)


_TLSRPT_RECORD = (
    Rule(
        "tlsrpt-record-missing",
        _WARNING,
        _TLSRPT,
        "Without a TLSRPT record nobody reports what fails, and enforce is flown blind.",
        "It was never published.",
        "Publish the record.",
        _DNS,
    ),
    _report(
        "tlsrpt-record-duplicate",
        "Where two records begin with 'v=TLSRPTv1;' senders take it that there is none.",
        "A second receiver of reports was added as a record of its own.",
        "Write all addresses into the rua of one record, with commas between.",
    ),
    _report(
        "tlsrpt-version-invalid",
        "A record that does not begin with 'v=TLSRPTv1;' is passed over.",
        "Another case, quotes that became part of the data, or another order.",
        "Publish the record as it should be.",
    ),
    _report(
        "tlsrpt-rua-missing",
        "A record without rua says nowhere to send reports.",
        "It was left out, or written ruf, which DMARC has.",
        "Add rua=mailto: and the mailbox.",
    ),
    _report(
        "tlsrpt-rua-invalid",
        "An address is a mailto or https URI; ',' '!' and ';' in it are written %2C %21 %3B.",
        "mailto: was left out, or a size limit such as !10m was added, as DMARC has it.",
        "Write the address as it should be.",
    ),
    _report(
        "tlsrpt-field-malformed",
        "Every field is name=value, with one ';' between two.",
        "';;', blanks round '=', or a blank at the end.",
        "Publish the record as it should be.",
    ),
    _report(
        "tlsrpt-not-ascii",
        "The record is US-ASCII.",
        "A quotation mark or blank that a document put in.",
        "Type the record anew.",
    ),
    Rule(
        "tlsrpt-rua-several",
        _NOTICE,
        _TLSRPT,
        "A sender need report to one of the addresses only; Microsoft is known to use the first, "
        "and mail alone.",
        "Several receivers in one rua.",
        "Let the first one be a mailbox of your own.",
        _DNS,
    ),
    Rule(
        "tlsrpt-lookup-failed",
        _UNKNOWN,
        _TLSRPT,
        "The record could not be asked for, so nothing is said about it.",
        "The zone's servers or the resolver gave no answer, or DNSSEC does not validate.",
        "Ask again, and another resolver: --resolver ADDRESS.",
        _DNS,
        is_vital=False,
    ),
    Rule(
        "rua-domain-missing",
        _ERROR,
        _TLSRPT,
        "The place that reports are to go to does not exist, so all of them are lost.",
        "A typing error in the rua, or a domain or service that was given up.",
        "Write an address that takes mail.",
        Whose.REPORTS,
    ),
    Rule(
        "rua-mailbox-refused",
        _WARNING,
        _TLSRPT,
        "The server said no to the mailbox, so reports may be lost. It may also have been a no to "
        "where we asked from.",
        "The mailbox does not exist, or takes no mail from outside, as a Google Group may.",
        "Send it a mail from another provider; if that comes back, mend the mailbox.",
        Whose.REPORTS,
    ),
    Rule(
        "rua-not-looked-at",
        _UNKNOWN,
        _TLSRPT,
        "Whether the mailbox takes reports could not be seen from here.",
        "A time-out, or port 25 that is blocked here.",
        "Send it a mail from another provider.",
        Whose.HERE,
        is_vital=False,
    ),
)

RECORDS = (*_STS_RECORD, *_TLSRPT_RECORD)

"""Rules about a policy text (RFC 8461, 3.2)."""

from policy.findings import Severity
from policy.rules.rule import Rule, Whose

_ERROR, _WARNING, _NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE
_FILE = "RFC 8461, 3.2"
_MATCHING = "RFC 8461, 4.1"
_AGE = "RFC 8461, 10.2"
_INVALID = "sts-policy-invalid"


def _text(code: str, meaning: str, cause: str, remedy: str, *, section: str = _FILE) -> Rule:
    """A fault for which conforming senders take no policy."""
    return Rule(code, _ERROR, section, meaning, cause, remedy, Whose.POLICY, _INVALID)


def _known(
    code: str, severity: Severity, section: str, meaning: str, cause: str, remedy: str
) -> Rule:
    """What the grammar allows and somebody stumbles over."""
    return Rule(code, severity, section, meaning, cause, remedy, Whose.POLICY)


_WHOLE = (
    _text(
        "policy-empty",
        "The policy text is empty.",
        "A write that was cut short, or an empty file that was deployed.",
        "Write the four fields; mta-sts init makes a first text.",
    ),
    _text(
        "policy-too-large",
        "Senders stop reading at 64 KiB, and this server does not serve more.",
        "Something other than a policy is served, or a list of hosts that wildcards could hold.",
        "Shorten the text to what senders need.",
        section="RFC 8461, 3.3",
    ),
    _known(
        "policy-long",
        _WARNING,
        "RFC 8461, 3.3",
        "A sender may limit what it reads; chasquid cuts the text at 10 KiB.",
        "Very many mx lines.",
        "Shorten it, and let version, mode and max_age stand before mx.",
    ),
    _text(
        "policy-bom",
        "A byte order mark becomes part of the first field's name, which is then unknown.",
        "An editor that saves UTF-8 with a byte order mark.",
        "Save the file as UTF-8 without it.",
    ),
    _text(
        "policy-not-utf8",
        "A policy text is UTF-8, of which ASCII is a part.",
        "An editor that saves in another encoding.",
        "Save the file as UTF-8.",
    ),
    _text(
        "policy-blank-line",
        "The grammar has no empty line, neither between fields nor at the end.",
        "An editor or template that ends the text with one line end too many.",
        "Delete the line.",
    ),
    _text(
        "policy-bare-cr",
        "Lines end in LF or CRLF; a CR alone ends none.",
        "A conversion of line ends that went wrong.",
        "Save the file with LF or CRLF.",
    ),
    _text(
        "policy-control-character",
        "Control characters are not allowed.",
        "A text that was copied out of a terminal or document.",
        "Type the line anew.",
    ),
    _text(
        "policy-comment",
        "There are no comments in a policy text.",
        "A line that begins with '#', as other files may have it.",
        "Delete the line.",
    ),
)

_FIELDS = (
    _text(
        "line-malformed",
        "Every line is a name, a colon and a value.",
        "'=' in place of ':', or text that is no field. Where each line is so, the host serves "
        "something else, such as a web page.",
        "Write the line as 'name: value', or delete it.",
    ),
    _text(
        "field-name-blank",
        "Blanks may stand after the colon and at the end of a line, and nowhere else.",
        "An indented text, or a blank before the colon.",
        "Take the blank out.",
    ),
    _text(
        "field-value-empty",
        "A field has a value of at least one visible character.",
        "A template whose variable was empty.",
        "Write the value, or delete the line.",
    ),
    _known(
        "field-duplicate",
        _WARNING,
        _FILE,
        "Of a field that stands twice the first one counts; not every sender reads it so.",
        "A change that added a line in place of changing one.",
        "Keep one of the two.",
    ),
    _known(
        "field-unknown",
        _NOTICE,
        _FILE,
        "Senders ignore fields that they do not know.",
        "A field of one's own, or of some later standard.",
        "Delete it unless somebody reads it.",
    ),
    _known(
        "field-misspelt",
        _WARNING,
        _FILE,
        "Names are case-sensitive, and a field with another name is ignored.",
        "A typing error, such as nmx or max-age.",
        "Write the name as the RFC has it.",
    ),
    _text(
        "version-missing",
        "The field version is required.",
        "It was left out, or its name is misspelt.",
        "Add the line version: STSv1.",
    ),
    _text(
        "version-invalid",
        "The only version is STSv1, written so.",
        "Another case, or a text made for something else.",
        "Write version: STSv1.",
    ),
    _text(
        "mode-missing",
        "The field mode is required.",
        "It was left out, or its name is misspelt.",
        "Add the line mode: testing.",
    ),
    _text(
        "mode-invalid",
        "The modes are enforce, testing and none, in lower case.",
        "Another case, or the word report of an early draft.",
        "Write one of the three.",
    ),
    _known(
        "mode-testing",
        _NOTICE,
        "RFC 8461, 5",
        "Senders deliver mail also where validation fails, and report it.",
        "The usual first mode.",
        "Go to enforce once every MX passes and the TLS reports show no failure.",
    ),
    _known(
        "mode-none",
        _NOTICE,
        "RFC 8461, 8.3",
        "The policy is being withdrawn. The record and this file stay until the longest max_age "
        "that was ever served has passed.",
        "A withdrawal under way.",
        "Wait until the date, then delete the record, and one TTL later the host.",
    ),
    _text(
        "max-age-missing",
        "The field max_age is required.",
        "It was left out, or its name is misspelt.",
        "Add the line max_age: 1209600, which is two weeks.",
    ),
    _text(
        "max-age-invalid",
        "max_age is a number of seconds, 1 to 10 digits.",
        "A unit, a separator or a sign.",
        "Write the digits alone.",
    ),
    _text(
        "max-age-out-of-range",
        "max_age is at most 31557600 seconds, about a year.",
        "A number that was made too large by a zero or two.",
        "Write at most 31557600.",
    ),
    _known(
        "max-age-zero",
        _WARNING,
        _AGE,
        "A policy that is not kept protects nothing; 0 is valid, and some senders refuse it.",
        "A wish to go back quickly.",
        "Write at least 86400, a day, also for a withdrawal.",
    ),
    _known(
        "max-age-under-a-day",
        _WARNING,
        _AGE,
        "A short max_age protects little; by the NCSC's advice Google ignores less than a day.",
        "A value of a trial that was kept.",
        "Write weeks, for example 1209600.",
    ),
    _known(
        "max-age-short-for-enforce",
        _WARNING,
        _AGE,
        "The longer senders keep a policy, the less an attacker gains by blocking it; the NCSC "
        "asks for two weeks at least in enforce.",
        "The value of the testing phase was kept.",
        "Write at least 1209600, two weeks.",
    ),
)

_MX = (
    _text(
        "mx-missing",
        "With enforce and testing at least one mx is required.",
        "They were left out, or their name is misspelt.",
        "Write an mx line for each MX host.",
    ),
    _known(
        "mx-missing-in-none",
        _WARNING,
        _FILE,
        "With none the mx lines may be left out, but some senders then refuse the policy and "
        "keep the one before.",
        "They were deleted with the change to none.",
        "Keep the mx lines of the policy before.",
    ),
    _text(
        "mx-empty",
        "An mx is a host name, or '*.' and a domain.",
        "A template whose variable was empty.",
        "Write the host, or delete the line.",
    ),
    _text(
        "mx-list",
        "Each mx line names one host or pattern.",
        "Hosts behind one another, or the preference of the MX record before the host.",
        "Write a line for each host.",
    ),
    _text(
        "mx-not-ascii",
        "Internationalised names are written in A-labels.",
        "The name as people write it.",
        "Write its xn-- form.",
    ),
    _text(
        "mx-address-literal",
        "An mx names a host; an address is none.",
        "An address in brackets or of IPv6.",
        "Write the name that the MX record has.",
    ),
    Rule(
        "mx-ipv4-address",
        _ERROR,
        _MATCHING,
        "The grammar lets an IPv4 address pass as a name, but it matches no MX host.",
        "The address of the host in place of its name.",
        "Write the name that the MX record has.",
        Whose.POLICY,
    ),
    _text(
        "mx-wildcard-invalid",
        "A '*' is the whole left-most label and stands for exactly one label.",
        "A pattern as shells have it.",
        "Name each host, or write '*.' and a domain.",
        section=_MATCHING,
    ),
    _text(
        "mx-final-dot",
        "A domain here has no final dot (RFC 5321, 4.1.2).",
        "The name was copied out of a zone file.",
        "Take the dot off.",
    ),
    _text(
        "mx-underscore",
        "A domain here has no underscore (RFC 5321, 4.1.2).",
        "A host whose name is none that mail takes.",
        "Give the host a name without it in its MX record, its certificate and here.",
    ),
    _text(
        "mx-invalid",
        "An mx is a host name, or '*.' and a domain.",
        "A typing error, or a URL in place of a name.",
        "Write the name that the MX record has.",
    ),
    _known(
        "mx-upper-case",
        _NOTICE,
        _MATCHING,
        "Names are compared without regard to case, but not by every sender.",
        "The name as somebody wrote it.",
        "Write it in lower case.",
    ),
    _known(
        "mx-duplicate",
        _NOTICE,
        _MATCHING,
        "One match is enough; the second adds none.",
        "A host that was added twice.",
        "Delete one of them.",
    ),
    _known(
        "mx-covers-own-domain",
        _NOTICE,
        "RFC 8461, 10.4",
        "Any host of the domain that gets a certificate can then pass for an MX.",
        "A wildcard over the domain itself.",
        "Name the MX hosts, or let the wildcard stand over a domain that holds only them.",
    ),
)

TEXTS = (*_WHOLE, *_FIELDS, *_MX)

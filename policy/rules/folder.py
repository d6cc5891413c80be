"""Rules about the policy folder, which is ours and in no RFC."""

from policy.findings import Severity
from policy.rules.rule import Rule, Whose

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_FOLDER = "STS Witness, policy folder"

FOLDER = (
    Rule(
        "policy-unreadable",
        _ERROR,
        _FOLDER,
        "A policy that cannot be read is not served.",
        "Rights, a link to outside the folder, or something that is no file.",
        "Give the server the right to read it, and put a file there.",
        Whose.FOLDER,
    ),
    Rule(
        "file-name-invalid",
        _ERROR,
        _FOLDER,
        "A policy file is named for its domain: lower case, A-labels, then .txt.",
        "The name as people write it.",
        "Rename the file.",
        Whose.FOLDER,
    ),
    Rule(
        "file-named-for-host",
        _WARNING,
        "RFC 8461, 3.3",
        "The policy host is mta-sts. and the domain, so a file is named for the domain alone.",
        "The file was named for the host that serves it.",
        "Rename the file.",
        Whose.FOLDER,
    ),
    Rule(
        "domains-row-invalid",
        _ERROR,
        _FOLDER,
        "A row of domains.csv that is wrong is left out.",
        "A typing error, or a row with too many or too few columns.",
        "Put the row right.",
        Whose.FOLDER,
    ),
    Rule(
        "same-as-missing",
        _ERROR,
        _FOLDER,
        "same_as names a domain that has a file of its own; else nothing is served.",
        "The other domain's file was removed or never made.",
        "Make that policy, or name another domain.",
        Whose.FOLDER,
    ),
    Rule(
        "same-as-ignored",
        _WARNING,
        _FOLDER,
        "The domain has a file of its own, which is served in place of the other one.",
        "A file was made for a domain that shared another's.",
        "Delete the file, or the same_as.",
        Whose.FOLDER,
    ),
    Rule(
        "adopted-id-invalid",
        _ERROR,
        "RFC 8461, 3.1",
        "An id is 1 to 32 letters and digits, all ASCII.",
        "The id that was found in DNS is none that senders take.",
        "Empty adopted_id and publish the new record.",
        Whose.FOLDER,
    ),
)

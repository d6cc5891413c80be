"""Judge the names in a policy folder and the rows of its domains.csv."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping

from policy.domain import HOST_PREFIX, is_domain
from policy.errors import FOUND_LIMIT
from policy.findings import Finding, worst_first
from policy.model import MAX_ID_LENGTH
from policy.register import finding
from policy.store import DOMAINS_FILE, SUFFIX, DomainRow, RowFault

_ID = re.compile(rf"[A-Za-z0-9]{{1,{MAX_ID_LENGTH}}}")


def unreadable(domain: str, subject: str, why: str) -> Finding:
    """The finding about a policy file that is there and cannot be read."""
    return finding(
        "policy-unreadable",
        domain,
        subject,
        observed=why,
        expected="a readable file inside the policy folder",
        remedy=f"ls -lL {shlex.quote(subject)}",
    )


def findings(
    file_names: Iterable[str],
    rows: Mapping[str, DomainRow],
    faults: Iterable[RowFault],
    *,
    subject: str = "",
) -> tuple[Finding, ...]:
    """All findings about the names in a policy folder and about its domains.csv.

    ``subject`` is how the folder is called.
    """
    where = f"{subject}/" if subject else ""
    names = tuple(file_names)
    found = [
        *(said for name in names if (said := _file_name(name, where)) is not None),
        *(_faulty_row(fault, where) for fault in faults),
        *_rows(rows, {name.removesuffix(SUFFIX) for name in names}, where),
    ]
    return worst_first(found)


def _file_name(name: str, where: str) -> Finding | None:
    stem = name[: -len(SUFFIX)]
    better = stem.lower() if stem.isascii() and is_domain(stem) else ""
    if not better or name != better + SUFFIX:
        return finding(
            "file-name-invalid",
            better,
            where + name,
            observed=name,
            expected="a domain in lower case and A-labels, then .txt",
            remedy=_renamed(where, name, better) if better else "rename the file, or delete it",
        )
    if stem.startswith(HOST_PREFIX) and is_domain(inner := stem.removeprefix(HOST_PREFIX)):
        return finding(
            "file-named-for-host",
            stem,
            where + name,
            observed=name,
            expected=f"{inner}{SUFFIX}, if the policy is that of {inner}",
            remedy=_renamed(where, name, inner),
        )
    return None


def _renamed(where: str, name: str, domain: str) -> str:
    return f"mv -n {shlex.quote(where + name)} {shlex.quote(where + domain + SUFFIX)}"


def _faulty_row(fault: RowFault, where: str) -> Finding:
    return finding(
        "domains-row-invalid",
        fault.policy_domain,
        where + DOMAINS_FILE,
        observed=fault.text,
        expected="a row that can be used",
        remedy="put the row right, or delete it",
        line=fault.line or None,
    )


def _rows(rows: Mapping[str, DomainRow], files: set[str], where: str) -> Iterator[Finding]:
    for row in rows.values():
        domain, subject = row.policy_domain, where + DOMAINS_FILE
        if row.same_as and domain in files:
            yield finding(
                "same-as-ignored",
                domain,
                subject,
                observed=f"same_as {row.same_as}, and {domain}{SUFFIX}",
                expected="one of the two",
                remedy=f"delete {domain}{SUFFIX}, or the same_as of {domain}",
            )
        elif row.same_as and row.same_as not in files:
            yield finding(
                "same-as-missing",
                domain,
                subject,
                observed=f"same_as {row.same_as}, which has no {row.same_as}{SUFFIX}",
                expected="a domain that has a file of its own",
                remedy=f"mta-sts init {row.same_as}",
            )
        if row.adopted_id and not _ID.fullmatch(row.adopted_id):
            yield finding(
                "adopted-id-invalid",
                domain,
                subject,
                observed=row.adopted_id[:FOUND_LIMIT],
                expected=f"1 to {MAX_ID_LENGTH} letters and digits",
                remedy=f"empty adopted_id of {domain}, then:\nmta-sts records {domain}",
            )

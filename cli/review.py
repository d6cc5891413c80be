"""mta-sts review: judge the policies of the folder, without asking anybody."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from cli import names
from cli.exits import FINDINGS
from cli.findings import block, count, say, some, totals
from cli.output import json_lines
from cli.progress import tracked
from policy import config, listing
from policy import review as reviewing
from policy.domain import is_domain
from policy.errors import PolicyFileError
from policy.findings import Finding, Severity, worst_first
from policy.store import SUFFIX, PolicyFolder

_SHOW_PROGRESS_FROM = 500  # domains; fewer are done before anybody looks
_JUDGED = (Severity.ERROR, Severity.WARNING, Severity.NOTICE)


@dataclass(frozen=True, slots=True)
class _Result:
    """What was found about a domain; ``same_as`` is the one whose policy it is served, or ""."""

    domain: str
    findings: tuple[Finding, ...]
    same_as: str = ""


@click.command(epilog="Example: mta-sts review example.com --fail-on warning")
@click.argument("domains", nargs=-1, metavar="[DOMAIN]...")
@click.option("--from", "source", metavar="FILE", help="Domains, one a line; - is standard input.")
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in _JUDGED]),
    default=Severity.ERROR.value,
    show_default=True,
    help="Exit with 1 from this severity on.",
)
@click.option("--json", "as_json", is_flag=True, help="One finding a line, as a JSON object.")
def review(domains: Sequence[str], source: str | None, fail_on: str, as_json: bool) -> int:
    """Judge the policies here, offline: all of them, or those of the domains given.

    Each finding says which senders are known to refuse the policy for it, and what to write.
    """
    folder = config.settings(os.environ, cwd=Path.cwd()).policies
    wanted = [names.domain(text) for text in domains]
    if source is not None:
        wanted += names.from_file(source)
        if not wanted:
            raise click.UsageError(f"--from {source} names no domain")
    if not folder.is_dir():
        start = f"mta-sts init {wanted[0] if wanted else 'example.com'}"
        raise click.UsageError(f"there is no policy folder {_short(folder)}; start with: {start}")
    results = _results(PolicyFolder(folder), list(dict.fromkeys(wanted)))
    if as_json:
        json_lines(asdict(finding) for result in results for finding in result.findings)
    else:
        _report(results, show_notices=bool(wanted))
    limit = Severity(fail_on).rank
    found = [finding for result in results for finding in result.findings]
    return FINDINGS if any(finding.severity.rank <= limit for finding in found) else 0


def _results(policies: PolicyFolder, wanted: list[str]) -> list[_Result]:
    """The findings by domain, of all domains where none is wanted.

    Those about no domain that could be named stand under "", at the end.
    """
    where = _short(policies.folder)
    files = policies.file_names()
    around: dict[str, list[Finding]] = {}
    for finding in listing.findings(
        files, policies.rows(), policies.faulty_rows(), subject=where.rstrip("/")
    ):
        around.setdefault(finding.policy_domain, []).append(finding)
    stems = [name.removesuffix(SUFFIX) for name in files]
    known = {stem for stem in stems if is_domain(stem) and stem == stem.lower()}
    known |= {row.policy_domain for row in policies.rows().values() if row.same_as}
    known |= set(around) - {""}
    chosen = wanted or sorted(known)
    _refuse_unknown([domain for domain in chosen if domain not in known], where)
    if not chosen and "" not in around:
        raise click.UsageError(
            f"there is no policy in {where}; start with: mta-sts init example.com"
        )
    seen = tracked(chosen, len(chosen), "Reviewing", least=_SHOW_PROGRESS_FROM)
    results = [_of_domain(policies, domain, around) for domain in seen]
    if not wanted and "" in around:
        results.append(_Result("", tuple(around[""])))
    return results


def _of_domain(policies: PolicyFolder, domain: str, around: dict[str, list[Finding]]) -> _Result:
    found = list(around.get(domain, []))
    same_as = ""
    path = policies.path(domain)
    try:
        body = policies.text(domain)
        row = policies.rows().get(domain)
        if body is None and row is not None and row.same_as:
            path, same_as = policies.path(row.same_as), row.same_as
            body = policies.text(row.same_as)
    except PolicyFileError as error:
        found.append(listing.unreadable(domain, _short(path), str(error)))
    else:
        if body is not None:
            found += reviewing.text(domain, body, subject=_short(path), to_ascii=names.domain)
    return _Result(domain, worst_first(found), same_as)


def _refuse_unknown(unknown: list[str], where: str) -> None:
    if unknown:
        first = unknown[0]
        raise click.UsageError(
            f"there is no policy for {some(unknown)} in {where}; make one with: "
            f"mta-sts init {first}"
        )


def _report(results: Sequence[_Result], *, show_notices: bool) -> None:
    """Print what was found by domain, the worst first, then a summary and what to do next."""
    by_domain = {result.domain: result for result in results}
    shared: dict[str, list[str]] = {}
    blocks: list[tuple[str, Sequence[Finding]]] = []
    clean: list[str] = []
    total: Counter[Severity] = Counter()
    quiet: Counter[str] = Counter()
    for result in results:
        own: Sequence[Finding] = result.findings
        if result.same_as and result.same_as in by_domain:
            shared.setdefault(result.same_as, []).append(result.domain)
            told = {(said.code, said.line) for said in by_domain[result.same_as].findings}
            own = [said for said in own if (said.code, said.line) not in told]
        total.update(said.severity for said in own)
        if _is_above_notice(own) or (own and show_notices):
            blocks.append((result.domain, own))
        elif not _is_above_notice(result.findings):
            clean.append(result.domain)
            quiet.update(said.code for said in own)
    blocks.sort(key=lambda shown: (shown[1][0].severity.rank, shown[0]))
    for domain, findings in blocks:
        _block(domain, findings, shared.get(domain, []))
    if clean:
        notices = ", ".join(f"{number:,} {code}" for code, number in sorted(quiet.items()))
        said = f"{count(len(clean), 'domain')} without errors or warnings: {some(clean)}."
        say(said + (f" Notices: {notices}." if notices else ""))
    say(f"Reviewed {count(len([d for d in by_domain if d]), 'domain')}: {totals(total)}.")
    say(_next([domain for domain, _found in blocks], clean, total))


def _block(domain: str, findings: Sequence[Finding], shared: Sequence[str]) -> None:
    say(f"{domain or 'The policy folder'}: {totals(findings)}")
    if shared:
        say(f"The same policy is served for {some(shared)}.", indent=2)
    for said in findings:
        click.echo()
        block(said)
    click.echo()


def _next(faulty: Sequence[str], clean: Sequence[str], total: Counter[Severity]) -> str:
    one = faulty[0] if len(faulty) == 1 else ""
    if total[Severity.ERROR]:
        return f"Next: mend the errors, then: mta-sts review {one}".rstrip()
    first = next((domain for domain in [one, *faulty, *clean] if domain), "DOMAIN")
    return f"Next, the DNS records to publish: mta-sts records {first}"


def _is_above_notice(findings: Sequence[Finding]) -> bool:
    return any(said.severity is not Severity.NOTICE for said in findings)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)

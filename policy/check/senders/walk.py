"""What one sender does with a mail to a domain, step by step, to the mail's fate."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from policy.check.judge import Case, Judgement, certificates, mx
from policy.check.judge.answer import encoding, media_type
from policy.check.judge.context import listed, unpacked, words
from policy.check.judge.host import told
from policy.check.judge.steps import Mark
from policy.check.model import How, HttpsObservation, Outcome, Step
from policy.check.senders import reading
from policy.check.senders.hosts import Fate, Met, meets
from policy.check.senders.known import SENDERS, Sender, Statuses
from policy.check.senders.reading import Refused, Taken, Unread
from policy.domain import policy_url
from policy.model import Mode
from policy.plan import span

_OK = 200


class End(StrEnum):
    """What becomes of the mail."""

    SENT_VERIFIED = "sent-verified"
    SENT = "sent"  # as without MTA-STS: encrypted if the host offers it, verified or not
    DEFERRED = "deferred"
    RETURNED = "returned"  # the domain takes no mail
    UNKNOWN = "unknown"  # we could not see enough


@dataclass(frozen=True, slots=True)
class Walked:
    """One step of the sender."""

    mark: Mark
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a sender that holds no policy yet does; ``kept`` is what it holds afterwards, and how."""

    sender: Sender
    end: End
    steps: tuple[Walked, ...]
    taken: Taken | None = None
    kept: str = ""
    why_none: str = ""  # why it takes no policy, where it takes none


@dataclass(frozen=True, slots=True)
class _Got:
    """What came of asking for the policy."""

    steps: tuple[Walked, ...]
    taken: Taken | None = None
    is_unknown: bool = False
    why_none: str = ""


def predict(sender: Sender, judged: Judgement) -> Prediction:
    """What ``sender`` would do with a mail to the domain, if it holds no policy of it yet."""
    case = judged.case
    got = _policy(sender, judged)
    enforced = got.taken if got.taken is not None and got.taken.mode is Mode.ENFORCE else None
    end, steps = _mail(sender, case, enforced)
    if got.is_unknown and end not in (End.RETURNED, End.DEFERRED):
        end = End.UNKNOWN
    kept = _kept(sender, got.taken) if got.taken is not None else ""
    return Prediction(sender, end, (*got.steps, *steps), got.taken, kept, got.why_none)


def unlike(judged: Judgement) -> tuple[Prediction, ...]:
    """What the senders do that take no policy where one is published; none where all take it."""
    if not judged.case.is_published:
        return ()
    told = (predict(sender, judged) for sender in SENDERS)
    return tuple(one for one in told if one.why_none)


def _policy(sender: Sender, judged: Judgement) -> _Got:
    case = judged.case
    found = case.seen.sts.resolver
    name = f"asks for TXT {case.record_name}"
    if found.outcome is Outcome.UNKNOWN:
        return _Got((Walked(Mark.UNKNOWN, name, found.reason),), is_unknown=True)
    about = [said for said in judged.findings if said.subject == case.record_name]
    refused = reading.record(sender, case, about)
    if refused is not None:
        text = found.reason if found.outcome is Outcome.ABSENT else refused.why
        return _none((), name, Refused(text, refused.is_sure))
    text = listed(words(b"".join(strings)) for strings in found.values)
    return _fetch(sender, case, (Walked(Mark.RIGHT, name, text),))


def _fetch(sender: Sender, case: Case, before: tuple[Walked, ...]) -> _Got:
    step = f"fetches {policy_url(case.seen.domain)}"
    seen = case.seen.policy_host.seen
    one = case.answered or next((each for each in seen if each.answer), seen[0] if seen else None)
    if one is None:
        host = case.seen.policy_host
        lookups = (host.ipv4.resolver, host.ipv6.resolver)
        if any(said.outcome is Outcome.UNKNOWN for said in lookups):
            walked = Walked(Mark.UNKNOWN, step, "its address could not be asked for")
            return _Got((*before, walked), is_unknown=True)
        return _none(before, step, Refused(lookups[0].reason or "no address"))
    refused = _answer(sender, case, one)
    if refused is not None and not refused.is_sure:
        return _Got((*before, Walked(Mark.UNKNOWN, step, refused.why)), is_unknown=True)
    if refused is not None:
        return _none(before, step, refused)
    answer = one.answer
    body = unpacked(answer) if answer is not None else None
    if answer is None or body is None:
        return _Got((*before, Walked(Mark.UNKNOWN, step, "not read here")), is_unknown=True)
    kind = answer.header("content-type") or ""
    got = (
        f"{answer.status}, {len(answer.body)} bytes after {answer.whole_s:.2f} s, at {one.address}"
    )
    before = (*before, Walked(Mark.RIGHT, step, got))
    taken = reading.policy(sender, case, body, _charset(kind))
    if isinstance(taken, Refused):
        return _none(before, "reads the policy", taken)
    if isinstance(taken, Unread):
        walked = Walked(Mark.UNKNOWN, "reads the policy", taken.why)
        return _Got((*before, walked), is_unknown=True)
    age = span(taken.max_age)
    text = f"mode {taken.mode}, max_age {age}, mx {listed(taken.mx) or 'none'}"
    return _Got((*before, Walked(Mark.RIGHT, "reads the policy", text)), taken)


def _none(before: tuple[Walked, ...], step: str, refused: Refused) -> _Got:
    doubt = "" if refused.is_sure else "; not measured, taken from the RFC"
    walked = Walked(Mark.WRONG, step, f"no policy: {refused.why}{doubt}")
    return _Got((*before, walked), why_none=refused.why + doubt)


def _answer(sender: Sender, case: Case, one: HttpsObservation) -> Refused | None:
    """Why it takes no policy out of the answer; not sure where we could not see it."""
    if one.fault is not None:
        is_late = one.fault.how is How.TIMEOUT and one.fault.step in (Step.TLS, Step.HTTP)
        waits = sender.timeout_s or 60.0
        is_sure = one.fault.outcome is Outcome.REFUSED or (is_late and one.took_s >= waits - 0.1)
        return Refused(f"{told(one.fault)}, at {one.address}", is_sure)
    if one.tls is not None and one.tls.certificate is not None:
        if one.tls.certificate.inspected_by:
            return Refused(f"TLS is inspected here, at {one.address}", is_sure=False)
        for fault in certificates.faults(one.tls, case.host, case.at):
            return Refused(f"certificate: {fault.observed}")
    answer = one.answer
    if answer is None:
        return Refused("no answer", is_sure=False)
    if sender.timeout_s is not None and answer.whole_s > sender.timeout_s:
        late = f"the answer took {answer.whole_s:.1f} s, it waits {sender.timeout_s:g} s"
        return Refused(late)
    if not _takes(sender, answer.status):
        location = answer.header("location")
        return Refused(f"status {answer.status}{f' to {location}' if location else ''}")
    kind = answer.header("content-type")
    if sender.needs_plain and media_type(kind or "") != "text/plain":
        return Refused(f"Content-Type: {kind}" if kind else "no Content-Type")
    if encoding(answer) and not sender.unpacks:
        return Refused(f"Content-Encoding: {encoding(answer)}")
    return None


def _takes(sender: Sender, status: int) -> bool:
    if sender.statuses is Statuses.ANY:
        return not 300 <= status < 400
    if sender.statuses is Statuses.ANY_2XX:
        return 200 <= status < 300
    return status == _OK


def _charset(kind: str) -> str:
    for part in kind.split(";")[1:]:
        name, _equals, value = part.strip(" \t").partition("=")
        if name.lower() == "charset":
            return value.strip('"').lower()
    return ""


def _mail(sender: Sender, case: Case, enforced: Taken | None) -> tuple[End, tuple[Walked, ...]]:
    """The fate of the mail at the MX hosts; ``enforced`` is the policy, where one is enforced."""
    found = case.seen.mx.resolver
    step = f"asks for MX {case.seen.domain}"
    if found.outcome is Outcome.UNKNOWN:
        return End.UNKNOWN, (Walked(Mark.UNKNOWN, step, found.reason),)
    hosts = mx.hosts(case.seen)
    if not hosts:
        said = found.reason or "the domain takes no mail (RFC 7505)"
        return End.RETURNED, (Walked(Mark.WRONG, step, said),)
    asked = Walked(Mark.RIGHT, step, listed(hosts))
    met = [meets(sender, case, host, enforced) for host in case.seen.mx_hosts]
    tried = list(_until_sent(met, enforced))
    steps = [_step(one, enforced) for one in tried]
    return _end(tried, enforced, case), (asked, *steps)


def _until_sent(met: list[Met], enforced: Taken | None) -> Iterator[Met]:
    """The hosts in their order, up to the one that takes the mail."""
    good = {Fate.VERIFIED} if enforced is not None else {Fate.VERIFIED, Fate.OPEN}
    for one in met:
        yield one
        if one.fate in good:
            return


def _step(one: Met, enforced: Taken | None) -> Walked:
    marks = {Fate.VERIFIED: Mark.RIGHT, Fate.UNKNOWN: Mark.UNKNOWN}
    mark = marks.get(one.fate, Mark.WRONG)
    if one.fate is Fate.OPEN and enforced is None:
        mark = Mark.RIGHT
    return Walked(mark, f"goes to {one.host}", one.why)


def _end(tried: list[Met], enforced: Taken | None, case: Case) -> End:
    fates = {one.fate for one in tried}
    if enforced is None and not case.seen.asked_smtp:
        return End.SENT  # nothing that MTA-STS would hold back
    if enforced is None and fates & {Fate.VERIFIED, Fate.OPEN}:
        return End.SENT
    if Fate.VERIFIED in fates:
        return End.SENT_VERIFIED
    return End.UNKNOWN if Fate.UNKNOWN in fates or not tried else End.DEFERRED


def _kept(sender: Sender, taken: Taken) -> str:
    return f"mode {taken.mode} with max_age {span(taken.max_age)}: {sender.keeps}"


def as_text(prediction: Prediction) -> str:
    """The end in words."""
    words_ = {
        End.SENT_VERIFIED: "sent, with a verified certificate",
        End.SENT: "sent, as without MTA-STS",
        End.DEFERRED: "held back, and tried again later",
        End.RETURNED: "returned to its sender",
        End.UNKNOWN: "cannot be told from here",
    }
    return words_[prediction.end]

"""Decides what becomes of each report, one after the other, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime  # noqa: TC003 - dataclass fields are read at run time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from outreach.errors import Conflict, Invalid, NotAllowed, NotFound, OutreachError
from outreach.logbook.comparing import says_the_same
from outreach.logbook.known import Known, Repeat, Stored
from outreach.logbook.listing import ReportRow, current_reports
from outreach.logbook.record import (
    SessionReportIn,
    content_of,
    fingerprint,
    read_report,
    receipt_of,
    refuse_wrong_day,
    result_of,
)
from outreach.logbook.sending import Sending
from outreach.people.access import Person, covers, person_of
from outreach.people.tables import Role
from outreach.visits.courses import Course, course_of, report
from outreach.visits.lifecycle import Author

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.logbook.tables import HeldReport
    from outreach.visits.tables import Visit


#: Whose reports are kept for a person where the visit does not let them report it.
REPORTERS = (Role.OFFICIAL, Role.COORDINATOR)
#: Contradictions that are none where both say the same.
_ALREADY = ("already_reported", "already_corrected", "base_never_came")


class Outcome(StrEnum):
    """What became of one report; the phone may forget those accepted and the duplicates."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the report *id* and, where it was not stored, why.

    `receipt` is the short code of what is stored, to read out on the phone; `stored_as` its id
    where the same was stored under another one.
    """

    id: str
    outcome: Outcome
    reason: str = ""
    problems: dict[str, list[str]] = field(default_factory=dict)
    receipt: str = ""
    stored_as: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One report as somebody sent it.

    `is_forced` once the one it corrects never came, `is_ruled` where a person has decided that it
    is taken. `base` is the id of what it corrects where that is stored under another. `held_since`
    is when it came, if it has waited for that since.
    """

    report: SessionReportIn
    fingerprint: str
    by: Person
    sending: Sending
    is_forced: bool = False
    is_ruled: bool = False
    base: str | None = None
    held_since: datetime | None = None

    @property
    def id(self) -> str:
        """Its id, as the tables hold it."""
        return str(self.report.id)

    @property
    def base_id(self) -> str | None:
        """The id of the report that it corrects."""
        base = self.base or self.report.corrects_id
        return str(base) if base and not self.is_forced else None


@dataclass(frozen=True, slots=True)
class Dispute:
    """What contradicts a stored report, or waited and can no longer be taken in."""

    report_id: str
    visit: Visit
    content: dict[str, Any]
    fingerprint: str
    reason: str
    account_id: int
    sending: Sending


@dataclass(slots=True)
class Takings:
    """What one request brings: decided so far, and written by `store.write` together."""

    known: Known
    now: datetime
    courses: dict[int, Course] = field(default_factory=dict)
    stored: list[tuple[Told, Visit]] = field(default_factory=list)
    held: dict[str, Told] = field(default_factory=dict)
    no_longer_held: list[str] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    released: dict[str, Answer] = field(default_factory=dict)
    senders: dict[int, Person | None] = field(default_factory=dict)
    repeats: list[tuple[Told, str]] = field(default_factory=list)
    current: dict[int, ReportRow] | None = None


def told_by(
    report: SessionReportIn, by: Person, sending: Sending, *, is_ruled: bool = False
) -> Told:
    """Take a checked report together with who sent it and how."""
    return Told(report, fingerprint(report), by, sending, is_ruled=is_ruled)


def refusal(report_id: str, error: OutreachError) -> Answer:
    """Answer a report that is not stored."""
    if isinstance(error, Invalid):
        problems: Any = error.facts["problems"]
        return Answer(report_id, Outcome.REJECTED, "invalid", problems)
    outcome = Outcome.CONFLICT if isinstance(error, Conflict) else Outcome.REJECTED
    return Answer(report_id, outcome, str(error.facts.get("problem", error.code)))


def take(db: Session, takings: Takings, told: Told) -> Answer:
    """Decide on one report, and on the corrections that have waited for it."""
    answer = _take_one(db, takings, told, takings.known.visits.get(told.report.visit_id))
    if answer.outcome is Outcome.ACCEPTED or answer.stored_as:
        _release(db, takings, told.id)
    return answer


def force(db: Session, takings: Takings, held: HeldReport) -> None:
    """Decide on a correction whose report never came: it is the first of its visit, if any is."""
    if held.id not in takings.known.held:
        return
    answer = _take_held(db, takings, held, is_forced=held.waits_for not in takings.known.reports)
    if answer is None:
        _dispute_held(takings, held, "account_closed")
    elif answer.outcome is Outcome.ACCEPTED or answer.stored_as:
        _release(db, takings, held.id)


def _take_one(db: Session, takings: Takings, told: Told, visit: Visit | None) -> Answer:
    if visit is None:
        return refusal(told.id, NotFound(visit=told.report.visit_id))
    told = _with_base(takings.known, told)
    again = _taken_before(takings, told)
    if again is not None:
        return again
    try:
        refuse_wrong_day(told.report, visit.zone, takings.now)
        return _place(db, takings, told, visit)
    except OutreachError as error:
        answer = refusal(told.id, error)
    if answer.outcome is Outcome.CONFLICT:
        same = _stored_same(db, takings, told) if answer.reason in _ALREADY else None
        if same is not None:
            return _repeat(takings, told, same)
        _dispute(takings, told, visit, answer.reason)
    return answer


def _with_base(known: Known, told: Told) -> Told:
    """Let a correction of what is stored under another id correct that."""
    repeat = known.repeats.get(told.base_id or "")
    return told if repeat is None else replace(told, base=repeat.stored_as)


def _stored_same(db: Session, takings: Takings, told: Told) -> str | None:
    """Find the report of the visit that counts if it says what is told here; else None."""
    visit_id = told.report.visit_id
    for one, _ in takings.stored:
        if one.report.visit_id == visit_id and not takings.known.reports[one.id].corrected_by:
            return one.id if says_the_same(told.report, one.report) else None
    if takings.current is None:
        takings.current = current_reports(db, list(takings.known.visits))
    stored = takings.current.get(visit_id)
    return stored.id if stored and says_the_same(told.report, stored) else None


def _repeat(takings: Takings, told: Told, stored_as: str) -> Answer:
    """Note that this is stored under another id; whatever names its own means that one."""
    takings.known.repeats[told.id] = Repeat(told.fingerprint, stored_as)
    takings.repeats.append((told, stored_as))
    return _repeated(takings.known, told.id)


def _repeated(known: Known, told_id: str) -> Answer:
    stored_as = known.repeats[told_id].stored_as
    stored = known.reports.get(stored_as)
    receipt = receipt_of(stored.fingerprint) if stored else ""
    return Answer(told_id, Outcome.DUPLICATE, receipt=receipt, stored_as=stored_as)


def _taken_before(takings: Takings, told: Told) -> Answer | None:
    """Answer for what has come before, with the very same content."""
    known = takings.known
    stored, held = known.reports.get(told.id), known.held.get(told.id)
    waits = takings.held.get(told.id)
    if stored is not None and stored.fingerprint == told.fingerprint:
        return Answer(told.id, Outcome.DUPLICATE, receipt=receipt_of(told.fingerprint))
    repeat = known.repeats.get(told.id)
    if repeat is not None and repeat.fingerprint == told.fingerprint:
        return _repeated(known, told.id)
    if (told.id, told.fingerprint) in known.disputed:
        return Answer(told.id, Outcome.CONFLICT, known.disputed[told.id, told.fingerprint])
    if told.fingerprint in (held and held.fingerprint, waits and waits.fingerprint):
        return _waits(told)
    return None


def _waits(told: Told) -> Answer:
    return Answer(told.id, Outcome.HELD, "waits_for_its_report")


def _place(db: Session, takings: Takings, told: Told, visit: Visit) -> Answer:
    known = takings.known
    if any(told.id in ids for ids in (known.reports, known.repeats, known.held, takings.held)):
        raise Conflict(problem="other_content")
    if told.base_id is not None and told.base_id not in known.reports:
        takings.held[told.id] = told
        return _waits(told)
    base = _base(known, told)
    if base is None and _is_reported(known, visit):
        raise Conflict(problem="base_never_came" if told.is_forced else "already_reported")
    if base is None and not told.is_ruled and _was_moved_since(takings, told, visit):
        raise Conflict(problem="visit_moved")
    _follow(db, takings, told, visit)
    known.reports[told.id] = Stored(told.report.visit_id, told.fingerprint)
    if base is not None:
        base.corrected_by = told.id
    takings.stored.append((told, visit))
    return Answer(told.id, Outcome.ACCEPTED, receipt=receipt_of(told.fingerprint))


def _base(known: Known, told: Told) -> Stored | None:
    """Find the report to correct; refuse another visit's, and one corrected already."""
    if told.base_id is None:
        return None
    base = known.reports[told.base_id]
    if base.visit_id != told.report.visit_id:
        raise Conflict(problem="corrects_another_visit")
    if base.corrected_by is not None:
        raise Conflict(problem="already_corrected", by=base.corrected_by)
    return base


def _is_reported(known: Known, visit: Visit) -> bool:
    return any(stored.visit_id == visit.id for stored in known.reports.values())


def _was_moved_since(takings: Takings, told: Told, visit: Visit) -> bool:
    """Whether a visit still to come got its day only after the session that is told of.

    A session held earlier than planned, by agreement, is reported like any other.
    """
    moved = takings.known.moved.get(told.report.visit_id)
    if moved is None:
        return False
    today, moved_on = visit.zone.day(takings.now), visit.zone.day(moved)
    return told.report.held_on < today and told.report.held_on <= moved_on


def _follow(db: Session, takings: Takings, told: Told, visit: Visit) -> None:
    """Take the visit where the report leads it; one that refuses it stays as it was."""
    course = takings.courses.setdefault(told.report.visit_id, course_of(visit))
    author = Author(told.by, takings.now)
    try:
        report(db, course, result_of(told.report), author, again=told.base_id is not None)
    except NotAllowed as error:
        if told.by.role not in REPORTERS:
            raise
        # Held all the same, whatever became of the visit meanwhile: a person decides.
        raise Conflict(problem="wrong_status", status=course.work) from error


def _release(db: Session, takings: Takings, report_id: str) -> None:
    """Decide on the corrections that waited for what is stored now, and on those behind them."""
    fresh = [report_id]
    while fresh:
        answers = [_take_waiting(db, takings, one) for one in _waiting(takings, fresh.pop())]
        taken = [answer for answer in answers if answer is not None]
        takings.released |= {answer.id: answer for answer in taken}
        fresh += [a.id for a in taken if a.outcome is Outcome.ACCEPTED or a.stored_as]


def _waiting(takings: Takings, base_id: str) -> list[Told | HeldReport]:
    """List what waits for this report: who came first is first, whatever the request."""
    held = [one for one in takings.known.held.values() if one.waits_for == base_id]
    sent = [told for told in takings.held.values() if told.base_id == base_id]
    came: list[tuple[datetime, Told | HeldReport]] = [(one.received_at, one) for one in held]
    came += [(takings.now, told) for told in sent]
    return [one for _, one in sorted(came, key=lambda each: (each[0], each[1].id))]


def _take_waiting(db: Session, takings: Takings, one: Told | HeldReport) -> Answer | None:
    if not isinstance(one, Told):
        return _take_held(db, takings, one)
    del takings.held[one.id]
    return _take_one(db, takings, one, takings.known.visits[one.report.visit_id])


def _take_held(
    db: Session, takings: Takings, held: HeldReport, *, is_forced: bool = False
) -> Answer | None:
    """Take in, as its own sender; one whose account has been closed meanwhile stays held.

    Held before a rule was tightened or the sender's area changed, it may be refused now: then it
    is kept for a person, for nobody is there any more to be told.
    """
    sender = _sender(db, takings, held.account_id)
    if sender is None:
        return None
    try:
        report = read_report(held.content)
    except Invalid as error:
        _dispute_held(takings, held, "refused_by_rule")
        return refusal(held.id, error)
    _let_go(takings, held)
    visit = takings.known.homes[held.visit_id]
    told = Told(
        report,
        held.fingerprint,
        sender,
        _sending_of(held),
        is_forced,
        held_since=held.received_at,
    )
    seen = visit if covers(sender.areas, visit.village_code) else None
    answer = _take_one(db, takings, told, seen)
    if answer.outcome is Outcome.REJECTED:
        _dispute(takings, told, visit, "refused_by_rule")
    return answer


def _sender(db: Session, takings: Takings, account_id: int) -> Person | None:
    if account_id not in takings.senders:
        takings.senders[account_id] = person_of(db, account_id)
    return takings.senders[account_id]


def _let_go(takings: Takings, held: HeldReport) -> None:
    del takings.known.held[held.id]
    takings.no_longer_held.append(held.id)


def _dispute(takings: Takings, told: Told, visit: Visit, reason: str) -> None:
    content, account_id = content_of(told.report), told.by.account_id
    _keep(
        takings,
        Dispute(told.id, visit, content, told.fingerprint, reason, account_id, told.sending),
    )


def _dispute_held(takings: Takings, held: HeldReport, reason: str) -> None:
    _let_go(takings, held)
    visit, sending = takings.known.homes[held.visit_id], _sending_of(held)
    dispute = Dispute(
        held.id, visit, held.content, held.fingerprint, reason, held.account_id, sending
    )
    _keep(takings, dispute)


def _keep(takings: Takings, dispute: Dispute) -> None:
    takings.known.disputed[dispute.report_id, dispute.fingerprint] = dispute.reason
    takings.disputes.append(dispute)


def _sending_of(held: HeldReport) -> Sending:
    return Sending(held.device_id, held.skew_seconds, held.source)

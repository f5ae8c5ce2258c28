"""Takes in what phones and pages send: in any order, any number of times, each once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlmodel import col, select

from outreach.errors import Conflict, Invalid, NotFound, OutreachError
from outreach.logbook import store
from outreach.logbook.record import (
    SessionReportIn,
    fingerprint,
    read_report,
    refuse_contradictions,
    refuse_wrong_day,
)
from outreach.logbook.sending import BY_PAGE, Sending
from outreach.logbook.tables import HeldReport, SessionReport
from outreach.people.access import narrow, person_of
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person

MOST_AT_ONCE = 100


class Outcome(StrEnum):
    """What became of one report; the phone may forget those accepted and the duplicates."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the report *id* and, where it was not stored, why."""

    id: str
    outcome: Outcome
    reason: str = ""
    problems: dict[str, list[str]] = field(default_factory=dict)
    receipt: str = ""


def take_in(
    db: Session,
    items: Sequence[object],
    by: Person,
    now: datetime,
    sending: Sending = BY_PAGE,
) -> list[Answer]:
    """Store the reports that can be stored and answer each of *items*, in their order.

    One bad item never sinks the others. The same report again is a duplicate; the same id with
    other content a conflict. A correction that comes before its report is held until that comes.

    Raises
    ------
    Invalid
        If there are more than `MOST_AT_ONCE`.
    """
    if len(items) > MOST_AT_ONCE:
        raise Invalid(problems={"reports": ["too_many"]}, most=MOST_AT_ONCE)
    read = [_read(item) for item in items]
    visits = _lock_visits(db, (r.visit_id for r in read if isinstance(r, SessionReportIn)), by)
    answers: list[Answer] = []
    released: dict[str, Answer] = {}
    for entry in read:
        answer = (
            entry if isinstance(entry, Answer) else _take_one(db, entry, visits, by, now, sending)
        )
        answers.append(answer)
        if answer.outcome is Outcome.ACCEPTED:
            released |= _release(db, answer.id, now)
    return [released.get(a.id, a) if a.outcome is Outcome.HELD else a for a in answers]


def _read(item: object) -> SessionReportIn | Answer:
    given = item.get("id") if isinstance(item, dict) else getattr(item, "id", None)
    try:
        if not isinstance(item, SessionReportIn):
            return read_report(item)
        refuse_contradictions(item)
    except Invalid as error:
        return _refusal(str(given) if isinstance(given, str | UUID) else "", error)
    return item


def _refusal(report_id: str, error: OutreachError) -> Answer:
    if isinstance(error, Invalid):
        problems: Any = error.facts["problems"]
        return Answer(report_id, Outcome.REJECTED, "invalid", problems)
    outcome = Outcome.CONFLICT if isinstance(error, Conflict) else Outcome.REJECTED
    return Answer(report_id, outcome, str(error.facts.get("problem", error.code)))


def _lock_visits(db: Session, ids: Iterable[int], by: Person) -> dict[int, Visit]:
    """Read the visits within the person's area; whoever else reports on one of them waits.

    In the order of their ids, so that two who send the same visits never wait for each other.
    """
    query = narrow(select(Visit), Visit.village_code, by).where(col(Visit.id).in_(set(ids)))
    query = query.order_by(col(Visit.id)).with_for_update(key_share=True)
    query = query.execution_options(populate_existing=True)
    return {visit.id or 0: visit for visit in db.exec(query)}


def _take_one(
    db: Session,
    report: SessionReportIn,
    visits: dict[int, Visit],
    by: Person,
    now: datetime,
    sending: Sending,
) -> Answer:
    visit = visits.get(report.visit_id)
    try:
        if visit is None:
            raise NotFound(visit=report.visit_id)
        refuse_wrong_day(report, visit.zone, now)
        return _place(db, report, visit, by, now, sending)
    except OutreachError as error:
        return _refusal(str(report.id), error)


def _place(
    db: Session, report: SessionReportIn, visit: Visit, by: Person, now: datetime, sending: Sending
) -> Answer:
    known = _known(db, report)
    if known is not None:
        return known
    if report.corrects_id is not None and db.get(SessionReport, str(report.corrects_id)) is None:
        store.hold(db, report, by, now, sending)
        return Answer(str(report.id), Outcome.HELD, "waits_for_its_report")
    if store.insert_report(db, report, visit, by, now, sending):
        return Answer(str(report.id), Outcome.ACCEPTED)
    # Somebody else was quicker, after we looked: only now does their row show.
    return _known(db, report) or Answer(str(report.id), Outcome.CONFLICT, "already_reported")


def _known(db: Session, report: SessionReportIn) -> Answer | None:
    """Answer for an id that is there already, be it stored or held."""
    query = select(SessionReport.fingerprint).where(SessionReport.id == str(report.id))
    stored = db.exec(query).first()
    waiting = select(HeldReport.fingerprint).where(HeldReport.id == str(report.id))
    held = None if stored else db.exec(waiting).first()
    if stored is None and held is None:
        return None
    if fingerprint(report) != (stored or held):
        return Answer(str(report.id), Outcome.CONFLICT, "other_content")
    if held:
        return Answer(str(report.id), Outcome.HELD, "waits_for_its_report")
    return Answer(str(report.id), Outcome.DUPLICATE)


def _release(db: Session, report_id: str, now: datetime) -> dict[str, Answer]:
    """Take in the corrections that waited for what has just been stored, and those behind them."""
    done: dict[str, Answer] = {}
    fresh = [report_id]
    while fresh:
        query = select(HeldReport).where(HeldReport.waits_for == fresh.pop())
        waiting = db.exec(query.order_by(col(HeldReport.received_at), col(HeldReport.id))).all()
        taken = [answer for held in waiting if (answer := _take_held(db, held, now))]
        done |= {answer.id: answer for answer in taken}
        fresh += [answer.id for answer in taken if answer.outcome is Outcome.ACCEPTED]
    return done


def _take_held(db: Session, held: HeldReport, now: datetime) -> Answer | None:
    """Take in, as its own sender; one whose account has been closed meanwhile stays held."""
    sender = person_of(db, held.account_id)
    if sender is None:
        return None
    db.delete(held)
    db.flush()  # the report must not be found as held while it is stored
    visits = _lock_visits(db, [held.visit_id], sender)
    # Held before a rule was tightened, it may be refused now; the others must not sink with it.
    entry = _read(held.content)
    if isinstance(entry, Answer):
        return entry
    return _take_one(
        db, entry, visits, sender, now, Sending(held.device_id, held.skew_seconds, held.source)
    )

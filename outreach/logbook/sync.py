"""Takes in what phones and pages send: in any order, any number of times, each once.

A request is worked off as a whole: what is known about it is read and locked, what becomes of
each report is decided in memory, and all is written, in a number of statements that does not
grow with the reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from outreach.errors import Conflict, Invalid
from outreach.logbook import store
from outreach.logbook.known import read_known
from outreach.logbook.record import SessionReportIn, read_report, refuse_contradictions
from outreach.logbook.sending import BY_PAGE, Sending
from outreach.logbook.taking import Answer, Outcome, Takings, refusal, take, told_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person

__all__ = ["MOST_AT_ONCE", "Answer", "Outcome", "take_in"]

MOST_AT_ONCE = 100
#: Who is overtaken knows the other's report the next time; more than once is ill will.
_TRIES = 5


def take_in(
    db: Session,
    items: Sequence[object],
    by: Person,
    now: datetime,
    sending: Sending = BY_PAGE,
    *,
    is_ruled: bool = False,
) -> list[Answer]:
    """Store the reports that can be stored and answer each of *items*, in their order.

    One bad item never sinks the others. The same report again is a duplicate. What contradicts a
    stored report is a conflict, and is kept for a person to decide. A correction that comes
    before its report is held until that comes. What says the same as the stored report of its
    visit, under an id of its own, is a duplicate of that. `is_ruled` is what a person has decided
    to take, though a visit that has been moved since ends by it.

    Raises
    ------
    Invalid
        If there are more than `MOST_AT_ONCE`.
    Conflict
        If others kept storing the same ids at the same moment; nothing is stored then.
    """
    if len(items) > MOST_AT_ONCE:
        raise Invalid(problems={"reports": ["too_many"]}, most=MOST_AT_ONCE)
    read = [_read(item) for item in items]
    for _ in range(_TRIES):
        try:
            with db.begin_nested():
                return _attempt(db, read, by, now, sending, is_ruled=is_ruled)
        except store.OvertakenError:
            db.expire_all()
    raise Conflict


def _attempt(
    db: Session,
    read: Sequence[SessionReportIn | Answer],
    by: Person,
    now: datetime,
    sending: Sending,
    *,
    is_ruled: bool,
) -> list[Answer]:
    known = read_known(db, [one for one in read if isinstance(one, SessionReportIn)], by, now)
    takings = Takings(known, now, senders={by.account_id: by})
    answers = [
        one
        if isinstance(one, Answer)
        else take(db, takings, told_by(one, by, sending, is_ruled=is_ruled))
        for one in read
    ]
    store.write(db, takings)
    released = takings.released
    return [released.get(a.id, a) if a.outcome is Outcome.HELD else a for a in answers]


def _read(item: object) -> SessionReportIn | Answer:
    given = item.get("id") if isinstance(item, dict) else getattr(item, "id", None)
    try:
        if not isinstance(item, SessionReportIn):
            return read_report(item)
        refuse_contradictions(item)
    except Invalid as error:
        return refusal(str(given) if isinstance(given, str | UUID) else "", error)
    return item

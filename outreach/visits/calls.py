"""Whom to call: villages that were asked and have not answered, the soonest visit first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import batched
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.db import ROWS_PER_STATEMENT
from outreach.people.officials import active_officials
from outreach.visits.links import live_links
from outreach.visits.listing import awaiting
from outreach.visits.moving import OFFERED
from outreach.visits.tables import Happening, VisitEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

#: Days without an answer after which somebody calls, and after a call in vain.
PATIENCE_DAYS = 3
AGAIN_DAYS = 1

#: From these lines of the history the waiting counts.
_WAITS_SINCE = (
    Happening.ASKED,
    Happening.MOVED,
    Happening.CALLED,
    Happening.WISHED,
    Happening.LINK_RENEWED,
)


class CallWhy(StrEnum):
    """Why a village is called."""

    WISH = "wish"
    NO_CONTACT = "no_contact"
    LINK_OVER = "link_over"
    UNANSWERED = "unanswered"
    CALLED_BEFORE = "called_before"


@dataclass(frozen=True, slots=True)
class Contact:
    """An official of the village who can be reached."""

    name: str
    position: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class CallTask:
    """A village to call about a visit.

    Attributes
    ----------
    since
        When it was asked, or heard of last.
    wish
        What it said of other days, when none of those offered suited.
    """

    visit: VisitRow
    why: CallWhy
    since: datetime | None
    wish: str = ""
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class _Heard:
    happening: Happening
    at: datetime
    wish: str


def call_tasks(db: Session, person: Person, now: datetime) -> list[CallTask]:
    """List the villages to call, the soonest visit first.

    A village is called when it has not answered for three days; at once when nobody there can be
    written to, when none of the days offered suits it, or when it has no link to answer by: it
    was withdrawn, or the visit is today. A call in vain comes back the day after.
    """
    visits = [visit for visit in awaiting(db, person) if visit.day >= visit.zone.day(now)]
    heard = _last_heard(db, [visit.id for visit in visits])
    linked = live_links(db, [visit.id for visit in visits], now)
    today = person.zone.day(now)
    contacts = contacts_of(db, {visit.village_code for visit in visits}, today)
    tasks = []
    for visit in visits:
        last, reached = heard.get(visit.id), contacts.get(visit.village_code, ())
        ways = {"has_contact": bool(reached), "has_link": visit.id in linked}
        if why := _why(visit, last, now, **ways):
            at, wish = (last.at, last.wish) if last else (None, "")
            tasks.append(CallTask(visit, why, at, wish, reached))
    return tasks


def contacts_of(db: Session, codes: Iterable[str], day: date) -> dict[str, tuple[Contact, ...]]:
    """Read who in office can be reached, by village; the caller has narrowed the codes."""
    return {
        code: tuple(
            Contact(one.name, one.position, one.phone, one.email)
            for one in officials
            if one.phone or one.email
        )
        for code, officials in active_officials(db, codes, day).items()
    }


def open_wishes(db: Session, visit_ids: Iterable[int]) -> dict[int, str]:
    """Tell which of the visits wait because their village asked for another day, and for which."""
    return {key: last.wish for key, last in _last_heard(db, visit_ids).items() if last.wish}


def _why(
    visit: VisitRow, last: _Heard | None, now: datetime, *, has_contact: bool, has_link: bool
) -> CallWhy | None:
    today = visit.zone.day(now)
    asked = visit.zone.day(last.at) if last else date.min
    if last and last.happening is Happening.CALLED:
        return CallWhy.CALLED_BEFORE if asked + timedelta(days=AGAIN_DAYS) <= today else None
    if last and last.happening is Happening.WISHED:
        return CallWhy.WISH
    if not has_contact:
        return CallWhy.NO_CONTACT
    if not has_link:
        return CallWhy.LINK_OVER
    return CallWhy.UNANSWERED if asked + timedelta(days=PATIENCE_DAYS) <= today else None


def _last_heard(db: Session, visit_ids: Iterable[int]) -> dict[int, _Heard]:
    """Read the last line of each visit from which the waiting counts.

    What a village wished stands until it is asked anew, however often nobody answers a call.
    """
    found: dict[int, _Heard] = {}
    for part in batched(visit_ids, ROWS_PER_STATEMENT):
        query = select(VisitEvent).where(
            col(VisitEvent.visit_id).in_(part), col(VisitEvent.happening).in_(_WAITS_SINCE)
        )
        for line in db.scalars(query.order_by(col(VisitEvent.id))):
            if _asks_anew(line):
                found[line.visit_id] = _heard(line, found.get(line.visit_id))
    return found


def _heard(line: VisitEvent, before: _Heard | None) -> _Heard:
    wish = line.reason if line.happening is Happening.WISHED else ""
    if line.happening is Happening.CALLED and before:
        wish = before.wish
    return _Heard(line.happening, line.at, wish)


def _asks_anew(line: VisitEvent) -> bool:
    """Whether a line matters to the village: a new slot with the same start does not."""
    return line.happening is not Happening.MOVED or any(
        line.before.get(name) != line.after.get(name) for name in OFFERED
    )

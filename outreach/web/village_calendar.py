"""The calendar of a village: each day of a month, and every reason for or against one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from pydantic import BaseModel
from sqlmodel import col, select

from outreach.errors import Invalid, NotFound
from outreach.people.tables import BranchRegency, Role, Team
from outreach.planning.workdays import ClosedKind
from outreach.villages.calendar import ask
from outreach.villages.codes import Level, level, parse
from outreach.villages.marks import DayState, state_of
from outreach.villages.reading import names_of, village_card
from outreach.villages.search import search
from outreach.villages.tables import CalendarLayer
from outreach.visits.teamday import clock_time, why_team_stays
from outreach.web.auth import person
from outreach.web.calendar_words import SHAPES
from outreach.web.closure_words import mark_words, named
from outreach.web.coordinator_calendar import lay_out_month, next_month
from outreach.web.coordinator_pages import READERS, days_asked, today
from outreach.web.coordinator_plan import PlanDay
from outreach.web.database import reading_db
from outreach.web.i18n import clock, number
from outreach.web.routing import allow
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.planning.model import Hours
    from outreach.planning.workdays import Closed
    from outreach.villages.calendar import Mark

pages = Blueprint("village_calendar", __name__, url_prefix="/calendar")

MOST_FOUND = 20


class LookIn(BaseModel):
    """Which month is shown, any day of it, and which day is asked about."""

    month: PlanDay | None = None
    day: PlanDay | None = None


@dataclass(frozen=True, slots=True)
class DayCell:
    """A day of the month: its state, and in a few words why."""

    day: date
    state: DayState
    shape: str
    why: str


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One reason of a day in words: what it is, what follows, for which region, who says so."""

    what: str
    effects: str
    region: str
    source: str


@pages.get("")
@allow(Role.COORDINATOR, Role.MANAGER, Role.ADMIN)
def find() -> ResponseReturnValue:
    """Search the village whose calendar is looked at, and lead to the rules and the feasts."""
    words = request.args.get("q", "")
    with reading_db() as db:
        levels = (Level.VILLAGE,)
        found = search(db, person(), words, levels=levels, limit=MOST_FOUND) if words else []
    return render_template("calendar/find.html", words=words, found=found, most=MOST_FOUND)


@pages.get("/villages/<code>")
@allow(*READERS)
def village(code: str) -> ResponseReturnValue:
    """Show a month of a village, and every reason of the day that is asked about."""
    look = days_asked(LookIn)
    month = (look.month or look.day or today()).replace(day=1)
    asked = look.day or (today() if month == today().replace(day=1) else None)
    with reading_db() as db:
        card = village_card(db, person(), _village_code(code))
        weeks = [[day.day for day in week] for week in lay_out_month((), month, month, month)]
        first, last = weeks[0][0], weeks[-1][-1]
        marks = ask(db, [card.code], first, last)[card.code]
        told = marks.get(asked, ()) if asked else ()
        return render_template(
            "calendar/village.html",
            village=card,
            month=month,
            earlier=(month - timedelta(days=1)).replace(day=1),
            later=next_month(month),
            weeks=[[_cell(day, marks.get(day, ())) for day in week] for week in weeks],
            asked=asked,
            state=state_of(told),
            states=[(state, SHAPES[state], word(state)) for state in DayState],
            reasons=list(_reasons(db, told)),
            teams=_teams(db, card.regency_code, asked) if asked else [],
        )


def _village_code(code: str) -> str:
    try:
        dotted = parse(code)
    except Invalid:
        raise NotFound(village=code[:20]) from None
    if level(dotted) is not Level.VILLAGE:
        raise NotFound(village=dotted)
    return dotted


def _cell(day: date, marks: Sequence[Mark]) -> DayCell:
    state = state_of(marks)
    counting = [mark for mark in marks if _counts(mark, state)]
    return DayCell(day, state, SHAPES[state], "; ".join(dict.fromkeys(map(mark_words, counting))))


def _counts(mark: Mark, state: DayState) -> bool:
    """Whether a mark is among those that make the day what it is."""
    if state is DayState.SHUT:
        return mark.closes
    return bool(mark.weight_minutes or mark.hours)


def _reasons(db: Session, marks: Sequence[Mark]) -> Iterator[ReasonLine]:
    names = names_of(db, {mark.region_code for mark in marks if mark.region_code})
    for mark in marks:
        region = names.get(mark.region_code, mark.region_code) or str(_("All of Indonesia"))
        yield ReasonLine(mark_words(mark), " ".join(effects_of(mark)), region, mark.source)


def effects_of(mark: Mark) -> Iterator[str]:
    """Say what a mark means for a session, a sentence each."""
    if mark.closes:
        yield _("No session can be held.")
    if mark.weight_minutes:
        yield minutes_in_words(mark.weight_minutes)
    if mark.hours is not None:
        yield hours_in_words(mark.hours)
    if mark.layer is CalendarLayer.FRIDAY:
        yield _("No session from 11:30 to 13:30; the rest of the day is open.")
    elif mark.rhythm is not None and not (mark.closes or mark.weight_minutes):
        yield _("People come together: a good day for a session.")


def minutes_in_words(minutes: int) -> str:
    """Say what a soft day is worth avoiding."""
    words = _(
        "Better avoided: another day is taken if it costs less than %(minutes)s minutes of travel.",
        minutes=number(minutes),
    )
    return str(words)


def hours_in_words(hours: Hours) -> str:
    """Say which hours a session must keep."""
    opens, closes = clock_time(hours.opens_minute), clock_time(hours.closes_minute)
    words = _(
        "Sessions only from %(opens)s to %(closes)s.", opens=clock(opens), closes=clock(closes)
    )
    return str(words)


def _teams(db: Session, regency_code: str, day: date) -> list[tuple[str, str]]:
    """List the teams of the village's branch and why each does not go out; empty where it does."""
    query = (
        select(Team)
        .join(BranchRegency, col(BranchRegency.branch_id) == col(Team.branch_id))
        .where(BranchRegency.regency_code == regency_code, Team.is_active)
        .order_by(col(Team.name))
    )
    return [
        (team.name, "; ".join(map(_closed_words, why_team_stays(db, team, day))))
        for team in db.exec(query)
    ]


def _closed_words(closed: Closed) -> str:
    if closed.kind is ClosedKind.HOLIDAY and closed.name:
        return closed.name  # joint leave is told as a holiday too
    return named(word(closed.kind), closed.name)

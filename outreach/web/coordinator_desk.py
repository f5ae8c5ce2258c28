"""The desk: what is going on in the branch today, this week, and what needs somebody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from flask import render_template, request, url_for
from pydantic import BaseModel, Field

from outreach.campaigns.tables import Status
from outreach.errors import Invalid, NotFound
from outreach.logbook.tariff import discounts_ending
from outreach.people.tables import Role
from outreach.visits.question import local_day
from outreach.visits.standing import Stand
from outreach.visits.tables import REPORTED, RunState, Work
from outreach.web.auth import person
from outreach.web.coordinator_asking import reaches_of
from outreach.web.coordinator_pages import now, pages, today
from outreach.web.coordinator_views import campaign_cards
from outreach.web.database import reading_db
from outreach.web.database import running as running_app
from outreach.web.desk_around import Around
from outreach.web.desk_lists import DeskLine, Which, counts, day_words, lines_of, title_of
from outreach.web.desk_ways import address_of, ways_of
from outreach.web.forms import read
from outreach.web.i18n import language
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.visits.rows import VisitRow
    from outreach.web.coordinator_asking import Reach
    from outreach.web.coordinator_views import CampaignCard

LINES_A_PAGE = 50
#: Today's visits that the desk itself shows; the list has them all.
SHOWN_TODAY = 12
#: The end of a discount is told so many days before.
DISCOUNT_TOLD_DAYS = 60

#: What waits for the coordinator, the most pressing first; the rest is for looking.
PRESSING = (
    Which.PLANS,
    Which.FAILED,
    Which.REPORTS,
    Which.DISPUTES,
    Which.AWAY,
    Which.CLOSED,
    Which.LATE,
    Which.CALLS,
    Which.RETURNED,
    Which.MESSAGES,
    Which.PAPERS,
    Which.REVIEW,
    Which.AT_ZERO,
    Which.UNPLACED,
)

#: How the bar of a day is made up, from its foot upwards.
PIECES = {
    "held": REPORTED,
    "confirmed": (Work.CONFIRMED,),
    "open": (Work.AWAITING, Work.PROPOSED),
}
_BAR_HEIGHT = 60


class ListIn(BaseModel):
    """How a list of the desk is filtered, and which page of it is shown."""

    text: str = Field(default="", max_length=100)
    team: str = Field(default="", max_length=120)
    stage: str = Field(default="", max_length=120)
    day: date | None = None
    page: int = Field(default=1, ge=1, le=100_000)


@dataclass(frozen=True, slots=True)
class WeekDay:
    """One day of the week strip: its visits, and the pieces of its bar as (kind, y, height)."""

    day: date
    name: str
    visits: int
    unconfirmed: int
    pieces: tuple[tuple[str, float, float], ...]
    is_today: bool


@pages.get("/desk")
@allow(Role.COORDINATOR)
def desk() -> ResponseReturnValue:
    """Show the home of a coordinator."""
    with reading_db() as db:
        around = _around(db)
        found = counts(around)
        cards = [c for c in campaign_cards(db, person()) if c.campaign.status is not Status.CLOSED]
        standings = {one.stage_id: one for one in around.standings}
        running = [run for run in around.runs if run.state is RunState.RUNNING]
        week = _week_strip(around)
        today_lines = lines_of(Which.TODAY, around)
    funds = running_app().settings.village_funds_discount
    return render_template(
        "coordinator/desk.html",
        day=around.day,
        cards=cards,
        counts=found,
        titles={which: title_of(which) for which in Which},
        address_of=address_of,
        pressing=[which for which in PRESSING if found[which]],
        today_lines=today_lines[:SHOWN_TODAY],
        week=week,
        running=running,
        standings=standings,
        steps=_steps(cards, [one.stand for one in around.standings]),
        ending=discounts_ending(around.day, DISCOUNT_TOLD_DAYS, village_funds_discounted=funds),
    )


@pages.get("/desk/<which>")
@allow(Role.COORDINATOR)
def desk_list(which: str) -> ResponseReturnValue:
    """Show one list of the desk; its filters stay in the address."""
    if which not in set(Which):
        raise NotFound(list=which[:20])
    try:
        given = read(ListIn, request.args)
    except Invalid:
        given = ListIn()
    with reading_db() as db:
        around = _around(db)
        lines = lines_of(Which(which), around)
        ways = ways_of(Which(which), around)
        shown = _paged([line for line in lines if _fits(line, given)], given.page, which)
        reaches = _reaches(db, shown["lines"]) if which == Which.CALLS else None
    return render_template(
        "coordinator/desk_list.html",
        which=which,
        title=title_of(Which(which), given.day),
        given=given,
        whole=len(lines),
        teams=sorted({line.team for line in lines if line.team}),
        stages=sorted({line.stage for line in lines if line.stage}),
        days=sorted({line.day for line in lines if line.day}),
        day_words=day_words,
        ways_on=ways,
        reaches=reaches,
        **shown,
    )


def _reaches(db: Session, lines: Sequence[DeskLine]) -> Mapping[int, Sequence[Reach]]:
    return reaches_of(db, [line.visit_id for line in lines if line.visit_id is not None])


def _around(db: Session) -> Around:
    branch_id = person().branch_id
    day = today() if branch_id is None else local_day(db, branch_id, now())
    return Around(db, person(), now(), day)


def _fits(line: DeskLine, given: ListIn) -> bool:
    told = f"{line.code} {line.title} {line.detail} {line.note}".casefold()
    return (
        all(part in told for part in given.text.casefold().split())
        and given.team in ("", line.team)
        and given.stage in ("", line.stage)
        and given.day in (None, line.day)
    )


def _paged(lines: Sequence[DeskLine], page: int, which: str) -> dict[str, Any]:
    last = max(1, -(-len(lines) // LINES_A_PAGE))
    page = min(page, last)
    start = (page - 1) * LINES_A_PAGE
    asked = {name: value for name, value in request.args.items() if name in ListIn.model_fields}

    def link(number: int) -> str | None:
        if not 1 <= number <= last:
            return None
        values: dict[str, Any] = {**asked, "which": which, "page": str(number)}
        return url_for("coordinator.desk_list", **values)

    return {
        "lines": lines[start : start + LINES_A_PAGE],
        "found": len(lines),
        "page": page,
        "last_page": last,
        "before": link(page - 1),
        "after": link(page + 1),
    }


def _week_strip(around: Around) -> list[WeekDay]:
    """Lay the days of this week side by side, each with a bar of its visits by status."""
    days = [around.monday + timedelta(days=number) for number in range(7)]
    by_day: dict[date, list[VisitRow]] = {day: [] for day in days}
    for visit in around.visits:
        if visit.day in by_day:
            by_day[visit.day].append(visit)
    most = max(map(len, by_day.values())) or 1
    return [_week_day(day, by_day[day], most, around.day) for day in days]


def _week_day(day: date, visits: Sequence[VisitRow], most: int, today_is: date) -> WeekDay:
    works = Counter(visit.work for visit in visits)
    pieces, top = [], float(_BAR_HEIGHT)
    for kind, of_kind in PIECES.items():
        height = round(sum(works[work] for work in of_kind) * _BAR_HEIGHT / most, 1)
        top = round(top - height, 1)
        if height:
            pieces.append((kind, top, height))
    unconfirmed = sum(works[work] for work in PIECES["open"])
    name = format_date(day, "EEE", locale=language())
    return WeekDay(day, name, len(visits), unconfirmed, tuple(pieces), day == today_is)


def _steps(cards: Sequence[CampaignCard], stands: Sequence[Stand]) -> int:
    """Count the first steps that are done, of four; beyond them the desk speaks for itself."""
    stages = [card.stage for one in cards for card in one.stages]
    if any(stand not in (Stand.NO_PLAN, Stand.DRAFT) for stand in stands):
        return 4
    if Stand.DRAFT in stands:
        return 3
    return 2 if stages else 1 if cards else 0

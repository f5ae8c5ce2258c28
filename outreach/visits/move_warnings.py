"""What a person should know before moving a visit by hand; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from outreach.campaigns.tables import Stage
from outreach.planning.check import Rule, violations_of_day
from outreach.villages.calendar import why_closed
from outreach.visits.day_ways import ways_of_visits
from outreach.visits.elsewhere import has_gone
from outreach.visits.lifecycle import village_has_another, visit_of
from outreach.visits.moving import firm_of, stops_left, team_of_branch
from outreach.visits.other_stages import engaged_elsewhere
from outreach.visits.question import local_day
from outreach.visits.slots import MOST_SLOTS
from outreach.visits.tables import ACTIVE, Visit, Work
from outreach.visits.teamday import Stop, day_of_team, stops_of, visits_on, why_team_stays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.people.tables import Team
    from outreach.visits.moving import MoveIn


@dataclass(frozen=True, slots=True)
class MoveWarning:
    """Something a person should know before moving a visit.

    `code` is the value of a `planning.check.Rule` or of a `planning.workdays.ClosedKind`, or one
    of `outside_stage`, `in_the_past`, `slot_taken`, `day_full`, `village_has_visit`,
    `village_elsewhere`, `for_another_stage`, `confirmed`, `confirmed_would_move`.
    """

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def warnings_of_move(
    db: Session, visit_id: int, to: MoveIn, *, by: Person, now: datetime
) -> tuple[MoveWarning, ...]:
    """Tell what is wrong with a move, without writing anything; empty when nothing is.

    Raises
    ------
    NotFound
        If the visit or the team is missing or outside the person's area.
    Conflict
        If the last session of the day would not start before midnight.
    """
    visit = visit_of(db, by, visit_id)
    stage = db.get_one(Stage, visit.stage_id)
    team = team_of_branch(db, to.team_id, stage.branch_id)
    return (
        *_calendar_warnings(db, stage, team, to, local_day(db, stage.branch_id, now)),
        *_of_other_stages(db, by, stage, to),
        *_order_warnings(db, visit, team, to),
    )


def _calendar_warnings(
    db: Session, stage: Stage, team: Team, to: MoveIn, today: date
) -> Iterator[MoveWarning]:
    for closed in why_team_stays(db, team, to.day):
        facts = {"name": closed.name, "is_estimate": closed.is_estimate}
        yield MoveWarning(closed.kind.value, facts)
    if not stage.starts <= to.day <= stage.ends:
        yield MoveWarning("outside_stage", {"starts": stage.starts, "ends": stage.ends})
    if to.day < today:
        yield MoveWarning("in_the_past")


def _of_other_stages(db: Session, by: Person, stage: Stage, to: MoveIn) -> Iterator[MoveWarning]:
    engaged = engaged_elsewhere(db, by, stage, to.day, to.day)
    for one in engaged.get((to.team_id, to.day), ()):
        facts = {"stage": one.stage, "is_stay": one.is_stay, "hub": one.hub}
        yield MoveWarning("for_another_stage", facts)


def _order_warnings(db: Session, visit: Visit, team: Team, to: MoveIn) -> Iterator[MoveWarning]:
    """Tell what is wrong with the two days in their new order."""
    others = [one for one in visits_on(db, to.team_id, to.day) if one.id != visit.id]
    taken = [one.village_code for one in others if one.slot == to.slot]
    if to.insert and len(others) >= MOST_SLOTS:
        yield MoveWarning("day_full", {"villages": [one.village_code for one in others]})
    elif taken and not to.insert:
        yield MoveWarning("slot_taken", {"villages": taken})
    if village_has_another(db, visit):
        yield MoveWarning("village_has_visit", {"villages": [visit.village_code]})
    if visit.work not in ACTIVE and has_gone(db, visit.stage_id, visit.village_code):
        yield MoveWarning("village_elsewhere", {"villages": [visit.village_code]})
    team_day = day_of_team(db, team, to.day)
    stops = stops_after(db, visit, team, to)
    sites = {stop.planned.code: stop.site for stop in stops}
    planned = [stop.planned for stop in stops]
    travel = ways_of_visits(db, [stop.visit for stop in stops])
    for found in violations_of_day(team_day, planned, sites, measured=travel):
        # Slots only keep the order, so a gap between them is no fault.
        if found.rule is Rule.VILLAGE_CLOSED:
            facts = {"village_code": found.code, "marks": why_closed(db, found.code, to.day)}
            yield MoveWarning(found.rule.value, facts)
        elif found.rule is not Rule.SLOT_ORDER:
            yield MoveWarning(found.rule.value, {"village_code": found.code, **found.facts})
    if visit.work is Work.CONFIRMED:
        yield MoveWarning("confirmed", {"villages": [visit.village_code]})
    if firm := firm_of(stops, visit):
        yield MoveWarning("confirmed_would_move", {"villages": firm})
    asked = [one.visit for one in stops if one.is_shifted and one.visit.work is Work.AWAITING]
    if told := [one.village_code for one in asked if one is not visit]:
        yield MoveWarning("told_would_move", {"villages": told})


def stops_after(db: Session, visit: Visit, team: Team, to: MoveIn) -> list[Stop]:
    """Time the day that the visit comes to, with it."""
    others = [one for one in visits_on(db, to.team_id, to.day) if one.id != visit.id]
    return stops_of(db, day_of_team(db, team, to.day), _in_order(visit, others, to), visit)


def _in_order(visit: Visit, others: Sequence[Visit], to: MoveIn) -> list[tuple[int, Visit]]:
    """Put the visits of a day, each with its slot, in the order they would have."""
    if to.insert:
        # A slot is the rank among all: those at it and after it make room.
        line = list(others)
        line.insert(to.slot - 1, visit)
        return list(enumerate(line, start=1))
    ordered = [(one.slot, one) for one in others] + [(to.slot, visit)]
    return sorted(ordered, key=lambda pair: (pair[0], pair[1] is visit))


def left_behind(db: Session, visit: Visit, to: MoveIn) -> list[Stop]:
    """Time the day that the visit leaves without it."""
    if (visit.team_id, visit.day) == (to.team_id, to.day):
        return []
    return stops_left(db, visit.team_id, visit.day, without=(visit.id or 0,))

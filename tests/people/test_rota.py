"""Which team works on which day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from outreach.errors import Invalid
from outreach.people.rota import days_off, team_days
from outreach.people.tables import TeamLeave
from outreach.planning.feasts import Feast
from outreach.villages.tables import CalendarLayer, CalendarRule, Effect, FeastDate, Village
from tests import builders

if TYPE_CHECKING:
    from sqlmodel import Session

#: Monday to Sunday; Thursday 24 and Friday 25 December are closed by the state.
MONDAY, SUNDAY = date(2026, 12, 21), date(2026, 12, 27)


def days(db: Session, branch_id: int | None, **more: object) -> list[tuple[int, int]]:
    found = team_days(db, branch_id or 0, MONDAY, SUNDAY, **more)  # type: ignore[arg-type]
    return [(one.day.day, one.team_id) for one in found]


def test_sundays_holidays_and_free_weekdays_are_left_out(db: Session) -> None:
    branch = builders.branch(db)
    weekdays = builders.team(db, branch.id or 0, weekdays=[1, 2, 3, 4, 5]).id or 0
    ends = builders.team(db, branch.id or 0, "Tim Dua", weekdays=[3, 6]).id or 0
    assert days(db, branch.id, holidays={}) == [
        (21, weekdays),
        (22, weekdays),
        (23, weekdays),
        (23, ends),
        (24, weekdays),
        (25, weekdays),
        (26, ends),
    ]
    kept = days(db, branch.id)
    assert (25, weekdays) not in kept
    assert (26, ends) in kept


def test_leave_and_closed_days_are_left_out(db: Session) -> None:
    branch = builders.branch(db)
    one, two = (builders.team(db, branch.id or 0, name).id or 0 for name in ("Satu", "Dua"))
    # Leave that began before the stage and one within it; the last day is still leave.
    db.add(TeamLeave(team_id=one, starts=date(2026, 12, 1), ends=MONDAY))
    db.add(TeamLeave(team_id=one, starts=date(2026, 12, 23), ends=date(2027, 1, 10)))
    db.flush()
    closed = {date(2026, 12, 22): "Pilkades"}
    assert days(db, branch.id, holidays={}, extra_closed=closed) == [
        (21, two),
        (23, two),
        (24, two),
        (25, two),
    ]


def test_resting_teams_and_those_of_other_branches_are_left_out(db: Session) -> None:
    branch, other = builders.branch(db), builders.branch(db, "Lain", "33.11.01.2001", "33.11")
    builders.team(db, branch.id or 0, is_active=False)
    foreign = builders.team(db, other.id or 0)
    assert days(db, branch.id, holidays={}) == []
    assert {team for _day, team in days(db, other.id, holidays={})} == {foreign.id}


def test_base_and_hours_are_those_of_the_team(db: Session) -> None:
    branch = builders.branch(db)
    builders.team(db, branch.id or 0, sessions_per_day=2, day_starts="07:30", day_ends="16:15")
    first, *_rest = team_days(db, branch.id or 0, MONDAY, SUNDAY, holidays={})
    village = db.get_one(Village, branch.base_village_code)
    assert (first.base.latitude, first.base.longitude) == (village.latitude, village.longitude)
    assert (first.base.region_code, first.base.island) == (village.code, village.island)
    assert (first.sessions, first.starts_minute, first.ends_minute) == (2, 450, 975)


def test_no_days_where_the_end_lies_before_the_start(db: Session) -> None:
    branch = builders.branch(db)
    builders.team(db, branch.id or 0)
    assert team_days(db, branch.id or 0, SUNDAY, MONDAY) == ()


def test_the_calendar_of_the_branchs_area_decides_on_sundays_and_holidays(db: Session) -> None:
    branch = builders.branch(db)
    with pytest.raises(Invalid) as refusal:
        builders.team(db, branch.id or 0, weekdays=[4, 5, 7])
    assert refusal.value.facts["problems"] == {"weekdays": ["sunday_not_worked"]}
    for layer in (CalendarLayer.SUNDAY, CalendarLayer.JOINT_LEAVE):
        db.add(CalendarRule(region_code="33.72", layer=layer, effect=Effect.OFF))
    db.flush()
    team = builders.team(db, branch.id or 0, weekdays=[4, 5, 7]).id or 0
    # Joint leave on the 24th is lifted; Christmas on the 25th is not.
    assert days(db, branch.id) == [(24, team), (27, team)]


def test_an_announced_feast_takes_its_holiday_along(db: Session) -> None:
    branch = builders.branch(db)
    builders.team(db, branch.id or 0)
    first, last = date(2027, 3, 10), date(2027, 3, 18)

    def worked() -> list[int]:
        return [one.day.day for one in team_days(db, branch.id or 0, first, last)]

    # Idul Fitri on the 10th and 11th, joint leave on the 12th and 15th.
    assert worked() == [16, 17, 18]
    db.add(
        FeastDate(
            feast=Feast.IDUL_FITRI,
            year=2027,
            nth=1,
            starts=date(2027, 3, 16),
            ends=date(2027, 3, 17),
            source="Sidang isbat",
        )
    )
    db.flush()
    assert worked() == [10, 11, 18]
    # What the calendar gives back is no rest, and leave is none either.
    team = team_days(db, branch.id or 0, first, last)[0].team_id
    db.add(TeamLeave(team_id=team, starts=first, ends=first))
    db.flush()
    off = days_off(db, branch.id or 0, first, last)
    assert {key: sorted(day.day for day in days) for key, days in off.items()} == {
        team: [12, 13, 14, 15, 16, 17]
    }

"""What a what-if supposes, its answer, and that nothing of the stage changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.tables import StageVillage
from outreach.db import reading, unit_of_work
from outreach.people.tables import Team, TeamLeave
from outreach.planning.feasts import Feast
from outreach.progress.supposing import Supposition, answer_of, read_supposition
from outreach.progress.what_if import claim, save
from outreach.villages.tables import FeastDate, Village
from outreach.visits.tables import Visit, VisitEvent, Work
from tests.progress.asking import ask_about, world
from tests.visits.world import ENDS, LEASE, NOW, STARTS, World, add_stage, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

__all__ = ["world"]

#: Tuesday to Saturday and the week after, until Thursday: today has gone already.
SIX = {1, 2, 3, 4, 5, 6}


def _supposition(engine: Engine, world: World, now: datetime = NOW, **changes: Any) -> Supposition:
    number = ask_about(engine, world, now, **changes)
    with unit_of_work(engine) as db:
        held = claim(db, number, now, LEASE)
        assert held is not None
        asked = read_supposition(db, held, now)
        assert save(db, held, {}, now)
    return asked


def _answer(engine: Engine, world: World, **changes: Any) -> dict[str, Any]:
    return answer_of(_supposition(engine, world, **changes), lambda _done: None)


def _visits(db: Session) -> list[dict[str, Any]]:
    return [visit.model_dump() for visit in db.scalars(select(Visit).order_by(col(Visit.id)))]


def test_more_teams_reach_more_villages_and_no_visit_is_touched(
    engine: Engine, world: World
) -> None:
    with reading(engine) as db:
        before = _visits(db)
        events = db.scalar(select(func.count()).select_from(VisitEvent))
    told = _answer(engine, world, extra_teams=2)
    with reading(engine) as db:
        assert before == _visits(db)
        assert events == db.scalar(select(func.count()).select_from(VisitEvent))
    stands, anew, supposed = (told[name] for name in ("as_it_stands", "anew", "supposed"))
    assert told["villages"] == 54
    assert stands["visits"] == len(before)
    assert stands["travel_minutes"] > 0
    assert supposed["visits"] == 54
    assert supposed["signups"] >= anew["signups"] > 0
    assert supposed["last_day"] < anew["last_day"]
    assert sum(supposed["by_week"].values()) == supposed["visits"]
    assert set(supposed["by_week"]) <= {"2026-11-02", "2026-11-09"}
    assert supposed["half_by"] < anew["half_by"], "more teams are sooner half through"
    assert supposed["half_by"] <= supposed["most_by"] <= supposed["last_day"]
    days = sorted(visit["day"].isoformat() for visit in before)
    assert stands["half_by"] == days[54 // 2 - 1]
    assert list(told["signups_by_week"]) == sorted({*anew["by_week"], *supposed["by_week"]})
    (first, sooner), (all_anew, all_supposed) = told["signups_by_week"].values()
    assert 0 < first < sooner, "more teams bring more in the first week"
    ends = [anew["signups"], supposed["signups"]]
    assert [all_anew, all_supposed] == pytest.approx(ends, abs=0.1)
    assert stands["most_by"] == (days[49 - 1] if len(days) >= 49 else None)


def test_the_same_question_has_the_same_answer(engine: Engine, world: World) -> None:
    assert _answer(engine, world, extra_teams=1) == _answer(engine, world, extra_teams=1)


def test_extra_teams_work_as_the_others_do_from_the_base_that_is_given(
    engine: Engine, world: World
) -> None:
    asked = _supposition(engine, world, extra_teams=3, base_code="33.72.02.1001")
    extra = [one for one in asked.supposed_days if one.team_id < 0]
    assert {one.team_id for one in extra} == {-1, -2, -3}
    assert {one.base.region_code for one in extra} == {"33.72.02.1001"}
    days = {one.day for one in asked.team_days}
    assert {one.day for one in extra} == days
    assert len(extra) == 3 * len(days)
    assert set(asked.team_days) <= set(asked.supposed_days)
    at_base = _supposition(engine, world, extra_teams=1)
    base = {one.base.region_code for one in at_base.supposed_days if one.team_id < 0}
    assert base == {"33.72.05.1001"}


def test_saturdays_are_those_of_teams_that_rest_then(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        rests, works = (db.get_one(Team, number) for number in world.team_ids)
        rests.weekdays = [1, 2, 3, 4, 5]
        db.add(TeamLeave(team_id=works.id or 0, starts=date(2026, 11, 7), ends=date(2026, 11, 7)))
    asked = _supposition(engine, world, saturdays=True)
    more = set(asked.supposed_days) - set(asked.team_days)
    assert {(one.team_id, one.day) for one in more} == {
        (rests.id, date(2026, 11, 7)),
        (rests.id, date(2026, 11, 14)),
    }
    assert not any(one.day == date(2026, 11, 7) for one in asked.team_days)


def test_nobody_works_on_a_saturday_that_an_announcement_has_made_a_holiday(
    engine: Engine, world: World
) -> None:
    saturday = date(2026, 11, 7)
    with unit_of_work(engine) as db:
        db.get_one(Team, world.team_ids[0]).weekdays = [1, 2, 3, 4, 5]
        moved = {"starts": saturday, "ends": saturday}
        db.add(
            FeastDate.model_validate({"feast": Feast.MAULID, "year": 2026, "source": "SKB"} | moved)
        )
    asked = _supposition(engine, world, saturdays=True)
    assert saturday not in {one.day for one in asked.supposed_days}


def test_a_new_team_works_saturdays_too_if_that_is_supposed(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        for number in world.team_ids:
            db.get_one(Team, number).weekdays = [1, 2, 3, 4, 5]
    asked = _supposition(engine, world, extra_teams=1, saturdays=True)
    extra = {one.day.isoweekday() for one in asked.supposed_days if one.team_id < 0}
    assert extra == SIX
    asked = _supposition(engine, world, extra_teams=1)
    assert 6 not in {one.day.isoweekday() for one in asked.supposed_days}


def test_islands_are_left_out_but_for_those_with_a_base(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        for number in (1, 2, 3):
            db.get_one(Village, f"33.72.02.100{number}").island = 7_777
    asked = _supposition(engine, world, skip_islands=True)
    assert asked.on_islands == 3
    assert len(asked.supposed_sites) == 51
    assert len(asked.sites) == 54
    there = _supposition(engine, world, skip_islands=True, extra_teams=1, base_code="33.72.02.1001")
    assert there.on_islands == 0


def test_what_was_held_or_is_due_today_is_not_planned_again(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        visits = db.scalars(select(Visit).order_by(col(Visit.day), col(Visit.id))).all()
        visits[0].work, visits[1].work = Work.DONE, Work.CANCELLED
        first = visits[2].day
        due = sum(visit.day <= first for visit in visits[2:])
        held = {visit.village_code for visit in visits if visit.day <= first} - {
            visits[1].village_code
        }
    on_the_day = datetime(first.year, first.month, first.day, 3, tzinfo=UTC)
    asked = _supposition(engine, world, on_the_day, extra_teams=1)
    assert asked.today == first
    assert asked.held == len(held) == due + 1
    assert not held & {site.code for site in asked.sites}
    assert visits[1].village_code in {site.code for site in asked.sites}
    assert min(one.day for one in asked.supposed_days) > first
    assert asked.as_it_stands.visits == sum(visit.day > first for visit in visits)


def test_days_of_other_stages_are_taken(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        other = add_stage(db, world.campaign_id, world.coordinator, stage_in("Tahap 2"))
        visit = db.scalars(select(Visit).order_by(col(Visit.id)).limit(1)).one()
        visit.stage_id, team, day = other, visit.team_id, visit.day
    asked = _supposition(engine, world, extra_teams=1)
    assert (team, day) not in {(one.team_id, one.day) for one in asked.supposed_days}


def test_expected_signups_follow_what_the_campaign_has_brought(
    engine: Engine, world: World
) -> None:
    asked = _supposition(engine, world, extra_teams=1)
    assert (asked.expectation.rate, asked.expectation.sessions) == (1.0, 0)
    value = sum(site.value for site in asked.sites)
    told = answer_of(asked, lambda _done: None)
    assert told["supposed"]["signups"] == pytest.approx(value, abs=0.1)


def test_progress_rises_from_none_to_all(engine: Engine, world: World) -> None:
    heard: list[float] = []
    answer_of(_supposition(engine, world, extra_teams=1), heard.append)
    assert heard == sorted(heard)
    assert 0 < heard[0] < 0.1
    assert heard[-1] == pytest.approx(1.0)
    assert any(0.4 < one < 0.6 for one in heard)


def test_what_tell_raises_ends_the_planning(engine: Engine, world: World) -> None:
    def stop(done: float) -> None:
        raise KeyboardInterrupt(done)

    with pytest.raises(KeyboardInterrupt):
        answer_of(_supposition(engine, world, extra_teams=1), stop)


def test_fewer_teams_leave_those_with_the_fewest_days_at_home(engine: Engine, world: World) -> None:
    kept, goes = world.team_ids
    with unit_of_work(engine) as db:
        db.add(TeamLeave(team_id=goes, starts=date(2026, 11, 9), ends=date(2026, 11, 10)))
    asked = _supposition(engine, world, extra_teams=-1)
    assert {one.team_id for one in asked.team_days} == {kept, goes}
    assert asked.supposed_days == tuple(one for one in asked.team_days if one.team_id == kept)
    told = answer_of(asked, lambda _done: None)
    fewer = told["anew"]["visits"] - told["supposed"]["visits"]
    assert told["lost"] - told["gained"] == fewer > 0


def test_of_fewer_teams_one_on_leave_all_the_time_goes_first(engine: Engine, world: World) -> None:
    away, works = world.team_ids
    with unit_of_work(engine) as db:
        db.add(TeamLeave(team_id=away, starts=STARTS, ends=ENDS))
    asked = _supposition(engine, world, extra_teams=-1)
    assert {one.team_id for one in asked.team_days} == {works}
    assert asked.supposed_days == asked.team_days


def test_of_fewer_teams_one_without_any_day_goes_before_one_that_has_saturdays_alone(
    engine: Engine, world: World
) -> None:
    works, on_saturdays = world.team_ids
    with unit_of_work(engine) as db:
        rests = db.get_one(Team, on_saturdays)
        rests.weekdays = [1, 2, 3, 4, 5]
        none = Team(
            branch_id=world.branch_id,
            name="Tim 3",
            base_village_code=rests.base_village_code,
            weekdays=sorted(SIX),
        )
        db.add(none)
        db.flush()
        for team, starts, ends in (
            (on_saturdays, date(2026, 11, 2), date(2026, 11, 6)),
            (on_saturdays, date(2026, 11, 9), date(2026, 11, 13)),
            (none.id or 0, STARTS, ENDS),
        ):
            db.add(TeamLeave(team_id=team, starts=starts, ends=ends))
    for fewer, left in ((-1, {works, on_saturdays}), (-2, {works})):
        asked = _supposition(engine, world, extra_teams=fewer, saturdays=True)
        assert {one.team_id for one in asked.supposed_days} == left


def test_no_team_is_left_where_others_were_given_up_since_it_was_asked(
    engine: Engine, world: World
) -> None:
    number = ask_about(engine, world, extra_teams=-1)
    with unit_of_work(engine) as db:
        db.get_one(Team, world.team_ids[1]).is_active = False
        held = claim(db, number, NOW, LEASE)
        assert held is not None
        assert read_supposition(db, held, NOW).supposed_days == ()


@pytest.mark.parametrize("minutes", [-60, 60])
def test_every_team_comes_home_later_or_earlier(engine: Engine, world: World, minutes: int) -> None:
    asked = _supposition(engine, world, ends_later_minutes=minutes, extra_teams=1)
    ends = {one.ends_minute for one in asked.team_days}
    assert {one.ends_minute for one in asked.supposed_days} == {one + minutes for one in ends}
    assert {one.team_id for one in asked.supposed_days} > {one.team_id for one in asked.team_days}


def test_a_stage_that_ends_later_or_earlier_has_the_working_days_until_then(
    engine: Engine, world: World
) -> None:
    later = _supposition(engine, world, more_weeks=1)
    assert set(later.team_days) < set(later.supposed_days)
    assert max(one.day for one in later.supposed_days) > max(one.day for one in later.team_days)
    closed = {day for site in later.sites for day in site.closed_days}
    assert date(2026, 11, 15) in closed or later.supposed_days, "calendars reach as far"
    earlier = _supposition(engine, world, more_weeks=-1)
    last = max(one.day for one in earlier.team_days)
    assert max(one.day for one in earlier.supposed_days) <= last - timedelta(weeks=1)


def test_villages_of_one_area_or_the_most_urgent_alone(engine: Engine, world: World) -> None:
    asked = _supposition(engine, world, only_area="33.72.02")
    inside = {site.code for site in asked.sites if site.code.startswith("33.72.02.")}
    assert inside == {site.code for site in asked.supposed_sites}
    assert asked.out_of_scope == 54 - len(inside) > 0
    few = _supposition(engine, world, most_villages=7)
    with reading(engine) as db:
        ranked = select(col(StageVillage.village_code)).order_by(col(StageVillage.rank))
        first = set(db.scalars(ranked.where(col(StageVillage.stage_id) == world.stage_id).limit(7)))
    assert {site.code for site in few.supposed_sites} == first
    told = answer_of(few, lambda _done: None)
    assert (told["supposed"]["visits"], told["out_of_scope"]) == (7, 47)

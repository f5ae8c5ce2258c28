"""The stage that follows another: as many working days, around holidays; what is left first."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.campaigns.picks import PickIn, decide
from outreach.campaigns.stages import StageIn, create_stage
from outreach.campaigns.tables import Campaign, Ordering, Pick, Stage, StagePick, StageVillage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotAllowed, NotFound
from outreach.people.tables import Team
from outreach.planning.workdays import ClosedKind
from outreach.villages.tables import ClosedPeriod, Closure, VillageKind
from outreach.visits.forward import Forward, copy_forward, propose
from outreach.visits.question import days_closed_to_all
from outreach.visits.tables import Visit, Work
from tests.visits.world import ENDS, TODAY, World, plan, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine


def proposed(engine: Engine, world: World, today: date = TODAY) -> Forward:
    with reading(engine) as db:
        return propose(db, world.stage_id, world.coordinator, today)


def change(engine: Engine, world: World, **values: object) -> None:
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        for name, value in values.items():
            setattr(stage, name, value)


def test_it_has_as_many_working_days_from_the_day_after(engine: Engine, world: World) -> None:
    told = proposed(engine, world)
    # Tuesday 3 to Saturday 14 November has one Sunday; so has Monday 16 to Friday 27.
    assert (told.had, told.working_days, told.is_cut) == (11, 11, False)
    assert (told.given.starts, told.given.ends) == (date(2026, 11, 16), date(2026, 11, 27))
    assert [(one.day.day, one.closed.kind) for one in told.days_left_out] == [
        (22, ClosedKind.SUNDAY)
    ]


def test_it_never_starts_before_tomorrow(engine: Engine, world: World) -> None:
    told = proposed(engine, world, date(2026, 11, 28))
    assert told.given.starts == date(2026, 11, 30)


def test_holidays_collective_leave_closed_periods_and_free_weekdays_are_stepped_over(
    engine: Engine, world: World
) -> None:
    change(engine, world, starts=date(2026, 12, 7), ends=date(2026, 12, 19))
    with unit_of_work(engine) as db:
        db.get_one(Campaign, world.campaign_id).ends = date(2027, 3, 1)
        db.add(
            ClosedPeriod(
                region_code="33.72",
                starts=date(2026, 12, 28),
                ends=date(2026, 12, 29),
                closure=Closure.FEAST,
                note="Sekaten",
            )
        )
        for team_id in world.team_ids:
            db.get_one(Team, team_id).weekdays = [1, 2, 3, 4, 5]
    told = proposed(engine, world)
    assert told.had == 10
    assert told.given.starts == date(2026, 12, 21)
    closed = {(one.day.isoformat(), one.closed.kind) for one in told.days_left_out}
    assert ("2026-12-24", ClosedKind.HOLIDAY) in closed
    assert ("2026-12-25", ClosedKind.HOLIDAY) in closed
    assert ("2026-12-28", ClosedKind.EXTRA) in closed
    assert ("2026-12-26", ClosedKind.NOT_A_WORKING_WEEKDAY) in closed
    assert ("2027-01-01", ClosedKind.HOLIDAY) in closed
    notes = {mark.note for one in told.days_left_out for mark in one.marks}
    assert notes == {"Sekaten"}
    # 21, 22, 23, 30, 31 December; 4, 6, 7, 8, 11 January, for the fifth is a feast.
    assert told.given.ends == date(2027, 1, 11)


def test_a_closed_period_of_a_part_of_the_area_closes_nothing(engine: Engine, world: World) -> None:
    change(engine, world, area_codes=["33.72.01", "33.72.02"])
    with unit_of_work(engine) as db:
        first, last = date(2026, 11, 16), date(2026, 11, 20)
        period = ClosedPeriod(
            region_code="33.72.01", starts=first, ends=last, closure=Closure.HARVEST
        )
        db.add(period)
    assert proposed(engine, world).given.starts == date(2026, 11, 16)


def test_area_kinds_order_and_quota_are_the_same_and_the_number_is_raised(
    engine: Engine, world: World
) -> None:
    change(
        engine,
        world,
        name="Tahap 1: Serengan",
        area_codes=["33.72.02"],
        kinds=[VillageKind.KELURAHAN],
        ordering=Ordering.GAP,
        quota=5,
    )
    given = proposed(engine, world).given
    assert given.name == "Tahap 2: Serengan"
    assert (given.area_codes, given.kinds) == (["33.72.02"], [VillageKind.KELURAHAN])
    assert (given.ordering, given.quota) == (Ordering.GAP, 5)


@pytest.mark.parametrize(
    ("name", "others", "expected"),
    [
        ("Tahap 1", [], "Tahap 2"),
        ("Tahap 1", ["tahap 2: Jebres", "Tahap 7 Laweyan"], "Tahap 8"),
        ("Tahap 9: Utara", ["Gelombang 12"], "Tahap 10: Utara"),
        ("Gelombang", [], "Gelombang 2"),
        ("Gelombang", ["Gelombang 2"], "Gelombang 3"),
        ("Tahap 2026 gelombang 2", [], "Tahap 2026 gelombang 3"),
        ("Tahap 2: Serengan 2026", [], "Tahap 3: Serengan 2026"),
        ("Sosialisasi 2026", [], "Sosialisasi 2026 2"),
    ],
)
def test_the_name_is_one_that_no_stage_has(
    engine: Engine, world: World, name: str, others: list[str], expected: str
) -> None:
    change(engine, world, name=name)
    with unit_of_work(engine) as db:
        for other in others:
            create_stage(db, world.campaign_id, stage_in(other), by=world.coordinator)
    assert proposed(engine, world).given.name == expected


def test_it_ends_with_the_campaign_and_says_so(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        db.get_one(Campaign, world.campaign_id).ends = date(2026, 11, 18)
    told = proposed(engine, world)
    assert told.given.ends == date(2026, 11, 18)
    assert (told.working_days, told.had, told.is_cut) == (3, 11, True)
    with unit_of_work(engine) as db:
        db.get_one(Campaign, world.campaign_id).ends = date(2026, 11, 15)
    with pytest.raises(Conflict) as refused:
        proposed(engine, world)
    assert refused.value.facts["problem"] == "campaign_ends_before"


def test_a_stage_of_a_year_is_followed_by_one_that_is_no_longer_than_a_stage_may_be(
    engine: Engine, world: World
) -> None:
    change(engine, world, starts=date(2026, 1, 1), ends=date(2027, 1, 1))
    with unit_of_work(engine) as db:
        db.get_one(Campaign, world.campaign_id).ends = date(2029, 1, 1)
        # The next year has fewer working days: half of it is one long flood.
        first, last = date(2027, 2, 1), date(2027, 7, 1)
        flood = ClosedPeriod(region_code="33.72", starts=first, ends=last, closure=Closure.FLOOD)
        db.add(flood)
    told = proposed(engine, world)
    assert (told.given.ends - told.given.starts).days < 366
    with reading(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        closed = days_closed_to_all(db, stage, told.given.starts, told.given.ends)
    days = (told.given.ends - told.given.starts).days + 1
    assert told.working_days == days - len({one.day for one in closed}) < told.had
    assert told.is_cut


def test_what_is_left_is_what_no_stage_reaches(engine: Engine, world: World) -> None:
    change(engine, world, area_codes=["33.72.02"])
    plan(engine, world)
    # An open stage with a visit in every village leaves nothing.
    assert proposed(engine, world).left == 0
    with unit_of_work(engine) as db:
        visits = list(db.exec(select(Visit)))
        visits[0].work, visits[1].work = Work.POSTPONED, Work.UNREACHABLE
        codes = {visits[0].village_code, visits[1].village_code}
    assert proposed(engine, world).left == 2
    with unit_of_work(engine) as db:
        given = StageIn(name="Tahap 2", starts=date(2026, 11, 16), ends=date(2026, 11, 20))
        made = copy_forward(db, world.stage_id, given, by=world.coordinator)
        assert made.follows_id == world.stage_id
        chosen = set(db.exec(select(StageVillage.village_code)))
    assert codes < chosen


def test_the_copy_takes_decisions_along(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        pick = PickIn(code="33.72.02.1003", pick=Pick.LEFT_OUT, reason="Sudah oleh dinas")
        decide(db, world.stage_id, pick, by=world.coordinator)
    given = proposed(engine, world).given
    with unit_of_work(engine) as db:
        made = copy_forward(db, world.stage_id, given, by=world.coordinator)
        picks = {(one.stage_id, one.village_code, one.pick) for one in db.exec(select(StagePick))}
    assert picks == {
        (world.stage_id, "33.72.02.1003", Pick.LEFT_OUT),
        (made.id, "33.72.02.1003", Pick.LEFT_OUT),
    }


def test_only_its_planner_copies_it(engine: Engine, world: World) -> None:
    for by, error in ((world.foreigner, NotFound), (world.manager, NotAllowed)):
        with pytest.raises(error), reading(engine) as db:
            propose(db, world.stage_id, by, TODAY)
        with pytest.raises(error), unit_of_work(engine) as db:
            copy_forward(db, world.stage_id, stage_in("Tahap 2"), by=by)
    assert proposed(engine, world).given.starts > ENDS

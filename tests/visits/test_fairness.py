"""Hours and hard villages per team, and how far the teams lie apart."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, update

from outreach.db import reading, unit_of_work
from outreach.people.tables import Account, Role, Team, TeamLeave
from outreach.planning.model import Access
from outreach.villages.tables import Village, VillageAccess, Zone
from outreach.visits.fairness import Fairness, Hardship, TeamLoad, fairness
from outreach.visits.tables import (
    Answer,
    Channel,
    ConfirmationLink,
    Happening,
    Result,
    Visit,
    VisitEvent,
    Work,
)
from tests.visits.world import ENDS, NOW, STARTS, World, add_stage, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

MONDAY, TUESDAY = date(2026, 11, 9), date(2026, 11, 10)


def put(db: Session, world: World, team: int, code: str, **changes: Any) -> Visit:
    given: dict[str, Any] = {
        "stage_id": world.stage_id,
        "village_code": f"33.72.{code}",
        "team_id": world.team_ids[team],
        "day": MONDAY,
        "slot": 1,
        "starts_at": time(9),
        "zone": Zone.WIB,
        "session_minutes": 120,
        "travel_minutes": 30,
        "return_minutes": 0,
        "work": Work.CONFIRMED,
    }
    visit = Visit(**{**given, **changes})
    db.add(visit)
    db.flush()
    return visit


def told(engine: Engine, world: World, **changes: Any) -> Fairness:
    with reading(engine) as db:
        return fairness(db, world.branch_id, STARTS, ENDS, **changes)


def loads(engine: Engine, world: World, **changes: Any) -> list[TeamLoad]:
    return list(told(engine, world, **changes).loads)


def hard(engine: Engine, world: World) -> dict[str, tuple[Hardship, ...]]:
    return {
        one.village_code[6:]: one.hardships for load in loads(engine, world) for one in load.hard
    }


def test_hours_are_those_on_the_road_and_in_the_hall_of_visits_that_stand(
    engine: Engine, world: World
) -> None:
    with unit_of_work(engine) as db:
        put(db, world, 0, "01.1001")
        put(db, world, 0, "01.1002", slot=2, starts_at=time(12), return_minutes=40)
        put(db, world, 0, "01.1003", day=TUESDAY, work=Work.DONE)
        put(db, world, 0, "01.1004", work=Work.CANCELLED)
        put(db, world, 0, "01.1005", day=date(2026, 10, 1))
        put(db, world, 1, "02.1001", session_minutes=60)
    one, two = loads(engine, world)
    assert (one.team, one.visits, one.team_days) == ("Tim 1", 3, 2)
    assert (one.travel_minutes, one.session_minutes, one.minutes) == (130, 360, 490)
    assert (two.visits, two.minutes) == (1, 90)
    spread = told(engine, world).hours
    assert spread is not None
    assert (spread.highest.team, spread.lowest.team) == ("Tim 1", "Tim 2")
    days = one.working_days
    assert days == two.working_days > 2
    assert (spread.most, spread.least, spread.apart) == (490 / days, 90 / days, 400 / days)
    assert (spread.mean, spread.above_mean) == (290 / days, 200 / days)
    assert spread.with_least == 1


def test_a_stage_counts_its_own_visits_and_its_teams_whole_days(
    engine: Engine, world: World
) -> None:
    with unit_of_work(engine) as db:
        given = stage_in("Tahap 2", area_codes=["33.72.03"])
        other = add_stage(db, world.campaign_id, world.coordinator, given)
        put(db, world, 0, "01.1001", starts_at=time(6), travel_minutes=10)
        put(db, world, 0, "03.1001", slot=2, stage_id=other, starts_at=time(7), travel_minutes=90)
    one, two = loads(engine, world, stage_id=other)
    assert (one.visits, two.visits) == (1, 0)
    # The second of the day is not the one for which the team left early.
    assert one.hard == ()


@pytest.mark.parametrize(
    ("starts", "travel", "back", "is_dark"),
    [
        (time(6, 30), 30, 0, False),
        (time(6, 29), 30, 0, True),
        (time(15), 30, 60, False),
        (time(15), 30, 61, True),
    ],
)
def test_before_six_and_after_eighteen_it_is_dark(
    engine: Engine, world: World, starts: time, travel: int, back: int, is_dark: bool
) -> None:
    with unit_of_work(engine) as db:
        put(db, world, 0, "01.1001", starts_at=starts, travel_minutes=travel, return_minutes=back)
    assert hard(engine, world) == ({"01.1001": (Hardship.NIGHT,)} if is_dark else {})


def test_only_the_last_of_the_day_brings_the_team_home_late(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        put(db, world, 0, "01.1001", starts_at=time(13))
        put(db, world, 0, "01.1002", slot=2, starts_at=time(16), return_minutes=1)
    assert hard(engine, world) == {"01.1002": (Hardship.NIGHT,)}


def test_a_boat_that_is_noted_counts_and_a_flight_is_none(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        for slot, (code, access) in enumerate(
            (("01.1001", Access.BOAT), ("01.1002", Access.AIR), ("01.1003", None)), start=1
        ):
            put(db, world, 0, code, slot=slot)
            if access:
                db.add(VillageAccess(village_code=f"33.72.{code}", access=access))
    (load, _) = loads(engine, world)
    assert load.count(Hardship.BOAT) == 1


def test_another_island_than_the_teams_own_base_needs_a_boat(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        of_village = update(Village).where(col(Village.code) == "33.72.01.1001")
        db.execute(of_village.values(island=777))
        put(db, world, 0, "01.1001")
        put(db, world, 1, "02.1001")
    assert hard(engine, world) == {"01.1001": (Hardship.BOAT,)}
    with unit_of_work(engine) as db:
        team = db.get_one(Team, world.team_ids[0])
        team.base_village_code = "33.72.01.1001"
    assert hard(engine, world) == {}


def test_two_visits_that_came_to_nothing_make_a_village_hard(engine: Engine, world: World) -> None:
    def happened(
        db: Session, visit: Visit, what: Happening, channel: Channel, by: int | None = None
    ) -> None:
        db.add(
            VisitEvent(
                visit_id=visit.id or 0,
                village_code=visit.village_code,
                happening=what,
                at=NOW,
                channel=channel,
                account_id=by,
            )
        )

    with unit_of_work(engine) as db:
        once = put(db, world, 0, "01.1001", work=Work.POSTPONED)
        happened(db, once, Happening.POSTPONED, Channel.PHONE)
        # One visit put off twice is one visit put off.
        happened(db, once, Happening.POSTPONED, Channel.PHONE)
        lapsed = put(db, world, 0, "01.1001", work=Work.RETURNED)
        happened(db, lapsed, Happening.RETURNED, Channel.PRODUCT)
        # The branch's own doing, at a desk or in a sheet.
        for channel in (Channel.PAGE, Channel.SHEET):
            ours = put(db, world, 0, "01.1001", work=Work.POSTPONED)
            happened(db, ours, Happening.POSTPONED, channel, world.coordinator.account_id)
        put(db, world, 1, "01.1001")
    assert hard(engine, world) == {}
    with unit_of_work(engine) as db:
        again = put(db, world, 0, "01.1001", work=Work.RETURNED)
        official = Account(
            login="lurah",
            name="Lurah",
            role=Role.OFFICIAL,
            password_hash="-",
            password_stamp="-",
            created_at=NOW,
        )
        db.add(official)
        db.flush()
        happened(db, again, Happening.RETURNED, Channel.PAGE, official.id)
    assert hard(engine, world) == {"01.1001": (Hardship.REFUSALS,)}
    with unit_of_work(engine) as db:
        no = put(db, world, 0, "01.1001", work=Work.CANCELLED)
        link = ConfirmationLink(visit_id=no.id or 0, issued_at=NOW, expires_at=NOW)
        link.answered_at, link.answer = NOW, Answer.NO
        db.add(link)
        put(db, world, 0, "01.1002", day=TUESDAY, work=Work.DONE, result=Result.REFUSED)
    (load,) = [one for one in loads(engine, world) if one.hard]
    assert (load.team, load.hard[0].refusals, load.count(Hardship.REFUSALS)) == ("Tim 2", 3, 1)


def test_teams_that_work_count_without_a_visit_and_one_team_has_no_spread(
    engine: Engine, world: World
) -> None:
    empty = told(engine, world)
    assert [load.visits for load in empty.loads] == [0, 0]
    assert empty.hours is not None
    assert empty.hours.apart == 0
    with unit_of_work(engine) as db:
        db.get_one(Team, world.team_ids[1]).is_active = False
    alone = told(engine, world)
    assert [load.team for load in alone.loads] == ["Tim 1"]
    assert (alone.hours, alone.hard) == (None, None)
    with unit_of_work(engine) as db:
        put(db, world, 1, "01.1001")
    assert [load.team for load in told(engine, world).loads] == ["Tim 1", "Tim 2"]


def test_who_works_fewer_days_carries_more_with_the_same_hours(
    engine: Engine, world: World
) -> None:
    with unit_of_work(engine) as db:
        put(db, world, 0, "01.1001")
        put(db, world, 1, "02.1001")
        db.get_one(Team, world.team_ids[1]).weekdays = [1, 2, 3]
    seen = told(engine, world)
    assert seen.hours is not None
    assert seen.hours.highest.team == "Tim 2"
    days = sum(load.working_days for load in seen.loads)
    assert seen.hours.mean == 300 / days


def test_work_on_a_day_of_leave_is_told_and_counts_as_a_day(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        put(db, world, 0, "01.1001")
        put(db, world, 0, "01.1002", day=TUESDAY)
    before = loads(engine, world)[0]
    with unit_of_work(engine) as db:
        until = MONDAY + timedelta(days=2)
        db.add(TeamLeave(team_id=world.team_ids[0], starts=MONDAY, ends=until, reason="Sakit"))
    after = loads(engine, world)[0]
    assert (before.off_duty_days, after.off_duty_days) == (0, 2)
    assert after.working_days == before.working_days - 1


def test_only_teams_of_one_base_are_named_uneven_and_by_their_days_on_duty(
    engine: Engine, world: World
) -> None:
    with unit_of_work(engine) as db:
        put(db, world, 0, "01.1001")
        for number in world.team_ids:
            db.get_one(Team, number).base_village_code = "33.72.01.1001"
        db.get_one(Team, world.team_ids[1]).weekdays = [1, 2, 3]
        put(db, world, 0, "01.1002", day=TUESDAY)
    seen = told(engine, world)
    one, two = seen.loads[:2]
    assert 0 < two.working_days < one.working_days
    assert one.a_day == one.minutes / one.working_days
    assert seen.uneven is not None
    assert seen.uneven[0].team == "Tim 1"
    # A whole day moved would only turn it round.
    with unit_of_work(engine) as db:
        own = put(db, world, 1, "02.1001", session_minutes=100).id
    assert told(engine, world).uneven is None
    with unit_of_work(engine) as db:
        put(db, world, 0, "01.1003", day=date(2026, 11, 11))
        put(db, world, 0, "01.1004", day=date(2026, 11, 12))
    assert told(engine, world).uneven is not None
    # Whoever has no day free can take none.
    with unit_of_work(engine) as db:
        db.get_one(Team, world.team_ids[1]).weekdays = [MONDAY.isoweekday()]
        db.get_one(Visit, own).session_minutes = 10
    assert told(engine, world).uneven is None
    with unit_of_work(engine) as db:
        db.get_one(Team, world.team_ids[1]).weekdays = [1, 2, 3]
        for number, code in zip(world.team_ids, ("01.1001", "02.1001", "03.1001"), strict=False):
            db.get_one(Team, number).base_village_code = f"33.72.{code}"
    assert told(engine, world).uneven is None

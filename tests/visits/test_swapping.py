"""Two visits change places, or nothing happens at all."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.tables import Team, TeamLeave
from outreach.planning.check import violations_of_day
from outreach.visits.listing import history, visit_row, visits_of_stage
from outreach.visits.swapping import may_swap, swap_visits
from outreach.visits.tables import Happening, Visit, Work
from outreach.visits.teamday import day_of_team, stops_of, visits_on
from tests.visits.world import NOW, TODAY, World, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow


@pytest.fixture
def pair(engine: Engine, world: World) -> tuple[VisitRow, VisitRow]:
    """Two visits of full days that can change places."""
    plan(engine, world)
    with reading(engine) as db:
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
        for one, other in permutations(rows, 2):
            days = {(one.team_id, one.day), (other.team_id, other.day)}
            full = all(len(visits_on(db, *key)) == 3 for key in days)
            visits = db.get_one(Visit, one.id), db.get_one(Visit, other.id)
            if len(days) == 2 and full and one.slot != other.slot and may_swap(db, *visits, TODAY):
                return one, other
    raise AssertionError("no two visits of the plan can change places")


def _swap(
    engine: Engine, by: Person, pair: tuple[VisitRow, VisitRow], reason: str = "tukar", **more: bool
) -> None:
    one, other = pair
    versions = one.version, other.version
    with unit_of_work(engine) as db:
        swap_visits(db, one.id, other.id, versions=versions, by=by, now=NOW, reason=reason, **more)


def _seat(row: VisitRow) -> tuple[object, ...]:
    return row.team_id, row.day, row.slot


def test_two_visits_of_full_days_change_places(
    engine: Engine, world: World, pair: tuple[VisitRow, VisitRow]
) -> None:
    _swap(engine, world.coordinator, pair)
    with reading(engine) as db:
        after = [visit_row(db, world.coordinator, row.id) for row in pair]
        assert [_seat(row) for row in after] == [_seat(pair[1]), _seat(pair[0])]
        for row in after:
            whole = day_of_team(db, db.get_one(Team, row.team_id), row.day)
            visits = visits_on(db, row.team_id, row.day)
            stops = stops_of(db, whole, [(one.slot, one) for one in visits])
            assert [stop.starts_at for stop in stops] == [one.starts_at for one in visits]
            sites = {stop.planned.code: stop.site for stop in stops}
            assert violations_of_day(whole, [stop.planned for stop in stops], sites) == ()
            last = history(db, world.coordinator, row.id)[-1]
            assert (last.happening, last.reason) == (Happening.MOVED, "tukar")
            assert last.before["day"] != last.after["day"] or (
                last.before["team_id"] != last.after["team_id"]
            )


def test_a_confirmed_visit_changes_places_only_when_told_so(
    engine: Engine, world: World, pair: tuple[VisitRow, VisitRow]
) -> None:
    with unit_of_work(engine) as db:
        db.get_one(Visit, pair[0].id).work = Work.CONFIRMED
    with pytest.raises(Conflict) as refusal:
        _swap(engine, world.coordinator, pair)
    assert refusal.value.facts["problem"] == "confirmed"
    _swap(engine, world.coordinator, pair, also_confirmed=True)
    with reading(engine) as db:
        after = [visit_row(db, world.coordinator, row.id) for row in pair]
    assert [row.work for row in after] == [Work.AWAITING, Work.PROPOSED]


def test_what_does_not_fit_is_refused_whole(
    engine: Engine, world: World, pair: tuple[VisitRow, VisitRow]
) -> None:
    one, other = pair
    with unit_of_work(engine) as db:
        db.add(TeamLeave(team_id=other.team_id, starts=other.day, ends=other.day))
    with pytest.raises(Conflict) as refusal:
        _swap(engine, world.coordinator, pair)
    assert refusal.value.facts["problem"] == "swap_impossible"
    with pytest.raises(Invalid):
        _swap(engine, world.coordinator, pair, reason="Ibu Sri 3372041512800001")
    for person, error in ((world.foreigner, NotFound), (world.manager, NotAllowed)):
        with pytest.raises(error):
            _swap(engine, person, pair)
    with unit_of_work(engine) as db:
        db.get_one(Visit, one.id).version += 1
        assert db.get_one(Stage, world.stage_id).id == one.stage_id
    with pytest.raises(Conflict) as stale:
        _swap(engine, world.coordinator, pair)
    assert stale.value.facts["problem"] == "changed_meanwhile"
    with reading(engine) as db:
        after = [visit_row(db, world.coordinator, row.id) for row in pair]
    assert [_seat(row) for row in after] == [_seat(one), _seat(other)]

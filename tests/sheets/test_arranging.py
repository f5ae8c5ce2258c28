"""Any number of visits change places at once; what is taken back is exactly what was."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.errors import Conflict
from outreach.sheets.staging import apply_upload
from outreach.sheets.tables import Upload, UploadState
from outreach.visits.links import issue_links
from outreach.visits.tables import ACTIVE, ConfirmationLink, Visit, Work
from outreach.visits.teamday import visits_on
from tests.sheets import desk
from tests.visits.world import NOW, build_world, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.visits.world import World

CODE, TEAM, DAY, SLOT, ALLOW = 0, 3, 4, 5, 8


def planned(engine: Engine) -> World:
    world = build_world(engine)
    plan(engine, world)
    return world


def standing(engine: Engine, world: World) -> dict[str, tuple[Any, ...]]:
    with unit_of_work(engine) as db:
        query = select(Visit).where(
            col(Visit.stage_id) == world.stage_id, col(Visit.work).in_(ACTIVE)
        )
        return {
            v.village_code: (v.team_id, v.day, v.slot, v.starts_at, v.travel_minutes, v.work)
            for v in db.scalars(query)
        }


def shuffled(lines: desk.Lines, seed: int) -> None:
    """Deal the places of some of the rows out anew, and tick all of them."""
    dice = random.Random(seed)
    some = dice.sample(lines[1:], dice.randint(2, 40))
    places = [line[TEAM : SLOT + 1] for line in some]
    dice.shuffle(places)
    for line, place in zip(some, places, strict=True):
        line[TEAM : SLOT + 1] = place
    for line in lines[1:]:
        line[ALLOW] = "ya"


@pytest.mark.parametrize("seed", range(6))
def test_any_shuffle_of_places_is_applied_and_undone_whole(
    sqlite_engine: Engine, seed: int
) -> None:
    world = planned(sqlite_engine)
    dice = random.Random(seed)
    with unit_of_work(sqlite_engine) as db:
        told = []
        for visit in db.scalars(select(Visit).order_by(col(Visit.id))):
            visit.work = dice.choice([Work.PROPOSED, Work.AWAITING, Work.CONFIRMED])
            told += [visit.id or 0] if visit.work is Work.AWAITING else []
        issue_links(db, told, NOW)
    before = standing(sqlite_engine, world)
    wanted: dict[str, tuple[Any, ...]] = {}

    def edit(lines: desk.Lines) -> None:
        shuffled(lines, seed)
        wanted.update({line[CODE]: (line[DAY], int(line[SLOT])) for line in lines[1:]})

    staged = desk.upload(sqlite_engine, world, desk.edited(sqlite_engine, world, edit))
    assert (staged.accepted, staged.refused) == (len(before), 0)
    applied = desk.apply(sqlite_engine, world, staged)
    after = standing(sqlite_engine, world)
    assert {code: at[1:3] for code, at in after.items()} == wanted
    moved = {code for code in before if before[code][:3] != after[code][:3]}
    assert moved
    assert all(after[code][5] is not Work.CONFIRMED for code in moved)
    assert_sound(sqlite_engine, world)

    desk.undo(sqlite_engine, world, applied)
    assert standing(sqlite_engine, world) == before
    assert_sound(sqlite_engine, world)


def assert_sound(engine: Engine, world: World) -> None:
    """Sessions of a day follow each other, and a live link exists exactly where one waits."""
    with unit_of_work(engine) as db:
        visits = list(db.scalars(select(Visit).where(col(Visit.work).in_(ACTIVE))))
        for team_id, day in {(visit.team_id, visit.day) for visit in visits}:
            starts = [one.starts_at for one in visits_on(db, team_id, day)]
            assert starts == sorted(set(starts))
        live = select(col(ConfirmationLink.visit_id)).where(
            col(ConfirmationLink.withdrawn_at).is_(None),
            col(ConfirmationLink.answered_at).is_(None),
        )
        waiting = {visit.id for visit in visits if visit.work is Work.AWAITING}
        assert set(db.scalars(live)) == waiting


def test_two_who_apply_the_same_sheet_at_once_apply_it_once(engine: Engine) -> None:
    world = planned(engine)
    content = desk.edited(engine, world, lambda lines: shuffled(lines, 1))
    staged = desk.upload(engine, world, content)
    ended: list[str] = []
    together = threading.Barrier(2)

    def press() -> None:
        together.wait()
        try:
            with unit_of_work(engine) as db:
                apply_upload(db, staged.id or 0, staged.version, desk.context(db, world))
            ended.append("applied")
        except Conflict as refused:
            ended.append(str(refused.facts["problem"]))

    both = [threading.Thread(target=press) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(ended) == ["applied", "upload_settled"]
    with unit_of_work(engine) as db:
        assert db.get_one(Upload, staged.id).state is UploadState.APPLIED


def test_a_day_that_somebody_filled_meanwhile_is_not_undone(sqlite_engine: Engine) -> None:
    """The visit itself is as it was left, but its old slot is another's now."""
    world = planned(sqlite_engine)
    before = standing(sqlite_engine, world)
    one, other = sorted(before, key=lambda code: before[code][1:3])[:2]

    def to_the_end(lines: desk.Lines, code: str) -> None:
        line = next(line for line in lines if line[CODE] == code)
        line[TEAM], line[DAY], line[SLOT] = "Tim 1", "14/11/2026", ""

    def into_its_place(lines: desk.Lines) -> None:
        line = next(line for line in lines if line[CODE] == other)
        line[TEAM] = "Tim 1" if before[one][0] == world.team_ids[0] else "Tim 2"
        line[DAY], line[SLOT] = before[one][1], before[one][2]

    first = desk.edited(sqlite_engine, world, lambda lines: to_the_end(lines, one))
    applied = desk.apply(sqlite_engine, world, desk.upload(sqlite_engine, world, first))
    second = desk.edited(sqlite_engine, world, into_its_place)
    later = desk.apply(sqlite_engine, world, desk.upload(sqlite_engine, world, second))
    stands = standing(sqlite_engine, world)
    with pytest.raises(Conflict, match="changed_since"):
        desk.undo(sqlite_engine, world, applied)
    assert standing(sqlite_engine, world) == stands
    # In the order they came, the last first, both can be.
    desk.undo(sqlite_engine, world, later)
    desk.undo(sqlite_engine, world, applied)
    assert standing(sqlite_engine, world) == before


def test_a_day_that_somebody_joined_meanwhile_is_not_undone(sqlite_engine: Engine) -> None:
    """The old slot is free still, but the visit that came since has its times from the day."""
    world = planned(sqlite_engine)
    one, other = sorted(standing(sqlite_engine, world))[:2]

    def put(wanted: dict[str, tuple[str, int]]) -> Upload:
        def edit(lines: desk.Lines) -> None:
            for line in lines[1:]:
                if line[CODE] in wanted:
                    line[TEAM], line[SLOT] = wanted[line[CODE]]
                    line[DAY] = "14/11/2026"

        staged = desk.upload(sqlite_engine, world, desk.edited(sqlite_engine, world, edit))
        assert (staged.refused, bool(staged.changes)) == (0, True)
        return desk.apply(sqlite_engine, world, staged)

    put({one: ("Tim 1", 1)})
    away = put({one: ("Tim 2", 1)})
    put({other: ("Tim 1", 2)})
    stands = standing(sqlite_engine, world)
    with pytest.raises(Conflict, match="changed_since"):
        desk.undo(sqlite_engine, world, away)
    assert standing(sqlite_engine, world) == stands

"""Papers that the plan has left behind are marked, and only those."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from outreach.db import reading, unit_of_work
from outreach.errors import OutreachError
from outreach.papers.choosing import Wanted
from outreach.papers.issuing import catch_up, make_again
from outreach.papers.outdated import (
    PaperRow,
    PaperState,
    lacking,
    outdated,
    papers_of_stage,
    set_void_aside,
)
from outreach.papers.tables import PaperKind
from outreach.people.tables import Team
from outreach.visits.lifecycle import confirm, postpone
from outreach.visits.moving import MoveIn, move_visit
from outreach.visits.tables import Visit, Work
from tests.papers.shop import make, some_visit
from tests.visits.world import ENDS, NOW, TODAY, World

if TYPE_CHECKING:
    from sqlalchemy import Engine

FREE_DAY = date(2026, 11, 14)


def _left(engine: Engine, world: World, today: date = TODAY) -> list[PaperRow]:
    with reading(engine) as db:
        return outdated(db, world.coordinator, today)


def _move(engine: Engine, world: World, visit: Visit) -> None:
    with unit_of_work(engine) as db:
        to = MoveIn(team_id=visit.team_id, day=FREE_DAY, slot=1)
        by, version = world.coordinator, visit.version
        move_visit(db, visit.id or 0, to, version=version, by=by, now=NOW, reason="hajatan")


def test_fresh_papers_say_what_the_plan_says(engine: Engine, world: World) -> None:
    make(engine, world)
    assert _left(engine, world) == []
    with reading(engine) as db:
        rows = papers_of_stage(db, world.coordinator, world.stage_id, TODAY)
    assert {row.state for row in rows} == {PaperState.CURRENT}
    assert {row.made_by for row in rows} == {"Rini"}


def test_a_move_leaves_the_papers_of_visit_day_and_month_behind(
    engine: Engine, world: World
) -> None:
    make(engine, world)
    visit = some_visit(engine)
    _move(engine, world, visit)
    rows = _left(engine, world)
    about = {row.kind for row in rows if row.visit_id == visit.id}
    assert about == {PaperKind.NOTICE, PaperKind.ATTENDANCE_LIST, PaperKind.MINUTES}
    assert {row.state for row in rows} == {PaperState.OUTDATED}
    letters = [row for row in rows if row.kind is PaperKind.ASSIGNMENT_LETTER]
    assert [row.team_id for row in letters] == [visit.team_id]
    sheets = [row for row in rows if row.kind is PaperKind.ROUTE_SHEET]
    assert [(row.team_id, row.first_day) for row in sheets] == [(visit.team_id, visit.day)]
    with unit_of_work(engine) as db:
        for row in rows:
            make_again(db, row.id, by=world.coordinator, now=NOW)
    assert _left(engine, world) == []


def test_a_visit_that_does_not_stand_voids_its_papers(engine: Engine, world: World) -> None:
    make(engine, world, Wanted((PaperKind.NOTICE,)))
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        by = world.coordinator
        postpone(db, visit.id or 0, version=visit.version, by=by, now=NOW, reason="panen")
    assert [(row.visit_id, row.state) for row in _left(engine, world)] == [
        (visit.id, PaperState.VOID)
    ]


def test_an_answer_leaves_papers_as_they_are(engine: Engine, world: World) -> None:
    make(engine, world)
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        confirm(db, visit.id or 0, version=visit.version, by=world.coordinator, now=NOW)
    assert _left(engine, world) == []


def test_a_new_member_leaves_letter_and_route_sheets_behind(engine: Engine, world: World) -> None:
    make(engine, world)
    with unit_of_work(engine) as db:
        db.get_one(Team, world.team_ids[0]).members = ["Orang Lain"]
    rows = _left(engine, world)
    kinds = {row.kind for row in rows}
    assert kinds == {PaperKind.ASSIGNMENT_LETTER, PaperKind.ROUTE_SHEET}
    assert {row.team_id for row in rows} == {world.team_ids[0]}


def test_what_is_over_is_not_told_any_more(engine: Engine, world: World) -> None:
    make(engine, world, Wanted((PaperKind.NOTICE,)))
    _move(engine, world, some_visit(engine))
    assert len(_left(engine, world, FREE_DAY)) == 1
    assert _left(engine, world, ENDS + timedelta(days=1)) == []


def test_other_branches_see_nothing_of_it(engine: Engine, world: World) -> None:
    make(engine, world)
    _move(engine, world, some_visit(engine))
    with reading(engine) as db:
        assert outdated(db, world.foreigner, TODAY) == []
        assert len(outdated(db, world.manager, TODAY)) == len(_left(engine, world))
        with pytest.raises(OutreachError):
            papers_of_stage(db, world.foreigner, world.stage_id, TODAY)


def _listed(engine: Engine, world: World) -> list[PaperRow]:
    with reading(engine) as db:
        return papers_of_stage(db, world.coordinator, world.stage_id, TODAY)


def test_a_void_paper_is_set_aside_until_its_visit_stands_again(
    engine: Engine, world: World
) -> None:
    (paper_id,) = make(engine, world, Wanted((PaperKind.NOTICE,), visit_id=some_visit(engine).id))
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        db.get_one(Visit, visit.id).work = Work.POSTPONED
    with unit_of_work(engine) as db:
        by = world.coordinator
        assert set_void_aside(db, world.stage_id, by=by, today=TODAY, now=NOW) == 1
        assert set_void_aside(db, world.stage_id, by=by, today=TODAY, now=NOW) == 0
    assert _left(engine, world) == []
    (row,) = _listed(engine, world)
    assert (row.state, row.set_aside_at) == (PaperState.VOID, NOW)
    with unit_of_work(engine) as db:
        again = db.get_one(Visit, visit.id)
        again.work, again.day = Work.AWAITING, FREE_DAY
    assert [row.id for row in _left(engine, world)] == [paper_id]
    with unit_of_work(engine) as db:
        make_again(db, paper_id, by=world.coordinator, now=NOW)
    assert _listed(engine, world)[0].set_aside_at is None


def test_a_day_that_came_later_lacks_its_route_sheet_until_all_is_caught_up(
    engine: Engine, world: World
) -> None:
    make(engine, world)
    visit = some_visit(engine)
    _move(engine, world, visit)
    rows = _listed(engine, world)
    with reading(engine) as db:
        missing = lacking(db, world.coordinator, world.stage_id, rows, TODAY)
    assert [(one.kind, one.team_id, one.first_day) for one in missing] == [
        (PaperKind.ROUTE_SHEET, visit.team_id, FREE_DAY)
    ]
    left = {row.id for row in rows if row.needs_somebody}
    with unit_of_work(engine) as db:
        made = catch_up(db, world.stage_id, by=world.coordinator, now=NOW)
    assert left < set(made)
    rows = _listed(engine, world)
    assert not any(row.needs_somebody for row in rows)
    with reading(engine) as db:
        assert lacking(db, world.coordinator, world.stage_id, rows, TODAY) == []


def test_kinds_and_months_that_nobody_has_printed_lack_nothing(
    engine: Engine, world: World
) -> None:
    with reading(engine) as db:
        assert lacking(db, world.coordinator, world.stage_id, [], TODAY) == []
    make(engine, world, Wanted((PaperKind.NOTICE,), visit_id=some_visit(engine).id))
    rows = _listed(engine, world)
    with reading(engine) as db:
        missing = lacking(db, world.coordinator, world.stage_id, rows, TODAY)
    assert {one.kind for one in missing} == {PaperKind.NOTICE}
    assert {one.month for one in missing} == {rows[0].first_day.replace(day=1)}

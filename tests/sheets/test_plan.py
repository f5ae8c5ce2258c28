"""The plan goes out as a sheet and comes back: moved, swapped, given back, filled, undone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import StageVillage
from outreach.db import unit_of_work
from outreach.errors import Conflict
from outreach.people.tables import Team
from outreach.planning.model import Reason, Remedy
from outreach.sheets.kinds import Act
from outreach.sheets.tables import UploadState
from outreach.visits.lifecycle import Author, settle
from outreach.visits.moving import MoveIn, move_visit
from outreach.visits.tables import Channel, Happening, Visit, VisitEvent, Work
from tests.sheets import desk
from tests.sheets.desk import CODE, DAY, NOTE, SLOT, TEAM, line_of, places, visit_at
from tests.visits.world import NOW

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.visits.world import World


def test_a_plan_that_comes_back_as_it_went_changes_nothing(engine: Engine, world: World) -> None:
    staged = desk.upload(engine, world, desk.download(engine, world))
    assert (staged.accepted, staged.refused, staged.changes) == (54, 0, [])
    before = places(engine, world)
    applied = desk.apply(engine, world, staged)
    assert applied.state is UploadState.APPLIED
    assert places(engine, world) == before


def test_visits_change_places_in_a_circle_of_three(engine: Engine, world: World) -> None:
    before = places(engine, world)
    first, second, third = sorted(before)[:3]

    def turn(lines: desk.Lines) -> None:
        one, two, three = (line_of(lines, code) for code in (first, second, third))
        at = [line[TEAM : SLOT + 1] for line in (one, two, three)]
        one[TEAM : SLOT + 1], two[TEAM : SLOT + 1], three[TEAM : SLOT + 1] = at[1], at[2], at[0]

    staged = desk.upload(engine, world, desk.edited(engine, world, turn))
    assert (staged.accepted, staged.refused, len(staged.changes)) == (54, 0, 3)
    applied = desk.apply(engine, world, staged)
    after = places(engine, world)
    assert [after[code][:3] for code in (first, second, third)] == [
        before[code][:3] for code in (second, third, first)
    ]
    assert {code: at[:3] for code, at in after.items() if code > third} == {
        code: at[:3] for code, at in before.items() if code > third
    }
    with unit_of_work(engine) as db:
        happened = [
            event
            for event in db.scalars(select(VisitEvent).where(col(VisitEvent.at) == NOW))
            if event.happening is Happening.MOVED
        ]
    assert {first, second, third} <= {event.village_code for event in happened}
    assert {event.channel for event in happened} == {Channel.SHEET}

    desk.undo(engine, world, applied)
    assert places(engine, world) == before


def test_an_emptied_day_gives_the_visit_back_and_needs_a_reason(
    engine: Engine, world: World
) -> None:
    before = places(engine, world)
    code = min(before)

    def clear(lines: desk.Lines) -> None:
        line_of(lines, code)[DAY] = ""

    refused = desk.upload(engine, world, desk.edited(engine, world, clear))
    rows, changes = desk.told(engine, world, refused)
    assert (refused.accepted, refused.refused, changes) == (53, 1, [])
    (row,) = [row for row in rows if row.is_refused]
    assert [(one.column, one.code) for one in row.problems] == [("note", "missing")]

    def clear_and_say(lines: desk.Lines) -> None:
        clear(lines)
        line_of(lines, code)[NOTE] = "Balai desa dipakai"

    staged = desk.upload(engine, world, desk.edited(engine, world, clear_and_say))
    _, (change,) = desk.told(engine, world, staged)
    assert change.act is Act.REMOVE
    applied = desk.apply(engine, world, staged)
    assert code not in places(engine, world)
    desk.undo(engine, world, applied)
    assert places(engine, world) == before


def test_a_village_without_a_visit_gets_one_and_loses_it_again(
    engine: Engine, world: World
) -> None:
    code = min(places(engine, world))
    with unit_of_work(engine) as db:
        visit = db.scalars(select(Visit).where(col(Visit.village_code) == code)).one()
        author = Author(world.coordinator, NOW, "Banjir")
        settle(db, visit.id or 0, Happening.RETURNED, author)
        team_id, day = visit.team_id, visit.day
        name = db.get_one(Team, visit.team_id).name

    def fill(lines: desk.Lines) -> None:
        line_of(lines, code)[TEAM : SLOT + 1] = [name, day.strftime("%d/%m/%Y"), ""]

    with unit_of_work(engine) as db:
        waiting = db.get_one(StageVillage, (world.stage_id, code))
        waiting.reason, waiting.remedy = Reason.NO_CAPACITY, Remedy.OVERNIGHT_STAY
    before = places(engine, world)
    staged = desk.upload(engine, world, desk.edited(engine, world, fill))
    _, (change,) = desk.told(engine, world, staged)
    assert (change.act, staged.refused) == (Act.ADD, 0)
    applied = desk.apply(engine, world, staged)
    made = visit_at(engine, world, code)
    assert (made.team_id, made.day, made.work) == (team_id, day, Work.PROPOSED)
    assert why(engine, world, code) == (None, None)
    desk.undo(engine, world, applied)
    assert places(engine, world) == before
    assert why(engine, world, code) == (Reason.NO_CAPACITY, Remedy.OVERNIGHT_STAY)


def why(engine: Engine, world: World, code: str) -> tuple[Reason | None, Remedy | None]:
    with unit_of_work(engine) as db:
        waiting = db.get_one(StageVillage, (world.stage_id, code))
        return waiting.reason, waiting.remedy


def test_what_changed_between_showing_and_applying_is_named(engine: Engine, world: World) -> None:
    code = min(places(engine, world))

    def move(lines: desk.Lines) -> None:
        line_of(lines, code)[NOTE] = "tukar hari"
        line_of(lines, code)[DAY : SLOT + 1] = [dt.date(2026, 11, 14), ""]

    content = desk.edited(engine, world, move)
    staged = desk.upload(engine, world, content)
    number = next(n for n, line in enumerate(desk.lines_of(content), 1) if line[CODE] == code)
    visit = visit_at(engine, world, code)
    with unit_of_work(engine) as db:
        to = MoveIn(team_id=visit.team_id, day=dt.date(2026, 11, 13), slot=3)
        move_visit(db, visit.id or 0, to, version=visit.version, by=world.coordinator, now=NOW)
    before = places(engine, world)
    with pytest.raises(Conflict) as refused:
        desk.apply(engine, world, staged)
    assert refused.value.facts["rows"] == [number]
    assert places(engine, world) == before


def test_nothing_is_undone_once_a_day_of_it_has_changed(engine: Engine, world: World) -> None:
    code = min(places(engine, world))

    def move(lines: desk.Lines) -> None:
        line_of(lines, code)[DAY : SLOT + 1] = [dt.date(2026, 11, 14), ""]

    content = desk.edited(engine, world, move)
    number = next(n for n, line in enumerate(desk.lines_of(content), 1) if line[CODE] == code)
    applied = desk.apply(engine, world, desk.upload(engine, world, content))
    visit = visit_at(engine, world, code)
    with unit_of_work(engine) as db:
        settle(db, visit.id or 0, Happening.RETURNED, Author(world.coordinator, NOW, "Banjir"))
    with pytest.raises(Conflict) as refused:
        desk.undo(engine, world, applied)
    assert refused.value.facts == {"problem": "changed_since", "rows": [number]}


def test_warnings_stand_beside_a_change(engine: Engine, world: World) -> None:
    code = min(places(engine, world))

    def to_a_sunday(lines: desk.Lines) -> None:
        line_of(lines, code)[DAY : SLOT + 1] = [dt.date(2026, 11, 15), ""]

    staged = desk.upload(engine, world, desk.edited(engine, world, to_a_sunday))
    _, (change,) = desk.told(engine, world, staged)
    assert {"sunday", "outside_stage"} <= {note.code for note in change.notes}


def test_discarding_keeps_the_counts_and_nothing_that_stood_in_the_rows(
    engine: Engine, world: World
) -> None:
    staged = desk.upload(engine, world, desk.download(engine, world))
    gone = desk.discard(engine, world, staged)
    assert (gone.state, gone.rows, gone.accepted) == (UploadState.DISCARDED, [], 54)
    with pytest.raises(Conflict, match="upload_settled"):
        desk.apply(engine, world, gone)

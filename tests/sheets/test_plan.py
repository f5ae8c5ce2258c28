"""The plan goes out as a sheet and comes back: moved, swapped, given back, filled, undone."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import StageVillage
from outreach.db import unit_of_work
from outreach.errors import Conflict
from outreach.people.tables import Team
from outreach.planning.model import Reason, Remedy
from outreach.sheets.kinds import Act
from outreach.sheets.plan import PLAN
from outreach.sheets.tables import UploadState
from outreach.visits.board import Board
from outreach.visits.lifecycle import Author, settle
from outreach.visits.moving import MoveIn, move_visit
from outreach.visits.tables import ACTIVE, Channel, Happening, Visit, VisitEvent, Work
from tests import builders
from tests.sheets import desk
from tests.visits.world import NOW, build_world, plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from outreach.visits.board import Seat
    from outreach.visits.teamday import TeamAndDay
    from tests.visits.world import World

CODE, VILLAGE, DISTRICT, TEAM, DAY, SLOT, STARTS, STATUS, ALLOW, NOTE = range(10)


@pytest.fixture
def world(engine: Engine) -> World:
    """A planned stage."""
    made = build_world(engine)
    plan(engine, made)
    return made


def places(engine: Engine, world: World) -> dict[str, tuple[Any, ...]]:
    """Where and how every active visit of the stage stands."""
    with unit_of_work(engine) as db:
        query = select(Visit).where(
            col(Visit.stage_id) == world.stage_id, col(Visit.work).in_(ACTIVE)
        )
        return {
            one.village_code: (
                one.team_id, one.day, one.slot, one.starts_at, one.travel_minutes,
                one.return_minutes, one.work,
            )
            for one in db.scalars(query)
        }  # fmt: skip


def visit_at(engine: Engine, world: World, code: str) -> Visit:
    with unit_of_work(engine) as db:
        query = select(Visit).where(
            col(Visit.stage_id) == world.stage_id,
            col(Visit.village_code) == code,
            col(Visit.work).in_(ACTIVE),
        )
        return db.scalars(query).one()


def set_work(engine: Engine, code: str, work: Work) -> None:
    with unit_of_work(engine) as db:
        for visit in db.scalars(select(Visit).where(col(Visit.village_code) == code)):
            visit.work = work


def line_of(lines: desk.Lines, code: str) -> list[Any]:
    return next(line for line in lines if line[CODE] == code)


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


def test_a_confirmed_visit_moves_only_where_the_row_allows_it(engine: Engine, world: World) -> None:
    code = min(places(engine, world))
    set_work(engine, code, Work.CONFIRMED)
    before = places(engine, world)

    def move(lines: desk.Lines, allow: str = "") -> None:
        line = line_of(lines, code)
        line[DAY], line[SLOT], line[ALLOW] = dt.date(2026, 11, 14), "", allow

    refused = desk.upload(engine, world, desk.edited(engine, world, move))
    rows, changes = desk.told(engine, world, refused)
    (row,) = [row for row in rows if row.is_refused]
    assert [(one.column, one.code) for one in row.problems] == [("allow", "confirmed")]
    assert not changes
    allowed = desk.edited(engine, world, lambda lines: move(lines, "Ya"))
    applied = desk.apply(engine, world, desk.upload(engine, world, allowed))
    moved = visit_at(engine, world, code)
    assert (moved.day, moved.work) == (dt.date(2026, 11, 14), Work.AWAITING)
    # Nothing happened since, so it is confirmed again.
    desk.undo(engine, world, applied)
    assert places(engine, world) == before


def test_a_confirmed_neighbour_starts_later_only_where_its_own_row_allows_it(
    engine: Engine, world: World
) -> None:
    """A visit put before one that is confirmed for the first hour pushes it back."""
    last, first = dt.date(2026, 11, 14), "Tim 1"
    codes = sorted(places(engine, world))[:2]

    def alone(lines: desk.Lines) -> None:
        line_of(lines, codes[0])[TEAM : SLOT + 1] = [first, last, 2]

    desk.apply(engine, world, desk.upload(engine, world, desk.edited(engine, world, alone)))
    set_work(engine, codes[0], Work.CONFIRMED)

    def before_it(lines: desk.Lines, *allowing: str) -> None:
        line_of(lines, codes[1])[TEAM : SLOT + 1] = [first, last, 1]
        for code in allowing:
            line_of(lines, code)[ALLOW] = "ya"

    refused = desk.edited(engine, world, lambda lines: before_it(lines, codes[1]))
    rows, _ = desk.told(engine, world, desk.upload(engine, world, refused))
    (row,) = [row for row in rows if row.is_refused]
    assert (row.values["code"], [(p.code, p.facts) for p in row.problems]) == (
        codes[1],
        [("confirmed_would_move", {"villages": [codes[0]]})],
    )
    allowed = desk.edited(engine, world, lambda lines: before_it(lines, codes[0]))
    staged = desk.upload(engine, world, allowed)
    _, (change,) = desk.told(engine, world, staged)
    assert [n.facts["villages"] for n in change.notes if n.code == "told_would_move"] == [
        [codes[0]]
    ]
    desk.apply(engine, world, staged)
    assert visit_at(engine, world, codes[0]).work is Work.AWAITING


def test_two_rows_for_one_slot_are_both_refused(engine: Engine, world: World) -> None:
    one, two = sorted(places(engine, world))[:2]

    def collide(lines: desk.Lines) -> None:
        for code in (one, two):
            line_of(lines, code)[DAY : SLOT + 1] = [dt.date(2026, 11, 14), 3]
            line_of(lines, code)[TEAM] = "Tim 1"

    staged = desk.upload(engine, world, desk.edited(engine, world, collide))
    rows, _ = desk.told(engine, world, staged)
    found = {row.values["code"]: [p.code for p in row.problems] for row in rows if row.problems}
    assert found == {one: ["slot_taken"], two: ["slot_taken"]}


def test_a_wish_falls_when_the_one_in_its_way_cannot_leave(engine: Engine, world: World) -> None:
    """A takes B's place, B takes C's, and C stays: then B stays, and A too."""
    a, b, c = sorted(places(engine, world))[:3]

    def push(lines: desk.Lines) -> None:
        first, second, third = (line_of(lines, code) for code in (a, b, c))
        first[TEAM : SLOT + 1] = second[TEAM : SLOT + 1]
        second[TEAM : SLOT + 1] = third[TEAM : SLOT + 1]

    before = places(engine, world)
    staged = desk.upload(engine, world, desk.edited(engine, world, push))
    assert (staged.accepted, staged.refused, staged.changes) == (52, 2, [])
    desk.apply(engine, world, staged)
    assert places(engine, world) == before


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


def test_a_village_of_another_stage_a_past_day_and_a_wrong_team_are_refused(
    engine: Engine, world: World
) -> None:
    one, two, three = sorted(places(engine, world))[:3]

    def spoil(lines: desk.Lines) -> None:
        line_of(lines, one)[CODE] = "33.09.01.2001"
        line_of(lines, two)[DAY] = dt.date(2026, 11, 1)
        line_of(lines, three)[TEAM] = "Tim 9"

    staged = desk.upload(engine, world, desk.edited(engine, world, spoil))
    rows, _ = desk.told(engine, world, staged)
    found = {row.given["code"]: [p.code for p in row.problems] for row in rows if row.problems}
    assert found == {
        "33.09.01.2001": ["not_in_stage"],
        two: ["in_the_past"],
        three: ["not_a_choice"],
    }
    assert staged.accepted + staged.refused == len(rows) == 54


def test_a_team_that_is_not_active_gets_no_visits(engine: Engine, world: World) -> None:
    code, other = sorted(places(engine, world))[:2]
    with unit_of_work(engine) as db:
        idle = builders.team(db, world.branch_id, "Tim Libur")
        idle.is_active = False
        stands = db.scalars(select(Visit).where(col(Visit.village_code) == other)).one()
        db.get_one(Team, stands.team_id).is_active = False
        columns = {one.key: one for one in PLAN.columns(db, desk.context(db, world))}
    # One that stands in the plan still has to be written; nobody is sent with it.
    offered = {choice.label for choice in columns["team"].choices if choice.is_offered}
    assert offered == {"Tim 1", "Tim 2"}

    def to_it(lines: desk.Lines) -> None:
        line_of(lines, code)[TEAM : SLOT + 1] = ["Tim Libur", dt.date(2026, 11, 14), ""]

    rows, _ = desk.told(
        engine, world, desk.upload(engine, world, desk.edited(engine, world, to_it))
    )
    assert [(row.values["code"], p.column, p.code) for row in rows for p in row.problems] == [
        (code, "team", "team_inactive")
    ]


def test_a_blocked_row_is_gone_through_once_for_each_day_it_reaches(
    engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every visit takes the place of the next one, and the last cannot: all fall, one by one."""
    codes = sorted(places(engine, world))
    timed: list[TeamAndDay] = []
    timing = Board.timed

    def counted(board: Board, key: TeamAndDay, seats: Sequence[Seat]) -> Any:
        timed.append(key)
        return timing(board, key, seats)

    monkeypatch.setattr(Board, "timed", counted)

    def shift(lines: desk.Lines) -> None:
        at = {line[CODE]: line[TEAM : SLOT + 1] for line in lines[1:]}
        for code, following in itertools.pairwise(codes):
            line_of(lines, code)[TEAM : SLOT + 1] = at[following]

    staged = desk.upload(engine, world, desk.edited(engine, world, shift))
    assert (staged.changes, staged.refused) == ([], len(codes) - 1)
    assert len(timed) <= 4 * len(codes)


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

"""What a sheet of the plan asks for and does not get: rows refused, each with its reason."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.people.tables import Team
from outreach.sheets.plan import PLAN
from outreach.visits.board import Board
from outreach.visits.tables import Visit, Work
from tests import builders
from tests.sheets import desk
from tests.sheets.desk import ALLOW, CODE, DAY, SLOT, TEAM, line_of, places, set_work, visit_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from sqlalchemy import Engine

    from outreach.visits.board import Seat
    from outreach.visits.teamday import TeamAndDay
    from tests.visits.world import World


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

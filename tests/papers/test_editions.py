"""A paper keeps its number; it is made anew only when what it says has changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict
from outreach.papers.choosing import Wanted
from outreach.papers.issuing import make_again, renew_papers
from outreach.papers.letterhead import save_letterhead
from outreach.papers.outdated import PaperState, papers_of_stage
from outreach.papers.reading import printable
from outreach.papers.tables import PaperKind
from outreach.visits.lifecycle import cancel, confirm
from outreach.visits.listing import visits_of_stage
from outreach.visits.tables import Visit, Work
from tests.papers.shop import (
    FREE_DAY,
    LATER,
    LETTERHEAD,
    NOTICE,
    all_papers,
    kept,
    make,
    move_away,
    some_visit,
)
from tests.visits.world import NOW, TODAY, World, add_stage, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_reprint_keeps_number_date_and_edition(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    (first,) = make(engine, world, Wanted(NOTICE, visit_id=visit.id))
    before = kept(engine, first)
    (again,) = make(engine, world, Wanted(NOTICE, visit_id=visit.id), now=LATER)
    after = kept(engine, first)
    assert again == first
    assert (after.number, after.edition, after.content) == (
        before.number,
        1,
        before.content,
    )
    assert (after.made_at, after.printed_at) == (NOW, LATER)


def test_a_moved_visit_makes_a_new_edition_under_the_same_number(
    engine: Engine, world: World
) -> None:
    visit = some_visit(engine)
    (paper_id,) = make(engine, world, Wanted(NOTICE, visit_id=visit.id))
    before = kept(engine, paper_id)
    move_away(engine, world, visit)
    with unit_of_work(engine) as db:
        assert make_again(db, paper_id, by=world.coordinator, now=LATER) == paper_id
    after = kept(engine, paper_id)
    assert (after.number, after.sequence, after.edition) == (before.number, before.sequence, 2)
    assert after.first_day == FREE_DAY
    assert after.content["plan"]["visit"]["day"] == FREE_DAY.isoformat()
    assert after.content["dated"] == before.content["dated"]
    assert after.content["revised"] == "2026-11-02"


def test_what_is_over_stays_as_it_was_carried(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    (paper_id,) = make(engine, world, Wanted(NOTICE, visit_id=visit.id))
    before = kept(engine, paper_id)
    with unit_of_work(engine) as db:
        save_letterhead(db, world.branch_id, LETTERHEAD, version=0, by=world.coordinator)
    long_after = NOW + timedelta(days=200)
    make(engine, world, Wanted(NOTICE, visit_id=visit.id), now=long_after)
    after = kept(engine, paper_id)
    assert (after.edition, after.content) == (1, before.content)


def test_a_route_sheet_of_two_stages_is_renewed_whatever_leaves_it(
    engine: Engine, world: World
) -> None:
    """Its first stop is of another stage and called off: the sheet is listed in both."""
    with reading(engine) as db:
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
    full = next(row for row in rows if row.slot == 2)
    day = [row for row in rows if (row.team_id, row.day) == (full.team_id, full.day)]
    with unit_of_work(engine) as db:
        other = add_stage(db, world.campaign_id, world.coordinator, stage_in("Tahap 2"))
        db.get_one(Visit, day[0].id).stage_id = other
    (sheet,) = make(engine, world, Wanted((PaperKind.ROUTE_SHEET,), visit_id=day[1].id))
    assert kept(engine, sheet).stage_id == other
    with unit_of_work(engine) as db:
        db.get_one(Visit, day[0].id).work = Work.CANCELLED
        listed = papers_of_stage(db, world.coordinator, world.stage_id, TODAY)
        assert [(row.id, row.state) for row in listed] == [(sheet, PaperState.OUTDATED)]
        assert make_again(db, sheet, by=world.coordinator, now=LATER) == sheet
    after = kept(engine, sheet)
    assert after.edition == 2
    assert [one["visit_id"] for one in after.content["plan"]["stops"]] == [
        row.id for row in day[1:]
    ]
    with unit_of_work(engine) as db:
        for row in day[1:]:
            db.get_one(Visit, row.id).work = Work.CANCELLED
        db.flush()
        assert renew_papers(db, [sheet], by=world.coordinator, now=LATER) == []


def test_a_new_signer_makes_a_new_edition_and_no_revision(engine: Engine, world: World) -> None:
    (paper_id,) = make(engine, world, Wanted(NOTICE, visit_id=some_visit(engine).id))
    with unit_of_work(engine) as db:
        save_letterhead(db, world.branch_id, LETTERHEAD, version=0, by=world.coordinator)
        make_again(db, paper_id, by=world.coordinator, now=LATER)
    after = kept(engine, paper_id)
    assert after.edition == 2
    assert after.content["head"]["signer_name"] == "Sri Contoh"
    assert after.content["revised"] == ""
    assert after.number == "SP/001/SURAKARTA/XI/2026"


def test_a_paper_of_a_cancelled_visit_is_not_made_again(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    (paper_id,) = make(engine, world, Wanted(NOTICE, visit_id=visit.id))
    with unit_of_work(engine) as db:
        version = db.get_one(Visit, visit.id).version
        by = world.coordinator
        cancel(db, visit.id or 0, version=version, by=by, now=NOW, reason="banjir")
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        make_again(db, paper_id, by=world.coordinator, now=LATER)
    assert refusal.value.facts["problem"] == "paper_void"


def test_only_those_left_behind_are_renewed(engine: Engine, world: World) -> None:
    made = make(engine, world, Wanted(NOTICE))
    moved = some_visit(engine)
    move_away(engine, world, moved)
    with unit_of_work(engine) as db:
        theirs = [one.id for one in all_papers(engine) if one.visit_id == moved.id]
        renew_papers(db, [*map(int, filter(None, theirs))], by=world.coordinator, now=LATER)
        told = printable(db, world.coordinator, world.stage_id, Wanted(), today=TODAY, since=LATER)
        assert told.ids == theirs
    editions = {one.id: one.edition for one in all_papers(engine)}
    assert editions == dict.fromkeys(made, 1) | {theirs[0]: 2}


def test_a_change_of_status_leaves_papers_as_they_are(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    make(engine, world)
    with unit_of_work(engine) as db:
        confirm(db, visit.id or 0, version=visit.version, by=world.coordinator, now=NOW)
    make(engine, world, now=LATER)
    assert {paper.edition for paper in all_papers(engine)} == {1}

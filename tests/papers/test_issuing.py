"""Papers are made of approved visits, keep their number, and change only with what they say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotAllowed, NotFound
from outreach.logbook.sync import take_in
from outreach.papers.choosing import Wanted
from outreach.papers.issuing import make_papers
from outreach.papers.letterhead import LetterheadIn, letterhead_of, save_letterhead
from outreach.papers.reading import PaperFile, paper_of, printable, printed
from outreach.papers.tables import PaperKind
from outreach.people.tables import Team
from outreach.visits.listing import visits_of_stage
from outreach.visits.tables import Visit, Work
from tests.papers.shop import (
    ASSIGNMENT,
    LETTERHEAD,
    NOTICE,
    all_papers,
    kept,
    make,
    pages,
    some_visit,
)
from tests.visits.world import NOW, TODAY, World, add_stage, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_every_approved_visit_gets_its_papers(engine: Engine, world: World) -> None:
    make(engine, world)
    papers = all_papers(engine)
    with reading(engine) as db:
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
    for kind in (PaperKind.NOTICE, PaperKind.ATTENDANCE_LIST, PaperKind.MINUTES):
        about = {paper.visit_id for paper in papers if paper.kind is kind}
        assert about == {row.id for row in rows}, kind
    sheets = [paper for paper in papers if paper.kind is PaperKind.ROUTE_SHEET]
    assert {(p.team_id, p.first_day) for p in sheets} == {(row.team_id, row.day) for row in rows}
    letters = [paper for paper in papers if paper.kind is PaperKind.ASSIGNMENT_LETTER]
    assert {paper.team_id for paper in letters} == set(world.team_ids)
    told = {one["visit_id"] for paper in letters for one in paper.content["plan"]["visits"]}
    assert told == {row.id for row in rows}


def test_a_proposal_gets_no_paper(engine: Engine, draft: World) -> None:
    with pytest.raises(Conflict) as refusal:
        make(engine, draft)
    assert refusal.value.facts["problem"] == "no_approved_visit"
    assert all_papers(engine) == []


def test_a_letter_leaves_proposals_out(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.id) == visit.id).values(work=Work.PROPOSED))
    (letter,) = make(engine, world, Wanted(ASSIGNMENT, team_id=visit.team_id))
    told = {one["visit_id"] for one in kept(engine, letter).content["plan"]["visits"]}
    assert told
    assert visit.id not in told
    with pytest.raises(Conflict):
        make(engine, world, Wanted(NOTICE, visit_id=visit.id))


def test_one_visit_asks_for_the_whole_month_and_the_whole_day(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    kinds = (PaperKind.ASSIGNMENT_LETTER, PaperKind.ROUTE_SHEET)
    letter, sheet = (
        kept(engine, one) for one in make(engine, world, Wanted(kinds, visit_id=visit.id))
    )
    with reading(engine) as db:
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
    ours = [row for row in rows if row.team_id == visit.team_id]
    assert len(letter.content["plan"]["visits"]) == len(ours) > 3
    that_day = [row.id for row in ours if row.day == visit.day]
    assert [one["visit_id"] for one in sheet.content["plan"]["stops"]] == that_day


def test_a_route_sheet_holds_the_stops_of_another_stage_too(engine: Engine, world: World) -> None:
    """A team drives one round, whatever the stages its visits belong to."""
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        other = add_stage(db, world.campaign_id, world.coordinator, stage_in("Tahap 2"))
        on_that_day = (col(Visit.team_id) == visit.team_id) & (col(Visit.day) == visit.day)
        last = db.scalars(select(Visit).where(on_that_day).order_by(col(Visit.slot).desc()))
        moved = last.first()
        assert moved is not None
        assert moved.id != visit.id
        moved.stage_id = other
        count = len(db.scalars(select(col(Visit.id)).where(on_that_day)).all())
    kinds = (PaperKind.ROUTE_SHEET,)
    (sheet,) = make(engine, world, Wanted(kinds, visit_id=visit.id))
    assert len(kept(engine, sheet).content["plan"]["stops"]) == count


def test_months_are_letters_of_their_own(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        later = stage_in("Tahap 2", starts=date(2026, 11, 16), ends=date(2026, 12, 12))
        stage_id = add_stage(db, world.campaign_id, world.coordinator, later)
        visit = db.get_one(Visit, some_visit(engine).id)
        visit.stage_id, visit.day = stage_id, date(2026, 12, 1)
        db.add(
            Visit(
                **visit.model_dump(exclude={"id", "day", "village_code"}),
                day=date(2026, 11, 30),
                village_code="33.72.01.1002",
            )
        )
        made = make_papers(db, stage_id, Wanted(ASSIGNMENT), by=world.coordinator, now=NOW)
        assert len(made) == 2
        only = Wanted(ASSIGNMENT, month=date(2026, 12, 9))
        assert len(make_papers(db, stage_id, only, by=world.coordinator, now=NOW)) == 1


def test_what_is_over_gets_no_paper_any_more_but_its_minutes(engine: Engine, world: World) -> None:
    """On the second day of the stage: a letter of the running month still holds all of it."""
    now = NOW + timedelta(days=2)
    made = make(engine, world, now=now)
    with reading(engine) as db:
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
        told = printable(db, world.coordinator, world.stage_id, Wanted(), today=now.date())
    over = [row.id for row in rows if row.day < now.date()]
    days_over = {(row.team_id, row.day) for row in rows if row.day < now.date()}
    assert over
    papers = all_papers(engine)
    assert [paper.id for paper in papers if paper.id not in made] == []
    for kind in (PaperKind.NOTICE, PaperKind.ATTENDANCE_LIST):
        assert not {p.visit_id for p in papers if p.kind is kind} & set(over)
    minutes = {p.visit_id for p in papers if p.kind is PaperKind.MINUTES}
    assert minutes == {row.id for row in rows}
    sheets = {(p.team_id, p.first_day) for p in papers if p.kind is PaperKind.ROUTE_SHEET}
    assert not sheets & days_over
    letters = [paper for paper in papers if paper.kind is PaperKind.ASSIGNMENT_LETTER]
    assert sum(len(paper.content["plan"]["visits"]) for paper in letters) == len(rows)
    assert told.ids == made
    assert told.left_out == 2 * len(over) + len(days_over)
    sequences = sorted(p.sequence for p in papers if p.kind is PaperKind.NOTICE)
    assert sequences == list(range(1, len(sequences) + 1))


def test_a_notice_of_a_day_that_is_over_is_refused(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    with pytest.raises(Conflict) as refusal:
        make(engine, world, Wanted(NOTICE, visit_id=visit.id), now=NOW + timedelta(days=60))
    assert refusal.value.facts["problem"] == "visits_over"
    assert all_papers(engine) == []


def test_papers_are_shared_out_among_files_by_kind_team_and_month(
    engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(engine, world)

    def files(most: int) -> list[PaperFile]:
        monkeypatch.setattr("outreach.papers.reading.MOST_IN_A_FILE", most)
        with reading(engine) as db:
            found = printable(db, world.coordinator, world.stage_id, Wanted(), today=TODAY)
        assert sum(one.papers for one in found.files) == len(made)
        return found.files

    notices = sum(paper.kind is PaperKind.NOTICE for paper in all_papers(engine))
    assert files(len(made)) == [PaperFile(len(made))]
    assert [one.kind for one in files(notices)] == list(PaperKind)
    by_team = [one for one in files(notices - 1) if one.kind is PaperKind.NOTICE]
    assert {one.team_id for one in by_team} == set(world.team_ids)
    assert {one.month for one in files(1)} == {None, date(2026, 11, 1)}
    # Each file gives what it says.
    with reading(engine) as db:
        for one in files(notices - 1):
            wanted = Wanted((one.kind or PaperKind.NOTICE,), one.month, one.team_id)
            told = printable(db, world.coordinator, world.stage_id, wanted, today=TODAY)
            assert len(told.ids) == one.papers


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        ("number_pattern", "{code}/3372014108900001/{number}/{year}", "identity_number"),
        ("number_pattern", "{code}/3372014108900{number}/{year}", "identity_number"),
        ("number_pattern", "{code}/{number}/\u202e{year}", "unreadable_text"),
        ("address", "Jalan 3372014108900001", "identity_number"),
        ("contact", "0271\u2066-714000", "unreadable_text"),
        ("office", "Kantor\u200bCabang", "unreadable_text"),
        ("place", "Solo\nRaya", "unreadable_text"),
        ("signer_name", "Sri \u202eContoh", "unreadable_text"),
    ],
)
def test_a_letterhead_is_readable_and_names_no_citizen(field: str, text: str, problem: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        LetterheadIn.model_validate(LETTERHEAD.model_dump() | {field: text})
    (error,) = refusal.value.errors()
    assert (error["loc"], error["type"]) == ((field,), problem)


def test_minutes_take_the_figures_of_the_report(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    wanted = Wanted((PaperKind.MINUTES,), visit_id=visit.id)
    (paper_id,) = make(engine, world, wanted)
    assert kept(engine, paper_id).content["report"] is None
    held_at = NOW + timedelta(days=20)
    report = {
        "id": "0191f1c0-0000-7000-8000-000000000001",
        "visit_id": visit.id,
        "held_on": visit.day.isoformat(),
        "held_at": "09:30",
        "place": "Balai kelurahan",
        "men": 11,
        "women": 14,
        "signups": 5,
        "remarks": "Pak Lurah hadir",
        "details": [
            {"sector": "trader", "package": "jkk_jkm", "payer": "self", "workers": 5},
        ],
    }
    with unit_of_work(engine) as db:
        take_in(db, [report], world.coordinator, held_at)
    make(engine, world, wanted, now=held_at)
    told = kept(engine, paper_id).content["report"]
    assert (told["men"], told["women"], told["signups"]) == (11, 14, 5)
    assert told["details"] == [
        {"sector": "trader", "package": "jkk_jkm", "payer": "self", "workers": 5}
    ]
    assert "remarks" not in told
    assert kept(engine, paper_id).content["revised"] == ""


@pytest.mark.parametrize("met", ["not_met", "refused"])
def test_minutes_take_what_came_of_a_session_that_was_not_held(
    engine: Engine, world: World, met: str
) -> None:
    visit = some_visit(engine)
    report: dict[str, Any] = {
        "id": "0191f1c0-0000-7000-8000-000000000002",
        "visit_id": visit.id,
        "held_on": visit.day.isoformat(),
        "held_at": "09:30",
        "met": met,
        "men": 0,
        "women": 0,
        "signups": 0,
        "details": [],
    }
    later = NOW + timedelta(days=20)
    with unit_of_work(engine) as db:
        take_in(db, [report], world.coordinator, later)
    ids = make(engine, world, Wanted((PaperKind.MINUTES,), visit_id=visit.id), now=later)
    (page,) = pages(engine, world, ids)
    assert "tidak dapat dilaksanakan" in page
    assert "laki-laki" not in page


def test_papers_hold_no_telephone_number(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        for team_id in world.team_ids:
            db.get_one(Team, team_id).phone = "+628123456789"
    make(engine, world)
    assert not any("8123456789" in str(paper.content) for paper in all_papers(engine))


def test_only_the_branch_s_coordinator_makes_and_reads_papers(engine: Engine, world: World) -> None:
    (paper_id,) = make(engine, world, Wanted(NOTICE, visit_id=some_visit(engine).id))
    with unit_of_work(engine) as db:
        for person, error in ((world.foreigner, NotFound), (world.manager, NotAllowed)):
            with pytest.raises(error):
                make_papers(db, world.stage_id, Wanted(), by=person, now=NOW)
            with pytest.raises(error):
                paper_of(db, person, paper_id)
            with pytest.raises(error):
                printed(db, person, [paper_id])


def test_what_was_made_is_listed_in_the_order_of_printing(engine: Engine, world: World) -> None:
    made = make(engine, world)
    with reading(engine) as db:
        told = printable(db, world.coordinator, world.stage_id, Wanted(), today=TODAY)
        assert told.ids == made
        kinds = [paper.kind for paper in printed(db, world.coordinator, made)]
    assert kinds[: len(world.team_ids)] == [PaperKind.ASSIGNMENT_LETTER] * len(world.team_ids)
    in_between = kinds[len(world.team_ids) :][:3]
    assert in_between == [PaperKind.NOTICE, PaperKind.ATTENDANCE_LIST, PaperKind.MINUTES]
    assert kinds[-1] is PaperKind.ROUTE_SHEET


def test_the_first_letterhead_comes_from_the_branch_and_names_nobody(
    engine: Engine, world: World
) -> None:
    with reading(engine) as db:
        first = letterhead_of(db, world.branch_id)
    assert (first.version, first.signer_name, first.place) == (0, "", "Surakarta")


def test_two_who_save_a_letterhead_see_each_other(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        stored = save_letterhead(db, world.branch_id, LETTERHEAD, version=0, by=world.coordinator)
        assert stored.version == 1
    theirs = LETTERHEAD.model_copy(update={"place": "Surakarta"})
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        save_letterhead(db, world.branch_id, theirs, version=0, by=world.coordinator)
    assert refusal.value.facts["theirs"] == {"place": "Solo"}
    with pytest.raises(NotFound), unit_of_work(engine) as db:
        save_letterhead(db, world.branch_id, theirs, version=1, by=world.foreigner)

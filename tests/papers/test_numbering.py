"""Numbers of papers: one pattern, one series per kind and year, no gap and no repeat."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic_core import PydanticCustomError
from sqlalchemy import func, select
from sqlmodel import Session, col

from outreach.db import reading, unit_of_work
from outreach.papers.choosing import Wanted
from outreach.papers.issuing import make_papers
from outreach.papers.numbering import check_pattern, hold_series, note_last, written
from outreach.papers.tables import PaperKind, PaperSeries
from tests.papers.shop import ASSIGNMENT, MINUTES, all_papers, make, visit_ids
from tests.visits.world import NOW, World

if TYPE_CHECKING:
    from sqlalchemy import Engine

NEW_YEAR = datetime(2027, 1, 4, 2, tzinfo=NOW.tzinfo)


def test_a_number_is_written_with_a_roman_month() -> None:
    pattern = "{code}/{number}/KC-SKA/{month}/{year}"
    on = date(2026, 9, 8)
    assert written(pattern, PaperKind.NOTICE, 7, on) == "SP/007/KC-SKA/IX/2026"
    assert written(pattern, PaperKind.MINUTES, 1234, on) == "BA/1234/KC-SKA/IX/2026"


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("{code}/{number}/{month}", "pattern_incomplete"),
        ("{number}/{year}", "pattern_incomplete"),
        ("{code}/{number}-{number}/{year}", "pattern_incomplete"),
        ("{code}-{number}{year}", "pattern_incomplete"),
        ("{code}/{number}/{year}/{branch}", "pattern_unreadable"),
        ("{code}/{number.__class__}/{year}", "pattern_unreadable"),
        ("{code}/{number}/{year}}", "pattern_unreadable"),
    ],
)
def test_patterns_that_would_repeat_or_mislead_are_refused(pattern: str, code: str) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        check_pattern(pattern)
    assert refusal.value.type == code


def test_text_around_the_number_stays_as_it_is() -> None:
    pattern = check_pattern("B-{code}.{number}/%s/\\1/{year}")
    assert written(pattern, PaperKind.NOTICE, 1, date(2026, 1, 1)) == "B-SP.001/%s/\\1/2026"


def test_every_kind_counts_for_itself_and_without_a_gap(engine: Engine, world: World) -> None:
    make(engine, world)
    papers = all_papers(engine)
    for kind in PaperKind:
        given = [paper.sequence for paper in papers if paper.kind is kind]
        assert given == list(range(1, len(given) + 1)), kind
    assert {paper.kind for paper in papers} == set(PaperKind)
    assert len({paper.number for paper in papers}) == len(papers)


def test_a_year_starts_anew(engine: Engine, world: World) -> None:
    one, *_others, other = visit_ids(engine)
    make(engine, world, Wanted(MINUTES, visit_id=one))
    make(engine, world, Wanted(MINUTES, visit_id=other), now=NEW_YEAR)
    assert [paper.number for paper in all_papers(engine)] == [
        "BA/001/SURAKARTA/XI/2026",
        "BA/001/SURAKARTA/I/2027",
    ]


def test_the_year_is_that_of_the_branch_not_of_greenwich(engine: Engine, world: World) -> None:
    make(engine, world, Wanted(MINUTES), now=datetime(2026, 12, 31, 18, tzinfo=NOW.tzinfo))
    assert {paper.year for paper in all_papers(engine)} == {2027}


def test_what_is_rolled_back_leaves_no_gap(engine: Engine, world: World) -> None:
    wanted = Wanted(ASSIGNMENT, team_id=world.team_ids[0])
    with Session(engine) as db:
        make_papers(db, world.stage_id, wanted, by=world.coordinator, now=NOW)
        db.rollback()
    make(engine, world, wanted)
    assert [paper.sequence for paper in all_papers(engine)] == [1]


def test_who_holds_a_series_keeps_others_waiting(engine: Engine, world: World) -> None:
    """The second one to ask gets its number only after the first has stored what it gave out."""
    kind, got = PaperKind.NOTICE, []
    started = threading.Event()

    def second() -> None:
        started.set()
        with unit_of_work(engine) as db:
            got.append(hold_series(db, world.branch_id, kind, 2026))

    thread = threading.Thread(target=second)
    with unit_of_work(engine) as db:
        assert hold_series(db, world.branch_id, kind, 2026) == 0
        thread.start()
        started.wait()
        thread.join(timeout=0.5)
        assert thread.is_alive()
        note_last(db, world.branch_id, kind, 2026, 41)
    thread.join(timeout=20)
    assert got == [41]


def test_coordinators_at_once_share_one_series(engine: Engine, world: World) -> None:
    """Eight make the same and other papers at the same moment: each once, numbers in a row."""
    troubles: list[BaseException] = []
    gate = threading.Barrier(8)
    days = (None, NOW.date() + timedelta(days=1))

    def work(number: int) -> None:
        wanted = Wanted(team_id=world.team_ids[number % 2], day=days[number // 4])
        try:
            gate.wait()
            make(engine, world, wanted)
        except BaseException as error:  # noqa: BLE001 - told below
            troubles.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    papers = all_papers(engine)
    for kind in PaperKind:
        given = sorted(paper.sequence for paper in papers if paper.kind is kind)
        assert given == list(range(1, len(given) + 1)), kind
    assert len({(paper.kind, paper.subject) for paper in papers}) == len(papers)
    with reading(engine) as db:
        assert db.scalar(select(func.sum(col(PaperSeries.last)))) == len(papers)

"""Assignment letters tell of nights away: the hub, the days of travel, from door to door."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.papers.choosing import Wanted
from outreach.papers.nights import TeamStay, away_in_month
from outreach.papers.outdated import PaperState, lacking, papers_of_stage
from outreach.planning.model import Point
from outreach.visits.stays import StayRow
from outreach.visits.tables import Stay, Visit, Work
from tests.papers.shop import ASSIGNMENT, all_papers, make, pages
from tests.visits.away import AROUND, BACK, HUB, OUT, SECOND, build_away
from tests.visits.world import NOW, TODAY, World

if TYPE_CHECKING:
    from sqlalchemy import Engine

LAST_OF_OCTOBER, FIRST_OF_NOVEMBER = date(2026, 10, 31), date(2026, 11, 1)
OCTOBER = date(2026, 10, 1)


@pytest.fixture
def away(engine: Engine) -> World:
    """Build the usual branch, its first team away for four days, and all of it approved."""
    world = build_away(engine)
    with unit_of_work(engine) as db:
        db.execute(update(Visit).values(work=Work.AWAITING))
    return world


def test_a_letter_goes_from_the_way_out_to_the_way_home(engine: Engine, away: World) -> None:
    (letter,) = make(engine, away, Wanted(ASSIGNMENT))
    (paper,) = all_papers(engine)
    assert (paper.first_day, paper.last_day) == (OUT, BACK)
    (told,) = paper.content["plan"]["stays"]
    assert (told["village_code"], told["nights"]) == (HUB, 3)
    assert told["travel_days"] == [OUT.isoformat(), BACK.isoformat()]
    whole = " ".join(pages(engine, away, [letter]))
    assert "pada tanggal 3 November 2026 s.d. 6 November 2026" in whole
    assert f"Kelurahan {told['village']} Kecamatan {told['district']}, {told['regency']} 3" in whole
    assert "Selasa, 3 November 2026 Jumat, 6 November 2026" in whole
    duty = "4 (empat) hari, termasuk 2 (dua) hari perjalanan, dengan 3 (tiga) malam menginap"
    assert f"Lama penugasan: {duty}." in whole


def test_a_letter_of_days_at_home_says_nothing_of_nights(engine: Engine, world: World) -> None:
    made = make(engine, world, Wanted(ASSIGNMENT))
    assert all("stays" not in paper.content["plan"] for paper in all_papers(engine))
    assert "menginap" not in " ".join(pages(engine, world, made))


def test_a_letter_is_out_of_date_when_its_stay_changes(engine: Engine, away: World) -> None:
    (letter,) = make(engine, away, Wanted(ASSIGNMENT))
    assert _states(engine, away) == [PaperState.CURRENT]
    with unit_of_work(engine) as db:
        travel = {"travel_days": [OUT.isoformat()], "ends": SECOND}
        db.execute(update(Stay).values(travel))
    assert _states(engine, away) == [PaperState.OUTDATED]
    assert make(engine, away, Wanted(ASSIGNMENT)) == [letter]
    (paper,) = all_papers(engine)
    assert (paper.edition, paper.last_day) == (2, SECOND)


def test_a_way_that_begins_in_the_month_before_belongs_to_the_month_of_its_sessions(
    engine: Engine, away: World
) -> None:
    with unit_of_work(engine) as db:
        early = {"starts": LAST_OF_OCTOBER, "travel_days": [LAST_OF_OCTOBER.isoformat()]}
        db.execute(update(Stay).values(early))
    now = NOW.replace(month=10, day=30)
    november = Wanted(ASSIGNMENT, month=FIRST_OF_NOVEMBER)
    assert make(engine, away, november, now=now)
    (paper,) = all_papers(engine)
    assert paper.first_day == LAST_OF_OCTOBER
    assert paper.subject.endswith("2026-11")
    # What comes to another team later is lacking in the month that was begun.
    with unit_of_work(engine) as db:
        visit = db.scalars(select(Visit).where(col(Visit.village_code) == AROUND[1])).one()
        visit.team_id = away.team_ids[1]
    with reading(engine) as db:
        today = now.date()
        rows = papers_of_stage(db, away.coordinator, away.stage_id, today)
        missing = lacking(db, away.coordinator, away.stage_id, rows, today)
    assert [(one.team_id, one.month) for one in missing] == [(away.team_ids[1], FIRST_OF_NOVEMBER)]


def test_the_letter_of_another_team_or_stage_tells_of_no_nights(
    engine: Engine, away: World
) -> None:
    with unit_of_work(engine) as db:
        visit = db.scalars(select(Visit).where(col(Visit.day) == SECOND)).one()
        visit.team_id = away.team_ids[1]
    make(engine, away, Wanted(ASSIGNMENT))
    told = {paper.team_id: paper.content["plan"].get("stays") for paper in all_papers(engine)}
    assert told[away.team_ids[1]] is None
    assert told[away.team_ids[0]]


@pytest.mark.parametrize(
    ("sessions", "parts"),
    [
        ((30, 31), [("10-29", "11-02", 4, 2), None]),
        ((30, 32), [("10-29", "10-31", 3, 1), ("11-01", "11-02", 1, 1)]),
        ((32,), [None, ("10-29", "11-02", 4, 2)]),
        ((), [None, None]),
    ],
)
def test_every_day_of_a_stay_over_the_end_of_a_month_stands_in_one_letter(
    sessions: tuple[int, ...], parts: list[Any]
) -> None:
    days = {date.fromordinal(OCTOBER.toordinal() + number - 1) for number in sessions}
    travel = (date(2026, 10, 29), date(2026, 11, 2))
    stay = StayRow(
        id=1,
        stage_id=1,
        team_id=1,
        team="Tim 1",
        hub_code=HUB,
        hub_name="Pajang",
        hub=Point(-7.5, 110.8, HUB, 0),
        starts=travel[0],
        ends=travel[1],
        travel_days=travel,
        session_days=tuple(days),
        access_minutes=300,
    )
    told = [away_in_month([TeamStay(stay, {})], days, one) for one in (OCTOBER, FIRST_OF_NOVEMBER)]
    assert [_part(*one) if one else None for one in told] == parts


def _part(told: dict[str, Any]) -> tuple[str, str, int, int]:
    return told["starts"][5:], told["ends"][5:], told["nights"], len(told["travel_days"])


def _states(engine: Engine, world: World) -> list[PaperState]:
    with reading(engine) as db:
        return [row.state for row in papers_of_stage(db, world.coordinator, world.stage_id, TODAY)]

"""What each week brought: as a plain recount of the reports tells it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import SessionReport
from outreach.progress.scope import Scope
from outreach.progress.weeks import monday_of, weekly, weekly_by_team
from outreach.villages.codes import Level
from outreach.visits.tables import Visit, Work
from tests.builders import load_small_registry
from tests.field import NOW, Field, add_visit, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.progress.weeks import WeeklyCounts

NATION = Scope(("",))
#: Two weeks: 2 to 15 November 2026.
FIRST, LAST = date(2026, 11, 4), date(2026, 11, 12)


@pytest.fixture
def at(engine: Engine) -> Field:
    """Sessions in three weeks, one of them corrected, one that met nobody, two in one village."""
    load_small_registry(engine, ("33.72", "33.11.12"))
    with unit_of_work(engine) as db:
        at = make_field(db, 0)
        at.codes[:] = [code for code in at.codes if code.startswith("33.72")]
        for number, code in enumerate(at.codes[:6]):
            at.visits[code] = add_visit(db, at.stage_id, at.team_id, code, number, Work.CONFIRMED)
        again = add_visit(db, _second_stage(db, at), at.team_id, at.codes[0], 12, Work.CONFIRMED)
        ids = [*(at.visits[code] for code in at.codes[:5]), again]
        days = ("2026-11-01", "2026-11-02", "2026-11-08", "2026-11-09", "2026-11-10", "2026-11-11")
        for visit in db.exec(select(Visit).where(col(Visit.id).in_(ids))):
            visit.day = date.fromisoformat(days[ids.index(visit.id or 0)])
        reports = [
            told(number, held_on=day, signups=3 + place, paid=place)
            for place, (number, day) in enumerate(zip(ids, days, strict=True))
        ]
        reports[2] |= {"men": 0, "women": 0, "signups": 0, "paid": None, "met": "not_met"}
        reports.append(
            {**told(ids[3], held_on=days[3], signups=9), "corrects_id": reports[3]["id"]}
        )
        answers = take_in(db, reports, at.coordinator, NOW)
        assert {a.outcome.value for a in answers} == {"accepted"}, answers
    return at


def _second_stage(db: Session, at: Field) -> int:
    first = db.get_one(Stage, at.stage_id)
    second = Stage(
        campaign_id=first.campaign_id,
        branch_id=first.branch_id,
        name="Tahap 2",
        starts=first.starts,
        ends=first.ends,
        area_codes=first.area_codes,
        kinds=first.kinds,
        status=first.status,
    )
    db.add(second)
    db.flush()
    assert second.id is not None
    return second.id


def recount(engine: Engine, length: int) -> dict[str, Counter[tuple[str, date]]]:
    """Go through the current reports one by one."""
    figures: dict[str, Counter[tuple[str, date]]] = {
        name: Counter() for name in ("reached", "sessions", "signups", "paid")
    }
    with reading(engine) as db:
        reports = db.exec(select(SessionReport).where(col(SessionReport.corrected_by).is_(None)))
        seen: set[str] = set()
        for report in sorted(reports, key=lambda one: one.held_on):
            is_new = report.men + report.women > 0 and report.village_code not in seen
            seen |= {report.village_code} if is_new else set()
            if not date(2026, 11, 2) <= report.held_on <= date(2026, 11, 15):
                continue
            at = (report.village_code[:length], monday_of(report.held_on))
            figures["reached"][at] += is_new
            figures["sessions"][at] += 1
            figures["signups"][at] += report.signups
            figures["paid"][at] += report.paid or 0
    return figures


def as_counter(found: WeeklyCounts, name: str) -> dict[tuple[str, date], int]:
    counts = getattr(found, name)
    return {
        (key, week): int(counts[row, place])
        for row, key in enumerate(found.keys)
        for place, week in enumerate(found.weeks)
        if counts[row, place]
    }


@pytest.mark.parametrize("level", [None, *Level])
def test_weeks_agree_with_a_recount(engine: Engine, at: Field, level: Level | None) -> None:
    with reading(engine) as db:
        found = weekly(db, NATION, level=level, first=FIRST, last=LAST)
    assert found.weeks == (date(2026, 11, 2), date(2026, 11, 9))
    counted = recount(engine, int(level or 0))
    for name, wanted in counted.items():
        assert as_counter(found, name) == +wanted
    assert found.sessions.sum() == 5
    # One was met on the day before already, one met nobody.
    assert found.reached.sum() == 3


def test_the_nation_has_a_row_even_where_nothing_happened(engine: Engine, at: Field) -> None:
    with reading(engine) as db:
        found = weekly(db, NATION, level=None, first=date(2026, 1, 5), last=date(2026, 1, 25))
        regions = weekly(db, NATION, level=Level.REGENCY, first=FIRST, last=FIRST - timedelta(30))
    assert (found.keys, found.sessions.tolist()) == (("",), [[0, 0, 0]])
    assert (regions.keys, regions.weeks, regions.signups.shape) == ((), (), (0, 0))


def test_what_is_counted_lies_in_scope(engine: Engine, at: Field) -> None:
    with reading(engine) as db:
        other = weekly(db, Scope(("33.11",)), level=None, first=FIRST, last=LAST)
        nothing = weekly(db, Scope(("",), 10_000), level=None, first=FIRST, last=LAST)
        one = weekly(db, Scope((at.codes[1],)), level=Level.VILLAGE, first=FIRST, last=LAST)
    assert int(other.sessions.sum() + nothing.sessions.sum()) == 0
    assert (one.keys, one.sessions.tolist()) == ((at.codes[1],), [[1, 0]])


def test_a_team_has_its_own_weeks(engine: Engine, at: Field) -> None:
    with reading(engine) as db:
        found = weekly_by_team(db, NATION, first=FIRST, last=LAST)
        nation = weekly(db, NATION, level=None, first=FIRST, last=LAST)
    assert found.keys == (str(at.team_id),)
    assert found.signups.tolist() == nation.signups.tolist()

"""Work that a lease takes back: when it ends, once, and what a late report still does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import Outcome, take_in
from outreach.villages.tables import Zone
from outreach.visits.question import ANSWER_MISSING, NEVER_ASKED, REPORT_MISSING
from outreach.visits.returns import REPORT_WITHIN, returned_work, run_out_leases
from outreach.visits.tables import ACTIVE, Channel, Happening, Visit, VisitEvent, Work
from tests.field import told
from tests.visits.short_stage import row, set_values, world
from tests.visits.world import ENDS, World

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.visits.rows import VisitRow

__all__ = ["row", "world"]

ZONES = {Zone.WIB: 7, Zone.WITA: 8, Zone.WIT: 9}


@pytest.mark.parametrize("zone", list(Zone))
def test_a_lease_ends_by_the_clock_of_the_village(
    engine: Engine, world: World, row: VisitRow, zone: Zone
) -> None:
    set_values(engine, row.id, work=Work.AWAITING, zone=zone, starts_at=time(9, 30))
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.id) != row.id).values(work=Work.CANCELLED))
    starts = datetime.combine(row.day, time(9 - ZONES[zone], 30), UTC)
    with unit_of_work(engine) as db:
        assert run_out_leases(db, starts - timedelta(minutes=1)) == []
        assert run_out_leases(db, starts) == [row.id]
        assert run_out_leases(db, starts) == []
    with reading(engine) as db:
        last = db.scalars(
            select(VisitEvent)
            .where(col(VisitEvent.visit_id) == row.id)
            .order_by(col(VisitEvent.id).desc())
        ).first()
    assert last is not None
    assert (last.happening, last.reason, last.account_id, last.channel) == (
        Happening.RETURNED,
        ANSWER_MISSING,
        None,
        Channel.PRODUCT,
    )


def test_leases_by_status(engine: Engine, world: World, row: VisitRow) -> None:
    """One visit in every status, on days that are long over."""
    with unit_of_work(engine) as db:
        visits = list(db.scalars(select(Visit).order_by(col(Visit.id))))
        for visit in visits[len(Work) :]:
            visit.work = Work.CANCELLED
        db.flush()
        for visit, work in zip(visits, Work, strict=False):
            visit.work = work
        by_work = {one.work: one.id or 0 for one in visits[: len(Work)]}
        last = max(one.day for one in visits[: len(Work)])
    soon, late = (
        datetime.combine(last + wait, time(12), UTC)
        for wait in (timedelta(hours=24), REPORT_WITHIN + timedelta(days=1))
    )
    with reading(engine) as db:
        confirmed_on = db.get_one(Visit, by_work[Work.CONFIRMED]).day
    is_early = confirmed_on + REPORT_WITHIN >= soon.date()
    assert is_early
    with unit_of_work(engine) as db:
        run_out_leases(db, soon)
    wanted = {by_work[Work.PROPOSED]: NEVER_ASKED, by_work[Work.AWAITING]: ANSWER_MISSING}
    assert _reasons(engine, list(by_work.values())) == wanted
    with unit_of_work(engine) as db:
        assert len(run_out_leases(db, late)) == 1
    wanted[by_work[Work.CONFIRMED]] = REPORT_MISSING
    assert _reasons(engine, list(by_work.values())) == wanted


def _reasons(engine: Engine, ids: list[int]) -> dict[int, str]:
    with reading(engine) as db:
        query = select(col(VisitEvent.visit_id), col(VisitEvent.reason)).where(
            col(VisitEvent.happening) == Happening.RETURNED, col(VisitEvent.visit_id).in_(ids)
        )
        return {row.visit_id: row.reason for row in db.execute(query)}


def test_two_sweepers_return_once(engine: Engine, world: World, row: VisitRow) -> None:
    set_values(engine, row.id, work=Work.AWAITING)
    late = datetime.combine(ENDS + timedelta(days=1), time(0), UTC)

    def sweep(_: int) -> int:
        with unit_of_work(engine) as db:
            return len(run_out_leases(db, late))

    with reading(engine) as db:
        waiting = len(db.scalars(select(Visit).where(col(Visit.work).in_(ACTIVE))).all())
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(sweep, range(2))) == waiting


def test_a_late_report_of_returned_work_counts(engine: Engine, world: World, row: VisitRow) -> None:
    set_values(engine, row.id, work=Work.CONFIRMED)
    late = datetime.combine(row.day, time(8), UTC) + REPORT_WITHIN + timedelta(days=1)
    with unit_of_work(engine) as db:
        run_out_leases(db, late)
        assert db.get_one(Visit, row.id, populate_existing=True).work is Work.RETURNED
        report = told(row.id, held_on=row.day.isoformat())
        (answer,) = take_in(db, [report], world.official, late)
    assert answer.outcome is Outcome.ACCEPTED
    with reading(engine) as db:
        assert db.get_one(Visit, row.id).work is Work.DONE
        lines = returned_work(db, world.coordinator, late)
        assert row.id not in [one.visit.id for one in lines]
        assert lines


def test_work_the_product_took_back_names_nobody(
    engine: Engine, world: World, row: VisitRow
) -> None:
    set_values(engine, row.id, work=Work.AWAITING)
    late = datetime.combine(row.day, time(8), UTC)
    with unit_of_work(engine) as db:
        run_out_leases(db, late)
    with reading(engine) as db:
        lines = {one.visit.id: one for one in returned_work(db, world.coordinator, late)}
    assert (lines[row.id].who, lines[row.id].reason) == (None, ANSWER_MISSING)
    assert lines[row.id].filled is None

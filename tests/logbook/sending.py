"""What the tests of taking reports in do: send them, look at what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, update
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import Answer, take_in
from outreach.logbook.tables import DisputedReport, HeldReport, SessionReport, SignUp, TakenItem
from outreach.visits.tables import Visit, VisitEvent, Work
from tests.field import NOW
from tests.rewriting import unlock_history

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.people.access import Person


def send(engine: Engine, by: Person, *items: object) -> list[Answer]:
    with unit_of_work(engine) as db:
        return take_in(db, items, by, NOW)


def outcomes(answers: list[Answer]) -> list[str]:
    return [answer.outcome.value for answer in answers]


def visit(engine: Engine, visit_id: int) -> Visit:
    with reading(engine) as db:
        return db.get_one(Visit, visit_id)


def reports(engine: Engine) -> list[SessionReport]:
    with reading(engine) as db:
        return list(db.exec(select(SessionReport).order_by(col(SessionReport.received_at))))


def forget(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        unlock_history(db)
        for table in (SignUp, HeldReport, DisputedReport, TakenItem, VisitEvent):
            db.execute(delete(table))
        db.execute(delete(SessionReport))
        db.execute(update(Visit).values(work=Work.CONFIRMED, result=None))

"""A small season to save: visits with their history, reports, a correction, sign-ups by kind."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, text
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.logbook.sync import take_in
from outreach.visits.tables import Happening, Visit, VisitEvent
from tests.builders import load_small_registry
from tests.field import NOW, Field, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

DETAILS = [
    {"sector": "farmer", "package": "jkk_jkm", "payer": "self", "workers": 4},
    {"sector": "trader", "package": "jkk_jkm_jht", "payer": "apbdes", "workers": 3},
]


def tell_season(engine: Engine, villages: int = 8) -> Field:
    """Confirm visits and report on half of them: one corrected, one with its sign-ups by kind."""
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        field = make_field(db, villages)
        write_history(db)
    first, second, third, *_ = field.visits.values()
    report = told(first, signups=7, details=DETAILS)
    wrong = told(second)
    right = told(second, men=25, corrects_id=wrong["id"])
    with unit_of_work(engine) as db:
        done = take_in(db, [report, wrong, right, told(third, paid=1)], field.coordinator, NOW)
    assert {one.outcome.value for one in done} == {"accepted"}
    return field


def write_history(db: Session) -> None:
    """Write of every visit how it came about, as those who plan and confirm do."""
    for visit in db.exec(select(Visit)):
        write_confirmed(db, visit)


def write_confirmed(db: Session, visit: Visit) -> None:
    assert visit.id is not None
    planned = (Happening.PLANNED, {"day": visit.day.isoformat()})
    for happening, after in (planned, (Happening.CONFIRMED, {"work": "confirmed"})):
        line = VisitEvent(
            visit_id=visit.id,
            village_code=visit.village_code,
            happening=happening,
            at=NOW,
            after=after,
        )
        db.add(line)


def everything(engine: Engine) -> dict[str, tuple[int, str]]:
    """Write down all rows of all tables, as a number and a fingerprint of each table."""
    with engine.connect() as connection:
        names = sorted(inspect(connection).get_table_names())
        asked = {name: text(f'SELECT * FROM "{name}"') for name in names}
        return {name: _fingerprint(connection.execute(query)) for name, query in asked.items()}


def _fingerprint(rows: Any) -> tuple[int, str]:
    told = sorted(repr(tuple(row)) for row in rows)
    return len(told), hashlib.sha256("\n".join(told).encode()).hexdigest()

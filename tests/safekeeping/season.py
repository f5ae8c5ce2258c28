"""A small season to save: visits with their history, reports, a correction, sign-ups by kind."""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, text
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.logbook.sync import take_in
from outreach.visits.tables import Happening, Visit, VisitEvent
from tests.builders import load_small_registry
from tests.field import NOW, Field, make_field, told

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    return _all_rows(engine)


def all_but_the_restore(engine: Engine) -> dict[str, tuple[int, str]]:
    """Write down the same of a restored database, without the one line that tells of it."""
    with engine.connect() as connection:
        lines = list(connection.scalars(text("SELECT deed FROM event ORDER BY id")))
    assert [number for number, deed in enumerate(lines) if deed == "restored"] == [len(lines) - 1]
    return _all_rows(engine, {"event": " WHERE deed <> 'restored'"})


def _all_rows(
    engine: Engine, only: Mapping[str, str] = MappingProxyType({})
) -> dict[str, tuple[int, str]]:
    with engine.connect() as connection:
        names = sorted(inspect(connection).get_table_names())
        asked = {name: text(f'SELECT * FROM "{name}"{only.get(name, "")}') for name in names}
        return {name: _fingerprint(connection.execute(query)) for name, query in asked.items()}


def _fingerprint(rows: Any) -> tuple[int, str]:
    told = sorted(repr(tuple(row)) for row in rows)
    return len(told), hashlib.sha256("\n".join(told).encode()).hexdigest()

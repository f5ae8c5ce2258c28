"""Every step of the migrations, down and up, on a full database: seconds each, rows kept.

All 83,762 villages, visits with their history, session reports with sign-ups by kind.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select
from sqlmodel import col

from outreach import migrations
from outreach.db import unit_of_work
from outreach.logbook.sync import take_in
from outreach.people.access import person_of
from outreach.people.tables import BranchRegency, Team
from outreach.schema import metadata
from outreach.villages.registry import load_registry
from outreach.villages.tables import Zone
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from tests.benchmarks.databases import available_databases
from tests.field import DAY, NOW, make_field, told
from tests.safekeeping.season import DETAILS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import Engine
    from sqlmodel import Session

    from tests.field import Field

TEAMS, DAYS, SLOTS = 600, 5, (8, 11, 14)
#: Of all visits so many were held and reported, in envelopes as phones send them.
REPORTS, ENVELOPE = 6000, 100
#: Tables whose rows stay through all steps.
STAYING = ("village", "visit", "visit_event", "session_report", "signup")


def main() -> None:
    is_kept = [_measure(kind, engine) for kind, engine in available_databases()]
    sys.exit(not all(is_kept))


def _measure(kind: str, engine: Engine) -> bool:
    fill(engine)
    before = _rows(engine)
    print(f"{kind}: " + ", ".join(f"{n:,} {name}" for name, n in before.items()))
    steps = migrations.steps()
    down = [_seconds(migrations.downgrade, engine, to) for to in steps[-2::-1]]
    up = [_seconds(migrations.upgrade, engine, to) for to in steps[1:]]
    for step, back, forth in zip(steps[1:], reversed(down), up, strict=True):
        print(f"{kind}: step {step}: down {back:.2f} s, up {forth:.2f} s")
    print(f"{kind}: to the first step {sum(down):.1f} s, and up again {sum(up):.1f} s")
    is_kept = _rows(engine) == before and migrations.is_complete(engine)
    print(f"{kind}: " + ("every row is there" if is_kept else f"ROWS LOST: {_rows(engine)}"))
    return is_kept


def _seconds(act: Any, engine: Engine, revision: str) -> float:
    begun = time.perf_counter()
    act(engine, revision)
    return time.perf_counter() - begun


def _rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        asked = {name: select(func.count()).select_from(metadata.tables[name]) for name in STAYING}
        return {name: int(connection.execute(one).scalar_one()) for name, one in asked.items()}


def fill(engine: Engine) -> None:
    """Load the whole registry and tell a long season."""
    with unit_of_work(engine) as db:
        load_registry(db, now=datetime(2026, 1, 5, tzinfo=UTC))
    with unit_of_work(engine) as db:
        field = make_field(db, villages=0)
        visits = _make_visits(db, field)
        by = person_of(db, field.coordinator.account_id)  # with all that the branch serves by now
    assert by is not None
    for at in range(0, REPORTS, ENVELOPE):
        reports = [
            told(one, held_on=day.isoformat(), signups=7, details=DETAILS)
            for one, day in visits[at : at + ENVELOPE]
        ]
        with unit_of_work(engine) as db:
            answers = take_in(db, reports, by, NOW)
        assert {one.outcome.value for one in answers} == {"accepted"}, answers[:3]


def _make_visits(db: Session, field: Field) -> list[tuple[int, date]]:
    """Confirm a visit in each of many villages, three a day for each team."""
    branch_id = field.coordinator.branch_id or 0
    named: dict[str, Any] = {
        "branch_id": branch_id,
        "base_village_code": field.codes[0],
        "weekdays": [1],
    }
    db.add_all(Team(name=f"Tim {number}", **named) for number in range(TEAMS))
    db.flush()
    teams = [one or 0 for one in db.scalars(select(col(Team.id)).where(col(Team.name) != "Tim A"))]
    places = ((team, day, slot) for day in range(DAYS) for team in teams for slot in range(3))
    rows = [
        _visit(field, code, *place) for code, place in zip(_codes(db, field), places, strict=False)
    ]
    made = insert(Visit).returning(col(Visit.id), sort_by_parameter_order=True)
    ids = [one or 0 for one in db.scalars(made, rows)]
    lines = [
        _line(visit_id, row["village_code"], happening)
        for visit_id, row in zip(ids, rows, strict=True)
        for happening in (Happening.PLANNED, Happening.CONFIRMED)
    ]
    db.execute(insert(VisitEvent), lines)
    return [(visit_id, row["day"]) for visit_id, row in zip(ids, rows, strict=True)]


def _codes(db: Session, field: Field) -> Sequence[str]:
    """Let the branch serve all of Central Java, and name its villages."""
    codes = [code for code in field.codes if code.startswith("33.")]
    served = {code[:5] for code in codes} - {"33.72"}
    branch_id = field.coordinator.branch_id or 0
    db.add_all(BranchRegency(regency_code=one, branch_id=branch_id) for one in sorted(served))
    return codes


def _visit(field: Field, code: str, team: int, day: int, slot: int) -> dict[str, Any]:
    return {
        "stage_id": field.stage_id,
        "village_code": code,
        "team_id": team,
        "day": DAY - timedelta(days=day),
        "slot": slot + 1,
        "starts_at": datetime(2026, 1, 1, SLOTS[slot]).time(),  # noqa: DTZ001 - of any day
        "zone": Zone.WIB,
        "work": Work.CONFIRMED,
        "version": 1,
    }


def _line(visit_id: int, code: str, happening: Happening) -> dict[str, Any]:
    after = {"work": "confirmed"} if happening is Happening.CONFIRMED else {}
    told_of = {"visit_id": visit_id, "village_code": code, "at": NOW, "before": {}}
    return {**told_of, "happening": happening, "after": after}


if __name__ == "__main__":
    main()

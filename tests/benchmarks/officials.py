"""Officials with a phone each, and what their phones hold after days without a network."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert
from sqlmodel import col, select

from outreach.campaigns.tables import Stage
from outreach.logbook.tables import SessionReport, SignUp
from outreach.people.devices import digest_of, new_token
from outreach.people.tables import Account, AccountArea, Device, Role, Team
from outreach.villages.tables import Zone
from outreach.visits.tables import Visit, VisitEvent, Work
from tests.benchmarks.phones import Phone
from tests.rewriting import unlock_history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

FEWEST, MOST = 5, 20
#: Of a hundred visits so many were corrected before the network was back.
CORRECTED = 10
#: One phone in so many loses the network while it waits for its first answer.
CUT_OFF_EACH = 10
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Official:
    """Somebody with a village, a phone and, so that no two visits collide, a team."""

    account_id: int
    team_id: int
    code: str
    token: str


def make_officials(db: Session, codes: Sequence[str]) -> list[Official]:
    """Make one for each village."""
    branch_id = db.scalars(select(Team.branch_id)).first()
    made = [_make_official(db, branch_id or 0, number, code) for number, code in enumerate(codes)]
    db.flush()
    officials = []
    for account, team, code in made:
        token = new_token()
        db.add(AccountArea(account_id=account.id or 0, code=code))
        seen = NOW - timedelta(days=3)
        db.add(
            Device(
                account_id=account.id or 0,
                token_hash=digest_of(token),
                enrolled_at=seen,
                last_seen_at=seen,
            )
        )
        officials.append(Official(account.id or 0, team.id or 0, code, token))
    return officials


def _make_official(
    db: Session, branch_id: int, number: int, code: str
) -> tuple[Account, Team, str]:
    account = Account(
        login=f"perangkat-{number}",
        name=f"Perangkat {number}",
        role=Role.OFFICIAL,
        password_hash="",
        password_stamp="1",
        created_at=NOW,
    )
    team = Team(branch_id=branch_id, name=f"Tim {number}", base_village_code=code, weekdays=[1])
    db.add_all([account, team])
    return account, team, code


def make_stages(db: Session, like: int) -> list[int]:
    """Make as many stages as a village has visits: it has one of each at the most."""
    stage = db.get_one(Stage, like)
    facts = stage.model_dump(exclude={"id", "name"}, warnings=False)
    stages = [Stage(name=f"Gelombang {number}", **facts) for number in range(MOST)]
    db.add_all(stages)
    db.flush()
    return [stage.id or 0 for stage in stages]


def make_phones(
    db: Session, officials: Sequence[Official], stages: list[int], seed: int
) -> list[Phone]:
    """Plan the visits that were held, and write their reports into the phones."""
    drawn = random.Random(seed)
    held = [(one, drawn.randint(FEWEST, MOST)) for one in officials]
    rows = [_visit(one, stages[k], k) for one, visits in held for k in range(visits)]
    ids = iter(
        db.scalars(insert(Visit).returning(col(Visit.id), sort_by_parameter_order=True), rows)
    )
    phones = []
    for number, (one, visits) in enumerate(held):
        reports = [r for k in range(visits) for r in _reports(next(ids) or 0, k, drawn)]
        phones.append(Phone(one.token, reports, is_cut_off=number % CUT_OFF_EACH == 0))
    return phones


def forget_reports(db: Session) -> None:
    """Take all visits and reports back."""
    unlock_history(db)
    for table in (SignUp, VisitEvent, SessionReport, Visit):
        db.execute(delete(table))


def _visit(one: Official, stage_id: int, number: int) -> dict[str, Any]:
    return {
        "stage_id": stage_id,
        "village_code": one.code,
        "team_id": one.team_id,
        "day": (NOW - timedelta(days=number + 1)).date(),
        "slot": 1,
        "starts_at": clock(9),
        "zone": Zone.WIB,
        "session_minutes": 120,
        "travel_minutes": 0,
        "return_minutes": 0,
        "work": Work.CONFIRMED,
        "version": 1,
    }


def _reports(visit_id: int, number: int, drawn: random.Random) -> list[dict[str, Any]]:
    """Tell a session; now and then it is corrected, and its first telling has other numbers."""
    first = _report(visit_id, number, drawn)
    if drawn.randrange(100) >= CORRECTED:
        return [first]
    return [first, {**_report(visit_id, number, drawn), "corrects_id": first["id"]}]


def _report(visit_id: int, number: int, drawn: random.Random) -> dict[str, Any]:
    farmers, traders = drawn.randint(1, 9), drawn.randint(1, 9)
    return {
        "id": str(uuid.UUID(int=drawn.getrandbits(128), version=4)),
        "visit_id": visit_id,
        "held_on": (NOW - timedelta(days=number + 1)).date().isoformat(),
        "held_at": "09:00",
        "saved_at": NOW.isoformat(),
        "place": "Balai desa",
        "men": drawn.randint(10, 40),
        "women": drawn.randint(10, 40),
        "minutes": drawn.randint(60, 150),
        "remarks": "Kelompok tani hadir lengkap.",
        "details": [
            {"sector": "farmer", "package": "jkk_jkm", "payer": "self", "workers": farmers},
            {"sector": "trader", "package": "jkk_jkm_jht", "payer": "apbdes", "workers": traders},
        ],
    }

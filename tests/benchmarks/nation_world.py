"""A country to plan: a branch in every regency of the real registry, with teams and an open stage.

Regencies are taken in an order drawn from their codes, so that every size has its share of Java and
of the islands, and the larger one holds the smaller.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlmodel import col

from outreach.campaigns.tables import Campaign, Ecosystem, Purpose, Stage, Status
from outreach.db import unit_of_work
from outreach.people.access import person_of
from outreach.people.tables import Branch, BranchRegency, Role, Team
from outreach.villages.codes import Level
from outreach.villages.registry import load_registry
from outreach.villages.tables import Village
from tests.builders import account, national_registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.people.access import Person

#: So many villages, at most, have a team of their own.
VILLAGES_PER_TEAM = 80
#: Long enough that no village is left for want of time.
STAGE_DAYS = 120

type Place = tuple[str, float, float]


@dataclass(frozen=True)
class Country:
    """The numbers of what stands in the database."""

    manager: Person
    campaign_id: int
    branches: int
    teams: int
    villages: int


def make_country(engine: Engine, villages: int, now: datetime | None = None) -> Country:
    """Load the whole registry, and give regencies their branches until these hold the villages."""
    told = now or datetime.now(UTC)
    with unit_of_work(engine) as db:
        load_registry(db, now=told, registry=national_registry())
        taken = list(_regencies(db, villages))
        campaign_id = _campaign(db, told)
        teams = _branches(db, taken, campaign_id, told)
        manager = _manager(db)
    held = sum(len(places) for _, places in taken)
    return Country(manager, campaign_id, len(taken), teams, held)


def _regencies(db: Session, villages: int) -> Iterator[tuple[str, list[Place]]]:
    of_regency: dict[str, list[Place]] = defaultdict(list)
    query = select(col(Village.code), col(Village.latitude), col(Village.longitude))
    for row in db.execute(query.order_by(col(Village.code))):
        of_regency[row.code[: Level.REGENCY]].append(tuple(row))
    held = 0
    for code in sorted(of_regency, key=lambda code: hashlib.sha256(code.encode()).digest()):
        if held >= villages:
            return
        held += len(of_regency[code])
        yield code, of_regency[code]


def _branches(
    db: Session, taken: Sequence[tuple[str, list[Place]]], campaign_id: int, now: datetime
) -> int:
    tables: dict[type[Any], list[dict[str, Any]]] = {
        kind: [] for kind in (Branch, BranchRegency, Team, Stage)
    }
    for number, (code, places) in enumerate(taken, start=1):
        base = _middle(places)
        name = f"Cabang {code}"
        tables[Branch].append(
            {"id": number, "name": name, "regional_office": code[:2], "base_village_code": base}
        )
        tables[BranchRegency].append({"regency_code": code, "branch_id": number})
        tables[Team] += [
            {
                "branch_id": number,
                "name": f"Tim {team}",
                "base_village_code": base,
                "members": [],
                "weekdays": [1, 2, 3, 4, 5, 6],
            }
            for team in range(1, ceil(len(places) / VILLAGES_PER_TEAM) + 1)
        ]
        tables[Stage].append(_stage(campaign_id, number, now))
    for kind, rows in tables.items():
        db.execute(insert(kind), rows)
    return len(tables[Team])


def _stage(campaign_id: int, branch_id: int, now: datetime) -> dict[str, Any]:
    starts = now.date() + timedelta(days=7)
    return {
        "campaign_id": campaign_id,
        "branch_id": branch_id,
        "name": "Tahap 1",
        "starts": starts,
        "ends": starts + timedelta(days=STAGE_DAYS),
        "area_codes": [],
        "kinds": [],
        "status": Status.OPENED,
    }


def _middle(places: Sequence[Place]) -> str:
    """Find the village in the midst of the others."""
    known = [place for place in places if isfinite(place[1])] or list(places)
    latitude, longitude = sorted(p[1] for p in known), sorted(p[2] for p in known)
    north, east = latitude[len(known) // 2], longitude[len(known) // 2]
    return min(known, key=lambda p: ((p[1] - north) ** 2 + (p[2] - east) ** 2, p[0]))[0]


def _campaign(db: Session, now: datetime) -> int:
    campaign = Campaign(
        name="Seluruh negeri",
        purpose=Purpose.ACQUIRE,
        ecosystem=Ecosystem.VILLAGE,
        starts=now.date(),
        ends=now.date() + timedelta(days=365),
        status=Status.OPENED,
    )
    db.add(campaign)
    db.flush()
    assert campaign.id is not None
    return campaign.id


def _manager(db: Session) -> Person:
    made = account(db, Role.MANAGER, "pusat", whole_nation=True)
    manager = person_of(db, made.id or 0)
    assert manager is not None
    return manager

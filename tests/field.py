"""A branch with a team, people of every role and visits over real villages, to report on."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlmodel import select

from outreach.campaigns.tables import Campaign, Ecosystem, Purpose, Stage, StageVillage, Status
from outreach.people.access import Person, person_of
from outreach.people.tables import Account, AccountArea, Branch, BranchRegency, Role, Team
from outreach.villages.tables import Village, VillageKind
from outreach.visits.tables import Visit, Work

if TYPE_CHECKING:
    from sqlmodel import Session

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
DAY = date(2026, 11, 18)


@dataclass(frozen=True)
class Field:
    """What stands in the database: people and visits, by village code in the order of codes."""

    coordinator: Person
    manager: Person
    official: Person
    stranger: Person
    campaign_id: int
    stage_id: int
    team_id: int
    codes: list[str]
    visits: dict[str, int]


def account(db: Session, login: str, role: Role, areas: tuple[str, ...], **more: Any) -> Person:
    row = Account(
        login=login,
        name=login.title(),
        role=role,
        password_hash="",
        password_stamp="1",
        created_at=NOW,
        **more,
    )
    db.add(row)
    db.flush()
    assert row.id is not None
    db.add_all(AccountArea(account_id=row.id, code=code) for code in areas)
    db.flush()
    person = person_of(db, row.id)
    assert person is not None
    return person


def make_field(db: Session, villages: int = 6, work: Work = Work.CONFIRMED) -> Field:
    """Confirm a visit in each of the first villages of Kota Surakarta, three a day."""
    codes = list(db.scalars(select(Village.code).order_by(Village.code)))
    branch = Branch(name="Surakarta", regional_office="Jateng", base_village_code=codes[0])
    campaign = Campaign(
        name="Surakarta 2026",
        purpose=Purpose.ACQUIRE,
        ecosystem=Ecosystem.VILLAGE,
        starts=date(2026, 10, 1),
        ends=date(2026, 12, 31),
        status=Status.OPENED,
    )
    db.add_all([branch, campaign])
    db.flush()
    assert branch.id is not None
    assert campaign.id is not None
    db.add(BranchRegency(regency_code="33.72", branch_id=branch.id))
    team = Team(
        branch_id=branch.id, name="Tim A", base_village_code=codes[0], weekdays=[1, 2, 3, 4, 5]
    )
    stage = Stage(
        campaign_id=campaign.id,
        branch_id=branch.id,
        name="Tahap 1",
        starts=date(2026, 10, 1),
        ends=date(2026, 12, 31),
        area_codes=["33.72"],
        kinds=list(VillageKind),
        status=Status.OPENED,
    )
    db.add_all([team, stage])
    db.flush()
    assert team.id is not None
    assert stage.id is not None
    visits = {
        code: add_visit(db, stage.id, team.id, code, number, work)
        for number, code in enumerate(codes[:villages])
    }
    return Field(
        coordinator=account(db, "koordinator", Role.COORDINATOR, (), branch_id=branch.id),
        manager=account(db, "manajer", Role.MANAGER, ("",)),
        official=account(db, "perangkat", Role.OFFICIAL, (codes[0],)),
        stranger=account(db, "orang-lain", Role.OFFICIAL, (codes[1],)),
        campaign_id=campaign.id,
        stage_id=stage.id,
        team_id=team.id,
        codes=codes,
        visits=visits,
    )


def add_visit(db: Session, stage_id: int, team_id: int, code: str, number: int, work: Work) -> int:
    village = db.get_one(Village, code)
    visit = Visit(
        stage_id=stage_id,
        village_code=code,
        team_id=team_id,
        day=DAY + timedelta(days=number // 3),
        slot=number % 3 + 1,
        starts_at=time(9),
        zone=village.zone,
        work=work,
    )
    chosen = StageVillage(
        stage_id=stage_id, village_code=code, rank=number + 1, score=1.0, reason=None
    )
    db.add_all([visit, chosen])
    db.flush()
    assert visit.id is not None
    return visit.id


def told(visit_id: int, **other: Any) -> dict[str, Any]:
    """A report as a phone sends it."""
    return {
        "id": str(uuid.uuid4()),
        "visit_id": visit_id,
        "held_on": DAY.isoformat(),
        "held_at": "09:00",
        "place": "Balai desa",
        "men": 20,
        "women": 22,
        "signups": 7,
        **other,
    }

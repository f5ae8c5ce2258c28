"""A campaign of the nation over four branches: two that can be planned and two that cannot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from outreach.campaigns.campaigns import create_campaign, open_campaign
from outreach.campaigns.stages import create_stage
from outreach.db import unit_of_work
from outreach.people.tables import Role
from tests.builders import load_small_registry
from tests.visits.world import ENDS, NOW, STARTS, account, add_stage, branch, campaign_in, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.campaigns.stages import StageIn
    from outreach.people.access import Person

CAMPAIGN = "Seluruh negeri"


@dataclass(frozen=True)
class Country:
    """The numbers of what stands in the database."""

    campaign_id: int
    manager: Person
    coordinators: dict[str, Person]
    stages: dict[str, int]


def build_country(engine: Engine, now: datetime = NOW) -> Country:
    """Surakarta and Boyolali can be planned; Ambon has no team, Manado only a drafted stage."""
    starts, ends, month = STARTS + (now - NOW), ENDS + (now - NOW), timedelta(days=30)
    with unit_of_work(engine) as db:
        load_small_registry(db, ("33.72.02", "33.09.01", "81.71.01", "71.71.01"))
        manager = account(db, "pusat", Role.MANAGER, "")
        given = campaign_in(CAMPAIGN, starts=starts - month, ends=ends + month)
        campaign = create_campaign(db, given, by=manager)
        assert campaign.id is not None
        open_campaign(db, campaign.id, campaign.version, by=manager)
        coordinators, stages = {}, {}
        for name, regency, base, teams in (
            ("Surakarta", "33.72", "33.72.02.1001", 2),
            ("Boyolali", "33.09", "33.09.01.2001", 1),
            ("Ambon", "81.71", "81.71.01.1006", 0),
            ("Manado", "71.71", "71.71.01.1001", 1),
        ):
            branch_id, _ = branch(db, name, regency, base, teams)
            who = account(db, name.lower(), Role.COORDINATOR, branch_id=branch_id)
            stage = stage_in(starts=starts, ends=ends)
            make = _draft if name == "Manado" else add_stage
            coordinators[name], stages[name] = who, make(db, campaign.id, who, stage)
    return Country(campaign.id, manager, coordinators, stages)


def _draft(db: Session, campaign_id: int, by: Person, given: StageIn) -> int:
    return create_stage(db, campaign_id, given, by=by).id or 0

"""What several of the coordinator's pages show: campaigns and stages with their progress."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.campaigns.access import branch_regencies
from outreach.campaigns.campaigns import list_campaigns
from outreach.campaigns.stages import list_stages
from outreach.people.tables import Branch
from outreach.progress.stages import StageProgress, stage_progress
from outreach.villages.reading import Region, names_of, regions_below

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.campaigns.tables import Campaign, Stage
    from outreach.people.access import Person


@dataclass(frozen=True, slots=True)
class StageCard:
    """A stage with its progress."""

    stage: Stage
    progress: StageProgress


@dataclass(frozen=True, slots=True)
class CampaignCard:
    """A campaign with its stages in the person's area and the sum of their progress."""

    campaign: Campaign
    stages: tuple[StageCard, ...]

    @property
    def villages(self) -> int:
        """Villages chosen for the stages."""
        return sum(card.progress.villages for card in self.stages)

    @property
    def reached(self) -> int:
        """Villages whose session met people."""
        return sum(card.progress.reached for card in self.stages)

    @property
    def signups(self) -> int:
        """Workers signed up at the sessions of the stages."""
        return sum(card.progress.signups for card in self.stages)


def campaign_cards(db: Session, person: Person) -> list[CampaignCard]:
    """Read the campaigns that the person may see, each with the stages that the person may see."""
    stages = list_stages(db, person)
    progress = stage_progress(db, person, [stage.id for stage in stages if stage.id])
    of_campaign: dict[int, list[StageCard]] = defaultdict(list)
    for stage in stages:
        of_campaign[stage.campaign_id].append(StageCard(stage, progress[stage.id or 0]))
    return [
        CampaignCard(campaign, tuple(of_campaign[campaign.id or 0]))
        for campaign in list_campaigns(db, person)
    ]


def branch_names(db: Session, stages: Iterable[Stage]) -> dict[int, str]:
    """Names of the branches of stages that were read within the person's area."""
    ids = {stage.branch_id for stage in stages}
    rows = db.exec(select(Branch).where(col(Branch.id).in_(ids)))
    return {branch.id or 0: branch.name for branch in rows}


@dataclass(frozen=True, slots=True)
class RegencyChoice:
    """A regency of a branch, with the districts that can be chosen in its place."""

    code: str
    name: str
    districts: tuple[Region, ...]

    @property
    def villages(self) -> int:
        """Villages of all districts."""
        return sum(district.villages for district in self.districts)


def regions_of_branch(db: Session, person: Person, branch_id: int) -> tuple[RegencyChoice, ...]:
    """List the regencies that a branch serves, each with its districts, in order of code."""
    codes = branch_regencies(db, branch_id)
    names = names_of(db, codes)
    return tuple(
        RegencyChoice(code, names[code], tuple(regions_below(db, person, code))) for code in codes
    )

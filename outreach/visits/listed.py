"""A stage made of a list of villages: each is put first in it with the reason that listed it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlmodel import col, or_, select

from outreach.campaigns.campaigns import CampaignIn, create_campaign, open_campaign
from outreach.campaigns.picks import put_first
from outreach.campaigns.stages import create_stage
from outreach.campaigns.tables import Campaign, Ecosystem, Purpose, Status
from outreach.errors import Invalid
from outreach.visits.question import past_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlmodel import Session

    from outreach.campaigns.stages import StageIn
    from outreach.campaigns.tables import Stage
    from outreach.people.access import Person

#: What a campaign that goes back to villages is for.
PURPOSES = (Purpose.DEEPEN, Purpose.KEEP)
#: A new campaign of follow-ups takes in further lists for half a year.
CAMPAIGN_DAYS = 182


@dataclass(frozen=True, slots=True)
class Drafted:
    """The stage that was drafted, how many villages it lists, and how many it could not take.

    `elsewhere` villages belong to another stage of the campaign: it has reached them or has a
    visit in its plan, and a campaign reaches a village once.
    """

    stage: Stage
    listed: int
    elsewhere: int


def follow_up_campaigns(db: Session, by: Person) -> Sequence[Campaign]:
    """List the open campaigns that go back to villages, of the person's branch or of all."""
    query = select(Campaign).where(
        col(Campaign.status) == Status.OPENED,
        col(Campaign.purpose).in_(PURPOSES),
        or_(col(Campaign.branch_id).is_(None), col(Campaign.branch_id) == by.branch_id),
    )
    return db.exec(query.order_by(col(Campaign.starts).desc(), col(Campaign.id).desc())).all()


def new_follow_up_campaign(
    db: Session, name: str, purpose: Purpose, given: StageIn, *, by: Person
) -> Campaign:
    """Make and open the campaign of a first list; it begins with the list's stage.

    Raises
    ------
    NotAllowed, Invalid
        As `create_campaign` does.
    """
    told = CampaignIn(
        name=name,
        purpose=purpose,
        ecosystem=Ecosystem.VILLAGE,
        starts=given.starts,
        ends=max(given.ends, given.starts + timedelta(CAMPAIGN_DAYS)),
    )
    campaign = create_campaign(db, told, by=by)
    return open_campaign(db, campaign.id or 0, campaign.version, by=by)


def draft_listed_stage(
    db: Session,
    campaign_id: int,
    given: StageIn,
    codes: Iterable[str],
    reason: str,
    *,
    by: Person,
) -> Drafted:
    """Draft a stage that takes the listed villages and no others.

    Raises
    ------
    NotFound, NotAllowed, Conflict, Invalid
        As `create_stage` and `put_first` do; Invalid too if the campaign has all of them already.
    """
    stage = create_stage(db, campaign_id, given, by=by, is_listed=True)
    wanted = frozenset(codes)
    free = wanted - past_of(db, stage).taken
    if not free:
        raise Invalid(problems={"campaign_id": ["all_elsewhere"]})
    listed = put_first(db, stage, free, reason)
    return Drafted(stage, listed, len(wanted) - listed)

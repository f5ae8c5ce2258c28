"""Whose a campaign is: who sees it, who shapes it; every list of campaigns goes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import col, or_, select

from outreach.campaigns.tables import Campaign
from outreach.errors import NotAllowed, NotFound
from outreach.people.access import covers, narrow
from outreach.people.tables import BranchRegency, Role

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.people.access import Person

SHAPERS = (Role.COORDINATOR, Role.MANAGER)


def branch_regencies(db: Session, branch_id: int) -> tuple[str, ...]:
    """Codes of the regencies that the branch serves, in order."""
    served = select(BranchRegency.regency_code).where(BranchRegency.branch_id == branch_id)
    return tuple(sorted(db.exec(served)))


def visible_branches(db: Session, person: Person) -> tuple[int, ...]:
    """Branches of which the person may see at least one whole regency, in order."""
    served = narrow(select(BranchRegency.branch_id), BranchRegency.regency_code, person)
    return tuple(sorted(set(db.scalars(served))))


def holds_branch(db: Session, branch_id: int, person: Person) -> bool:
    """Whether the person's area holds every regency of the branch."""
    served = branch_regencies(db, branch_id)
    return bool(served) and all(covers(person.areas, code) for code in served)


def seen_by(db: Session, person: Person) -> ColumnElement[bool]:
    """Hold for the campaigns that the person may see, as they may see the stages in them.

    Those of no branch are for everyone; those of a branch for whoever sees that branch.
    """
    of_branch = col(Campaign.branch_id)
    return or_(of_branch.is_(None), of_branch.in_(visible_branches(db, person)))


def shapes(db: Session, campaign: Campaign, person: Person) -> bool:
    """Whether the person may edit, open and close a campaign that they see.

    A campaign of a branch is shaped by whoever's area holds the whole branch, one of no branch
    by managers only.
    """
    if campaign.branch_id is None:
        return person.role is Role.MANAGER
    return person.role in SHAPERS and holds_branch(db, campaign.branch_id, person)


def require_shaper(db: Session, campaign: Campaign, by: Person) -> None:
    """Let only those shape a campaign who may.

    Raises
    ------
    NotFound
        If they do not even see it.
    NotAllowed
        If they see it and no more.
    """
    branch = campaign.branch_id
    if branch is not None and branch not in visible_branches(db, by):
        raise NotFound(kind="Campaign", id=campaign.id)
    if not shapes(db, campaign, by):
        raise NotAllowed(role=by.role)

"""What the other stages of a branch mean for one of them: its teams are theirs too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - as above
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.errors import Conflict
from outreach.people.access import covers
from outreach.people.tables import Account, Team
from outreach.planning.workdays import days_between
from outreach.visits.stays import stays_between
from outreach.visits.tables import ACTIVE, PlanRun, RunState, Visit
from outreach.visits.teamday import TeamAndDay

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person

type Engaged = Mapping[TeamAndDay, tuple[Engagement, ...]]


@dataclass(frozen=True, slots=True)
class Engagement:
    """A day on which a team is there for another stage.

    Attributes
    ----------
    hub
        Where it stays overnight; empty where it makes a day-trip, or the hub lies outside the
        person's area.
    is_stay
        It is away on a stay, be it on the way, at the hub, or there on a day off.
    """

    stage_id: int
    stage: str
    is_stay: bool = False
    hub: str = ""


def engaged_elsewhere(
    db: Session, person: Person, stage: Stage, first: date, last: date
) -> dict[TeamAndDay, tuple[Engagement, ...]]:
    """Tell on which days from *first* to *last* teams are there for other stages of the branch.

    Whoever calls has seen that the person may look at the stage: then they may at the others.
    """
    found: dict[TeamAndDay, dict[int, Engagement]] = defaultdict(dict)
    for team_id, day, stage_id, name in db.execute(_visited(stage, first, last)):
        found[team_id, day][stage_id] = Engagement(stage_id, name)
    stages = select(col(Stage.id), col(Stage.name)).where(col(Stage.branch_id) == stage.branch_id)
    names = {row.id: row.name for row in db.execute(stages)}
    for stay in stays_between(db, first, last, col(Team.branch_id) == stage.branch_id):
        hub = stay.hub_name if covers(person.areas, stay.hub_code) else ""
        told = Engagement(stay.stage_id, names.get(stay.stage_id, ""), is_stay=True, hub=hub)
        days = days_between(max(first, stay.starts), min(last, stay.ends))
        for day in days if stay.stage_id != stage.id else ():
            found[stay.team_id, day][stay.stage_id] = told
    return {key: tuple(some.values()) for key, some in found.items()}


def _visited(stage: Stage, first: date, last: date) -> Any:
    columns: Any = col(Visit.team_id), col(Visit.day), col(Stage.id), col(Stage.name)
    return (
        select(*columns)
        .distinct()
        .join(Stage, col(Stage.id) == col(Visit.stage_id))
        .where(
            col(Stage.branch_id) == stage.branch_id,
            col(Stage.id) != stage.id,
            col(Visit.work).in_(ACTIVE),
            col(Visit.day).between(first, last),
        )
        .order_by(col(Stage.id))
    )


def run_in_the_way(db: Session, stage: Stage) -> dict[str, Any] | None:
    """Tell which plan being made keeps the stage's own from being changed meanwhile.

    It is the stage's own, or that of another stage of the branch with days of this one: both give
    away the same team-days. Any other stage's plan takes no day of this one. Its teams may have to
    be at home, after a stay of one of the two, on days of the other; but only plans make stays, and
    `runs._refuse_other_run` lets one of a branch be made at a time, which knows the stays so far.

    Returns
    -------
        `run_id`, `stage_id`, `stage`, `by` and `since`; None where nothing is in the way.
    """
    shares_days = and_(col(Stage.starts) <= stage.ends, col(Stage.ends) >= stage.starts)
    query: Any = (
        select(
            col(PlanRun.id).label("run_id"),
            col(PlanRun.stage_id),
            col(Stage.name).label("stage"),
            col(Account.name).label("by"),
            col(PlanRun.requested_at).label("since"),
        )
        .join(Stage, col(Stage.id) == col(PlanRun.stage_id))
        .join(Account, col(Account.id) == col(PlanRun.requested_by))
        .where(
            col(PlanRun.branch_id) == stage.branch_id,
            col(PlanRun.state) == RunState.RUNNING,
            or_(col(PlanRun.stage_id) == stage.id, shares_days),
        )
    )
    running = db.execute(query).mappings().first()
    return None if running is None else dict(running)


def refuse_while_planned(db: Session, stage: Stage) -> None:
    """Refuse to change a plan while one that shares its team-days is being made.

    Raises
    ------
    Conflict
        `being_planned`, or `neighbour_planned` where it is another stage's, with the facts of
        `run_in_the_way`.
    """
    if running := run_in_the_way(db, stage):
        is_own = running["stage_id"] == stage.id
        raise Conflict(problem="being_planned" if is_own else "neighbour_planned", **running)

"""Open stages that leave districts or islands of their area without a visit, unexplained.

A plan is handed in with a reason for each of them, but it goes on changing: visits are called off,
villages close. So the stages are looked through again and again. First all at once, by which of
their districts and islands have a visit; those few that lack one are then judged as on their own
page.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select
from sqlmodel import col

from outreach.campaigns.omissions import grounds_in, unexplained
from outreach.campaigns.stages import list_stages
from outreach.campaigns.tables import GroundKind, Omission, Stage, StageVillage, Status
from outreach.people.access import covers
from outreach.people.tables import BranchRegency
from outreach.villages.codes import Level
from outreach.villages.tables import Village
from outreach.visits.question import local_day, past_of
from outreach.visits.tables import ACTIVE, REPORTED, Result, Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.campaigns.omissions import Ground, Key
    from outreach.people.access import Person

    #: A district with the number of an island on which some of its villages lie.
    type Cell = tuple[str, int]

#: So many stages are judged one by one; each takes some hundredths of a second.
MOST_JUDGED = 20


@dataclass(frozen=True, slots=True)
class AtZero:
    """A stage, and what it leaves without a visit while nobody has said why."""

    stage: Stage
    grounds: tuple[Ground, ...]


@dataclass(frozen=True, slots=True)
class LeftAtZero:
    """The stages found, the earliest first, and how many more there was no time to judge."""

    stages: tuple[AtZero, ...]
    not_judged: int


def left_at_zero(db: Session, person: Person, prefixes: Sequence[str], now: datetime) -> LeftAtZero:
    """Find the planned stages that leave something of *prefixes* at zero without a reason."""
    areas = _areas(db, person, prefixes)
    doubtful = _lacking(db, areas) if areas else []
    found = []
    for stage in doubtful[:MOST_JUDGED]:
        today = local_day(db, stage.branch_id, now)
        # One whose part of the plan failed is told as that; planned, it may well have a visit.
        left = [
            one for one in unexplained(db, stage, past_of(db, stage), today) if one.is_neglected
        ]
        if grounds := grounds_in(db, stage, left, prefixes):
            found.append(AtZero(stage, grounds))
    return LeftAtZero(tuple(found), len(doubtful[MOST_JUDGED:]))


def _areas(
    db: Session, person: Person, prefixes: Sequence[str]
) -> list[tuple[Stage, tuple[str, ...]]]:
    """Read the stages that were planned and are open, with the regions of each."""
    stages = [
        stage
        for stage in reversed(list_stages(db, person))
        if stage.status is Status.OPENED and not stage.is_listed
    ]
    chosen = col(StageVillage.stage_id)
    query = select(chosen).where(chosen.in_([stage.id for stage in stages])).distinct()
    planned = set(db.scalars(query))
    whole = _regencies_by_branch(db)
    areas = [
        (stage, tuple(sorted(stage.area_codes)) or whole[stage.branch_id])
        for stage in stages
        if stage.id in planned
    ]
    return [(stage, area) for stage, area in areas if _meets(area, prefixes)]


def _regencies_by_branch(db: Session) -> Mapping[int, tuple[str, ...]]:
    """Read the area of every stage that has no regions of its own at once (`area_of`)."""
    query = select(col(BranchRegency.branch_id), col(BranchRegency.regency_code))
    found: dict[int, tuple[str, ...]] = defaultdict(tuple)
    for branch_id, code in db.execute(query.order_by(col(BranchRegency.regency_code))):
        found[branch_id] += (code,)
    return found


def _meets(area: Sequence[str], prefixes: Sequence[str]) -> bool:
    return any(covers(prefixes, code) for code in area) or any(
        covers(area, prefix) for prefix in prefixes
    )


def _lacking(db: Session, areas: Sequence[tuple[Stage, tuple[str, ...]]]) -> list[Stage]:
    """Keep the stages with a district or an island that has no visit and no reason noted."""
    cells = _cells(db, {code[: Level.REGENCY] for _, area in areas for code in area})
    served = {
        campaign_id: _grounds(some)
        for campaign_id, some in _served(db, {stage.campaign_id for stage, _ in areas}).items()
    }
    noted = _noted(db, [stage.id or 0 for stage, _ in areas])
    return [
        stage
        for stage, area in areas
        if _grounds(_within(cells, area))
        - served.get(stage.campaign_id, set())
        - noted.get(stage.id or 0, set())
    ]


def _within(cells: Mapping[str, Sequence[Cell]], area: Sequence[str]) -> Iterator[Cell]:
    """List the cells of an area, those with a village of it that was chosen alone among them."""
    districts = {code[: Level.DISTRICT] for code in area}
    for regency in {code[: Level.REGENCY] for code in area}:
        for cell in cells.get(regency, ()):
            if cell[0] in districts or covers(area, cell[0]):
                yield cell


def _grounds(cells: Iterable[Cell]) -> set[Key]:
    """Name the districts and the islands of the cells."""
    told = set(cells)
    return {(GroundKind.DISTRICT, district) for district, _ in told} | {
        (GroundKind.ISLAND, str(island)) for _, island in told
    }


def _cells(db: Session, regencies: set[str]) -> Mapping[str, Sequence[Cell]]:
    """Read by regency the cells of some of them."""
    query = select(col(Village.district_code), col(Village.island)).where(
        col(Village.regency_code).in_(regencies)
    )
    found: dict[str, list[Cell]] = defaultdict(list)
    for district, island in db.execute(query.distinct()):
        found[district[: Level.REGENCY]].append((district, island))
    return found


def _served(db: Session, campaign_ids: set[int]) -> Mapping[int, set[Cell]]:
    """Read by campaign where a visit stands or was held, as `past_of` counts them."""
    met = func.coalesce(col(Visit.result), "") != Result.NOT_MET.value
    query: Any = (
        select(col(Stage.campaign_id), col(Village.district_code), col(Village.island))
        .select_from(Visit)
        .join(Stage, col(Stage.id) == col(Visit.stage_id))
        .join(Village, col(Village.code) == col(Visit.village_code))
        .where(
            col(Stage.campaign_id).in_(campaign_ids),
            or_(
                and_(col(Visit.work).in_(REPORTED), met),
                and_(col(Stage.status) == Status.OPENED, col(Visit.work).in_(ACTIVE)),
            ),
        )
        .distinct()
    )
    served: dict[int, set[Cell]] = defaultdict(set)
    for campaign_id, district, island in db.execute(query):
        served[campaign_id].add((district, island))
    return served


def _noted(db: Session, stage_ids: Sequence[int]) -> Mapping[int, set[Key]]:
    noted: dict[int, set[Key]] = defaultdict(set)
    for row in db.scalars(select(Omission).where(col(Omission.stage_id).in_(stage_ids))):
        noted[row.stage_id].add((row.kind, row.key))
    return noted

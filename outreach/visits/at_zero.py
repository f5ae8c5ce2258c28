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
from outreach.campaigns.stages import area_of, list_stages
from outreach.campaigns.tables import GroundKind, Omission, Stage, StageVillage, Status
from outreach.people.access import covers, within
from outreach.villages.tables import Village
from outreach.visits.question import REPORTED, local_day, past_of
from outreach.visits.tables import ACTIVE, Result, Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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
        left = unexplained(db, stage, past_of(db, stage), today)
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
    areas = [(stage, area_of(db, stage)) for stage in stages if stage.id in planned]
    return [(stage, area) for stage, area in areas if _meets(area, prefixes)]


def _meets(area: Sequence[str], prefixes: Sequence[str]) -> bool:
    return any(covers(prefixes, code) for code in area) or any(
        covers(area, prefix) for prefix in prefixes
    )


def _lacking(db: Session, areas: Sequence[tuple[Stage, tuple[str, ...]]]) -> list[Stage]:
    """Keep the stages with a district or an island that has no visit and no reason noted."""
    cells = _cells(db, {code for _, area in areas for code in area})
    served = _served(db, {stage.campaign_id for stage, _ in areas})
    noted = _noted(db, [stage.id or 0 for stage, _ in areas])
    return [
        stage
        for stage, area in areas
        if _grounds(cell for cell in cells if covers(area, cell[0]))
        - _grounds(served[stage.campaign_id])
        - noted[stage.id or 0]
    ]


def _grounds(cells: Iterable[Cell]) -> set[Key]:
    """Name the districts and, where there are several, the islands of the cells."""
    told = set(cells)
    return {(GroundKind.DISTRICT, district) for district, _ in told} | {
        (GroundKind.ISLAND, str(island)) for _, island in told
    }


def _cells(db: Session, codes: set[str]) -> list[Cell]:
    query = select(col(Village.district_code), col(Village.island)).where(
        within(Village.code, codes)
    )
    return [(district, island) for district, island in db.execute(query.distinct())]


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

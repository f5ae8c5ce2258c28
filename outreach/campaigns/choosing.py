"""Which villages a stage takes: scored, in the order asked for, up to its quota."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, field, replace
from datetime import date  # noqa: TC003 - as above
from itertools import batched
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select
from sqlmodel import col

from outreach.campaigns.sponsors import days_to_end
from outreach.campaigns.stages import area_of
from outreach.campaigns.tables import Campaign, Ordering, Pick, Stage, StagePick, StageVillage
from outreach.people.access import within
from outreach.people.tables import Branch
from outreach.planning.model import Point, Site
from outreach.planning.priority import (
    Candidate,
    Order,
    Promise,
    Weights,
    full_marks_of,
    points_of,
    shortlist,
)
from outreach.planning.travel import distance_m, travel_minutes, way_between
from outreach.villages.access import PLACE, point_of, with_access
from outreach.villages.calendar import ALWAYS, for_planner
from outreach.villages.tables import Village

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.planning.priority import Scored

#: Sign-ups expected of a hundred workers not covered yet: an assumption, the same everywhere, so
#: that only the villages' sizes decide which are worth more.
SIGNUPS_PER_HUNDRED = 5

#: Informal workers not covered yet, by estimate; below 0 where an estimate is too low.
GAP = (col(Village.informal_workers) - col(Village.informal_covered)).label("gap")

ORDERS = {
    Ordering.SCORE: Order.SCORE,
    Ordering.GAP: Order.GAP,
    Ordering.NEAREST: Order.NEAREST,
    Ordering.CODE: Order.REGION,
}


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier visits mean for a choice; the room of visits knows it.

    Attributes
    ----------
    kept
        Villages of this stage whose visit stays as it is.
    taken
        Villages that another stage of the campaign has reached or is about to visit.
    last_held
        Day of the last session ever held, by village code.
    fell_away
        Villages that had confirmed a visit which was postponed or given back, and have none now.
    planned
        Villages in which this stage has a visit, one that is only proposed included; None while a
        plan is being made, when nobody can tell.
    unplanned
        Villages of this stage that its latest plan does not speak of: the part of it that held
        them failed or was called off.
    """

    kept: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    last_held: Mapping[str, date] = field(default_factory=dict)
    fell_away: frozenset[str] = frozenset()
    planned: frozenset[str] | None = None
    unplanned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """The villages a stage would take, first the first, out of how many in its area.

    `in_area` counts all villages of the area and kinds (of a listed stage only those of its list),
    `elsewhere` those of them that another stage of the campaign has taken, `left_out` those that
    somebody left out by hand. `beyond` are those the quota has no room for, in their order.
    """

    chosen: tuple[Scored, ...]
    in_area: int
    elsewhere: int
    left_out: int = 0
    beyond: tuple[Scored, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every village that a stage may still choose, scored and in order, with what it stands on.

    Attributes
    ----------
    ordered
        Those put first by hand, then what the stage before left, then the others; within each
        in the order asked for.
    left_out
        Those left out by hand, in the order asked for.
    candidates
        What the scores are made of, by code; of those left out as well.
    points
        Most points that each part of the score gives here.
    full_marks
        People from whom on a part gives all its points here, as `priority.full_marks_of`.
    picks
        What was decided by hand, by code.
    from_before
        Villages that the stage before chose and did not reach.
    """

    ordered: tuple[Scored, ...]
    left_out: tuple[Scored, ...]
    candidates: Mapping[str, Candidate]
    points: Mapping[str, float]
    full_marks: Mapping[str, float]
    picks: Mapping[str, StagePick]
    from_before: frozenset[str]
    in_area: int
    elsewhere: int


def choose(db: Session, stage: Stage, past: Past, today: date) -> Choice:
    """Choose the villages of a stage without writing anything.

    Villages whose visit stays count towards the quota and are not in `chosen`.
    """
    ranking = rank_villages(db, stage, past, today)
    room = room_of(stage, past)
    return Choice(
        ranking.ordered[:room],
        ranking.in_area,
        ranking.elsewhere,
        len(ranking.left_out),
        () if room is None else ranking.ordered[room:],
    )


def room_of(stage: Stage, past: Past) -> int | None:
    """Tell how many villages the quota leaves room for beside those that stay; None for all."""
    return None if stage.quota is None else max(0, stage.quota - len(past.kept))


def rank_villages(db: Session, stage: Stage, past: Past, today: date) -> Ranking:
    """Score and order every village that the stage may still choose, whatever its quota."""
    base = base_point(db, stage.branch_id)
    picks = picks_of(db, stage.id)
    rows = [row for row in db.execute(_villages(db, stage)) if _may_take(stage, picks, row.code)]
    free = [row for row in rows if row.code not in past.kept and row.code not in past.taken]
    before = _chosen_before(db, stage)
    ending = days_to_end(db, [row.code for row in free], today)
    candidates = [
        _candidate(
            row,
            base,
            _promise(row.code, past, before),
            _days_since(past.last_held.get(row.code), today),
            ending.get(row.code),
        )
        for row in free
    ]
    weights = weights_of(db.get_one(Campaign, stage.campaign_id))
    ranked = shortlist(candidates, ORDERS[stage.ordering], weights=weights)
    put_first = [one for one in ranked if _is(picks, one.code, Pick.FIRST)]
    left_out = [one for one in ranked if _is(picks, one.code, Pick.LEFT_OUT)]
    rest = [one for one in ranked if one.code not in picks]
    rest.sort(key=lambda one: one.code not in before)  # stable: the order within each stays
    return Ranking(
        ordered=(*put_first, *rest),
        left_out=tuple(left_out),
        candidates={one.code: one for one in candidates},
        points=points_of(candidates, weights),
        full_marks=full_marks_of(candidates),
        picks=picks,
        from_before=before,
        in_area=len(rows),
        elsewhere=sum(row.code in past.taken and row.code not in past.kept for row in rows),
    )


def picks_of(db: Session, stage_id: int | None) -> dict[str, StagePick]:
    """Read what was decided by hand for a stage, by village."""
    rows = db.scalars(select(StagePick).where(col(StagePick.stage_id) == stage_id))
    return {row.village_code: row for row in rows}


def _may_take(stage: Stage, picks: Mapping[str, StagePick], code: str) -> bool:
    """Whether a stage may choose a village at all: a listed one only what was put in it by name."""
    return not stage.is_listed or code in picks


def _is(picks: Mapping[str, StagePick], code: str, pick: Pick) -> bool:
    return code in picks and picks[code].pick is pick


def _chosen_before(db: Session, stage: Stage) -> frozenset[str]:
    """Villages of the stage it follows; what that one reached is taken and never asked for."""
    if stage.follows_id is None:
        return frozenset()
    query = select(col(StageVillage.village_code)).where(
        col(StageVillage.stage_id) == stage.follows_id
    )
    return frozenset(db.scalars(query))


def choose_villages(db: Session, stage: Stage, past: Past, today: date) -> int:
    """Write the villages a stage takes; those whose visit stays keep their row.

    Returns how many villages wait for a plan now.
    """
    choice = choose(db, stage, past, today)
    of_stage = delete(StageVillage).where(col(StageVillage.stage_id) == stage.id)
    db.execute(of_stage.where(col(StageVillage.village_code).not_in(past.kept)))
    rows = [
        {
            "stage_id": stage.id,
            "village_code": scored.code,
            "rank": len(past.kept) + number,
            "score": scored.score,
            "parts": dict(scored.parts),
        }
        for number, scored in enumerate(choice.chosen, start=1)
    ]
    if rows:
        db.execute(insert(StageVillage), rows)
    return len(rows)


def base_point(db: Session, branch_id: int) -> Point:
    """Where the branch starts from."""
    base = db.get_one(Village, db.get_one(Branch, branch_id).base_village_code)
    return Point(base.latitude, base.longitude, base.code, base.island)


def sites_of(
    db: Session, codes: Iterable[str], first: date | None = None, last: date | None = None
) -> tuple[Site, ...]:
    """Put the villages the way the planner asks for them, in order of their codes.

    Between `first` and `last`, both included, they carry what their calendar says of the days.
    """
    asked = sorted(set(codes))
    told = {} if first is None or last is None else for_planner(db, asked, first, last)
    query = with_access(select(*PLACE, GAP)).order_by(col(Village.code))
    # In parts, so that no statement grows beyond what a database takes.
    rows = [
        row
        for part in batched(asked, 5000)
        for row in db.execute(query.where(col(Village.code).in_(part)))
    ]
    return tuple(
        told.get(row.code, ALWAYS).told_of(
            Site(row.code, point_of(row), max(0, row.gap) * SIGNUPS_PER_HUNDRED / 100)
        )
        for row in rows
    )


def _villages(db: Session, stage: Stage) -> Any:
    query: Any = (
        with_access(select(*PLACE, GAP, col(Village.vulnerable_workers)))
        .where(within(Village.code, area_of(db, stage)))
        .order_by(col(Village.code))
    )
    return query.where(col(Village.kind).in_(stage.kinds)) if stage.kinds else query


def weights_of(campaign: Campaign) -> Weights:
    """Weigh the parts of the scores as the campaign does, by default where it says nothing."""
    return replace(Weights(), **campaign.weights)


def _promise(code: str, past: Past, before: frozenset[str]) -> Promise | None:
    if code in past.fell_away:
        return Promise.FELL_AWAY
    return Promise.CARRIED_OVER if code in before else None


def _days_since(last_held: date | None, today: date) -> int | None:
    return None if last_held is None else (today - last_held).days


def _candidate(
    row: Any,
    base: Point,
    promise: Promise | None,
    days_since_visit: int | None,
    days_to_sponsor_end: int | None,
) -> Candidate:
    there = point_of(row)
    metres = distance_m(base, there)
    return Candidate(
        row.code,
        max(0, row.gap),
        row.vulnerable_workers,
        metres,
        travel_minutes(base, there) if isfinite(metres) else nan,
        days_since_visit,
        promise,
        days_to_sponsor_end,
        way_between(base, there) if isfinite(metres) else None,
    )

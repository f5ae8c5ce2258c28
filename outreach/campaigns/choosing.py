"""Which villages a stage takes: scored, in the order asked for, up to its quota."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - as above
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select
from sqlmodel import col

from outreach.campaigns.stages import area_of
from outreach.campaigns.tables import Ordering, Pick, Stage, StagePick, StageVillage
from outreach.people.access import within
from outreach.people.tables import Branch
from outreach.planning.model import Point, Site
from outreach.planning.priority import Candidate, Order, shortlist
from outreach.planning.travel import distance_m
from outreach.villages.calendar import NEVER_CLOSED, closed_dates
from outreach.villages.tables import Village

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.planning.priority import Scored

#: Sign-ups expected of a hundred workers not covered yet: an assumption, the same everywhere, so
#: that only the villages' sizes decide which are worth more.
SIGNUPS_PER_HUNDRED = 5

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
    planned
        Villages in which this stage has a visit, one that is only proposed included; None while a
        plan is being made, when nobody can tell.
    """

    kept: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    last_held: Mapping[str, date] = field(default_factory=dict)
    planned: frozenset[str] | None = None


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
    picks
        What was decided by hand, by code.
    from_before
        Villages that the stage before chose and did not reach.
    """

    ordered: tuple[Scored, ...]
    left_out: tuple[Scored, ...]
    candidates: Mapping[str, Candidate]
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
    candidates = [_candidate(row, base, past.last_held.get(row.code), today) for row in free]
    ranked = shortlist(candidates, ORDERS[stage.ordering])
    before = _chosen_before(db, stage)
    put_first = [one for one in ranked if _is(picks, one.code, Pick.FIRST)]
    left_out = [one for one in ranked if _is(picks, one.code, Pick.LEFT_OUT)]
    rest = [one for one in ranked if one.code not in picks]
    rest.sort(key=lambda one: one.code not in before)  # stable: the order within each stays
    return Ranking(
        ordered=(*put_first, *rest),
        left_out=tuple(left_out),
        candidates={one.code: one for one in candidates},
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

    Between `first` and `last`, both included, they carry the days on which they are closed.
    """
    asked = sorted(set(codes))
    closed = {} if first is None or last is None else closed_dates(db, asked, first, last)
    query = select(
        col(Village.code),
        col(Village.latitude),
        col(Village.longitude),
        col(Village.island),
        (col(Village.informal_workers) - col(Village.informal_covered)).label("gap"),
    ).order_by(col(Village.code))
    # In parts, so that no statement grows beyond what a database takes.
    rows = [
        row
        for part in batched(asked, 5000)
        for row in db.execute(query.where(col(Village.code).in_(part)))
    ]
    return tuple(
        Site(
            row.code,
            Point(row.latitude, row.longitude, row.code, row.island),
            max(0, row.gap) * SIGNUPS_PER_HUNDRED / 100,
            closed_days=closed.get(row.code, NEVER_CLOSED),
        )
        for row in rows
    )


def _villages(db: Session, stage: Stage) -> Any:
    query: Any = (
        select(
            col(Village.code),
            col(Village.latitude),
            col(Village.longitude),
            col(Village.island),
            (col(Village.informal_workers) - col(Village.informal_covered)).label("gap"),
            col(Village.vulnerable_workers),
        )
        .where(within(Village.code, area_of(db, stage)))
        .order_by(col(Village.code))
    )
    return query.where(col(Village.kind).in_(stage.kinds)) if stage.kinds else query


def _candidate(row: Any, base: Point, last_held: date | None, today: date) -> Candidate:
    there = Point(row.latitude, row.longitude, row.code, row.island)
    return Candidate(
        row.code,
        max(0, row.gap),
        row.vulnerable_workers,
        distance_m(base, there),
        None if last_held is None else (today - last_held).days,
    )

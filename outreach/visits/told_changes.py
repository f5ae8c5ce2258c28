"""Which changes the planner tried for the villages of a stage without room, and what they bring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.people.tables import Team
from outreach.planning.model import Change, Reason, Remedy
from outreach.visits.latest_figures import latest_figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlmodel import Session

    from outreach.planning.model import Plan


@dataclass(frozen=True, slots=True)
class ToldChanges:
    """What a plan tells of changes.

    Attributes
    ----------
    of_village
        What brings each village a visit, where that was tried by itself.
    most
        The changes that bring most villages, one of a kind, the most first; those of several parts
        of a run count by themselves.
    waiting
        Villages for which the team-days had no room.
    teams
        Names of the teams that are named.
    """

    of_village: Mapping[str, Change]
    most: tuple[Change, ...]
    waiting: int
    teams: Mapping[int, str]


def changes_as_kept(plan: Plan) -> dict[str, Any]:
    """Put the changes that were tried for a plan as its batch keeps them."""
    short = [one for one in plan.unplaced if one.reason is Reason.NO_CAPACITY]
    tried = {
        one.code: Change(one.remedy, one.amount, one.team_id, one.day, one.brings)
        for one in plan.unplaced
        if one.brings or one.team_id is not None
    }
    if not (short or tried):
        return {}
    kept = sorted({*plan.changes, *tried.values()}, key=lambda one: (-one.brings, repr(one)))
    villages = {code: kept.index(change) for code, change in tried.items()}
    return {"changes": [_as_kept(one) for one in kept], "helped": villages, "short": len(short)}


def told_changes(db: Session, stage_id: int) -> ToldChanges:
    """Read what the latest run of a stage tells.

    It answers whoever asks: the caller has read the stage as the person may see it.
    """
    told = latest_figures(db, stage_id, "changes")
    of_village: dict[str, Change] = {}
    tried: list[Change] = []
    for one in told:
        changes = [_read(kept) for kept in one["changes"]]
        of_village |= {code: changes[at] for code, at in one["helped"].items()}
        tried += changes
    return ToldChanges(
        of_village,
        _most(tried),
        sum(one["short"] for one in told),
        _names(db, {one.team_id for one in tried if one.team_id is not None}),
    )


def _most(tried: Iterable[Change]) -> tuple[Change, ...]:
    """Keep the least of each kind that brings most."""
    best: dict[Remedy, Change] = {}
    for one in sorted(tried, key=lambda one: (-one.brings, one.amount, one.team_id is None)):
        best.setdefault(one.remedy, one)
    # A day opened helps the village that opens it and no other: that is told there.
    helps = (one for one in best.values() if one.remedy is not Remedy.OPEN_A_DAY)
    return tuple(one for one in helps if one.brings)


def _names(db: Session, team_ids: set[int]) -> dict[int, str]:
    query = select(col(Team.id), col(Team.name)).where(col(Team.id).in_(team_ids))
    return {row.id: row.name for row in db.execute(query)}


def _as_kept(one: Change) -> list[Any]:
    day = None if one.day is None else one.day.isoformat()
    return [one.remedy.value, one.amount, one.team_id, day, one.brings]


def _read(kept: list[Any]) -> Change:
    remedy, amount, team_id, day, brings = kept
    return Change(Remedy(remedy), amount, team_id, day and date.fromisoformat(day), brings)

"""Districts and islands of a stage's area that it leaves without any village, and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime  # noqa: TC003 - dataclass fields are read at run time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.choosing import choose, picks_of
from outreach.campaigns.stages import area_of, editable_stage
from outreach.campaigns.tables import GroundKind, Omission, Pick, Stage, StageVillage
from outreach.db import insert_into
from outreach.errors import Invalid
from outreach.people.access import covers, within
from outreach.people.free_text import Remark
from outreach.planning.workdays import days_between
from outreach.villages.calendar import closed_dates
from outreach.villages.codes import Level, cut
from outreach.villages.tables import District, Village

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.campaigns.choosing import Past
    from outreach.people.access import Person

#: So many villages name an island, which has no name in the registry.
VILLAGES_THAT_NAME_AN_ISLAND = 3

type Key = tuple[GroundKind, str]


class AutomaticReason(StrEnum):
    """Why a district or an island may stay at zero without anybody saying so."""

    ALL_REACHED = "all_reached"
    NO_SUCH_KIND = "no_such_kind"
    CLOSED = "closed"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Ground:
    """A district or an island that a stage leaves without any village.

    Attributes
    ----------
    kind, key, name
        What it is; an island is named by some of its villages.
    villages
        Villages of it in the area of the stage.
    open
        Those of the stage's kinds that no session has ever reached.
    automatic
        What explains it without anybody's word, if anything does.
    reason, noted_at
        What the coordinator gave as the reason, and when; empty if nothing.
    awaits_plan
        A village of it was to be planned, but its part of the plan failed or was called off.
    """

    kind: GroundKind
    key: str
    name: str
    villages: int
    open: int
    automatic: AutomaticReason | None
    reason: str = ""
    noted_at: datetime | None = None
    awaits_plan: bool = False

    @property
    def is_explained(self) -> bool:
        """Whether there is any reason."""
        return self.automatic is not None or bool(self.reason)

    @property
    def is_neglected(self) -> bool:
        """Whether it was left out, and not only by a plan that is not whole, without any reason."""
        return not self.is_explained and not self.awaits_plan


class OmissionIn(BaseModel):
    """One reason for the districts and islands that were ticked, each as `kind:key`."""

    grounds: list[str] = Field(min_length=1, max_length=2000)
    reason: Remark

    @field_validator("grounds")
    @classmethod
    def _readable(cls, told: list[str]) -> list[str]:
        kinds = {kind.value for kind in GroundKind}
        if any(one.partition(":")[0] not in kinds or ":" not in one for one in told):
            raise PydanticCustomError("unknown_ground", "neither a district nor an island")
        return told

    @field_validator("reason")
    @classmethod
    def _told(cls, reason: str) -> str:
        if not reason:
            raise PydanticCustomError("missing", "Say why")
        return reason

    @property
    def keys(self) -> list[Key]:
        """The grounds as the table keys them."""
        parted = [one.partition(":") for one in self.grounds]
        return [(GroundKind(kind), key) for kind, _, key in parted]


def omitted(db: Session, stage: Stage, past: Past, today: date) -> tuple[Ground, ...]:
    """List the districts and islands of the area in which nothing is planned or held.

    A stage that was planned is judged by the visits that stand, so that a district counts as
    left out, too, when its last visit was called off or found no place. Before that, and while it
    is being planned, it is judged by what it has chosen or would choose now. A listed stage follows
    up on single villages, so nothing is missing from it.
    """
    if stage.is_listed:
        return ()
    rows = db.execute(_villages(db, stage)).all()
    served = _served(db, stage, past, today)
    empty = {key: some for key, some in _grounds(rows).items() if not _serves(some, served)}
    if not empty:
        return ()
    judge = _judge(db, stage, past, [row for some in empty.values() for row in some])
    names, noted = _district_names(db, empty), _noted(db, stage)
    found = (_ground(key, some, judge, names, noted) for key, some in empty.items())
    return tuple(sorted(found, key=lambda one: (one.is_explained, one.kind, one.key)))


def unexplained(db: Session, stage: Stage, past: Past, today: date) -> tuple[Ground, ...]:
    """List those that nothing explains: with one of them no plan is handed in."""
    return tuple(one for one in omitted(db, stage, past, today) if not one.is_explained)


def explain(
    db: Session,
    stage_id: int,
    given: OmissionIn,
    past: Past,
    *,
    by: Person,
    now: datetime,
    today: date,
) -> int:
    """Give one reason for districts and islands that a stage leaves at zero; return how many.

    The latest reason holds, whoever gave it.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As `editable_stage` does.
    Invalid
        If one of them is not left at zero, so that a reason for it would mean nothing.
    """
    stage = editable_stage(db, stage_id, by)
    there = {(one.kind, one.key) for one in omitted(db, stage, past, today)}
    wanted = sorted(set(given.keys))
    if not there.issuperset(wanted):
        raise Invalid(problems={"grounds": ["not_left_out"]})
    told = {"reason": given.reason, "noted_by": by.account_id, "noted_at": now}
    rows = [{"stage_id": stage_id, "kind": kind, "key": key, **told} for kind, key in wanted]
    insert = insert_into(db, Omission)
    fresh = {name: insert.excluded[name] for name in told}
    latest = insert.on_conflict_do_update(index_elements=["stage_id", "kind", "key"], set_=fresh)
    db.execute(latest, rows)
    return len(rows)


def _villages(db: Session, stage: Stage) -> Any:
    return select(
        col(Village.code), col(Village.name), col(Village.kind), col(Village.island)
    ).where(within(Village.code, area_of(db, stage)))


def grounds_in(
    db: Session, stage: Stage, grounds: Iterable[Ground], prefixes: Sequence[str]
) -> tuple[Ground, ...]:
    """Keep what lies in some regions: all of it where they hold the stage, else their districts.

    An island is named by its villages, which may lie in several districts.
    """
    if all(covers(prefixes, code) for code in area_of(db, stage)):
        return tuple(grounds)
    return tuple(
        one for one in grounds if one.kind is GroundKind.DISTRICT and covers(prefixes, one.key)
    )


def _served(db: Session, stage: Stage, past: Past, today: date) -> frozenset[str]:
    """Villages with a visit, or chosen for one while nothing is planned."""
    query = select(col(StageVillage.village_code)).where(col(StageVillage.stage_id) == stage.id)
    stored = frozenset(db.scalars(query))
    if stored and past.planned is not None:
        return past.planned | past.taken
    chosen = stored or frozenset(one.code for one in choose(db, stage, past, today).chosen)
    return chosen | past.kept | past.taken


def _grounds(rows: Sequence[Any]) -> dict[Key, list[Any]]:
    """Sort the villages by district and, where there are several, by island."""
    grounds: dict[Key, list[Any]] = defaultdict(list)
    several = len({row.island for row in rows}) > 1
    for row in rows:
        grounds[GroundKind.DISTRICT, cut(row.code, Level.DISTRICT)].append(row)
        if several:
            grounds[GroundKind.ISLAND, str(row.island)].append(row)
    return grounds


def _serves(rows: Iterable[Any], served: Collection[str]) -> bool:
    return any(row.code in served for row in rows)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Tells what explains an empty ground by itself, and which of its villages are open."""

    is_wanted: Callable[[Any], bool]
    reached: Mapping[str, date]
    left_out: frozenset[str]
    shut: frozenset[str]
    unplanned: frozenset[str]

    def open_of(self, rows: Sequence[Any]) -> list[str]:
        return [row.code for row in rows if self.is_wanted(row) and row.code not in self.reached]

    def reason_of(self, rows: Sequence[Any]) -> AutomaticReason | None:
        if not any(self.is_wanted(row) for row in rows):
            return AutomaticReason.NO_SUCH_KIND
        still_open = frozenset(self.open_of(rows))
        if not still_open:
            return AutomaticReason.ALL_REACHED
        if still_open <= self.shut:
            return AutomaticReason.CLOSED
        return AutomaticReason.LEFT_OUT if still_open <= self.left_out else None


def _judge(db: Session, stage: Stage, past: Past, rows: Iterable[Any]) -> _Judge:
    kinds = set(stage.kinds)
    days = frozenset(days_between(stage.starts, stage.ends))
    closed = closed_dates(db, {row.code for row in rows}, stage.starts, stage.ends)
    picks = picks_of(db, stage.id)
    return _Judge(
        is_wanted=lambda row: not kinds or row.kind in kinds,
        reached=past.last_held,
        left_out=frozenset(c for c, one in picks.items() if one.pick is Pick.LEFT_OUT),
        shut=frozenset(code for code, some in closed.items() if days <= some),
        unplanned=past.unplanned,
    )


def _noted(db: Session, stage: Stage) -> dict[Key, Omission]:
    rows = db.scalars(select(Omission).where(col(Omission.stage_id) == stage.id))
    return {(row.kind, row.key): row for row in rows}


def _district_names(db: Session, empty: Iterable[Key]) -> dict[str, str]:
    codes = [key for kind, key in empty if kind is GroundKind.DISTRICT]
    query = select(col(District.code), col(District.name)).where(col(District.code).in_(codes))
    return {row.code: row.name for row in db.execute(query)}


def _ground(
    key: Key,
    rows: Sequence[Any],
    judge: _Judge,
    names: Mapping[str, str],
    noted: Mapping[Key, Omission],
) -> Ground:
    told = noted.get(key)
    some = sorted(row.name for row in rows)[:VILLAGES_THAT_NAME_AN_ISLAND]
    return Ground(
        kind=key[0],
        key=key[1],
        name=names.get(key[1], key[1]) if key[0] is GroundKind.DISTRICT else ", ".join(some),
        villages=len(rows),
        open=len(judge.open_of(rows)),
        automatic=judge.reason_of(rows),
        reason=told.reason if told else "",
        noted_at=told.noted_at if told else None,
        awaits_plan=any(row.code in judge.unplanned for row in rows),
    )

"""How far the villages are and what the sessions brought: per village, or added up by region."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sqlalchemy import case, func, select
from sqlmodel import col

from outreach.logbook.tables import SessionReport
from outreach.progress.scope import Scope, current_reports, villages_in, visits_in
from outreach.villages.codes import Level
from outreach.villages.tables import (
    District,
    EstimateSource,
    Figure,
    Province,
    Regency,
    Village,
)
from outreach.visits.tables import Visit, Work

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlmodel import Session

#: So many codes go into one statement rather than all visits being read.
FEW = 2_000

NOT_PLANNED, PLANNED, CONFIRMED, REACHED = range(4)

_NAMES: dict[Level, Any] = {
    Level.PROVINCE: Province,
    Level.REGENCY: Regency,
    Level.DISTRICT: District,
    Level.VILLAGE: Village,
}


@dataclass(frozen=True, slots=True)
class VillageStates:
    """Columns of one length, sorted by code: state 0 to 3 and the sign-ups of every village."""

    codes: NDArray[np.str_]
    states: NDArray[np.uint8]
    signups: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Total:
    """The sums of one region; the four states of its villages add up to `villages`.

    `informal`, `covered` and `vulnerable` are estimates. `reached` counts villages in which a
    current report met people; `men`, `women` and `signups` are those of current reports.
    """

    code: str
    name: str
    villages: int
    reached: int
    confirmed: int
    planned: int
    sessions: int
    men: int
    women: int
    signups: int
    informal: int
    covered: int
    vulnerable: int

    @property
    def not_planned(self) -> int:
        """Villages without a coming visit that have not been reached."""
        return self.villages - self.reached - self.confirmed - self.planned

    @property
    def gap(self) -> int:
        """Informal workers without cover; none where more members are counted than estimated."""
        return max(0, self.informal - self.covered)

    @property
    def reached_share(self) -> float | None:
        """Reached villages per village of the region; none where there is no village."""
        return self.reached / self.villages if self.villages else None


@dataclass(frozen=True, slots=True)
class Totals:
    """One row for every region of a level, their sum, and where the figures come from.

    `as_of` is when the newest counted report came in; none if there is none.
    """

    rows: tuple[Total, ...]
    whole: Total
    as_of: datetime | None
    sources: dict[Figure, EstimateSource]


class Estimates(NamedTuple):
    """How many villages count in a region, and the sums of their estimates."""

    villages: int = 0
    informal: int = 0
    covered: int = 0
    vulnerable: int = 0


class _Brought(NamedTuple):
    sessions: int = 0
    men: int = 0
    women: int = 0
    signups: int = 0


class _States(NamedTuple):
    planned: int = 0
    confirmed: int = 0
    reached: int = 0


def village_codes(db: Session, scope: Scope) -> NDArray[np.str_]:
    """List the codes that count, ascending; they change only with the registry or a campaign."""
    query = select(col(Village.code)).where(villages_in(scope, Village.code))
    return np.array(db.scalars(query.order_by(Village.code)).all(), dtype="<U13")


def village_states(
    db: Session, scope: Scope, codes: NDArray[np.str_] | None = None
) -> VillageStates:
    """Tell the state and the sign-ups of every village that counts.

    Parameters
    ----------
    codes
        What `village_codes` answered for this scope, if the caller kept it, or some of them,
        ascending; of a few only their own visits are read.
    """
    codes = village_codes(db, scope) if codes is None else codes
    states = np.zeros(len(codes), dtype=np.uint8)
    signups = np.zeros(len(codes), dtype=np.int64)
    asked = [] if len(codes) > FEW else [col(Visit.village_code).in_(codes.tolist())]
    coming = db.execute(_coming(scope).where(*asked)).all()
    _fill(states, codes, [(code, state) for code, state in coming])
    reported = db.execute(_reported(scope).where(*asked)).all()
    _fill(states, codes, [(code, REACHED) for code, people, _ in reported if people])
    _fill(signups, codes, [(code, number) for code, _, number in reported])
    return VillageStates(codes, states, signups)


def _fill(column: NDArray[Any], codes: NDArray[np.str_], rows: list[tuple[str, int]]) -> None:
    if not rows or not len(codes):
        return
    names, values = zip(*rows, strict=True)
    wanted = np.array(names, dtype="<U13")
    at = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    # A village that joined since the caller read its codes has no row yet.
    there = codes[at] == wanted
    column[at[there]] = np.array(values)[there]


def _coming(scope: Scope) -> Any:
    """Villages with a visit still to come, and whether one of them is confirmed."""
    state = case((col(Visit.work) == Work.CONFIRMED, CONFIRMED), else_=PLANNED)
    waiting = col(Visit.work).in_([Work.PROPOSED, Work.AWAITING, Work.CONFIRMED])
    query = select(col(Visit.village_code), func.max(state)).where(visits_in(scope), waiting)
    return query.group_by(Visit.village_code)


def _reported(scope: Scope) -> Any:
    """Villages with a current report, the people met there and the sign-ups."""
    people = func.sum(col(SessionReport.men) + col(SessionReport.women))
    query = select(col(Visit.village_code), people, func.sum(SessionReport.signups))
    return current_reports(query, scope).group_by(Visit.village_code)


def totals_by(db: Session, scope: Scope, level: Level) -> Totals:
    """Add up what counts by the regions of *level*; regions without a village have no row."""
    estimates = estimates_by(db, scope, level)
    brought = _brought(db, scope, level)
    states = _count_states(village_states(db, scope), level)
    names = _names(db, scope, level)
    rows = tuple(
        _total(code, names[code], found, states.get(code), brought.get(code))
        for code, found in sorted(estimates.items())
    )
    return Totals(rows, _sum(rows), newest_report(db, scope), estimate_sources(db))


def newest_report(db: Session, scope: Scope) -> datetime | None:
    """Tell when the newest report that counts came in; none if there is none."""
    query = select(func.max(SessionReport.received_at)).select_from(Visit)
    newest: datetime | None = db.execute(current_reports(query, scope)).scalar()
    return newest


def estimate_sources(db: Session) -> dict[Figure, EstimateSource]:
    """Where each estimate comes from, and of when it is."""
    return {source.figure: source for source in db.scalars(select(EstimateSource))}


def _key(code: Any, level: Level) -> Any:
    return func.substr(code, 1, int(level)).label("region")


def estimates_by(db: Session, scope: Scope, level: Level) -> dict[str, Estimates]:
    """Add up the estimates of the villages that count, by the regions of *level*."""
    query = select(
        _key(Village.code, level),
        func.count(),
        func.sum(Village.informal_workers),
        func.sum(Village.informal_covered),
        func.sum(Village.vulnerable_workers),
    ).where(villages_in(scope, Village.code))
    return {code: Estimates(*map(int, row)) for code, *row in db.execute(query.group_by("region"))}


def _brought(db: Session, scope: Scope, level: Level) -> dict[str, _Brought]:
    query = select(
        _key(Visit.village_code, level),
        func.count(),
        func.sum(SessionReport.men),
        func.sum(SessionReport.women),
        func.sum(SessionReport.signups),
    ).select_from(Visit)
    rows = db.execute(current_reports(query, scope).group_by("region"))
    return {code: _Brought(*map(int, row)) for code, *row in rows}


def _count_states(villages: VillageStates, level: Level) -> dict[str, _States]:
    regions, at = np.unique(villages.codes.astype(f"<U{int(level)}"), return_inverse=True)
    cells = np.bincount(at * 4 + villages.states, minlength=4 * len(regions)).reshape(-1, 4)
    counted = zip(regions.tolist(), cells[:, 1:].tolist(), strict=True)
    return {code: _States(*row) for code, row in counted}


def _names(db: Session, scope: Scope, level: Level) -> dict[str, str]:
    table = _NAMES[level]
    query = select(table.code, table.name)
    if level is Level.VILLAGE:
        query = query.where(villages_in(scope, table.code))
    return {row.code: row.name for row in db.execute(query)}


def _total(
    code: str, name: str, found: Estimates, states: _States | None, brought: _Brought | None
) -> Total:
    sums = {**found._asdict(), **(states or _States())._asdict()}
    return Total(code=code, name=name, **sums, **(brought or _Brought())._asdict())


def _sum(rows: tuple[Total, ...]) -> Total:
    numbers = [field.name for field in fields(Total) if field.name not in ("code", "name")]
    return Total(code="", name="", **{n: sum(getattr(row, n) for row in rows) for n in numbers})

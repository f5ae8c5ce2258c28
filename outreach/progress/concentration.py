"""Where the sign-ups come from: how unevenly, how much is left, where another visit is in vain."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.choosing import SIGNUPS_PER_HUNDRED
from outreach.logbook.tables import SessionReport
from outreach.progress.scope import current_reports
from outreach.villages.tables import Village
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from sqlalchemy import Row
    from sqlmodel import Session

    from outreach.progress.scope import Scope
    from outreach.progress.totals import Total

#: The share of the villages reached whose sign-ups are told as "the top".
TOP_SHARE = 0.1
#: With fewer villages a share of the top tenth is one village, which says nothing.
LEAST_VILLAGES = 10
#: A visit takes a team a third of a day; for less than one sign-up expected it is in vain.
LEAST_EXPECTED = 1.0


class Saturation(StrEnum):
    """How much of the informal workers of a region is covered or signed up."""

    LOW = "low"
    SOME = "some"
    HIGH = "high"
    FULL = "full"


#: The lowest share of each class, the highest first.
CLASSES = ((0.8, Saturation.FULL), (0.5, Saturation.HIGH), (0.25, Saturation.SOME))


@dataclass(frozen=True, slots=True)
class Concentration:
    """How the sign-ups are spread over the villages reached.

    Attributes
    ----------
    villages, signups
        Villages reached, and what they brought.
    top_villages, top_share
        How many villages the top tenth is, and its share of the sign-ups; None where there are
        too few villages or no sign-up.
    half_villages
        Fewest villages that bring half of the sign-ups together.
    gini
        0 when all villages bring the same, towards 1 when one brings all.
    """

    villages: int
    signups: int
    top_villages: int
    top_share: float | None
    half_villages: int
    gini: float | None

    @property
    def is_thin(self) -> bool:
        """Whether there are too few villages to speak of a spread."""
        return self.villages < LEAST_VILLAGES or not self.signups


@dataclass(frozen=True, slots=True)
class Saturated:
    """A region's informal workers (estimate), those covered (estimate) and those signed up."""

    code: str
    name: str
    informal: int
    covered: int
    signups: int
    share: float | None
    saturation: Saturation | None


@dataclass(frozen=True, slots=True)
class InVain:
    """A village that was reached and in which hardly anybody is left to sign up."""

    code: str
    informal: int
    covered: int
    signups: int
    expected: float


def concentration_of(signups: NDArray[np.int64]) -> Concentration:
    """Tell how unevenly sign-ups are spread, given those of each village reached."""
    villages, total = len(signups), int(signups.sum())
    top = max(1, round(villages * TOP_SHARE)) if villages else 0
    if not total:
        return Concentration(villages, 0, top, None, 0, None)
    falling = np.sort(signups)[::-1]
    running = np.cumsum(falling)
    half = int(np.searchsorted(running * 2, total)) + 1
    ranks = np.arange(1, villages + 1)
    # The mean difference between two villages, by way of the ranks.
    gini = float(2 * (ranks * falling[::-1]).sum() / (villages * total) - (villages + 1) / villages)
    share = None if villages < LEAST_VILLAGES else float(running[top - 1] / total)
    return Concentration(villages, total, top, share, half, round(gini, 4))


def concentration(db: Session, scope: Scope) -> Concentration:
    """Tell how the sign-ups of what counts are spread over the villages reached."""
    return concentration_of(
        np.array([int(row.signups) for row in _reached(db, scope)], dtype=np.int64)
    )


def _reached(db: Session, scope: Scope) -> list[Row[Any]]:
    """Villages in which a current report met people: their estimates and sign-ups."""
    query: Any = select(
        col(Village.code),
        col(Village.informal_workers),
        col(Village.informal_covered),
        func.sum(SessionReport.signups).label("signups"),
    ).select_from(Visit)
    query = (
        current_reports(query, scope)
        .join(Village, col(Village.code) == col(Visit.village_code))
        .group_by(col(Village.code), col(Village.informal_workers), col(Village.informal_covered))
        .having(func.sum(col(SessionReport.men) + col(SessionReport.women)) > 0)
    )
    return list(db.execute(query))


def saturation_of(row: Total) -> Saturated:
    """Tell how far a region is from having no worker left; more than all counts as all."""
    share = min(1.0, (row.covered + row.signups) / row.informal) if row.informal else None
    return Saturated(
        row.code,
        row.name,
        row.informal,
        row.covered,
        row.signups,
        share,
        None if share is None else class_of(share),
    )


def class_of(share: float) -> Saturation:
    """Put a share into its class."""
    return next((found for least, found in CLASSES if share >= least), Saturation.LOW)


def saturation_by(rows: Iterable[Total]) -> tuple[Saturated, ...]:
    """Tell the saturation of regions, the fullest first; those without an estimate last."""
    found = [saturation_of(row) for row in rows]
    return tuple(sorted(found, key=lambda one: (-(one.share or 0.0), one.code)))


def in_vain(db: Session, scope: Scope) -> tuple[InVain, ...]:
    """List the villages reached in which another visit is expected to bring next to nothing."""
    rows = (
        _expected(row.code, row.informal_workers, row.informal_covered, int(row.signups))
        for row in _reached(db, scope)
    )
    few = (row for row in rows if row.expected < LEAST_EXPECTED)
    return tuple(sorted(few, key=lambda row: (row.expected, row.code)))


def _expected(code: str, informal: int, covered: int, signups: int) -> InVain:
    left = max(0, informal - covered - signups)
    return InVain(code, informal, covered, int(signups), left * SIGNUPS_PER_HUNDRED / 100)

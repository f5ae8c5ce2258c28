"""Until when each village was to be visited: by the plan as it was approved, else as it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.people.access import NATION
from outreach.progress.scope import Scope, visits_in
from outreach.villages.codes import kind
from outreach.visits.tables import ACTIVE, PlanSubmission, SubmissionState, Visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlmodel import Session

    from outreach.villages.codes import Level

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class PlannedDays:
    """Columns of one length: a village, the team that was to visit it, the day, from 1970.

    Of each stage the plan that was approved last counts, as it was then: what is put off since
    falls behind it. Where none was approved, the visits count as they stand.
    """

    codes: NDArray[np.str_]
    teams: NDArray[np.int64]
    days: NDArray[np.int64]

    def by_region(self, level: Level, before: date) -> dict[str, tuple[int, int]]:
        """Count by region the villages that the plan holds, and those due before a day."""
        return self._count(self.codes.astype(f"<U{int(level)}"), before)

    def by_team(self, before: date) -> dict[str, tuple[int, int]]:
        """Count the same by team, whose id is the key as text."""
        return self._count(self.teams.astype(np.str_), before)

    def villages_by_team(self) -> dict[str, set[str]]:
        """List the villages that each team was to visit, by its id as text."""
        found: dict[str, set[str]] = {}
        for team, code in zip(self.teams.tolist(), self.codes.tolist(), strict=True):
            found.setdefault(str(team), set()).add(code)
        return found

    def due_by(self, days: Sequence[date]) -> list[int]:
        """Count the villages that were to be visited for the first time on a day or before it."""
        order = np.lexsort((self.days, self.codes))
        _, first = np.unique(self.codes[order], return_index=True)
        ascending = np.sort(self.days[order][first])
        wanted = [(day - EPOCH).days for day in days]
        found: list[int] = np.searchsorted(ascending, wanted, side="right").tolist()
        return found

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last day of the plan."""
        if not len(self.days):
            return None
        return _day(int(self.days.min())), _day(int(self.days.max()))

    def _count(self, keys: NDArray[np.str_], before: date) -> dict[str, tuple[int, int]]:
        order = np.lexsort((self.days, self.codes, keys))
        keys, codes, days = keys[order], self.codes[order], self.days[order]
        first = np.ones(len(keys), dtype=np.bool_)
        first[1:] = (keys[1:] != keys[:-1]) | (codes[1:] != codes[:-1])
        names, at = np.unique(keys[first], return_inverse=True)
        due = days[first] < (before - EPOCH).days
        planned = np.bincount(at, minlength=len(names)).tolist()
        expected = np.bincount(at[due], minlength=len(names)).tolist()
        return dict(zip(names.tolist(), zip(planned, expected, strict=True), strict=True))


def planned_days(db: Session, scope: Scope) -> PlannedDays:
    """Read the plans of all stages with a visit in scope; of a team only what falls to it."""
    team_id, scope = scope.team_id, replace(scope, team_id=None)
    approved = {stage: places for stage, places in _approved(db, scope).items() if places}
    told = [place for places in approved.values() for place in places]
    standing = _standing(db, scope, list(approved))
    codes = [place["village_code"] for place in told] + [row.village_code for row in standing]
    teams = [place["team_id"] for place in told] + [row.team_id for row in standing]
    days = [place["day"] for place in told] + [row.day.isoformat() for row in standing]
    villages, numbers = np.array(codes, dtype="<U13"), np.array(teams, dtype=np.int64)
    inside = _inside(villages, scope)
    if team_id is not None:
        inside &= numbers == team_id
    since_1970 = np.array(days, dtype="datetime64[D]").astype(np.int64)
    return PlannedDays(villages[inside], numbers[inside], since_1970[inside])


def _approved(db: Session, scope: Scope) -> dict[int, list[dict[str, Any]]]:
    """Read the places of the plan approved last, by stage."""
    stages = select(col(Visit.stage_id)).where(visits_in(scope)).distinct()
    latest = (
        select(func.max(PlanSubmission.id))
        .join(Stage, col(Stage.id) == col(PlanSubmission.stage_id))
        .where(col(PlanSubmission.state) == SubmissionState.APPROVED, col(Stage.id).in_(stages))
        .group_by(col(PlanSubmission.stage_id))
    )
    query = select(col(PlanSubmission.stage_id), col(PlanSubmission.places))
    rows = db.execute(query.where(col(PlanSubmission.id).in_(latest)))
    return {stage: places for stage, places in rows}  # noqa: C416 - its rows are no plain tuples


def _standing(db: Session, scope: Scope, approved: list[int]) -> Sequence[Any]:
    query = select(col(Visit.village_code), col(Visit.team_id), col(Visit.day)).where(
        visits_in(scope), col(Visit.work).in_(ACTIVE), col(Visit.stage_id).not_in(approved)
    )
    return db.execute(query).all()


def _inside(codes: NDArray[np.str_], scope: Scope) -> NDArray[np.bool_]:
    """Tell which villages count; a campaign needs no look, for its stages alone were read."""
    inside = np.zeros(len(codes), dtype=np.bool_)
    for length in {len(prefix) for prefix in scope.prefixes}:
        wanted = [prefix for prefix in scope.prefixes if len(prefix) == length]
        inside |= NATION in wanted or np.isin(codes.astype(f"<U{length or 1}"), wanted)
    if scope.kinds:
        digits = {digit for digit in "123" if kind(f"00.00.00.{digit}000") in scope.kinds}
        inside &= np.isin([code[9] for code in codes.tolist()], sorted(digits))
    return inside


def _day(number: int) -> date:
    return date.fromordinal(EPOCH.toordinal() + number)

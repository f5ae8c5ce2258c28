"""What the visits and reports of a board come to, by region or by team, before rows are made."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.progress.board_rows import SUMS, Figures
from outreach.progress.brought import Travel, brought_by, travel_by
from outreach.progress.quality_counts import disputes_by, signs_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from sqlmodel import Session

    from outreach.progress.scope import Scope
    from outreach.villages.codes import Level


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums by region or team, and the travel of each, whose days are counted anew for every sum."""

    sums: dict[str, Counter[str]]
    travel: dict[str, Travel]

    def note(self, name: str, counts: Mapping[str, int]) -> None:
        """Add one figure."""
        for key, count in counts.items():
            self.sums[key][name] += count

    def note_all(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Add several figures."""
        for key, found in counts.items():
            self.sums[key].update(found)

    def figures(self, keys: Iterable[str]) -> Figures:
        """Add up the figures of some regions or teams."""
        whole: Counter[str] = Counter()
        days: set[tuple[int, date]] = set()
        for key in keys:
            whole.update(self.sums.get(key, Counter()))
            if key in self.travel:
                days |= self.travel[key].team_days
        return Figures(**{name: whole[name] for name in SUMS}, team_days=len(days))


def visits_counted(
    db: Session, scope: Scope, level: Level | None, due: Mapping[str, tuple[int, int]]
) -> Counts:
    """Count what the visits brought and cost, by the regions of *level* or, without one, by team.

    Parameters
    ----------
    due
        By the same keys: the villages of the plan, and those whose day is over.
    """
    counts = Counts(defaultdict(Counter), travel_by(db, scope, level))
    counts.note_all({key: {"planned": all_, "expected": by} for key, (all_, by) in due.items()})
    brought = brought_by(db, scope, level)
    counts.note_all({key: found._asdict() for key, found in brought.items()})
    counts.note("travel_minutes", {key: spent.minutes for key, spent in counts.travel.items()})
    counts.note("flagged", signs_by(db, scope, level))
    counts.note("disputed", disputes_by(db, scope, level))
    return counts

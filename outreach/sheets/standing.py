"""Counts of a branch's regions as they stand, and as the rows checked so far would have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.people.access import within
from outreach.villages.codes import Level, level
from outreach.villages.counts import counts_of
from outreach.villages.tables import Village

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlmodel import Session

    from outreach.sheets.kinds import Value
    from outreach.villages.tables import Figure

BLANK: Mapping[str, Value] = {"counted": None, "as_of": None, "source": None}


class Standing:
    """What is counted and what is estimated, by region.

    `own` are the counts of single villages; all others of a regency may carry a share of its own.
    """

    def __init__(self, db: Session, regencies: tuple[str, ...], figure: Figure) -> None:
        query = select(col(Village.code), getattr(Village, figure.value))
        query = query.where(within(Village.code, regencies)).order_by(col(Village.code))
        rows: Any = db.execute(query).all()
        counts = counts_of(db, (code for code, _ in rows), figure)
        self._counts = {code: one for (code, _), one in counts.items()}
        self.villages = tuple(code for code, _ in rows)
        self._estimates = {
            code: self._counts[code].estimated if code in self._counts else number
            for code, number in rows
        }
        self._own = {code: one.counted for code, one in self._counts.items() if not one.is_spread}

    def estimate(self, code: str) -> int:
        """Return what the registry estimates for a village, or for a whole regency."""
        if level(code) is Level.VILLAGE:
            return self._estimates[code]
        return sum(number for of, number in self._estimates.items() if of.startswith(f"{code}."))

    def told(self, code: str) -> Mapping[str, Value]:
        """Return a region's count as a row tells it, blank where there is none.

        A regency has one while some village carries a share of it.
        """
        if level(code) is Level.REGENCY:
            inside = [one for of, one in self._counts.items() if of.startswith(f"{code}.")]
            spread = next((one for one in inside if one.is_spread), None)
            total = sum(one.counted for one in inside)
            return BLANK if spread is None else _as_row(total, spread.as_of, spread.source)
        count = self._counts.get(code)
        if count is None or count.is_spread:
            return BLANK
        return _as_row(count.counted, count.as_of, count.source)

    def own_inside(self, regency: str) -> dict[str, int]:
        """Return what villages of a regency have counted themselves, by code."""
        return {of: number for of, number in self._own.items() if of.startswith(f"{regency}.")}

    def note(self, code: str, counted: int | None) -> None:
        """Take a village's new count into account, or None for one that is taken away."""
        self._own.pop(code, None)
        if counted is not None:
            self._own[code] = counted

    def has_sharers(self, regency: str) -> bool:
        """Whether some village of a regency has not counted for itself."""
        return any(of.startswith(f"{regency}.") and of not in self._own for of in self.villages)


def _as_row(counted: int, as_of: date, source: str) -> Mapping[str, Value]:
    return {"counted": counted, "as_of": as_of, "source": source}

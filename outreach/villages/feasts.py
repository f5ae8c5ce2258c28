"""On which days feasts and holidays fall: as computed, until an authority announces others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.planning.feasts import (
    LISTED_AS,
    Feast,
    Occurrence,
    feasts_of,
    names_feast,
    ramadan_before,
)
from outreach.planning.workdays import Holiday, days_between, holidays_between
from outreach.villages.tables import FeastDate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlmodel import Session

    type Key = tuple[Feast, int, int]


@dataclass(frozen=True, slots=True)
class KnownFeast:
    """A feast once: as computed, and as announced where it was."""

    computed: Occurrence
    announced: FeastDate | None

    @property
    def starts(self) -> date:
        """First day that counts."""
        return self.announced.starts if self.announced else self.computed.starts

    @property
    def ends(self) -> date:
        """Last day that counts."""
        return self.announced.ends if self.announced else self.computed.ends

    @property
    def is_estimate(self) -> bool:
        """Whether the days may still change."""
        return self.announced is None and self.computed.is_estimate

    @property
    def is_listed(self) -> bool:
        """Whether the list of public holidays tells the days, without a mark of an estimate."""
        is_by_list = self.computed.feast in LISTED_AS and not self.computed.is_estimate
        return self.announced is None and is_by_list

    @property
    def source(self) -> str:
        """Who announced the days; empty where nobody has."""
        return self.announced.source if self.announced else ""


def feasts_between(db: Session, first: date, last: date) -> tuple[KnownFeast, ...]:
    """List the feasts with a day from *first* to *last*, both included, by day."""
    known = _known(db, first, last)
    return tuple(one for one in known if one.starts <= last and one.ends >= first)


def feasts_of_year(db: Session, year: int) -> tuple[KnownFeast, ...]:
    """List the feasts whose computed days begin in a year."""
    known = _known(db, date(year, 1, 1), date(year, 12, 31))
    return tuple(one for one in known if one.computed.year == year)


def holidays_of(db: Session, first: date, last: date) -> dict[date, Holiday]:
    """Public holidays and joint leave as `planning.workdays` lists them, with what was announced.

    A feast that was announced leaves the days on which it was listed and closes its own.
    """
    listed = holidays_between(first, last)
    for one in _known(db, first, last):
        if one.announced is not None and one.computed.feast in LISTED_AS:
            listed = _moved(listed, one, first, last)
    return dict(sorted(listed.items()))


def _moved(
    listed: Mapping[date, Holiday], feast: KnownFeast, first: date, last: date
) -> dict[date, Holiday]:
    was = days_between(feast.computed.starts, feast.computed.ends)
    names = [name for day in was if (name := _name_on(listed, day, feast))]
    kept = {
        day: left
        for day, holiday in listed.items()
        if (left := _without(holiday, feast)) is not None
    }
    name = names[0] if names else LISTED_AS[feast.computed.feast]
    for day in days_between(max(feast.starts, first), min(feast.ends, last)):
        others = kept.get(day)
        told = name if others is None else f"{name}; {others.name}"
        kept[day] = Holiday(day, told, is_estimate=False)
    return kept


def _name_on(listed: Mapping[date, Holiday], day: date, feast: KnownFeast) -> str:
    if day not in listed:
        return ""
    return next((n for n in _names(listed[day]) if names_feast(n, feast.computed.feast)), "")


def _without(holiday: Holiday, feast: KnownFeast) -> Holiday | None:
    """Take a feast off its listed day; None where nothing else is kept on it."""
    if not feast.computed.starts <= holiday.day <= feast.computed.ends:
        return holiday
    left = [n for n in _names(holiday) if not names_feast(n, feast.computed.feast)]
    return replace(holiday, name="; ".join(left)) if left else None


def _names(holiday: Holiday) -> list[str]:
    return holiday.name.split("; ")


def _known(db: Session, first: date, last: date) -> list[KnownFeast]:
    """List the feasts of these years and of one more on each side: an announcement may move one."""
    years = range(max(first.year - 1, date.min.year + 1), min(last.year + 2, date.max.year))
    announced = _announced(db, years)
    found = [
        KnownFeast(one, announced.get((one.feast, one.year, one.nth)))
        for year in years
        for one in feasts_of(year)
    ]
    ends = {
        one.computed.hijri_year: one.starts
        for one in found
        if one.computed.feast is Feast.IDUL_FITRI
    }
    known = [_to_its_feast(one, ends) for one in found]
    return sorted(known, key=lambda one: (one.starts, one.computed.feast))


def _to_its_feast(one: KnownFeast, idul_fitri: Mapping[int, date]) -> KnownFeast:
    """Let Ramadan end where Idul Fitri begins, which may have been announced."""
    after = idul_fitri.get(one.computed.hijri_year)
    if one.computed.feast is not Feast.RAMADAN or after is None:
        return one
    starts, ends = ramadan_before(one.computed.starts, after)
    return replace(one, computed=replace(one.computed, starts=starts, ends=ends))


def _announced(db: Session, years: Iterable[int]) -> dict[Key, FeastDate]:
    query = select(FeastDate).where(col(FeastDate.year).in_(list(years)))
    return {(row.feast, row.year, row.nth): row for row in db.exec(query)}

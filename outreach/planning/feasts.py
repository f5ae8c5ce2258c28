"""When feasts fall: by the moon, by the Balinese year of 210 days, by decree where one is known.

Source of the moon's dates: the calendar Umm al-Qura in the package `hijridate`, for 1924 to 2077.
Where the list of public holidays (`workdays.holidays_between`) has the feast, its date counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from hijridate import Gregorian, Hijri

from outreach.planning.workdays import holidays_between

if TYPE_CHECKING:
    from collections.abc import Iterator

    from outreach.planning.workdays import Holiday


class Feast(StrEnum):
    """A feast whose date is computed until it is announced."""

    RAMADAN = "ramadan"
    IDUL_FITRI = "idul_fitri"
    IDUL_ADHA = "idul_adha"
    HIJRI_NEW_YEAR = "hijri_new_year"
    MAULID = "maulid"
    ISRA_MIRAJ = "isra_miraj"
    NYEPI = "nyepi"
    GALUNGAN = "galungan"
    KUNINGAN = "kuningan"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A feast once, both ends included.

    Attributes
    ----------
    year, nth
        Our calendar's year in which it begins, and which of that year's it is, from 1.
    is_estimate
        No list of holidays has its day without a mark: it hangs on the moon or a decree.
    hijri_year
        The Islamic year it belongs to; 0 for the feasts of Bali.
    """

    feast: Feast
    year: int
    nth: int
    starts: date
    ends: date
    is_estimate: bool
    hijri_year: int = 0


#: Month and day of the Islamic year, and how many days are kept.
ISLAMIC: dict[Feast, tuple[int, int, int]] = {
    Feast.HIJRI_NEW_YEAR: (1, 1, 1),
    Feast.MAULID: (3, 12, 1),
    Feast.ISRA_MIRAJ: (7, 27, 1),
    Feast.IDUL_FITRI: (10, 1, 2),
    Feast.IDUL_ADHA: (12, 10, 1),
}
RAMADAN_MONTH = 9
#: A month of the moon has 29 or 30 days.
LONGEST_MONTH = timedelta(days=30)

#: By which words the list of public holidays, as `workdays` spells it, names a feast.
LISTED_AS: dict[Feast, str] = {
    Feast.HIJRI_NEW_YEAR: "Tahun Baru Islam",
    Feast.MAULID: "Maulid Nabi",
    Feast.ISRA_MIRAJ: "Isra Mikraj",
    Feast.IDUL_FITRI: "Idulfitri",
    Feast.IDUL_ADHA: "Iduladha",
    Feast.NYEPI: "Nyepi",
}
#: The sighting moves a feast by a day or two, never by more.
LISTED_WITHIN = timedelta(days=3)

#: The Balinese year of 210 days (pawukon); Galungan is the Wednesday Kliwon of its week Dungulan.
PAWUKON = timedelta(days=210)
A_GALUNGAN = date(2013, 3, 27)
#: Kept in Bali by the governor's yearly letter: the day before, the day and the one after; the eve
#: and the day of Kuningan. Antara, 10 October 2012 and 26 June 2007.
GALUNGAN_DAYS = (timedelta(days=-1), timedelta(days=1))
KUNINGAN_DAYS = (timedelta(days=9), timedelta(days=10))

FIRST_YEAR, LAST_YEAR = 1925, 2075


@lru_cache(maxsize=256)
def feasts_of(year: int) -> tuple[Occurrence, ...]:
    """List every feast that begins in a year of our calendar, by day.

    Before 1925 and after 2075 none is known.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return ()
    found = sorted(
        (one for one in (*_islamic(year), *_balinese(year)) if one.starts.year == year),
        key=lambda one: (one.starts, one.feast),
    )
    before: dict[Feast, int] = dict.fromkeys(Feast, 0)
    numbered = []
    for one in found:
        before[one.feast] += 1
        numbered.append(replace(one, nth=before[one.feast]))
    return tuple(numbered)


def ramadan_before(computed: date, idul_fitri: date) -> tuple[date, date]:
    """First and last day of Ramadan: it ends with Idul Fitri and is never longer than a month."""
    return max(computed, idul_fitri - LONGEST_MONTH), idul_fitri - timedelta(days=1)


def names_feast(name: str, feast: Feast) -> bool:
    """Whether a name on the list of holidays means the feast itself and not leave around it."""
    listed = LISTED_AS.get(feast)
    return listed is not None and listed in name and "Cuti Bersama" not in name


def _islamic(year: int) -> Iterator[Occurrence]:
    first = Gregorian(year, 1, 1).to_hijri().year
    for hijri in range(first, first + 3):
        for feast, (month, day, days) in ISLAMIC.items():
            yield _kept(feast, hijri, _by_moon(hijri, month, day), days)
        yield _ramadan(hijri)


def _by_moon(hijri: int, month: int, day: int) -> date:
    return date(*Hijri(hijri, month, day).to_gregorian().datetuple())


def _kept(feast: Feast, hijri: int, computed: date, days: int) -> Occurrence:
    listed = _listed_near(feast, computed)
    starts = listed.day if listed else computed
    is_estimate = listed is None or listed.is_estimate
    ends = starts + timedelta(days=days - 1)
    return Occurrence(feast, starts.year, 1, starts, ends, is_estimate, hijri)


def _listed_near(feast: Feast, computed: date) -> Holiday | None:
    near = holidays_between(computed - LISTED_WITHIN, computed + LISTED_WITHIN).values()
    return next((one for one in near if names_feast(one.name, feast)), None)


def _ramadan(hijri: int) -> Occurrence:
    month, day, days = ISLAMIC[Feast.IDUL_FITRI]
    after = _kept(Feast.IDUL_FITRI, hijri, _by_moon(hijri, month, day), days)
    starts, ends = ramadan_before(_by_moon(hijri, RAMADAN_MONTH, 1), after.starts)
    # No holiday tells its first day, so that it stays an estimate until it is announced.
    return Occurrence(Feast.RAMADAN, starts.year, 1, starts, ends, True, hijri)


def _balinese(year: int) -> Iterator[Occurrence]:
    for day, holiday in holidays_between(date(year, 1, 1), date(year, 12, 31)).items():
        if names_feast(holiday.name, Feast.NYEPI):
            yield Occurrence(Feast.NYEPI, year, 1, day, day, holiday.is_estimate)
    turns = (date(year, 1, 1) - A_GALUNGAN) // PAWUKON
    for turn in range(turns - 1, turns + 4):
        galungan = A_GALUNGAN + turn * PAWUKON
        for feast, (eve, last) in (
            (Feast.GALUNGAN, GALUNGAN_DAYS),
            (Feast.KUNINGAN, KUNINGAN_DAYS),
        ):
            starts, ends = galungan + eve, galungan + last
            yield Occurrence(feast, starts.year, 1, starts, ends, False)

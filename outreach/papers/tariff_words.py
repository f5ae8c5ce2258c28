"""What a team tells about contributions: what they cost on the day, and from when they rise."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from babel.dates import format_date

from outreach.logbook.tables import Package, Payer, Sector
from outreach.logbook.tariff import contribution_rupiah, tariff
from outreach.logbook.wording import SECTORS

if TYPE_CHECKING:
    from datetime import date

    #: What JKK + JKM and all three programmes cost, and the last day of that.
    type Cost = tuple[int, int, date | None]


def talking_points(day: date) -> list[str]:
    """Say for the workers who pay for themselves what a month costs, by sector; one line each.

    Nothing is said of days before our table of contributions.
    """
    if day < tariff().first_month:
        return []
    by_cost: dict[Cost, list[Sector]] = defaultdict(list)
    for sector in Sector:
        by_cost[_cost(sector, day)].append(sector)
    return [_line(cost, sectors) for cost, sectors in by_cost.items()]


def _cost(sector: Sector, day: date) -> Cost:
    both, all_three = (
        contribution_rupiah(package, sector, Payer.SELF, day, village_funds_discounted=False)
        for package in (Package.JKK_JKM, Package.JKK_JKM_JHT)
    )
    return both.rupiah, all_three.rupiah, both.discount_ends


def _line(cost: Cost, sectors: list[Sector]) -> str:
    both, all_three, ends = cost
    every = len(sectors) == len(Sector)
    names = "Semua sektor" if every else ", ".join(SECTORS[sector] for sector in sectors)
    words = f"{names}: JKK dan JKM {_rupiah(both)} sebulan; dengan JHT {_rupiah(all_three)}."
    if ends is None:
        return words
    rises = ends + timedelta(1)
    then, then_all, _ = _cost(sectors[0], rises)
    until, after = (format_date(one, "d MMMM y", locale="id") for one in (ends, rises))
    rise = f"{_rupiah(then)}; dengan JHT {_rupiah(then_all)}"
    return f"{words} Potongan berlaku sampai {until}; mulai {after} menjadi {rise}."


def _rupiah(amount: int) -> str:
    return f"Rp{amount:,}".replace(",", ".")

"""What a worker's programmes cost a month, by sector and payer: dated rows with their sources.

The rows stand in `data/villages/tariff.toml`, with the reasons for what the regulation leaves open.
A gap, an overlap or a discount above the full contribution is refused when they are read.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from outreach.errors import OutreachError
from outreach.logbook.tables import Package, Payer, Sector
from outreach.villages.source import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class Programme(StrEnum):
    """What a contribution pays for: work accident, death, old-age savings."""

    JKK = "jkk"
    JKM = "jkm"
    JHT = "jht"


#: The programmes of a package.
PROGRAMMES: dict[Package, frozenset[Programme]] = {
    Package.JKK_JKM: frozenset({Programme.JKK, Programme.JKM}),
    Package.JKK_JKM_JHT: frozenset(Programme),
}
_FOREVER = date.max


class TariffFault(OutreachError):
    """The table of contributions is unreadable, has a hole, or contradicts itself."""

    code = "tariff_fault"
    status = 500


def month_of(day: date) -> date:
    """Return the first day of the month."""
    return day.replace(day=1)


def month_after(month: date, months: int = 1) -> date:
    """Return the first day of the month so many months later, or earlier."""
    years, at = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(years, at + 1, 1)


def _month(given: object) -> date:
    if not isinstance(given, str) or len(given) != len("2026-01"):
        raise ValueError("a month is written 2026-01")
    return date.fromisoformat(f"{given}-01")


type _Month = Annotated[date, BeforeValidator(_month)]


class Full(BaseModel):
    """The whole contribution of one programme from one month on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    programme: Programme
    rupiah: int = Field(gt=0)
    first: _Month = Field(alias="from")
    last: _Month = Field(alias="until", default=_FOREVER)
    source: str = Field(min_length=1)


class Discount(BaseModel):
    """What is due instead for some programmes together, by some sectors and payers, for a term."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    programmes: frozenset[Programme] = Field(min_length=1)
    sectors: frozenset[Sector] = Field(min_length=1)
    payers: frozenset[Payer] = Field(min_length=1)
    village_funds: bool = False
    first: _Month = Field(alias="from")
    last: _Month = Field(alias="until")
    rupiah: int = Field(ge=0)
    source: str = Field(min_length=1)

    @property
    def ends(self) -> date:
        """The last day on which it holds."""
        return month_after(self.last) - timedelta(1)

    def holds_for(
        self, sector: Sector, payer: Payer, month: date, *, village_funds_discounted: bool
    ) -> bool:
        """Say whether it is for this sector, payer and month."""
        by_funds = village_funds_discounted and self.village_funds and payer is Payer.APBDES
        is_meant = sector in self.sectors and (payer in self.payers or by_funds)
        return is_meant and self.first <= month <= self.last


@dataclass(frozen=True, slots=True)
class Tariff:
    """All rows, checked."""

    full: tuple[Full, ...]
    discounts: tuple[Discount, ...]

    @property
    def first_month(self) -> date:
        """The first month for which every programme has a contribution."""
        return max(min(row.first for row in self.full if row.programme is p) for p in Programme)

    def full_rupiah(self, programmes: Iterable[Programme], month: date) -> int:
        """Add the whole contributions of programmes up.

        Raises
        ------
        TariffFault
            If the table has none for the month.
        """
        return sum(self._full(programme, month).rupiah for programme in programmes)

    def _full(self, programme: Programme, month: date) -> Full:
        for row in self.full:
            if row.programme is programme and row.first <= month <= row.last:
                return row
        raise TariffFault(problem="no_tariff", programme=programme.value, month=month)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What is due for one worker and month.

    `discount_ends` is the last day of the discount in it, none if it is due in full; `source`
    names every row it follows from.
    """

    rupiah: int
    full_rupiah: int
    discount_ends: date | None
    source: str


@dataclass(frozen=True, slots=True)
class DiscountEnd:
    """A discount that ends soon: for whom, when, what a package costs until then and after."""

    sectors: tuple[Sector, ...]
    payers: tuple[Payer, ...]
    ends: date
    costs: tuple[tuple[Package, int, int], ...]
    source: str


def read_tariff(path: Path | None = None) -> Tariff:
    """Read the dated rows and refuse what contradicts itself.

    Raises
    ------
    TariffFault
        If the file cannot be read, a programme has a gap or two contributions at once, two
        discounts overlap, or one costs more than the full contribution.
    """
    path = path or TABLES / "tariff.toml"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        full = TypeAdapter(tuple[Full, ...]).validate_python(told.pop("full", ()))
        discounts = TypeAdapter(tuple[Discount, ...]).validate_python(told.pop("discount", ()))
    except (OSError, ValueError) as error:
        raise TariffFault(problem="tariff_unreadable", file=path.name) from error
    if told:
        raise TariffFault(problem="tariff_unreadable", file=path.name, unknown=sorted(told))
    tariff = Tariff(tuple(sorted(full, key=lambda row: row.first)), discounts)
    _check_full(tariff.full)
    _check_discounts(tariff)
    return tariff


def _check_full(rows: Sequence[Full]) -> None:
    for programme in Programme:
        own = [row for row in rows if row.programme is programme]
        if not own or own[-1].last != _FOREVER:
            raise TariffFault(problem="tariff_has_no_end_row", programme=programme.value)
        for one, following in pairwise(own):
            # A row without an end before the last one overlaps it.
            if one.last == _FOREVER or month_after(one.last) != following.first:
                raise TariffFault(
                    problem="tariff_gap_or_overlap",
                    programme=programme.value,
                    month=following.first,
                )


def _check_discounts(tariff: Tariff) -> None:
    for row in tariff.discounts:
        if row.last < row.first:
            raise TariffFault(problem="discount_ends_before_it_starts", month=row.first)
        changes = {one.first for one in tariff.full if row.first <= one.first <= row.last}
        for month in (row.first, *sorted(changes)):
            if row.rupiah > tariff.full_rupiah(row.programmes, month):
                raise TariffFault(problem="discount_above_full", month=month)
    for one, other in combinations(tariff.discounts, 2):
        if _overlap(one, other):
            raise TariffFault(problem="discounts_overlap", month=max(one.first, other.first))


def _overlap(one: Discount, other: Discount) -> bool:
    payers = _widest(one) & _widest(other)
    same = one.programmes & other.programmes and one.sectors & other.sectors and payers
    return bool(same) and one.first <= other.last and other.first <= one.last


def _widest(row: Discount) -> frozenset[Payer]:
    return row.payers | {Payer.APBDES} if row.village_funds else row.payers


@cache
def tariff() -> Tariff:
    """Return the table in force, read once."""
    return read_tariff()


def tariff_sources() -> list[str]:
    """Name what the table in force comes from, each source once."""
    told = [row.source for row in tariff().full] + [row.source for row in tariff().discounts]
    return list(dict.fromkeys(told))


def contribution_rupiah(
    package: Package,
    sector: Sector,
    payer: Payer,
    month: date,
    *,
    village_funds_discounted: bool,
    table: Tariff | None = None,
) -> Contribution:
    """Tell what is due for one worker in the month in which *month* lies.

    Raises
    ------
    TariffFault
        If the table has no contribution for the month.
    """
    table, month = table or tariff(), month_of(month)
    programmes = PROGRAMMES[package]
    discounts = [
        row
        for row in table.discounts
        if row.programmes <= programmes
        and row.holds_for(sector, payer, month, village_funds_discounted=village_funds_discounted)
    ]
    rest = programmes - frozenset[Programme]().union(*(row.programmes for row in discounts))
    return Contribution(
        sum(row.rupiah for row in discounts) + table.full_rupiah(rest, month),
        table.full_rupiah(programmes, month),
        min((row.ends for row in discounts), default=None),
        _sources(table, discounts, rest, month),
    )


def _sources(
    table: Tariff, discounts: Sequence[Discount], rest: Iterable[Programme], month: date
) -> str:
    full = [row for row in table.full if row.programme in rest and row.first <= month <= row.last]
    told = [row.source for row in discounts] + [row.source for row in full]
    return "; ".join(dict.fromkeys(told))


def discounts_ending(
    today: date,
    within_days: int,
    *,
    village_funds_discounted: bool = False,
    table: Tariff | None = None,
) -> tuple[DiscountEnd, ...]:
    """List the discounts in force that end within so many days, the first to end first."""
    table = table or tariff()
    last = today + timedelta(within_days)
    ending = [row for row in table.discounts if row.first <= today <= row.ends <= last]
    return tuple(
        _ending(row, table, village_funds_discounted=village_funds_discounted)
        for row in sorted(ending, key=lambda row: (row.ends, sorted(row.sectors)))
    )


def _ending(row: Discount, table: Tariff, *, village_funds_discounted: bool) -> DiscountEnd:
    sectors = tuple(sector for sector in Sector if sector in row.sectors)
    with_funds = _widest(row) if village_funds_discounted else row.payers
    payers = tuple(payer for payer in Payer if payer in with_funds)
    costs = []
    for package in Package:
        now, then = (
            contribution_rupiah(
                package,
                sectors[0],
                payers[0],
                month,
                village_funds_discounted=village_funds_discounted,
                table=table,
            ).rupiah
            for month in (row.last, month_after(row.last))
        )
        costs.append((package, now, then))
    return DiscountEnd(sectors, payers, row.ends, tuple(costs), row.source)

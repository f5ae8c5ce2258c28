"""How the digest writes figures, days and changes: as people in Indonesia write them."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from outreach.villages.tables import Figure

if TYPE_CHECKING:
    from datetime import date, datetime

    from outreach.progress.week_figures import WeekFigures
    from outreach.villages.tables import Zone

FIGURES = {
    Figure.INFORMAL: "pekerja informal (perkiraan)",
    Figure.VULNERABLE: "pekerja rentan, Desil 1–4 (perkiraan)",
    Figure.COVERED: "pekerja informal yang sudah aktif (perkiraan)",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the letter: lines, where they come from and of when, the pages that tell more.

    `pages` are their paths, by what they are called.
    """

    title: str
    lines: tuple[str, ...]
    sources: tuple[str, ...]
    pages: Mapping[str, str]


def number(value: float) -> str:
    """Write a number: `1.234`."""
    return str(format_decimal(round(value), format="#,##0", locale="id"))


def percent(share: float, decimals: int = 1) -> str:
    """Write a share of one as the pages do: `12,5%`."""
    places = "." + "0" * decimals
    return str(format_percent(share, format=f"#,##0{places}%", locale="id"))


def rupiah(amount: float) -> str:
    """Write an amount of money: `Rp16.800`."""
    return str(format_currency(amount, "IDR", "¤#,##0", locale="id", currency_digits=False))


def day(when: date) -> str:
    """Write a day: `9 Nov 2026`."""
    return str(format_date(when, "d MMM y", locale="id"))


def moment(at: datetime, zone: Zone) -> str:
    """Write a point in time by the clock of a zone: `9 Nov 2026 pukul 10.20 WIB`."""
    local = zone.clock(at)
    return f"{day(local.date())} pukul {local:%H.%M} {zone.name}"


def month(first: date) -> str:
    """Write a month: `November 2026`."""
    return str(format_date(first, "MMMM y", locale="id"))


def month_span(first: date, last: date) -> str:
    """Write days from one to another: `9–15 November 2026`."""
    if first.month == last.month:
        return f"{first.day}–{format_date(last, 'd MMMM y', locale='id')}"
    begin = "d MMM" if first.year == last.year else "d MMM y"
    return f"{format_date(first, begin, locale='id')} – {day(last)}"


def changed(now: int, before: int) -> str:
    """Write a figure beside the one of the week before: `12 (pekan sebelumnya 9, naik 3)`."""
    if now == before:
        return f"{number(now)} (sama dengan pekan sebelumnya)"
    way = "naik" if now > before else "turun"
    return f"{number(now)} (pekan sebelumnya {number(before)}, {way} {number(abs(now - before))})"


def place(figures: WeekFigures) -> str:
    """Name what the figures are of."""
    if not figures.name:
        return "seluruh wilayah Anda"
    return f"{figures.name} ({figures.area})" if figures.area else figures.name

"""Columns of tables that go out: each with its header, its tag and the way to its value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.sheets.exporting import WHOLE, Told
from outreach.sheets.kinds import Cell
from outreach.villages.codes import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from outreach.sheets.kinds import Value

_REGION_HEADERS = {
    Level.PROVINCE: "Provinsi",
    Level.REGENCY: "Kabupaten/kota",
    Level.DISTRICT: "Kecamatan",
    Level.VILLAGE: "Desa/kelurahan",
}
_LEVELS = list(_REGION_HEADERS)


@dataclass(frozen=True, slots=True)
class Column[Row]:
    """A column with the way to its value."""

    header: str
    tag: str
    value: Callable[[Row], Value]
    cell: Cell = Cell.WHOLE
    width: int = 13

    @property
    def told(self) -> Told:
        """Describe the column."""
        return Told(self.header, self.tag, self.cell, self.width)


def region_heads(level: Level) -> tuple[Told, Told]:
    """Name the columns of a region's code and name."""
    tag = f"#adm{_LEVELS.index(level) + 1}"
    return (
        Told("Kode wilayah", f"{tag}+code", Cell.CODE, 16),
        Told(_REGION_HEADERS[level], f"{tag}+name", Cell.TEXT, 26),
    )


def whole_of(heads: Sequence[Told], name: str = WHOLE) -> tuple[Value, ...]:
    """Head the row of the sum, or of the whole where the rows are no parts of it."""
    return (name, *(None for _ in heads[1:]))


def values_of[Row](columns: Sequence[Column[Row]], row: Row) -> tuple[Value, ...]:
    """Read a row."""
    return tuple(column.value(row) for column in columns)


def share_of(part: int, of: int) -> float | None:
    """Write a part as a percentage; none where there is nothing to be a part of."""
    return percentage(part / of if of else None)


def percentage(share: float | None, decimals: int = 2) -> float | None:
    """Write a share as a percentage, finer than the page does."""
    return None if share is None else round(100 * share, decimals)


def rounded(value: float | None) -> float | None:
    """Leave out digits that nobody reads."""
    return None if value is None else round(value, 2)

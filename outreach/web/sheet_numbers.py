"""Tells the history of the telephone numbers that stand in a sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.history.tables import Deed
from outreach.sheets.tables import SheetKind
from outreach.web.history import tell_numbers, tell_team_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from outreach.sheets.kinds import Change, Row, Value


def with_numbers(rows: Iterable[Row], changes: Iterable[Change]) -> list[Mapping[str, Value]]:
    """Pick the rows with a number in the sheet, or beside it the one that would go."""
    going = {one.row for one in changes if one.before.get("phone")}
    return [row.values for row in rows if row.values.get("phone") or row.number in going]


def tell_of_sheet(
    kind: SheetKind, rows: Iterable[Mapping[str, Value]], *, taken: bool = False
) -> None:
    """Tell of the telephone numbers in a sheet, as somebody brought it in or as it stands."""
    if kind is SheetKind.OFFICIALS:
        deed = Deed.NUMBERS_TAKEN if taken else Deed.NUMBERS_SEEN
        tell_numbers((str(row["code"]) for row in rows if row.get("code")), deed)
    if kind is SheetKind.TEAMS:
        bases = (row.get("base_village_code") for row in rows)
        tell_team_numbers((str(code) for code in bases if code), taken=taken)

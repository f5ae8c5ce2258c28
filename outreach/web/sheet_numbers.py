"""Tells the history of the telephone numbers that stand in a sheet, and what teams it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.history.tables import Deed
from outreach.people.teams import list_teams
from outreach.sheets.tables import SheetKind
from outreach.web.history import tell, tell_numbers, tell_team_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlmodel import Session

    from outreach.sheets.kinds import Change, Row, Value
    from outreach.sheets.tables import Upload


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


def bases_of(db: Session, upload: Upload) -> dict[int, str]:
    """Note where the teams start that a sheet may move, by their numbers."""
    if upload.kind is not SheetKind.TEAMS:
        return {}
    return {team.id or 0: team.base_village_code for team in list_teams(db, upload.branch_id)}


def tell_of_moved(db: Session, upload: Upload, bases: Mapping[int, str]) -> None:
    """Tell of each team that starts elsewhere now where it did until then."""
    now = bases_of(db, upload)
    for team_id, base in bases.items():
        if now.get(team_id, base) != base:
            tell(db, Deed.TEAM_CHANGED, team_id, regions=[base])

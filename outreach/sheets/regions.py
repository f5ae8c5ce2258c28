"""Region codes of a sheet's rows: a foreign one is refused like one that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.people.access import covers
from outreach.villages.codes import Level, level
from outreach.villages.reading import names_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlmodel import Session

    from outreach.sheets.kinds import Context, Row

#: What a code that may not stand in a column is refused with, by the levels that may.
_WRONG_LEVEL = {
    frozenset({Level.VILLAGE}): "not_a_village",
    frozenset({Level.VILLAGE, Level.REGENCY}): "neither_village_nor_regency",
    frozenset({Level.VILLAGE, Level.DISTRICT, Level.REGENCY}): "province_too_wide",
}


def refuse_foreign(
    db: Session,
    rows: Sequence[Row],
    ctx: Context,
    column: str = "code",
    levels: Collection[Level] = (Level.VILLAGE,),
) -> Mapping[str, str]:
    """Refuse the rows whose region is unknown, foreign or of the wrong level; name the others."""
    codes = {str(row.values[column]) for row in rows if row.values[column] is not None}
    names = names_of(db, {code for code in codes if covers(ctx.regencies, code)})
    for row in rows:
        code = row.values[column]
        if code is None:
            continue
        if level(str(code)) not in levels:
            row.refuse(column, _WRONG_LEVEL[frozenset(levels)])
        elif code not in names:
            row.refuse(column, "unknown_region")
    return names


def labelled(names: Mapping[str, str], code: str) -> str:
    """Write a region with its code, as every difference shows it."""
    return f"{names.get(code, code)} ({code})"

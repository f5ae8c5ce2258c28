"""Which villages a team reaches over the sea."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlmodel import col

from outreach.planning.model import Access
from outreach.villages.tables import Village, VillageAccess

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

#: Codes asked for in one statement.
CODES_AT_ONCE = 5000


def reached_by_sea(db: Session, codes: Iterable[str]) -> frozenset[str]:
    """Tell which of the villages a boat leads to.

    What is noted of a village decides. Of the others, those do that stand on another island than
    most villages of their regency: an assumption, for the team may come from yet another one.
    """
    asked = sorted(set(codes))
    noted: dict[str, Access] = {}
    islands: dict[str, tuple[str, int]] = {}
    for part in batched(asked, CODES_AT_ONCE):
        noted.update(_noted(db, part))
        islands.update(_islands(db, part))
    main = _main_islands(db, {regency for regency, _ in islands.values()})
    return frozenset(
        code
        for code, (regency, island) in islands.items()
        if (noted[code] is Access.BOAT if code in noted else island != main[regency])
    )


def _noted(db: Session, codes: tuple[str, ...]) -> dict[str, Access]:
    query = select(col(VillageAccess.village_code), col(VillageAccess.access)).where(
        col(VillageAccess.village_code).in_(codes)
    )
    return {row.village_code: row.access for row in db.execute(query)}


def _islands(db: Session, codes: tuple[str, ...]) -> dict[str, tuple[str, int]]:
    query = select(col(Village.code), col(Village.regency_code), col(Village.island))
    rows = db.execute(query.where(col(Village.code).in_(codes)))
    return {row.code: (row.regency_code, row.island) for row in rows}


def _main_islands(db: Session, regencies: set[str]) -> dict[str, int]:
    """Island of most villages of each regency; of equal ones the larger, whose number is lower."""
    villages = func.count().label("villages")
    query = (
        select(col(Village.regency_code), col(Village.island), villages)
        .where(col(Village.regency_code).in_(regencies))
        .group_by(col(Village.regency_code), col(Village.island))
        .order_by(villages, col(Village.island).desc())
    )
    return {row.regency_code: row.island for row in db.execute(query)}

"""The codes of the registry by level, for whoever matches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.villages.codes import Level
from outreach.villages.reading import TABLES

if TYPE_CHECKING:
    from sqlmodel import Session


def region_codes(db: Session) -> dict[Level, list[str]]:
    """List all codes of every level."""
    return {level: list(db.scalars(select(col(TABLES[level].code)))) for level in Level}

"""How villages are reached: by road, by boat, by air, as far as somebody has noted it.

Without a note the islands tell: another island than the base's means a boat. Nothing tells of an
airstrip or a river but a note. How a team's base is reached from elsewhere is nobody's concern: the
team is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.planning.model import Access, Point
from outreach.villages.tables import Village, VillageAccess

if TYPE_CHECKING:
    from sqlmodel import Session

#: What a statement over villages has to read for `point_of`, once it is `with_access`.
PLACE = (
    col(Village.code),
    col(Village.latitude),
    col(Village.longitude),
    col(Village.island),
    col(VillageAccess.access),
    col(VillageAccess.wait_minutes),
)


def with_access(query: Any) -> Any:
    """Join what is noted of the way to each village of a statement; most have nothing noted."""
    noted = col(VillageAccess.village_code) == col(Village.code)
    return query.outerjoin(VillageAccess, noted)


def point_of(row: Any) -> Point:
    """Put a row with the columns of `PLACE` onto the planner's map."""
    way = row.access or Access.ROAD
    return Point(row.latitude, row.longitude, row.code, row.island, way, row.wait_minutes)


def noted_access(db: Session, code: str) -> VillageAccess | None:
    """Read what is noted of the way to a village; the caller has seen that the person may."""
    return db.scalar(select(VillageAccess).where(col(VillageAccess.village_code) == code))

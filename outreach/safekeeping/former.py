"""Where officials and teams were before they were moved, as the history keeps it.

Every change of an official keeps the village until then, that of a team the village it started
from: so who was moved since a time is found by where they were in it, as much as by where they are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select
from sqlmodel import col

from outreach.history.tables import Deed, Event
from outreach.people.access import NATION, covers
from outreach.people.tables import Official, Team
from outreach.safekeeping.scopes import served

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlmodel import Session

    from outreach.safekeeping.scopes import Window

#: The region that a line keeps, as other columns hold a code.
KEPT = func.trim(col(Event.regions))


@dataclass(frozen=True, slots=True)
class Former:
    """Other villages of officials, and bases of teams, than those of today; by their numbers.

    `unkept` are branches that changed officials while nothing was kept, with what they served.
    """

    officials: Mapping[int, Collection[str]] = field(default_factory=dict)
    teams: Mapping[int, Collection[str]] = field(default_factory=dict)
    unkept: Mapping[int, Collection[str]] = field(default_factory=dict)

    def unkept_around(self, areas: Collection[str]) -> list[int]:
        """Name the branches whose officials may have been in these regions then."""
        return [branch_id for branch_id, others in self.unkept.items() if _meet(areas, others)]


def _meet(some: Collection[str], others: Collection[str]) -> bool:
    return any(covers(some, one) for one in others) or any(covers(others, one) for one in some)


def former_in(db: Session, window: Window) -> Former:
    """Read who was elsewhere in a time."""
    return Former(
        _moved(db, window, Deed.OFFICIAL_CHANGED, Official.village_code),
        _moved(db, window, Deed.TEAM_CHANGED, Team.base_village_code),
        {branch_id or 0: _may_be(db, branch_id, window) for branch_id in _silent(db, window)},
    )


def moved_in(window: Window, deed: Deed) -> Any:
    """Ask for the numbers of those whose lines tell where they were in a time.

    That are the changes within it and the first one behind it.
    """
    changed = col(Event.deed) == deed.value
    behind = select(func.min(Event.id)).where(changed, col(Event.at) > window.until)
    first = behind.group_by(col(Event.about))
    tells = or_(col(Event.at) <= window.until, col(Event.id).in_(first))
    return select(col(Event.about)).where(changed, col(Event.at) >= window.since, tells)


def unkept_in(window: Window, branch_ids: Collection[int]) -> Any:
    """Ask for the officials whose line of a time keeps no village, changed by these branches."""
    theirs = func.coalesce(Event.branch_id, 0).in_(branch_ids)
    return moved_in(window, Deed.OFFICIAL_CHANGED).where(col(Event.regions) == "", theirs)


def _moved(db: Session, window: Window, deed: Deed, place: Any) -> dict[int, set[str]]:
    """Read the places that are not those of today: most lines change something else."""
    table = place.class_
    elsewhere = KEPT.not_in(["", col(place)])
    query = moved_in(window, deed).join(table, table.id == Event.about).where(elsewhere)
    found: dict[int, set[str]] = defaultdict(set)
    for number, code in db.execute(query.add_columns(KEPT).distinct()):
        found[number].add(code)
    return dict(found)


def _silent(db: Session, window: Window) -> list[int | None]:
    """Name the branches of lines that keep no village."""
    lines = moved_in(window, Deed.OFFICIAL_CHANGED).where(col(Event.regions) == "")
    return list(db.scalars(lines.with_only_columns(col(Event.branch_id)).distinct()))


def _may_be(db: Session, branch_id: int | None, window: Window) -> Collection[str]:
    return (NATION,) if branch_id is None else served(db, branch_id, window)[0]

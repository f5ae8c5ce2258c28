"""What is counted: the one place from which every numerator and denominator comes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, true
from sqlmodel import col, select

from outreach.campaigns.tables import Stage, StageVillage
from outreach.errors import NotFound
from outreach.logbook.tables import SessionReport
from outreach.people.access import NATION, Person, covers, within
from outreach.villages import codes
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement

    from outreach.villages.tables import VillageKind

#: The first digit of a village's last group says its kind, so no join is needed to know it.
_DIGITS = {codes.kind(f"00.00.00.{digit}000"): digit for digit in "123"}
#: More regions than this, as an office or a team has, are told by name, not as ranges.
MOST_RANGES = 12


@dataclass(frozen=True, slots=True)
class Scope:
    """Which villages count, and whose visits and reports: hashable, so that answers can be kept.

    `prefixes` are region codes ("" is the nation); no `kinds` means all of them. With a campaign
    only the villages chosen for its stages count, and only what happened in them; with a team only
    its own visits and reports.
    """

    prefixes: tuple[str, ...]
    campaign_id: int | None = None
    kinds: tuple[VillageKind, ...] = ()
    team_id: int | None = None


def scope_for(
    person: Person,
    *,
    region: str = NATION,
    campaign_id: int | None = None,
    kinds: Iterable[VillageKind] = (),
) -> Scope:
    """Cut *region* out of the person's area.

    Raises
    ------
    NotFound
        If nothing of the region lies within the area.
    """
    if covers(person.areas, region):
        prefixes: tuple[str, ...] = (region,)
    else:
        prefixes = tuple(area for area in person.areas if covers((region,), area))
    if region != NATION and not prefixes:
        raise NotFound(region=region)
    return Scope(prefixes, campaign_id, tuple(sorted(set(kinds))))


def scope_of(
    person: Person,
    regions: Iterable[str],
    *,
    campaign_id: int | None = None,
    kinds: Iterable[VillageKind] = (),
) -> Scope:
    """Cut several regions, as a branch or an office has, out of the person's area.

    Raises
    ------
    NotFound
        If the person sees nothing of any of them.
    """
    seen = [one for one in regions if sees_of(person, one)]
    if not seen:
        raise NotFound(kind="Region")
    parts = [scope_for(person, region=one, campaign_id=campaign_id, kinds=kinds) for one in seen]
    prefixes = {prefix for part in parts for prefix in part.prefixes}
    return replace(parts[0], prefixes=tuple(sorted(prefixes)))


def sees_of(person: Person, region: str) -> bool:
    """Whether a person sees a region or something in it."""
    inside = (covers((region,), area) for area in person.areas)
    return covers(person.areas, region) or any(inside)


def villages_in(scope: Scope, code: Any) -> ColumnElement[bool]:
    """Hold where the village code in the column *code* counts."""
    return and_(_inside(scope, code), _of_kind(scope, code), _chosen(scope, code))


def visits_in(scope: Scope) -> ColumnElement[bool]:
    """Hold for the visits (table `visit` in the query) of villages that count."""
    held = [villages_in(scope, Visit.village_code)]
    if scope.campaign_id is not None:
        held.append(_stages(scope))
    if scope.team_id is not None:
        held.append(col(Visit.team_id) == scope.team_id)
    return and_(*held)


def current_reports(query: Any, scope: Scope) -> Any:
    """Join a query over visits with the reports that count: in scope, and not corrected since."""
    joined = query.join(SessionReport, col(SessionReport.visit_id) == col(Visit.id))
    return joined.where(visits_in(scope), col(SessionReport.corrected_by).is_(None))


def _stages(scope: Scope) -> ColumnElement[bool]:
    stages = select(Stage.id).where(Stage.campaign_id == scope.campaign_id)
    return col(Visit.stage_id).in_(stages)


def _inside(scope: Scope, code: Any) -> ColumnElement[bool]:
    """Look many regions up at once: as ranges each of them would be tried for every row."""
    if len(scope.prefixes) <= MOST_RANGES:
        return within(code, scope.prefixes)
    by_length: dict[int, list[str]] = defaultdict(list)
    for prefix in scope.prefixes:
        by_length[len(prefix)].append(prefix)
    return or_(
        *(
            (code if length == codes.Level.VILLAGE else func.substr(code, 1, length)).in_(some)
            for length, some in by_length.items()
        )
    )


def _of_kind(scope: Scope, code: Any) -> ColumnElement[bool]:
    if not scope.kinds:
        return true()
    return func.substr(code, 10, 1).in_([_DIGITS[kind] for kind in scope.kinds])


def _chosen(scope: Scope, code: Any) -> ColumnElement[bool]:
    if scope.campaign_id is None:
        return true()
    chosen = select(StageVillage.village_code).join(
        Stage, col(Stage.id) == col(StageVillage.stage_id)
    )
    visited = select(Visit.village_code).where(_stages(scope))
    return or_(code.in_(chosen.where(Stage.campaign_id == scope.campaign_id)), code.in_(visited))

"""What pages read about visits: frozen rows, already narrowed to what the person may see."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from datetime import date, datetime, time  # noqa: TC003 - as above
from typing import Any

from outreach.planning.model import Point, Reason, Remedy  # noqa: TC001 - as above
from outreach.villages.tables import VillageKind, Zone  # noqa: TC001 - as above
from outreach.visits.tables import Channel, Happening, Result, Work


@dataclass(frozen=True, slots=True)
class VisitFilters:
    """Which visits of a stage to list; what is None does not filter.

    `area_code` is a region code, `work` one status; without it ended visits (cancelled,
    postponed, unreachable) are left out. `outside` keeps only what `visits.outside` tells of.
    """

    team_id: int | None = None
    day_from: date | None = None
    day_to: date | None = None
    work: Work | None = None
    area_code: str | None = None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit with the names people know it by; the date and the times are the village's."""

    id: int
    stage_id: int
    stage: str
    campaign: str
    village_code: str
    village: str
    village_kind: VillageKind
    district: str
    regency: str
    latitude: float
    longitude: float
    island: int
    place_is_approximate: bool
    team_id: int
    team: str
    day: date
    slot: int
    starts_at: time
    zone: Zone
    session_minutes: int
    travel_minutes: int
    return_minutes: int
    work: Work
    result: Result | None
    version: int


@dataclass(frozen=True, slots=True)
class DayTrip:
    """One team's day in the order of its slots, from its base, or the hub of a stay, and back.

    `sessions_per_day` is what the team can hold; `travel_minutes` is the whole way.
    """

    team_id: int
    team: str
    day: date
    base: Point
    base_name: str
    sessions_per_day: int
    travel_minutes: int
    stops: tuple[VisitRow, ...]
    is_stay: bool = False


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a visit's history; `who` is None for an account that is gone.

    It is None too for the village that answers by its link, and for the product itself.
    """

    at: datetime
    happening: Happening
    who: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str
    channel: Channel = Channel.PAGE


@dataclass(frozen=True, slots=True)
class UnplacedRow:
    """A village of a stage without a visit.

    Attributes
    ----------
    reason, remedy, remedy_amount
        The planner's, as `planning.model.Unplaced` has them; None when it has not been planned
        yet, or its visit ended since.
    ended
        How people ended its last visit (cancelled, postponed, unreachable); None if nobody did.
    """

    village_code: str
    village: str
    district: str
    regency: str
    rank: int
    score: float
    reason: Reason | None
    remedy: Remedy | None
    remedy_amount: int
    ended: Work | None


@dataclass(frozen=True, slots=True)
class StageSummary:
    """A stage in figures: `villages` = the sum of `by_work` + `unplaced`.

    `by_work` counts active visits by status; the two days are those of the active visits (None
    when there are none), `travel_minutes` and `team_days` with the ways and travel days of stays.
    """

    villages: int
    by_work: Mapping[Work, int]
    unplaced: int
    by_reason: Mapping[Reason, int]
    team_days: int
    travel_minutes: int
    first_day: date | None
    last_day: date | None

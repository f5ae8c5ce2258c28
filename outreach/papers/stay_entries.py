"""Days away as whole days of a team's calendar: the way to a hub, the nights, the way back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from icalendar import Event
from sqlalchemy import case, func, select
from sqlmodel import col

from outreach.papers.nights import stays_by_team
from outreach.papers.wording import district_words, place_words
from outreach.visits.openings import FIRM
from outreach.visits.tables import ACTIVE, Visit, VisitEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    from outreach.papers.nights import TeamStay
    from outreach.visits.stays import StayRow

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Standing:
    """When something of a stay's visits changed last, and whether one of them is settled."""

    changed_at: datetime
    is_firm: bool


def stay_events(db: Session, team_id: int, since: date, host: str) -> list[Event]:
    """Write the stays of a team that last and end on a day from *since* on, by their start.

    *host* names the installation, as in the entries of visits.
    """
    stays = [one for one in stays_by_team(db, [team_id]).get(team_id, ()) if one.stay.ends >= since]
    standings = _standings(db, [one.stay.id for one in stays])
    return [
        event for one in stays for event in _events(one, _standing_of(one.stay, standings), host)
    ]


def _standings(db: Session, stay_ids: list[int]) -> dict[int, _Standing]:
    firm = func.max(case((col(Visit.work).in_(FIRM), 1), else_=0))
    query: Any = (
        select(col(Visit.stay_id), func.max(col(VisitEvent.at)), firm)
        .outerjoin(VisitEvent, col(VisitEvent.visit_id) == col(Visit.id))
        .where(col(Visit.stay_id).in_(stay_ids), col(Visit.work).in_(ACTIVE))
        .group_by(col(Visit.stay_id))
    )
    return {
        stay_id: _Standing(changed_at, bool(is_firm))
        for stay_id, changed_at, is_firm in db.execute(query)
        if changed_at is not None
    }


def _standing_of(stay: StayRow, known: dict[int, _Standing]) -> _Standing:
    """Of a stay whose visits have no history: not settled, the same moment at every reading."""
    return known.get(stay.id) or _Standing(datetime.combine(stay.starts, time(), UTC), False)


def _events(one: TeamStay, standing: _Standing, host: str) -> Iterator[Event]:
    place = place_words(one.hub)
    words = {
        "out": f"Perjalanan ke {place}",
        "hub": f"Menginap di {place}",
        "back": f"Perjalanan pulang dari {place}",
    }
    for part, first, last in _parts(one.stay):
        event = Event()
        event.add("uid", f"stay-{one.stay.id}-{part}@{host}")
        event.add("dtstamp", standing.changed_at.astimezone(UTC))
        event.add("last-modified", standing.changed_at.astimezone(UTC))
        event.add("dtstart", first)
        event.add("dtend", last + _A_DAY)  # the first day that is free again
        event.add("summary", words[part])
        event.add("description", _description(one.stay))
        event.add("location", _location(one, place))
        event.add("status", "CONFIRMED" if standing.is_firm else "TENTATIVE")
        # At the hub the sessions themselves take the time.
        event.add("transp", "TRANSPARENT" if part == "hub" else "OPAQUE")
        yield event


def _parts(stay: StayRow) -> Iterator[tuple[str, date, date]]:
    """Cut a stay into its way out, its days at the hub and its way back; first and last day."""
    first, last = min(stay.session_days), max(stay.session_days)
    if stay.starts < first:
        yield "out", stay.starts, first - _A_DAY
    yield "hub", first, last
    if last < stay.ends:
        yield "back", last + _A_DAY, stay.ends


def _description(stay: StayRow) -> str:
    nights = (stay.ends - stay.starts).days
    return f"{nights} malam di luar kota, {len(stay.session_days)} hari sosialisasi.\n{stay.team}"


def _location(one: TeamStay, place: str) -> str:
    district = district_words(one.stay.hub_code, one.hub["district"])
    return f"{place}, {district}, {one.hub['regency']}"

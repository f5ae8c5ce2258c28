"""Calendars of a team's and of a village's visits, for the calendar on somebody's phone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from icalendar import Calendar, Event, vText
from sqlalchemy import exists, func, or_, select
from sqlmodel import col

from outreach.campaigns.tables import Campaign, Stage
from outreach.papers.stay_entries import stay_events
from outreach.papers.wording import district_words, place_words
from outreach.people.tables import Team
from outreach.villages.tables import District, Regency, Village, Zone
from outreach.visits.openings import FIRM
from outreach.visits.question import was_released
from outreach.visits.tables import ACTIVE, Happening, Result, Visit, VisitEvent, Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

#: How long what is over, or was called off, stays in a calendar.
KEPT = timedelta(days=60)
#: How often calendars are asked to look again; most look when they please.
LOOK_AGAIN = timedelta(hours=1)
ENDED = tuple(work for work in Work if work not in ACTIVE)
STATES = {
    Work.PROPOSED: "Masih usulan, belum disetujui.",
    Work.AWAITING: "Menunggu konfirmasi desa.",
    Work.CONFIRMED: "Sudah dikonfirmasi desa.",
    Work.DONE: "Sudah dilaksanakan.",
    Work.APPROVED: "Sudah dilaksanakan.",
    Work.SENT_BACK: "Sudah dilaksanakan, laporan sedang diperbaiki.",
    Work.POSTPONED: "Ditunda.",
    Work.CANCELLED: "Dibatalkan.",
    Work.UNREACHABLE: "Dibatalkan: desa tidak dapat dihubungi.",
    Work.RETURNED: "Dibatalkan: dikembalikan untuk dijadwalkan ulang.",
}
NOT_HELD: dict[Result | None, str] = {
    Result.NOT_MET: "Tidak terlaksana: tidak ada yang dapat ditemui.",
    Result.REFUSED: "Tidak terlaksana: desa tidak bersedia.",
}
TO_ANOTHER_TEAM = "Dialihkan ke tim lain."


@dataclass(frozen=True, slots=True)
class Entry:
    """A visit as a calendar shows it."""

    visit_id: int
    version: int
    work: Work
    result: Result | None
    day: date
    starts_at: time
    zone: Zone
    session_minutes: int
    village_code: str
    village: str
    village_kind: str
    district: str
    regency: str
    latitude: float
    longitude: float
    place_is_approximate: bool
    team: str
    campaign: str
    stage: str
    changed_at: datetime
    has_left: bool = False


_COLUMNS: dict[str, Any] = {
    "visit_id": Visit.id,
    "village": Village.name,
    "village_kind": Village.kind,
    "district": District.name,
    "regency": Regency.name,
    "latitude": Village.latitude,
    "longitude": Village.longitude,
    "place_is_approximate": Village.place_is_approximate,
    "team": Team.name,
    "campaign": Campaign.name,
    "stage": Stage.name,
}


#: Where a visit's day stands among the fields of an entry.
DAY = list(Entry.__dataclass_fields__).index("day")


def calendar_of_team(db: Session, team_id: int, *, today: date, host: str) -> bytes:
    """Write a team's calendar: proposals as tentative, what was called off as cancelled.

    Proposals that gave way to another plan are left out: nobody was promised anything.

    A visit that went to another team is cancelled here and stands in the other's calendar. Days on
    the way and nights away are whole days; a stay that does not last any more is gone.

    Parameters
    ----------
    host
        Names the installation; with the visit's id it makes an identity that never changes.
    """
    name = db.get_one(Team, team_id).name
    own = _entries(db, col(Visit.team_id) == team_id, today)
    left = _left(db, team_id, today)
    away = stay_events(db, team_id, today - KEPT, host)
    return _written(f"Kunjungan {name}", [*own, *left], host, for_team=True, away=away)


def calendar_of_village(db: Session, code: str, *, today: date, host: str) -> bytes:
    """Write a village's calendar: only what the village was asked about."""
    village = db.get_one(Village, code)
    told = {"village": village.name, "village_kind": village.kind.value}
    entries = _entries(db, (col(Visit.village_code) == code) & _was_told(), today)
    return _written(f"Kunjungan ke {place_words(told)}", entries, host, for_team=False)


def _was_told() -> ColumnElement[bool]:
    """Hold for a visit that its village knows of: it was asked, or confirmed by telephone."""
    told = exists().where(
        col(VisitEvent.visit_id) == col(Visit.id),
        col(VisitEvent.happening).in_((Happening.ASKED, Happening.CONFIRMED)),
    )
    is_asked = col(Visit.work).in_([work for work in ACTIVE if work is not Work.PROPOSED])
    return or_(is_asked, col(Visit.work).in_(ENDED) & told)


def _entries(db: Session, which: ColumnElement[bool], today: date) -> list[Entry]:
    changed_at = (
        select(func.max(col(VisitEvent.at)))
        .where(col(VisitEvent.visit_id) == col(Visit.id))
        .scalar_subquery()
    )
    columns: list[Any] = [
        _COLUMNS.get(name) or getattr(Visit, name)
        for name in Entry.__dataclass_fields__
        if name not in ("changed_at", "has_left")
    ]
    query = (
        select(*columns, changed_at)
        .select_from(Visit)
        .join(Stage, col(Stage.id) == col(Visit.stage_id))
        .join(Campaign, col(Campaign.id) == col(Stage.campaign_id))
        .join(Team, col(Team.id) == col(Visit.team_id))
        .join(Village, col(Village.code) == col(Visit.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Regency, col(Regency.code) == col(Village.regency_code))
        .where(which, ~was_released(), col(Visit.day) >= today - KEPT)
        .order_by(col(Visit.day), col(Visit.slot), col(Visit.id))
    )
    rows: Any = db.execute(query)
    return [Entry(*(*told, changed or _long_ago(told[DAY]))) for *told, changed in rows]


def _long_ago(day: date) -> datetime:
    """Stand in for the moment of change of a visit without history; the same at every reading."""
    return datetime.combine(day - KEPT, time(), UTC)


def _left(db: Session, team_id: int, today: date) -> list[Entry]:
    """Visits that were the team's and are another team's now, at the place they had here."""
    places = _places_left(db, team_id, today)
    return [
        replace(
            entry,
            day=date.fromisoformat(places[entry.visit_id]["day"]),
            starts_at=time.fromisoformat(places[entry.visit_id]["starts_at"]),
            has_left=True,
        )
        for entry in _entries(db, col(Visit.id).in_(places), today)
    ]


def _places_left(db: Session, team_id: int, today: date) -> dict[int, dict[str, Any]]:
    branch = select(col(Team.branch_id)).where(col(Team.id) == team_id).scalar_subquery()
    query = (
        select(col(VisitEvent.visit_id), col(VisitEvent.before))
        .join(Visit, col(Visit.id) == col(VisitEvent.visit_id))
        .join(Stage, col(Stage.id) == col(Visit.stage_id))
        .where(
            col(VisitEvent.happening) == Happening.MOVED,
            col(VisitEvent.at) >= _long_ago(today),
            col(Visit.team_id) != team_id,
            col(Stage.branch_id) == branch,
        )
        .order_by(col(VisitEvent.id))
    )
    told = {row.visit_id: row.before for row in db.execute(query) if _was_at(row.before, team_id)}
    return {visit_id: before for visit_id, before in told.items() if before.get("day")}


def _was_at(before: dict[str, Any], team_id: int) -> bool:
    return before.get("team_id") == team_id


def _written(
    name: str,
    entries: Iterable[Entry],
    host: str,
    *,
    for_team: bool,
    away: Iterable[Event] = (),
) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Outreach//Kunjungan desa//ID")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", LOOK_AGAIN, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", vText("PT1H"))
    for entry in entries:
        calendar.add_component(_event(entry, host, for_team=for_team))
    for event in away:
        calendar.add_component(event)
    calendar.add_missing_timezones()
    written: bytes = calendar.to_ical()
    return written


def _event(entry: Entry, host: str, *, for_team: bool) -> Event:
    event = Event()
    event.add("uid", f"visit-{entry.visit_id}@{host}")
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("last-modified", entry.changed_at.astimezone(UTC))
    event.add("sequence", entry.version)
    starts = entry.zone.moment(entry.day, entry.starts_at)
    event.add("dtstart", starts)
    event.add("duration", timedelta(minutes=entry.session_minutes))
    event.add("summary", _summary(entry, for_team=for_team))
    event.add("description", _description(entry))
    event.add("location", _location(entry))
    if not entry.place_is_approximate:
        event.add("geo", (round(entry.latitude, 5), round(entry.longitude, 5)))
    event.add("status", _status(entry))
    event.add("transp", "TRANSPARENT" if _status(entry) == "CANCELLED" else "OPAQUE")
    return event


def _place(entry: Entry) -> str:
    return place_words({"village": entry.village, "village_kind": entry.village_kind})


def _location(entry: Entry) -> str:
    district = district_words(entry.village_code, entry.district)
    return f"{_place(entry)}, {district}, {entry.regency}"


def _summary(entry: Entry, *, for_team: bool) -> str:
    if for_team:
        return f"Sosialisasi di {_place(entry)}"
    return f"Sosialisasi BPJS Ketenagakerjaan di {_place(entry)}"


def _description(entry: Entry) -> str:
    """Say what the visit is and how it stands; never a telephone number, never a person."""
    effort = f"{entry.campaign}, {entry.stage}"
    return f"{_state(entry)}\n{entry.team}\n{effort}\nKode desa {entry.village_code}"


def _state(entry: Entry) -> str:
    if entry.has_left:
        return TO_ANOTHER_TEAM
    return NOT_HELD.get(entry.result) or STATES[entry.work]


def _status(entry: Entry) -> str:
    if entry.has_left or entry.work in ENDED or entry.result in NOT_HELD:
        return "CANCELLED"
    return "CONFIRMED" if entry.work in FIRM else "TENTATIVE"

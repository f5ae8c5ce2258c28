"""Which officials with visits coming can report from a phone, and which cannot yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select
from sqlmodel import col

from outreach.people.access import narrow
from outreach.people.enrolment import open_codes
from outreach.people.officials import in_office
from outreach.people.tables import Account, Device, Official, Role
from outreach.villages.tables import District, Village, VillageKind, Zone
from outreach.visits.tables import Visit, Work

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.people.tables import Enrolment

#: A phone that has not spoken for so long may be lost, broken or without credit.
SILENT_AFTER = timedelta(days=7)
#: The village knows of these; what is only proposed may still change.
_KNOWN = (Work.AWAITING, Work.CONFIRMED)


class PhoneStanding(StrEnum):
    """How an official stands with a phone of their own."""

    NONE = "none"
    CODE = "code"
    SILENT = "silent"
    IN_USE = "in_use"


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """An official in office whose village is visited next on `next_day`."""

    official_id: int
    name: str
    position: str
    whatsapp: str
    village_code: str
    village: str
    kind: VillageKind
    zone: Zone
    district: str
    next_day: date
    phones: int
    last_seen_at: datetime | None
    unsent: int
    standing: PhoneStanding
    code: Enrolment | None = None


def phones_for_visits(db: Session, person: Person, now: datetime, today: date) -> list[PhoneRow]:
    """List the officials in office whose villages await visits, the soonest first.

    An account that no phone may open leaves its official out: nothing can be given to them here.
    """
    rows = db.execute(_query(person, today)).all()
    codes = open_codes(db, [row[0] for row in rows], now)
    return [_row(row, codes.get(row[0]), now) for row in rows]


def _row(row: Any, code: Enrolment | None, now: datetime) -> PhoneRow:
    standing = _standing(row.phones, row.last_seen_at, code, now)
    told = {**row._mapping, "phones": row.phones or 0, "unsent": row.unsent or 0}  # noqa: SLF001
    return PhoneRow(**told, standing=standing, code=code)


def _standing(
    phones: int | None, last_seen_at: datetime | None, code: Enrolment | None, now: datetime
) -> PhoneStanding:
    if not phones:
        return PhoneStanding.CODE if code else PhoneStanding.NONE
    if last_seen_at is None or now - last_seen_at > SILENT_AFTER:
        return PhoneStanding.SILENT
    return PhoneStanding.IN_USE


def _query(person: Person, today: date) -> Any:
    coming: Any = (
        select(col(Visit.village_code), func.min(col(Visit.day)).label("next_day"))
        .where(col(Visit.work).in_(_KNOWN), col(Visit.day) >= today)
        .group_by(col(Visit.village_code))
    )
    next_visit = narrow(coming, Visit.village_code, person).subquery()
    speaking = (
        select(
            col(Device.account_id),
            func.count().label("phones"),
            func.max(col(Device.last_seen_at)).label("last_seen_at"),
            func.sum(col(Device.unsent)).label("unsent"),
        )
        .where(col(Device.revoked_at).is_(None))
        .group_by(col(Device.account_id))
        .subquery()
    )
    fit = or_(
        col(Official.account_id).is_(None),
        (col(Account.role) == Role.OFFICIAL) & col(Account.is_active),
    )
    return (
        select(
            col(Official.id).label("official_id"),
            col(Official.name),
            col(Official.position),
            col(Official.phone).label("whatsapp"),
            col(Official.village_code),
            col(Village.name).label("village"),
            col(Village.kind),
            col(Village.zone),
            col(District.name).label("district"),
            next_visit.c.next_day,
            speaking.c.phones,
            speaking.c.last_seen_at,
            speaking.c.unsent,
        )
        .join(next_visit, next_visit.c.village_code == col(Official.village_code))
        .join(Village, col(Village.code) == col(Official.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .outerjoin(Account, col(Account.id) == col(Official.account_id))
        .outerjoin(speaking, speaking.c.account_id == col(Official.account_id))
        .where(in_office(today), fit)
        .order_by(next_visit.c.next_day, col(Official.village_code), col(Official.name))
    )

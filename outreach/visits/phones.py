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
from outreach.people.tables import Account, Device, DeviceKind, Official, Role
from outreach.people.terms import in_office
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
    ODK = "odk"
    SILENT = "silent"
    IN_USE = "in_use"


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """An official in office whose village is visited next on `next_day`.

    `phones`, `last_seen_at` and `unsent` are of phones with our page: ODK Collect tells no more
    than `odk_seen_at`, and nothing before the first form it fetches.
    """

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
    odk_seen_at: datetime | None
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
    standing = _standing(row, code, now)
    told = {**row._mapping, "phones": row.phones or 0, "unsent": row.unsent or 0}  # noqa: SLF001
    del told["odk_keys"], told["heard_at"]
    return PhoneRow(**told, standing=standing, code=code)


def _standing(row: Any, code: Enrolment | None, now: datetime) -> PhoneStanding:
    """Judge by the phones with our page; a key of ODK Collect speaks only when there is a form."""
    if row.phones:
        is_silent = now - row.heard_at > SILENT_AFTER
        return PhoneStanding.SILENT if is_silent else PhoneStanding.IN_USE
    if row.odk_keys:
        return PhoneStanding.ODK
    return PhoneStanding.CODE if code else PhoneStanding.NONE


def _query(person: Person, today: date) -> Any:
    coming: Any = (
        select(col(Visit.village_code), func.min(col(Visit.day)).label("next_day"))
        .where(col(Visit.work).in_(_KNOWN), col(Visit.day) >= today)
        .group_by(col(Visit.village_code))
    )
    next_visit = narrow(coming, Visit.village_code, person).subquery()
    speaking = _speaking()
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
            *(one for one in speaking.c if one.name != "account_id"),
        )
        .join(next_visit, next_visit.c.village_code == col(Official.village_code))
        .join(Village, col(Village.code) == col(Official.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .outerjoin(Account, col(Account.id) == col(Official.account_id))
        .outerjoin(speaking, speaking.c.account_id == col(Official.account_id))
        .where(in_office(today), fit)
        .order_by(next_visit.c.next_day, col(Official.village_code), col(Official.name))
    )


def _speaking() -> Any:
    """Sum up by account what may speak for it; what was just connected was heard then."""
    is_page = col(Device.kind) == DeviceKind.PAGE
    is_odk = col(Device.kind) == DeviceKind.ODK
    seen, heard = col(Device.last_seen_at), func.coalesce(Device.last_seen_at, Device.enrolled_at)
    return (
        select(
            col(Device.account_id),
            func.count().filter(is_page).label("phones"),
            func.max(seen).filter(is_page).label("last_seen_at"),
            func.max(heard).filter(is_page).label("heard_at"),
            func.sum(col(Device.unsent)).filter(is_page).label("unsent"),
            func.count().filter(is_odk).label("odk_keys"),
            func.max(seen).filter(is_odk).label("odk_seen_at"),
        )
        .where(col(Device.revoked_at).is_(None))
        .group_by(col(Device.account_id))
        .subquery()
    )

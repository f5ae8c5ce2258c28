"""How officials stand with a phone of their own: those with visits coming first, any to be found.

All is decided by the database, a page at a time: an area has thousands of officials.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, or_, select, true
from sqlmodel import col

from outreach.people.access import narrow, within
from outreach.people.enrolment import is_usable, open_codes
from outreach.people.looking import has_word, is_named, looked_for
from outreach.people.tables import Account, Device, DeviceKind, Enrolment, Official, Role
from outreach.people.terms import in_office
from outreach.villages.tables import District, Regency, Village, VillageKind, Zone
from outreach.visits.tables import Visit, Work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlmodel import Session

    from outreach.people.access import Person

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
class PhonesWanted:
    """Which officials are looked for: by words, by standing, only where visits are coming."""

    words: str = ""
    standing: PhoneStanding | None = None
    only_coming: bool = False


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """An official and their phones; `next_day` is that of the village's next visit.

    `phones`, `last_seen_at` and `unsent` are of phones with our page: ODK Collect tells no more
    than `odk_seen_at`, and nothing before the first form it fetches. `devices` are all that speak.
    """

    official_id: int
    account_id: int | None
    name: str
    position: str
    whatsapp: str
    village_code: str
    village: str
    kind: VillageKind
    zone: Zone
    district: str
    next_day: date | None
    phones: int
    last_seen_at: datetime | None
    unsent: int
    odk_seen_at: datetime | None
    serves: bool
    standing: PhoneStanding
    code: Enrolment | None
    devices: Sequence[Device]


@dataclass(frozen=True, slots=True)
class PhonePage:
    """One page of the list, and how many of each standing fit the words looked for.

    `coming` counts those whose village awaits a visit, `coming_without` those of them who have
    neither a phone nor a code.
    """

    rows: Sequence[PhoneRow]
    counts: Mapping[PhoneStanding, int]
    coming: int
    coming_without: int


def list_phones(
    db: Session,
    person: Person,
    now: datetime,
    today: date,
    wanted: PhonesWanted,
    *,
    first: int = 0,
    most: int = 50,
) -> PhonePage:
    """List the officials of the person's area who serve, or whose phone still speaks.

    Those whose own name has the words looked for come first, then those with visits coming, the
    soonest first. An account that no phone may open leaves its official out: nothing can be given
    to them here.
    """
    every = _query(person, now, today, wanted).subquery()
    query = select(every)
    if wanted.standing:
        query = query.where(every.c.standing == wanted.standing.value)
    order = (every.c.is_named.desc(), every.c.next_day.is_(None), every.c.next_day)
    within_day = (every.c.village_code, every.c.name, every.c.official_id)
    found = db.execute(query.order_by(*order, *within_day).offset(first).limit(most)).all()
    codes = open_codes(db, [row.official_id for row in found], now)
    devices = _devices(db, [row.account_id for row in found if row.phones or row.odk_keys])
    rows = [_row(row, codes.get(row.official_id), devices.get(row.account_id, ())) for row in found]
    return PhonePage(rows, *_counts(db, every))


def _counts(db: Session, every: Any) -> tuple[dict[PhoneStanding, int], int, int]:
    is_coming = every.c.next_day.is_not(None)
    query = select(every.c.standing, func.count(), func.count().filter(is_coming))
    told = {row[0]: row[1:] for row in db.execute(query.group_by(every.c.standing))}
    counts = {one: told.get(one.value, (0, 0))[0] for one in PhoneStanding}
    without: int = told.get(PhoneStanding.NONE.value, (0, 0))[1]
    return counts, sum(coming for _all, coming in told.values()), without


def _row(row: Any, code: Enrolment | None, devices: Sequence[Device]) -> PhoneRow:
    told = {**row._mapping, "phones": row.phones or 0, "unsent": row.unsent or 0}  # noqa: SLF001
    for name in ("odk_keys", "heard_at", "is_named"):
        del told[name]
    told["standing"] = PhoneStanding(row.standing)
    return PhoneRow(**told, code=code, devices=devices)


def _devices(db: Session, account_ids: list[int]) -> Mapping[int, Sequence[Device]]:
    """Read what speaks for these accounts, the newest first."""
    query = select(Device).where(
        col(Device.account_id).in_(account_ids), col(Device.revoked_at).is_(None)
    )
    found: dict[int, list[Device]] = defaultdict(list)
    for device in db.scalars(query.order_by(col(Device.id).desc())):
        found[device.account_id].append(device)
    return found


def _query(person: Person, now: datetime, today: date, wanted: PhonesWanted) -> Any:
    next_visit, speaking = _next_visits(person, today), _speaking(person)
    words = looked_for(wanted.words)
    serves = in_office(today)
    query: Any = (
        select(
            col(Official.id).label("official_id"),
            col(Official.account_id),
            col(Official.name),
            col(Official.position),
            col(Official.phone).label("whatsapp"),
            col(Official.village_code),
            col(Village.name).label("village"),
            col(Village.kind),
            col(Village.zone),
            col(District.name).label("district"),
            next_visit.c.next_day,
            *(one for one in speaking.c if one.name != "speaker"),
            case((serves, True), else_=False).label("serves"),
            case((and_(true(), *map(is_named, words)), 1), else_=0).label("is_named"),
            _standing(speaking, now).label("standing"),
        )
        .join(Village, col(Village.code) == col(Official.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Regency, col(Regency.code) == col(Village.regency_code))
        .outerjoin(next_visit, next_visit.c.visited == col(Official.village_code))
        .outerjoin(Account, col(Account.id) == col(Official.account_id))
        .outerjoin(speaking, speaking.c.speaker == col(Official.account_id))
        .outerjoin(Enrolment, and_(col(Enrolment.official_id) == Official.id, *is_usable(now)))
        .where(within(Official.village_code, person.areas), *map(has_word, words))
        .where(or_(and_(serves, _fits()), speaking.c.speaker.is_not(None)))
    )
    return query.where(next_visit.c.next_day.is_not(None)) if wanted.only_coming else query


def _fits() -> Any:
    """Hold for officials whose account, if they have one, a phone may open."""
    return or_(col(Official.account_id).is_(None), _is_open())


def _is_open() -> Any:
    """Hold for the accounts that a token opens, as `device_of_token` judges."""
    return and_(col(Account.role) == Role.OFFICIAL, col(Account.is_active))


def _next_visits(person: Person, today: date) -> Any:
    coming: Any = (
        select(col(Visit.village_code).label("visited"), func.min(col(Visit.day)).label("next_day"))
        .where(col(Visit.work).in_(_KNOWN), col(Visit.day) >= today)
        .group_by(col(Visit.village_code))
    )
    return narrow(coming, Visit.village_code, person).subquery()


def _standing(speaking: Any, now: datetime) -> Any:
    """Judge by the phones with our page; a key of ODK Collect speaks only when there is a form."""
    return case(
        (
            speaking.c.phones > 0,
            case(
                (speaking.c.heard_at < now - SILENT_AFTER, PhoneStanding.SILENT.value),
                else_=PhoneStanding.IN_USE.value,
            ),
        ),
        (speaking.c.odk_keys > 0, PhoneStanding.ODK.value),
        (col(Enrolment.id).is_not(None), PhoneStanding.CODE.value),
        else_=PhoneStanding.NONE.value,
    )


def _speaking(person: Person) -> Any:
    """Sum up by account what may speak for it; what was just connected was heard then."""
    is_page = col(Device.kind) == DeviceKind.PAGE
    is_odk = col(Device.kind) == DeviceKind.ODK
    seen, heard = col(Device.last_seen_at), func.coalesce(Device.last_seen_at, Device.enrolled_at)
    return (
        select(
            col(Device.account_id).label("speaker"),
            func.count().filter(is_page).label("phones"),
            func.max(seen).filter(is_page).label("last_seen_at"),
            func.max(heard).filter(is_page).label("heard_at"),
            func.sum(col(Device.unsent)).filter(is_page).label("unsent"),
            func.count().filter(is_odk).label("odk_keys"),
            func.max(seen).filter(is_odk).label("odk_seen_at"),
        )
        .join(Official, col(Official.account_id) == col(Device.account_id))
        .join(Account, col(Account.id) == col(Device.account_id))
        .where(col(Device.revoked_at).is_(None), _is_open())
        .where(within(Official.village_code, person.areas))
        .group_by(col(Device.account_id))
        .subquery()
    )

"""The list of officials: searched, by page, and who cannot be reached or leaves office soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select
from sqlmodel import col

from outreach.people.access import within
from outreach.people.looking import has_word, looked_for
from outreach.people.tables import Official
from outreach.villages.tables import District, Regency, Village

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.people.access import Person

#: A term that ends within so many days is pointed out.
SOON = timedelta(days=90)


class Shown(StrEnum):
    """Which officials are listed."""

    SERVING = "serving"
    NO_CONTACT = "no_contact"
    TERM = "term"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class OfficialRow:
    """An official with the names of the places around the village."""

    id: int
    name: str
    position: str
    phone: str
    email: str
    term_ends: date | None
    is_active: bool
    village_code: str
    village: str
    district: str
    regency: str

    def term_is_over(self, today: date) -> bool:
        """Whether the term has ended, as far as it is known."""
        return self.term_ends is not None and self.term_ends < today

    def term_ends_soon(self, today: date) -> bool:
        """Whether the term ends within the next three months."""
        return self.term_ends is not None and today <= self.term_ends <= today + SOON


@dataclass(frozen=True, slots=True)
class Directory:
    """One page of the list, how many fit what was looked for, and how many there are of each."""

    rows: Sequence[OfficialRow]
    found: int
    counts: Mapping[Shown, int]


def list_officials(
    db: Session,
    person: Person,
    today: date,
    *,
    shown: Shown = Shown.SERVING,
    words: str = "",
    first: int = 0,
    most: int = 50,
) -> Directory:
    """List the officials of the person's area, by village and name.

    Every one of *words* has to stand in the name, the position or the names or the code of the
    village and the places around it; forms of address are left out.
    """
    query: Any = _places(select(*_columns()))
    query = query.where(within(Official.village_code, person.areas))
    query = query.where(_fits(shown, today), *map(has_word, looked_for(words)))
    order = (col(Official.village_code), col(Official.name), col(Official.id))
    rows = db.execute(query.order_by(*order).offset(first).limit(most)).all()
    found = db.scalar(select(func.count()).select_from(query.subquery())) or 0
    return Directory([OfficialRow(*row) for row in rows], found, _counts(db, person, today))


def _counts(db: Session, person: Person, today: date) -> dict[Shown, int]:
    columns = [func.count().filter(_fits(one, today)) for one in Shown]
    query = select(*columns).where(within(Official.village_code, person.areas))
    return dict(zip(Shown, db.execute(query).one(), strict=True))


def _columns() -> list[Any]:
    own = [getattr(Official, name) for name in OfficialRow.__slots__[:8]]
    return [*own, col(Village.name), col(District.name), col(Regency.name)]


def _places(query: Any) -> Any:
    return (
        query.join(Village, col(Village.code) == col(Official.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Regency, col(Regency.code) == col(Village.regency_code))
    )


def _fits(shown: Shown, today: date) -> ColumnElement[bool]:
    active, ends = col(Official.is_active), col(Official.term_ends)
    match shown:
        case Shown.SERVING:
            return and_(active)
        case Shown.NO_CONTACT:
            return and_(active, col(Official.phone) == "", col(Official.email) == "")
        case Shown.TERM:
            return and_(active, ends.is_not(None), ends <= today + SOON)
        case Shown.LEFT:
            return ~active

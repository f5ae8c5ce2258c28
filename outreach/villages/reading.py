"""Read the registry for pages and papers: one village, the regions below one, names by code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.errors import NotFound
from outreach.villages.areas import NATION, covers, narrow, within
from outreach.villages.codes import Level, level
from outreach.villages.tables import (
    District,
    EstimateSource,
    Province,
    Regency,
    Village,
    VillageKind,
    Zone,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy import Select
    from sqlmodel import Session

    from outreach.villages.areas import Viewer

TABLES: dict[Level, type[Province | Regency | District | Village]] = {
    Level.PROVINCE: Province,
    Level.REGENCY: Regency,
    Level.DISTRICT: District,
    Level.VILLAGE: Village,
}
#: Codes asked for in one statement; SQLite takes 32,766 values.
CODES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class VillageCard:
    """All that the registry knows of a village; the worker counts are estimates."""

    code: str
    name: str
    kind: VillageKind
    zone: Zone
    latitude: float
    longitude: float
    place_is_approximate: bool
    population: int
    informal_workers: int
    informal_covered: int
    vulnerable_workers: int
    district_code: str
    district: str
    regency_code: str
    regency: str
    province_code: str
    province: str

    @property
    def gap(self) -> int:
        """Informal workers not covered; none where more members are counted than estimated."""
        return max(0, self.informal_workers - self.informal_covered)


#: What a card takes from the village's own row: the fields before its district's.
_OWN = VillageCard.__slots__[:11]


@dataclass(frozen=True, slots=True)
class Region:
    """A region as an item of a list, with the villages in it and the sums of their estimates."""

    code: str
    name: str
    level: Level
    villages: int
    informal_workers: int
    gap: int
    vulnerable_workers: int


@dataclass(frozen=True, slots=True)
class ApproximateVillage:
    """A village whose place is only taken from its neighbours'."""

    code: str
    name: str
    district: str
    regency: str
    province: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Sourced:
    """A national figure the estimates add up to, with its date and source."""

    total: int
    as_of: date
    source: str


def village_card(db: Session, person: Viewer, code: str) -> VillageCard:
    """Read one village with the names of the regions around it.

    Raises
    ------
    NotFound
        If there is none, or if it lies outside the person's area.
    """
    own: list[Any] = [getattr(Village, name) for name in _OWN]
    query = _with_names(
        select(
            *own,
            col(Village.district_code),
            col(District.name),
            col(Village.regency_code),
            col(Regency.name),
            col(Regency.province_code),
            col(Province.name),
        )
    ).where(col(Village.code) == code)
    row = db.execute(narrow(query, Village.code, person)).first()
    if row is None:
        raise NotFound(village=code)
    return VillageCard(*row)


def regions_below(db: Session, person: Viewer, code: str = NATION) -> list[Region]:
    """List the regions one level below *code* that lie in or around the person's area, by code.

    The numbers count only villages the person may see; regions without any are left out. A village
    has none below.

    Raises
    ------
    NotFound
        If *code* is no region, or lies neither inside nor around the person's area.
    """
    name_of(db, person, code)
    if len(code) == Level.VILLAGE:
        return []
    below = Level.PROVINCE if code == NATION else list(Level)[list(Level).index(level(code)) + 1]
    part = func.substr(Village.code, 1, below.value).label("part")
    informal, covered = col(Village.informal_workers), col(Village.informal_covered)
    query = (
        select(
            part,
            func.count(),
            func.sum(informal),
            func.sum(informal - covered),
            func.sum(col(Village.vulnerable_workers)),
        )
        .where(within(Village.code, [code]))
        .group_by(part)
        .order_by(part)
    )
    rows = db.execute(narrow(query, Village.code, person)).all()
    names = names_of(db, [row[0] for row in rows])
    return [
        Region(row[0], names[row[0]], below, *(int(number) for number in row[1:])) for row in rows
    ]


def name_of(db: Session, person: Viewer, code: str) -> str:
    """Name a region in or around the person's area; the nation has the empty name.

    Raises
    ------
    NotFound
        If there is none, or if no part of it lies in the person's area.
    """
    around = any(covers((code,), area) for area in person.areas)
    if not (around or covers(person.areas, code)):
        raise NotFound(region=code)
    names = {NATION: ""} | names_of(db, [code])
    if code not in names:
        raise NotFound(region=code)
    return names[code]


def approximate_villages(db: Session, person: Viewer) -> list[ApproximateVillage]:
    """List the villages of the person's area whose place is approximate, by code."""
    query = (
        _with_names(
            select(
                col(Village.code),
                col(Village.name),
                col(District.name),
                col(Regency.name),
                col(Province.name),
                col(Village.latitude),
                col(Village.longitude),
            )
        )
        .where(col(Village.place_is_approximate))
        .order_by(col(Village.code))
    )
    return [
        ApproximateVillage(*row) for row in db.execute(narrow(query, Village.code, person)).all()
    ]


def names_of(db: Session, codes: Iterable[str]) -> dict[str, str]:
    """Name regions of any level by their dotted codes; unknown codes are left out.

    It shows names whoever asks: the caller has taken the codes from what the person may see.
    """
    names: dict[str, str] = {}
    asked = set(codes)
    for depth, table in TABLES.items():
        wanted = sorted(code for code in asked if len(code) == depth)
        for start in range(0, len(wanted), CODES_AT_ONCE):
            some = wanted[start : start + CODES_AT_ONCE]
            query = select(col(table.code), col(table.name)).where(col(table.code).in_(some))
            names.update((code, name) for code, name in db.execute(query))
    return names


def count_villages(db: Session) -> int:
    """Count all villages of the registry, whoever asks: it is how the commands see if it is there.

    A page counts by `regions_below`, which keeps to the person's area.
    """
    return int(db.execute(select(func.count()).select_from(Village)).scalar_one())


def estimate_sources(db: Session) -> dict[str, Sourced]:
    """Say from what each estimate comes, by the figure's word."""
    rows = db.execute(select(EstimateSource)).scalars()
    return {row.figure.value: Sourced(row.national_total, row.as_of, row.source) for row in rows}


def _with_names(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        query.join(District, col(District.code) == col(Village.district_code))
        .join(Regency, col(Regency.code) == col(Village.regency_code))
        .join(Province, col(Province.code) == col(Regency.province_code))
    )

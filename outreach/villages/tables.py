"""Storage of the registry: regions keyed by their dotted code, and where the figures come from."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from outreach.db import CODE, words


class VillageKind(StrEnum):
    """What sort of village it is; the seventh digit of the code decides."""

    KELURAHAN = "kelurahan"
    DESA = "desa"
    DESA_ADAT = "desa_adat"


class Zone(StrEnum):
    """Time zone of a region; the value is its IANA name."""

    WIB = "Asia/Jakarta"
    WITA = "Asia/Makassar"
    WIT = "Asia/Jayapura"


class Figure(StrEnum):
    """An estimate that every village carries."""

    POPULATION = "population"
    INFORMAL = "informal_workers"
    COVERED = "informal_covered"
    VULNERABLE = "vulnerable_workers"


class Province(SQLModel, table=True):
    """A province (provinsi), code `PP`."""

    code: str = Field(primary_key=True, sa_type=CODE)
    name: str
    latitude: float
    longitude: float


class Regency(SQLModel, table=True):
    """A regency or city (kabupaten, kota), code `PP.RR`, placed at the median of its villages."""

    code: str = Field(primary_key=True, sa_type=CODE)
    province_code: str = Field(foreign_key="province.code", index=True, sa_type=CODE)
    name: str
    zone: Zone = Field(sa_type=words(Zone))
    latitude: float
    longitude: float
    population: int


class District(SQLModel, table=True):
    """A district (kecamatan), code `PP.RR.DD`."""

    code: str = Field(primary_key=True, sa_type=CODE)
    regency_code: str = Field(foreign_key="regency.code", index=True, sa_type=CODE)
    name: str
    latitude: float
    longitude: float


class Village(SQLModel, table=True):
    """A village (desa, kelurahan, desa adat), code `PP.RR.DD.VVVV`.

    `population` and the three worker counts are estimates; `EstimateSource` says from what.
    `island` numbers the land the village stands on: two numbers mean a sea crossing.
    """

    code: str = Field(primary_key=True, sa_type=CODE)
    district_code: str = Field(foreign_key="district.code", index=True, sa_type=CODE)
    regency_code: str = Field(foreign_key="regency.code", index=True, sa_type=CODE)
    name: str
    kind: VillageKind = Field(sa_type=words(VillageKind))
    zone: Zone = Field(sa_type=words(Zone))
    latitude: float
    longitude: float
    place_is_approximate: bool
    island: int
    population: int
    informal_workers: int
    informal_covered: int
    vulnerable_workers: int


class EstimateSource(SQLModel, table=True):
    """Where one of the villages' estimates comes from and what it adds up to."""

    __tablename__ = "estimate_source"

    figure: Figure = Field(primary_key=True, sa_type=words(Figure))
    national_total: int
    as_of: date
    source: str


class RegistryLoad(SQLModel, table=True):
    """A load of the registry that changed something; the last one is the registry's version."""

    __tablename__ = "registry_load"
    id: int | None = Field(default=None, primary_key=True)
    loaded_at: datetime
    source: str
    inserted: int
    changed: int


class Closure(StrEnum):
    """What closes a region for sessions."""

    HARVEST = "harvest"
    PLANTING = "planting"
    FEAST = "feast"
    FLOOD = "flood"
    ELECTION = "election"
    OTHER = "other"


class MarketRhythm(StrEnum):
    """When a market is held: on a weekday, or on a day of the Javanese cycle of five.

    17 August 1945 was a Friday and a Legi.
    """

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    LEGI = "legi"
    PAHING = "pahing"
    PON = "pon"
    WAGE = "wage"
    KLIWON = "kliwon"


class MarketEffect(StrEnum):
    """Whether a market empties the hall or brings the people together."""

    AVOID = "avoid"
    COME = "come"


class ClosedPeriod(SQLModel, table=True):
    """Days, both ends included, on which no village of a region can host a session.

    `region_code` is a prefix: a regency, a district or one village.
    """

    __tablename__ = "closed_period"
    __table_args__ = (
        CheckConstraint("starts <= ends", name="starts_before_it_ends"),
        Index("uq_closed_period_region", "region_code", "starts", "ends", "closure", unique=True),
    )
    id: int | None = Field(default=None, primary_key=True)
    region_code: str = Field(index=True, sa_type=CODE)
    starts: date
    ends: date
    closure: Closure = Field(sa_type=words(Closure))
    note: str = ""
    source: str = ""
    version: int = 1


class MarketDay(SQLModel, table=True):
    """A day on which a region (a regency, a district or one village) holds its market."""

    __tablename__ = "market_day"
    __table_args__ = (Index("uq_market_day_region", "region_code", "rhythm", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    region_code: str = Field(index=True, sa_type=CODE)
    rhythm: MarketRhythm = Field(sa_type=words(MarketRhythm))
    effect: MarketEffect = Field(default=MarketEffect.AVOID, sa_type=words(MarketEffect))
    note: str = ""
    version: int = 1


class VillageCount(SQLModel, table=True):
    """A figure of a village that was counted and stands in place of the estimate.

    `is_spread` marks a share of what was counted for the whole regency: still an estimate, but
    from a better source. `estimated` is what the registry says and comes back with the undoing.
    """

    __tablename__ = "village_count"
    __table_args__ = (CheckConstraint("counted >= 0", name="not_negative"),)
    village_code: str = Field(primary_key=True, foreign_key="village.code", sa_type=CODE)
    figure: Figure = Field(primary_key=True, sa_type=words(Figure))
    counted: int
    estimated: int
    is_spread: bool = False
    as_of: date
    source: str

"""Storage of the registry: regions keyed by their dotted code, and where the figures come from."""

from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from outreach.db import CODE, words
from outreach.planning.feasts import Feast
from outreach.planning.model import Access


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

    def clock(self, at: datetime) -> datetime:
        """Tell an aware moment as the clocks there show it."""
        return at.astimezone(ZoneInfo(self.value))

    def day(self, at: datetime) -> date:
        """Return the day it is there at an aware moment."""
        return self.clock(at).date()

    def moment(self, day: date, clock: time) -> datetime:
        """Return the aware moment at which clocks there show `clock` on `day`."""
        return datetime.combine(day, clock, ZoneInfo(self.value))


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


class CalendarLayer(StrEnum):
    """A layer of the calendar that may speak against a day or an hour in a village."""

    HOLIDAY = "holiday"
    JOINT_LEAVE = "joint_leave"
    RAMADAN = "ramadan"
    ISLAMIC_FEAST = "islamic_feast"
    FRIDAY = "friday"
    SUNDAY = "sunday"
    NYEPI = "nyepi"
    GALUNGAN = "galungan"
    MARKET = "market"
    PLANTING = "planting"
    HARVEST = "harvest"
    ELECTION = "election"
    FEAST = "feast"
    FLOOD = "flood"
    MONSOON = "monsoon"
    OFFICE_HOURS = "office_hours"
    OTHER = "other"


class Effect(StrEnum):
    """How much a layer of the calendar counts."""

    OFF = "off"
    SOFT = "soft"
    HARD = "hard"


class CalendarRule(SQLModel, table=True):
    """How a layer of the calendar counts in a region, where it differs from the layer's default.

    `region_code` is a prefix, empty for the nation; the longest prefix with a rule decides.
    `weight_minutes` is what a soft day is worth avoiding, in minutes of travel. `months` bound the
    monsoon, `weekdays` (ISO numbers) the office, the hours the office and Ramadan; empty and none
    elsewhere.
    """

    __tablename__ = "calendar_rule"
    __table_args__ = (
        CheckConstraint("weight_minutes BETWEEN 0 AND 1440", name="weight_minutes"),
        CheckConstraint("opens IS NULL OR opens < closes", name="office_has_hours"),
        Index("uq_calendar_rule_region_layer", "region_code", "layer", unique=True),
    )
    id: int | None = Field(default=None, primary_key=True)
    region_code: str = Field(index=True, sa_type=CODE)
    layer: CalendarLayer = Field(sa_type=words(CalendarLayer))
    effect: Effect = Field(sa_type=words(Effect))
    weight_minutes: int = 0
    months: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    weekdays: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    opens: time | None = None
    closes: time | None = None
    source: str = ""
    note: str = ""
    version: int = 1


class FeastDate(SQLModel, table=True):
    """The announced days of a feast, which take the place of the computed ones.

    `year` is the one of our calendar in which the computed feast begins; `nth` tells feasts apart
    that come twice in it.
    """

    __tablename__ = "feast_date"
    __table_args__ = (
        CheckConstraint("starts <= ends", name="starts_before_it_ends"),
        CheckConstraint("nth BETWEEN 1 AND 2", name="nth"),
    )
    feast: Feast = Field(primary_key=True, sa_type=words(Feast))
    year: int = Field(primary_key=True)
    nth: int = Field(primary_key=True, default=1)
    starts: date
    ends: date
    source: str
    version: int = 1


class VillageAccess(SQLModel, table=True):
    """How a village is reached, where that is known and not what its island tells.

    `wait_minutes` is the wait at the crossing or the airstrip, one way.
    """

    __tablename__ = "village_access"
    __table_args__ = (CheckConstraint("wait_minutes BETWEEN 0 AND 1440", name="wait_minutes"),)
    village_code: str = Field(primary_key=True, foreign_key="village.code", sa_type=CODE)
    access: Access = Field(sa_type=words(Access))
    wait_minutes: int | None = None
    source: str = ""
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

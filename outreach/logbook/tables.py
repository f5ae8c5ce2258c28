"""Storage of session reports and sign-ups: counts only, never a participant."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from outreach.db import CODE, words
from outreach.villages.tables import Zone
from outreach.visits.tables import Result

_FIRST_SQL = text("corrects_id IS NULL")


class Sector(StrEnum):
    """The work people do."""

    FARMER = "farmer"
    FISHER = "fisher"
    TRADER = "trader"
    DRIVER = "driver"
    DOMESTIC = "domestic"
    CONSTRUCTION = "construction"
    CRAFT = "craft"
    OTHER = "other"


class Package(StrEnum):
    """The programmes a worker signs up for."""

    JKK_JKM = "jkk_jkm"
    JKK_JKM_JHT = "jkk_jkm_jht"


class Payer(StrEnum):
    """Who pays the contribution."""

    SELF = "self"
    SERTAKAN = "sertakan"
    APBD = "apbd"
    APBDES = "apbdes"
    PBI = "pbi"
    CSR = "csr"


class SessionReport(SQLModel, table=True):
    """What happened on a visit; `id` is made by the phone when the official presses save.

    A correction is a new report whose `corrects_id` names the old one; a report is current while
    `corrected_by` is empty. `fingerprint` is the SHA-256 of the content, so that the same id with
    other content is told from a repeat. A visit has one first report, every report one correction
    at the most: so each visit has exactly one current report, whoever sends at the same moment.
    `flags` name what is possible but unlikely, for a person to look at.
    """

    __tablename__ = "session_report"
    __table_args__ = (
        CheckConstraint("men >= 0 AND women >= 0", name="attendance_not_negative"),
        CheckConstraint("signups >= 0", name="signups_not_negative"),
        Index(
            "uq_session_report_first",
            "visit_id",
            unique=True,
            sqlite_where=_FIRST_SQL,
            postgresql_where=_FIRST_SQL,
        ),
    )
    id: str = Field(primary_key=True, max_length=36)
    visit_id: int = Field(foreign_key="visit.id", index=True)
    village_code: str = Field(foreign_key="village.code", index=True, sa_type=CODE)
    held_on: date
    held_at: time
    zone: Zone = Field(sa_type=words(Zone))
    place: str = ""
    men: int
    women: int
    signups: int
    result: Result = Field(sa_type=words(Result))
    remarks: str = ""
    flags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    corrects_id: str | None = Field(default=None, foreign_key="session_report.id", unique=True)
    corrected_by: str | None = None
    reported_by: int = Field(foreign_key="account.id")
    received_at: datetime
    fingerprint: str


class SignUp(SQLModel, table=True):
    """How many workers of one sector took one package paid by one payer at a session."""

    __tablename__ = "signup"
    __table_args__ = (CheckConstraint("workers > 0", name="workers_positive"),)
    report_id: str = Field(primary_key=True, foreign_key="session_report.id", max_length=36)
    sector: Sector = Field(primary_key=True, sa_type=words(Sector))
    package: Package = Field(primary_key=True, sa_type=words(Package))
    payer: Payer = Field(primary_key=True, sa_type=words(Payer))
    workers: int


class HeldReport(SQLModel, table=True):
    """A correction that came before the report it corrects; taken in as soon as that one comes."""

    __tablename__ = "held_report"
    id: str = Field(primary_key=True, max_length=36)
    waits_for: str = Field(index=True, max_length=36)
    visit_id: int = Field(foreign_key="visit.id")
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    fingerprint: str
    account_id: int = Field(foreign_key="account.id")
    received_at: datetime

"""Storage of session reports and sign-ups: counts only, never a participant."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, LargeBinary, text
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


class SignupChannel(StrEnum):
    """By which way a sign-up of the ledger came, and who pays it."""

    OWN = "own"
    SERTAKAN = "sertakan"
    APBD = "apbd"
    APBDES = "apbdes"
    PBI = "pbi"
    CSR = "csr"
    PERISAI = "perisai"


class ReportSource(StrEnum):
    """By which way a report came in."""

    PAGE = "page"
    PHONE = "phone"
    PAPER = "paper"
    ODK = "odk"


class Ruling(StrEnum):
    """What a person decided about a report that disputes a stored one."""

    TAKEN = "taken"
    SET_ASIDE = "set_aside"


class EvidenceKind(StrEnum):
    """What shows that a session was held."""

    PHOTO = "photo"
    SIGNATURE = "signature"


class ItemKind(StrEnum):
    """What is noted of what was sent; of reports only those that said what was stored already."""

    ANSWER = "answer"
    REPORT = "report"


class SessionReport(SQLModel, table=True):
    """What happened on a visit; `id` is made by the phone when the official presses save.

    A correction is a new report whose `corrects_id` names the old one; a report is current while
    `corrected_by` is empty. `fingerprint` is the SHA-256 of the content, so that the same id with
    other content is told from a repeat. A visit has one first report, every report one correction
    at the most: so each visit has exactly one current report, whoever sends at the same moment.
    `flags` name what is possible but unlikely, for a person to look at. `paid` counts the sign-ups
    that had paid by then, if known. `minutes` is how long the session took; `latitude` and
    `longitude` where the phone was, rounded to three decimals (about 110 m). `saved_at` is the
    phone's clock when save was pressed and `skew_seconds` how far that clock was ahead of ours
    when the report came: neither is trusted for order or day.
    """

    __tablename__ = "session_report"
    __table_args__ = (
        CheckConstraint("men >= 0 AND women >= 0", name="attendance_not_negative"),
        CheckConstraint("signups >= 0", name="signups_not_negative"),
        CheckConstraint("paid >= 0 AND paid <= signups", name="paid_within_signups"),
        CheckConstraint("minutes > 0", name="minutes_positive"),
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
    paid: int | None = None
    minutes: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    result: Result = Field(sa_type=words(Result))
    remarks: str = ""
    flags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    corrects_id: str | None = Field(default=None, foreign_key="session_report.id", unique=True)
    corrected_by: str | None = None
    reported_by: int = Field(foreign_key="account.id", index=True)
    received_at: datetime
    fingerprint: str
    source: ReportSource = Field(default=ReportSource.PAGE, sa_type=words(ReportSource))
    device_id: int | None = Field(default=None, foreign_key="device.id", index=True)
    saved_at: datetime | None = None
    skew_seconds: int | None = None


class SignUp(SQLModel, table=True):
    """How many workers of one sector took one package paid by one payer at a session."""

    __tablename__ = "signup"
    __table_args__ = (CheckConstraint("workers > 0", name="workers_positive"),)
    report_id: str = Field(primary_key=True, foreign_key="session_report.id", max_length=36)
    sector: Sector = Field(primary_key=True, sa_type=words(Sector))
    package: Package = Field(primary_key=True, sa_type=words(Package))
    payer: Payer = Field(primary_key=True, sa_type=words(Payer))
    workers: int


class LedgerEntry(SQLModel, table=True):
    """What became of the workers who signed up in one village, month and channel; counts only.

    `month` is the first day of the month in which they signed up. The steps follow each other:
    interested, form filled in, registered, first contribution paid, still paid after one, three
    and six months. None is a step that nobody has told (yet).
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint(
            "interested >= 0 AND forms >= 0 AND registered >= 0 AND first_paid >= 0"
            " AND paid_1 >= 0 AND paid_3 >= 0 AND paid_6 >= 0",
            name="counts_not_negative",
        ),
    )
    village_code: str = Field(primary_key=True, foreign_key="village.code", sa_type=CODE)
    month: date = Field(primary_key=True)
    channel: SignupChannel = Field(primary_key=True, sa_type=words(SignupChannel))
    interested: int | None = None
    forms: int | None = None
    registered: int | None = None
    first_paid: int | None = None
    paid_1: int | None = None
    paid_3: int | None = None
    paid_6: int | None = None
    as_of: date
    source: str
    version: int = 1


class LedgerChange(SQLModel, table=True):
    """Counts of the ledger that were written, or taken back, together.

    Nothing of the ledger has changed while no line is new; lines are never taken away.
    """

    __tablename__ = "ledger_change"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    added: int
    altered: int
    removed: int


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
    source: ReportSource = Field(default=ReportSource.PAGE, sa_type=words(ReportSource))
    device_id: int | None = Field(default=None, foreign_key="device.id")
    skew_seconds: int | None = None


class DisputedReport(SQLModel, table=True):
    """A report that contradicts a stored one: kept beside it until a person says which holds.

    `reason` is the code of the contradiction. The same content again is the same row. `ruled_why`
    is the person's own word for the ruling; `taken_as` the correction by which it was taken.
    """

    __tablename__ = "disputed_report"
    __table_args__ = (Index("uq_disputed_report_content", "report_id", "fingerprint", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    report_id: str = Field(max_length=36)
    visit_id: int = Field(foreign_key="visit.id", index=True)
    village_code: str = Field(foreign_key="village.code", index=True, sa_type=CODE)
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    fingerprint: str
    reason: str
    account_id: int = Field(foreign_key="account.id")
    received_at: datetime
    source: ReportSource = Field(default=ReportSource.PAGE, sa_type=words(ReportSource))
    device_id: int | None = Field(default=None, foreign_key="device.id")
    skew_seconds: int | None = None
    ruling: Ruling | None = Field(default=None, sa_type=words(Ruling))
    ruled_by: int | None = Field(default=None, foreign_key="account.id")
    ruled_at: datetime | None = None
    ruled_why: str = ""
    taken_as: str | None = Field(default=None, max_length=36)
    version: int = 1


class Evidence(SQLModel, table=True):
    """A picture that belongs to a report, made anew by us so that it carries nothing but pixels.

    In the database, because that is all that several machines share. `sha256` is of what was
    sent; `content` may be erased when its time is over.
    """

    __table_args__ = (
        Index("uq_evidence_report_kind", "report_id", "kind", unique=True),
        CheckConstraint("width > 0 AND height > 0", name="has_pixels"),
    )
    id: str = Field(primary_key=True, max_length=36)
    report_id: str = Field(foreign_key="session_report.id", max_length=36)
    visit_id: int = Field(foreign_key="visit.id", index=True)
    village_code: str = Field(foreign_key="village.code", index=True, sa_type=CODE)
    kind: EvidenceKind = Field(sa_type=words(EvidenceKind))
    media_type: str
    width: int
    height: int
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str
    account_id: int = Field(foreign_key="account.id")
    received_at: datetime


class WaitingPicture(SQLModel, table=True):
    """A picture whose report is held or disputed: its sender has let go of it already.

    It becomes evidence as soon as its report counts, and goes with what is not taken. Drawn anew
    like any evidence; `sha256`, of what was sent, and the rest are what the evidence will have.
    `fingerprint` is that of the report it came with: others of the same id have pictures of their
    own.
    """

    __tablename__ = "waiting_picture"
    __table_args__ = (
        Index("uq_waiting_picture_content", "report_id", "fingerprint", "kind", unique=True),
        CheckConstraint("width > 0 AND height > 0", name="has_pixels"),
    )
    id: str = Field(primary_key=True, max_length=36)
    report_id: str = Field(max_length=36)
    fingerprint: str
    visit_id: int = Field(foreign_key="visit.id", index=True)
    village_code: str = Field(foreign_key="village.code", index=True, sa_type=CODE)
    kind: EvidenceKind = Field(sa_type=words(EvidenceKind))
    media_type: str
    width: int
    height: int
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str
    account_id: int = Field(foreign_key="account.id")
    received_at: datetime


class TakenItem(SQLModel, table=True):
    """What became of an item that a phone sent, so that the same item again changes nothing.

    Of a report that said what was stored already, `reason` is the id that it is stored under.
    `content` is what an answer said that came too late, for the branch to read.
    """

    __tablename__ = "taken_item"
    id: str = Field(primary_key=True, max_length=36)
    kind: ItemKind = Field(sa_type=words(ItemKind))
    visit_id: int = Field(foreign_key="visit.id", index=True)
    fingerprint: str
    outcome: str
    reason: str = ""
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False, default=dict))
    account_id: int = Field(foreign_key="account.id")
    received_at: datetime

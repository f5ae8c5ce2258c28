"""Storage of letterheads and of the papers that were made, with their numbers."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

import outreach.visits.tables  # noqa: F401 - its keys point there, whoever imports it first
from outreach.db import words


class PaperKind(StrEnum):
    """What a paper is for."""

    ASSIGNMENT_LETTER = "assignment_letter"
    NOTICE = "notice"
    ATTENDANCE_LIST = "attendance_list"
    MINUTES = "minutes"
    ROUTE_SHEET = "route_sheet"


class Letterhead(SQLModel, table=True):
    """What stands at the head and the foot of a branch's letters, and how they are numbered.

    `contact` is how people outside reach the office: its telephone, its e-mail address.
    `number_pattern` holds `{number}`, `{month}` (Roman) and `{year}`, and any text between.
    """

    branch_id: int = Field(primary_key=True, foreign_key="branch.id")
    office: str
    address: str = ""
    contact: str = ""
    place: str
    signer_name: str
    signer_position: str
    signer_number: str = ""
    number_pattern: str
    version: int = 1


class Paper(SQLModel, table=True):
    """A paper that was made; `subject` names what it is about, so that a reprint finds it.

    `fingerprint` is the SHA-256 of what the plan says now about the subject: where it differs from
    the one kept here the paper is out of date. `content` is what was printed. `set_aside_at` tells
    since when a paper about what does not stand any more needs nobody.
    """

    __table_args__ = (
        CheckConstraint("sequence > 0", name="sequence_positive"),
        Index("uq_paper_number", "branch_id", "kind", "year", "sequence", unique=True),
        Index("uq_paper_subject", "kind", "subject", unique=True),
    )
    id: int | None = Field(default=None, primary_key=True)
    branch_id: int = Field(foreign_key="branch.id", index=True)
    stage_id: int = Field(foreign_key="stage.id", index=True)
    kind: PaperKind = Field(sa_type=words(PaperKind))
    subject: str
    team_id: int | None = Field(default=None, foreign_key="team.id")
    visit_id: int | None = Field(default=None, foreign_key="visit.id")
    first_day: date
    last_day: date
    year: int
    sequence: int
    number: str
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    fingerprint: str
    made_by: int = Field(foreign_key="account.id")
    made_at: datetime
    printed_at: datetime
    edition: int = 1
    set_aside_at: datetime | None = None


class PaperSeries(SQLModel, table=True):
    """The last number given out for a kind of paper of a branch in a year.

    Whoever gives out numbers holds this row until the papers are stored: so there is no gap and
    no number twice.
    """

    __tablename__ = "paper_series"
    branch_id: int = Field(primary_key=True, foreign_key="branch.id")
    kind: PaperKind = Field(primary_key=True, sa_type=words(PaperKind))
    year: int = Field(primary_key=True)
    last: int = 0


class CalendarOwner(StrEnum):
    """Whose visits a calendar shows."""

    TEAM = "team"
    VILLAGE = "village"


class CalendarAddress(SQLModel, table=True):
    """How often the address of a calendar was made anew; without a row it is the first one.

    The address is signed with this number and never stored: a new number ends the old address.
    """

    __tablename__ = "calendar_address"
    owner: CalendarOwner = Field(primary_key=True, sa_type=words(CalendarOwner))
    key: str = Field(primary_key=True, max_length=16)
    number: int = 0
    renewed_at: datetime
    renewed_by: int = Field(foreign_key="account.id")

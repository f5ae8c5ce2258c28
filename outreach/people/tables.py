"""Storage of branches, teams, officials and accounts."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from outreach.db import CODE, words

_OPEN_ENROLMENT_SQL = text("used_at IS NULL AND withdrawn_at IS NULL")


class Role(StrEnum):
    """What a person does with the product."""

    OFFICIAL = "official"
    COORDINATOR = "coordinator"
    MANAGER = "manager"
    ADMIN = "admin"


class DeviceKind(StrEnum):
    """What program on a phone speaks for its official."""

    PAGE = "page"
    ODK = "odk"


class Branch(SQLModel, table=True):
    """A branch office (kantor cabang) and where its teams start from."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    regional_office: str
    base_village_code: str = Field(foreign_key="village.code", sa_type=CODE)
    version: int = 1
    is_demo: bool = False


class BranchRegency(SQLModel, table=True):
    """A regency that a branch serves; every regency has one branch at the most."""

    __tablename__ = "branch_regency"
    regency_code: str = Field(primary_key=True, foreign_key="regency.code", sa_type=CODE)
    branch_id: int = Field(foreign_key="branch.id", index=True)


class Team(SQLModel, table=True):
    """A visiting team: where it starts, when it works, how much a day holds.

    `weekdays` are ISO weekday numbers, 1 for Monday to 7 for Sunday.
    """

    __table_args__ = (
        CheckConstraint("sessions_per_day BETWEEN 1 AND 3", name="sessions_per_day"),
        CheckConstraint("day_starts < day_ends", name="day_has_hours"),
        Index("uq_team_branch_name", "branch_id", "name", unique=True),
    )
    id: int | None = Field(default=None, primary_key=True)
    branch_id: int = Field(foreign_key="branch.id", index=True)
    name: str
    base_village_code: str = Field(foreign_key="village.code", sa_type=CODE)
    members: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    weekdays: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    sessions_per_day: int = 3
    day_starts: time = time(8)
    day_ends: time = time(17)
    phone: str = ""
    is_active: bool = True
    version: int = 1


class TeamLeave(SQLModel, table=True):
    """Days, both ends included, on which a team does not go out."""

    __tablename__ = "team_leave"
    __table_args__ = (CheckConstraint("starts <= ends", name="starts_before_it_ends"),)
    id: int | None = Field(default=None, primary_key=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    starts: date
    ends: date
    reason: str = ""


class Account(SQLModel, table=True):
    """A person who can log in; `password_stamp` changes with the password and ends old logins."""

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(unique=True)
    name: str
    role: Role = Field(sa_type=words(Role))
    password_hash: str
    password_stamp: str
    branch_id: int | None = Field(default=None, foreign_key="branch.id", index=True)
    is_active: bool = True
    is_demo: bool = False
    created_at: datetime
    version: int = 1


class AccountArea(SQLModel, table=True):
    """A region an account may see, by code prefix; the empty prefix is the whole nation."""

    __tablename__ = "account_area"
    account_id: int = Field(primary_key=True, foreign_key="account.id")
    code: str = Field(primary_key=True, sa_type=CODE)


class Official(SQLModel, table=True):
    """A village official (perangkat desa) who hosts sessions.

    `phone` and `email` are contact data; `term_ends` is the last day in office, if known.
    """

    id: int | None = Field(default=None, primary_key=True)
    village_code: str = Field(foreign_key="village.code", index=True, sa_type=CODE)
    name: str
    position: str
    phone: str = ""
    email: str = ""
    term_starts: date | None = None
    term_ends: date | None = None
    is_active: bool = True
    version: int = 1
    account_id: int | None = Field(default=None, foreign_key="account.id", unique=True)
    is_demo: bool = False


class Enrolment(SQLModel, table=True):
    """A one-time code that makes a phone an official's own; an official has one open at most.

    The code is signed with the installation's key and never stored. `tries` counts wrong
    signatures for this number; `sent_at` is when somebody last passed it on to the official.
    """

    __table_args__ = (
        CheckConstraint("tries >= 0", name="tries_not_negative"),
        Index(
            "uq_enrolment_open",
            "official_id",
            unique=True,
            sqlite_where=_OPEN_ENROLMENT_SQL,
            postgresql_where=_OPEN_ENROLMENT_SQL,
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    official_id: int = Field(foreign_key="official.id", index=True)
    issued_by: int = Field(foreign_key="account.id")
    issued_at: datetime
    expires_at: datetime
    tries: int = 0
    sent_at: datetime | None = None
    used_at: datetime | None = None
    withdrawn_at: datetime | None = None


class Device(SQLModel, table=True):
    """A phone that speaks for an official without a password, until it is withdrawn.

    Only the SHA-256 of its token is kept. `unsent` is how many reports it still held when it
    last spoke to us, `skew_seconds` how far its clock was ahead of ours then. One that is
    `behind_pin` is answered only when its own page asks: whatever is typed where addresses are
    typed leads to that page, which asks for the PIN.
    """

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    kind: DeviceKind = Field(default=DeviceKind.PAGE, sa_type=words(DeviceKind))
    token_hash: str = Field(unique=True)
    label: str = ""
    enrolled_at: datetime
    last_seen_at: datetime | None = None
    unsent: int | None = None
    skew_seconds: int | None = None
    behind_pin: bool = False
    revoked_at: datetime | None = None
    revoked_by: int | None = Field(default=None, foreign_key="account.id")


class ApiToken(SQLModel, table=True):
    """A program's right to read the figures of some regions, given by a person, until withdrawn.

    Only the SHA-256 of the token is kept. It reads what lies both in `areas` and in the area of
    `account_id` now: whoever gave it and sees less today gives less today.
    """

    __tablename__ = "api_token"
    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    name: str
    token_hash: str = Field(unique=True)
    areas: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    made_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: int | None = Field(default=None, foreign_key="account.id")

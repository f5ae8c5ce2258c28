"""Storage of the event log, of the days it was closed on, and of who was erased.

The database itself refuses to change or remove rows here (migrations 0008 and 0010). Columns are
never renamed and words never rewritten, for the digests of closed days are made of them.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class Deed(StrEnum):
    """What somebody did; `Event.about` is the number of what it was done to.

    What is done to a visit stands in its own history, links and answers too.
    """

    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    PHONE_CONNECTED = "phone_connected"  # an official's account
    PHONE_CUT_OFF = "phone_cut_off"  # a phone
    CODE_GIVEN = "code_given"  # an official
    CODE_WITHDRAWN = "code_withdrawn"  # an official
    ODK_KEY_GIVEN = "odk_key_given"  # an official
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an act, no password
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_CHANGED = "account_changed"
    RIGHTS_HELD = "rights_held"  # by an account until it was changed, in its own line
    LOGINS_ENDED = "logins_ended"  # of an account
    BRANCH_ADDED = "branch_added"
    BRANCH_CHANGED = "branch_changed"  # the regions are those it served until then
    TEAM_ADDED = "team_added"
    TEAM_CHANGED = "team_changed"  # the region is where it started until then
    OFFICIAL_ADDED = "official_added"
    OFFICIAL_CHANGED = "official_changed"  # the region is their village until then
    TOKEN_MADE = "token_made"  # noqa: S105 - as above
    TOKEN_WITHDRAWN = "token_withdrawn"  # noqa: S105 - as above
    PLAN_STARTED = "plan_started"  # a run
    PLAN_CANCELLED = "plan_cancelled"  # a run
    PLAN_HANDED_IN = "plan_handed_in"  # a submission
    PLAN_APPROVED = "plan_approved"  # a submission
    PLAN_SENT_BACK = "plan_sent_back"  # a submission
    PLAN_TAKEN_BACK = "plan_taken_back"  # a submission
    SHEET_APPLIED = "sheet_applied"  # an upload
    SHEET_UNDONE = "sheet_undone"  # an upload
    FILE_TAKEN = "file_taken"
    NUMBERS_SEEN = "numbers_seen"
    NUMBERS_TAKEN = "numbers_taken"
    TEAM_NUMBERS_SEEN = "team_numbers_seen"  # the regions are where the teams start; one by number
    TEAM_NUMBERS_TAKEN = "team_numbers_taken"  # as above
    DRILL_HELD = "drill_held"  # a restore was tried beside the database, and the copy is sound
    DRILL_FAILED = "drill_failed"
    RESTORED = "restored"  # a backup took the place of the database: later lines are gone
    DRILL_FOUND = "drill_found"  # one thing that spoke against it, before the line that it failed
    BACKUP_MADE = "backup_made"
    BACKUP_FAILED = "backup_failed"


#: Telephone numbers of officials stood on a page, or in a file.
OF_NUMBERS = (Deed.NUMBERS_SEEN, Deed.NUMBERS_TAKEN)
#: Telephone numbers of teams did.
OF_TEAM_NUMBERS = (Deed.TEAM_NUMBERS_SEEN, Deed.TEAM_NUMBERS_TAKEN)
#: A restore was tried.
OF_DRILLS = (Deed.DRILL_HELD, Deed.DRILL_FAILED)
#: A backup was made, or should have been.
OF_BACKUPS = (Deed.BACKUP_MADE, Deed.BACKUP_FAILED)


class Event(SQLModel, table=True):
    """One line of the log: who did what, with the role and branch of that time; numbers alone.

    `account_id` is empty where nobody is known, and points nowhere: what was done stays told when
    an account is erased. `regions` are dotted codes with a space before and behind each; `numbers`
    counts telephone numbers; `page` is the rule of an address or the name of a command. `deed` and
    `role` have no check: code of the version before may read the words of the next.
    """

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    deed: str = Field(index=True)
    account_id: int | None = Field(default=None, index=True)
    role: str = ""
    branch_id: int | None = None
    about: int | None = None
    regions: str = ""
    numbers: int = 0
    page: str = ""


class SealedDay(SQLModel, table=True):
    """A day (UTC) that is over, with the digest of all that was added since the day before.

    `last` is the number of the last row of each table that belongs to it, `lines` how many rows
    that are, `digest` the SHA-256 of the digest before and of these rows, in hexadecimal.
    """

    __tablename__ = "sealed_day"
    day: date = Field(primary_key=True)
    last: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    lines: int
    digest: str
    sealed_at: datetime


class ErasedRow(SQLModel, table=True):
    """A line of the ledger of erasures (`outreach.safekeeping.erasures`): numbers of rows only.

    It points nowhere: in a backup from before, that is what has to be erased again.
    """

    __tablename__ = "erasure"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    installation: str
    official_id: int | None = None
    account_id: int | None = None

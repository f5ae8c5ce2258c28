"""Storage of uploaded spreadsheets between reading, applying and undoing."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column
from sqlmodel import Field, SQLModel

import outreach.visits.tables  # noqa: F401 - its keys point there, whoever imports it first
from outreach.db import words


class SheetKind(StrEnum):
    """What the rows of a spreadsheet are."""

    PLAN = "plan"
    TEAMS = "teams"
    OFFICIALS = "officials"
    MARKET_DAYS = "market_days"
    CLOSED_PERIODS = "closed_periods"
    VULNERABLE = "vulnerable"
    MEMBERS = "members"
    LEDGER = "ledger"
    SPONSORSHIPS = "sponsorships"


class UploadState(StrEnum):
    """How far an uploaded spreadsheet has come."""

    STAGED = "staged"
    APPLIED = "applied"
    UNDONE = "undone"
    DISCARDED = "discarded"


class Upload(SQLModel, table=True):
    """A spreadsheet that was read: every row with what is wrong with it, nothing written yet.

    `rows` keeps each row as given, with its problems; `changes` what applying would do, in the
    form its kind reads; `undo` what takes it back. accepted + refused = number of rows.
    """

    __table_args__ = (
        CheckConstraint("accepted >= 0 AND refused >= 0", name="counts_not_negative"),
    )
    id: int | None = Field(default=None, primary_key=True)
    kind: SheetKind = Field(sa_type=words(SheetKind))
    branch_id: int = Field(foreign_key="branch.id", index=True)
    stage_id: int | None = Field(default=None, foreign_key="stage.id", index=True)
    file_name: str
    uploaded_by: int = Field(foreign_key="account.id")
    uploaded_at: datetime
    state: UploadState = Field(default=UploadState.STAGED, sa_type=words(UploadState))
    rows: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    accepted: int = 0
    refused: int = 0
    changes: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    undo: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    settled_at: datetime | None = None
    version: int = 1

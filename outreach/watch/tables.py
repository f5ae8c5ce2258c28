"""Storage of the processes that run: each leaves a line every few seconds."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from outreach.db import EMPTY, words


class ProcessKind(StrEnum):
    """What a process is there for."""

    WEB = "web"
    WORKER = "worker"
    SWEEPER = "sweeper"


class WorkKind(StrEnum):
    """A kind of background work; each has a queue of its own, named by these words."""

    PLANNING = "planning"
    QUESTIONS = "questions"
    POST = "post"


class Heartbeat(SQLModel, table=True):
    """One process as it last told of itself; whoever ends as told takes the line away.

    `name` is unique among all machines while the process lives: kind, process number and host.
    `errors` counts what it and its children have logged as errors since it started.
    `queues` names, with commas, those that a worker serves; of a version that did not tell, none.
    `key_fingerprint` tells its `SECRET_KEY` apart from others; of such a version it is empty.
    """

    __table_args__ = (CheckConstraint("errors >= 0", name="errors_not_negative"),)
    name: str = Field(primary_key=True)
    kind: ProcessKind = Field(sa_type=words(ProcessKind))
    host: str
    version: str
    started_at: datetime
    seen_at: datetime = Field(index=True)
    errors: int = 0
    queues: str = Field(default="", sa_column_kwargs=EMPTY)
    key_fingerprint: str = Field(default="", sa_column_kwargs=EMPTY)

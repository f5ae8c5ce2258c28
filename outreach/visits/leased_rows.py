"""Rows that a worker holds for a while: claimed under a lease, fenced, settled, given back, buried.

The rows hold the truth, the queue carries only numbers. Every claim raises the fence, so that what
a worker still writes whose lease has run out changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, literal, or_, select, true, update

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

MOST_ATTEMPTS = 5

#: A row that was sent waits this long before it is sent again.
RESEND_AFTER = timedelta(seconds=5)

#: No more rows than this wait in a queue at a time, however many are ready. The queue of plans
#: holds as many as its workers take instead (`tasks.depth`).
MOST_SENT = 64

LONGEST_ERROR = 300

#: Kept as the error of a row whose last attempt ended without a word.
WORKER_LOST = "worker_lost"


class Failure(StrEnum):
    """What the last attempt at a row came to grief by, as people are told."""

    WORKER_LOST = "worker_lost"
    TOO_LONG = "too_long"
    NO_MEMORY = "no_memory"
    DATABASE = "database"
    BREAKS_A_RULE = "breaks_a_rule"
    FAULT = "fault"


#: By the kinds of errors with which `error_text` begins; every other is a fault of the product.
_FAILURES = {
    WORKER_LOST: Failure.WORKER_LOST,
    "SoftTimeLimitExceeded": Failure.TOO_LONG,
    "MemoryError": Failure.NO_MEMORY,
    "_ArrayMemoryError": Failure.NO_MEMORY,
    "OperationalError": Failure.DATABASE,
    "InternalError": Failure.DATABASE,  # among others a transaction that stood idle for too long
    "InterfaceError": Failure.DATABASE,
    "TimeoutError": Failure.DATABASE,
    "UnsoundPlan": Failure.BREAKS_A_RULE,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer a row, until somebody else claims it with a higher fence."""

    row_id: int
    fence: int
    attempts: int


@dataclass(frozen=True, slots=True)
class LeasedRows:
    """What workers do with the rows of one table.

    Attributes
    ----------
    table
        A table with `id`, `state`, `fence`, `attempts`, `lease_until`, `lease_lost_at`, `sent_at`,
        `finished_at` and `error`.
    states
        The words of `state`: ready, running, done, dead.
    only
        What must hold besides for a row to be sent, taken and written.
    whose
        Whom a row is for, in SQL: each of them is sent one in turn, so that the many rows of one
        never keep the few of another waiting.
    """

    table: Any
    states: Any
    only: ColumnElement[bool] = field(default_factory=true)
    whose: ColumnElement[Any] = field(default_factory=lambda: literal(0))

    def claim(
        self, db: Session, row_id: int, now: datetime, lease: timedelta, **begun: Any
    ) -> Claim | None:
        """Take a row that is ready, or whose worker's lease has run out, with the values `begun`.

        None tells that there is nothing to do: done, taken, dead, called off, or no such row.
        """
        table = self.table
        taken = (
            update(table)
            .where(table.id == row_id, self._is_due(now))
            .values(
                state=self.states.RUNNING,
                fence=table.fence + 1,
                attempts=table.attempts + 1,
                # When whoever held it lost it; else what was noted before.
                lease_lost_at=case(
                    (table.state == self.states.RUNNING, table.lease_until),
                    else_=table.lease_lost_at,
                ),
                lease_until=now + lease,
                **begun,
            )
            .returning(table.fence, table.attempts)
            .execution_options(synchronize_session=False)
        )
        row = db.execute(taken).first()
        return None if row is None else Claim(row_id, *row)

    def write(self, db: Session, held: Claim, **values: Any) -> bool:
        """Change what is held; False when it was called off, or claimed by somebody else since."""
        written = (
            update(self.table)
            .where(self.is_held(held))
            .values(**values)
            .returning(self.table.id)
            .execution_options(synchronize_session=False)
        )
        return db.execute(written).first() is not None

    def settle(self, db: Session, held: Claim, now: datetime, **answer: Any) -> bool:
        """Write the answer of what is held; False as in `write`."""
        return self.write(
            db,
            held,
            state=self.states.DONE,
            finished_at=now,
            lease_until=None,
            error="",
            **answer,
        )

    def fail(
        self,
        db: Session,
        held: Claim,
        error: BaseException,
        now: datetime,
        *,
        is_hopeless: bool = False,
    ) -> None:
        """Note that an attempt failed: the row is ready again, or dead after five attempts.

        When it is hopeless to try again, it is dead at once.
        """
        is_last = is_hopeless or held.attempts >= MOST_ATTEMPTS
        self.write(
            db,
            held,
            state=self.states.DEAD if is_last else self.states.READY,
            # The pause before the next attempt starts now, or five attempts last no second.
            sent_at=now,
            finished_at=now if is_last else None,
            lease_until=None,
            error=error_text(error),
        )

    def due(
        self,
        db: Session,
        now: datetime,
        resend_after: timedelta = RESEND_AFTER,
        most: int = MOST_SENT,
    ) -> list[int]:
        """Take the rows to send now, `most` of them, and note that they are sent.

        Those beyond help are buried, whatever there is to send. What was never sent goes before
        what is sent again.

        Several sweepers may ask at once: where the database can, each passes over what another has
        in hand; and a row sent twice is answered once.
        """
        self._bury(db, now)
        if most <= 0:
            return []
        table = self.table
        is_due = and_(
            self._is_due(now), or_(table.sent_at.is_(None), table.sent_at <= now - resend_after)
        )
        first = self._in_turn(db, is_due, most)
        # Asked again: whoever was quicker may have them in hand, or have sent them by now.
        mine = select(table.id).where(table.id.in_(first), is_due)
        taken = set(db.scalars(mine.order_by(table.id).with_for_update(skip_locked=True)))
        if taken:
            self._set(db, table.id.in_(taken), sent_at=now)
        return [row_id for row_id in first if row_id in taken]

    def _in_turn(self, db: Session, is_due: ColumnElement[bool], most: int) -> list[int]:
        """Find the first rows to send, one for each whom they are for, then another."""
        table = self.table
        turn = func.row_number().over(
            partition_by=self.whose, order_by=(table.sent_at.nulls_first(), table.id)
        )
        waiting = select(table.id, turn.label("turn")).where(is_due).subquery()
        query = select(waiting.c.id).order_by(waiting.c.turn, waiting.c.id).limit(most)
        return list(db.scalars(query))

    def _bury(self, db: Session, now: datetime) -> None:
        """Declare dead what ended in its last attempt without a word."""
        self._set(
            db,
            self.is_lost(now),
            state=self.states.DEAD,
            finished_at=now,
            error=WORKER_LOST,
            lease_lost_at=self.table.lease_until,
        )

    def _set(self, db: Session, where: ColumnElement[bool], **values: Any) -> None:
        changed = update(self.table).where(where).values(**values)
        db.execute(changed.execution_options(synchronize_session=False))

    def is_held(self, held: Claim) -> ColumnElement[bool]:
        """Say in SQL that a row is still held under the claim."""
        table = self.table
        return and_(
            table.id == held.row_id,
            table.state == self.states.RUNNING,
            table.fence == held.fence,
            self.only,
        )

    def is_lost(self, now: datetime) -> ColumnElement[bool]:
        """Say in SQL that the last attempt at a row ended without a word."""
        return and_(self.table.attempts >= MOST_ATTEMPTS, self._is_abandoned(now))

    def _is_due(self, now: datetime) -> ColumnElement[bool]:
        waits = or_(self.table.state == self.states.READY, self._is_abandoned(now))
        return and_(waits, self.table.attempts < MOST_ATTEMPTS, self.only)

    def _is_abandoned(self, now: datetime) -> ColumnElement[bool]:
        return and_(self.table.state == self.states.RUNNING, self.table.lease_until < now)


def error_text(error: BaseException) -> str:
    """Tell an error to people: its kind and first line, long numbers blotted out."""
    first = (str(error).splitlines() or [""])[0]
    return re.sub(r"\d{7,}", "…", f"{type(error).__name__}: {first}")[:LONGEST_ERROR]


def failure_of(error: str) -> Failure:
    """Tell by what a row failed, from its error as it was kept."""
    return _FAILURES.get(error.partition(":")[0], Failure.FAULT)

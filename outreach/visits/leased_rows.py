"""Rows that a worker holds for a while: claimed under a lease, fenced, settled, given back, buried.

The rows hold the truth, the queue carries only numbers. Every claim raises the fence, so that what
a worker still writes whose lease has run out changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select, update

from outreach.visits.batches import (
    MOST_ATTEMPTS,
    MOST_SENT,
    RESEND_AFTER,
    error_text,
    lost_lease,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement
    from sqlmodel import Session


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
    """

    table: Any
    states: Any

    def claim(
        self, db: Session, row_id: int, now: datetime, lease: timedelta, **begun: Any
    ) -> Claim | None:
        """Take a row that is ready, or whose worker's lease has run out, with the values `begun`.

        None tells that there is nothing to do: done, taken, dead, called off, or no such row.
        """
        table = self.table
        taken = (
            update(table)
            .where(table.id == row_id, table.attempts < MOST_ATTEMPTS, self._is_due(now))
            .values(
                state=self.states.RUNNING,
                fence=table.fence + 1,
                attempts=table.attempts + 1,
                lease_lost_at=lost_lease(table, table.state == self.states.RUNNING),
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
        table = self.table
        written = (
            update(table)
            .where(
                table.id == held.row_id,
                table.state == self.states.RUNNING,
                table.fence == held.fence,
            )
            .values(**values)
            .returning(table.id)
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

    def fail(self, db: Session, held: Claim, error: BaseException, now: datetime) -> None:
        """Note that an attempt failed: the row is ready again, or dead after five attempts."""
        is_last = held.attempts >= MOST_ATTEMPTS
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
        """Take the rows to send now and note that they are sent; those beyond help are buried.

        Several sweepers may ask at once; a row sent twice is answered once.
        """
        self._bury(db, now)
        if most <= 0:
            return []
        table = self.table
        waiting = (
            select(table.id)
            .where(
                self._is_due(now),
                table.attempts < MOST_ATTEMPTS,
                or_(table.sent_at.is_(None), table.sent_at <= now - resend_after),
            )
            .order_by(table.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        due = list(db.scalars(waiting))
        self._set(db, table.id.in_(due), sent_at=now)
        return due

    def _bury(self, db: Session, now: datetime) -> None:
        """Declare dead what ended in its last attempt without a word."""
        table = self.table
        is_lost = and_(
            table.attempts >= MOST_ATTEMPTS,
            table.state == self.states.RUNNING,
            table.lease_until < now,
        )
        self._set(
            db,
            is_lost,
            state=self.states.DEAD,
            finished_at=now,
            error="worker_lost",
            lease_lost_at=table.lease_until,
        )

    def _set(self, db: Session, where: ColumnElement[bool], **values: Any) -> None:
        changed = update(self.table).where(where).values(**values)
        db.execute(changed.execution_options(synchronize_session=False))

    def _is_due(self, now: datetime) -> ColumnElement[bool]:
        table = self.table
        return or_(
            table.state == self.states.READY,
            and_(table.state == self.states.RUNNING, table.lease_until < now),
        )

"""Forgets what stood in uploaded sheets: names and phones stay no longer than somebody needs them.

What was applied can be undone for a month; what nobody applied is discarded after a week. How many
rows there were, who sent them and when stays for good.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, or_, update
from sqlmodel import col

from outreach.sheets.tables import Upload, UploadState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

UNDO_DAYS = 30
WAITING_DAYS = 7
_NOTHING: dict[str, Any] = {"rows": [], "changes": [], "undo": []}


def can_be_undone(upload: Upload, now: datetime) -> bool:
    """Whether an upload was applied, and what takes it back is still kept."""
    if upload.state is not UploadState.APPLIED or upload.settled_at is None:
        return False
    return upload.settled_at > now - timedelta(days=UNDO_DAYS)


def forget_contents(upload: Upload) -> None:
    """Empty an upload that is over."""
    upload.rows, upload.changes, upload.undo = [], [], []


def forget_old(db: Session, now: datetime) -> int:
    """Discard what has waited too long, empty what is past undoing; return how many there were."""
    waiting = update(Upload).where(
        col(Upload.state) == UploadState.STAGED,
        col(Upload.uploaded_at) <= now - timedelta(days=WAITING_DAYS),
    )
    discarded = {"state": UploadState.DISCARDED, "settled_at": now}
    kept = (cast(col(getattr(Upload, name)), Text) != "[]" for name in _NOTHING)
    applied = update(Upload).where(
        col(Upload.state) == UploadState.APPLIED,
        col(Upload.settled_at) <= now - timedelta(days=UNDO_DAYS),
        or_(*kept),
    )
    later: dict[str, Any] = {"version": Upload.version + 1, **_NOTHING}
    done: list[Any] = [
        db.execute(waiting.values(**later, **discarded)),
        db.execute(applied.values(**later)),
    ]
    return sum(one.rowcount for one in done)

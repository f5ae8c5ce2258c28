"""An uploaded sheet on its way: staged with every row checked, applied as a whole, undone.

Nothing is written before all rows were read and checked, and applying checks them once more: what
a person saw is what happens, or nothing does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import defer
from sqlmodel import col, select

from outreach.campaigns.access import branch_regencies
from outreach.campaigns.stages import require_planner, stage_of
from outreach.errors import Conflict, NotFound
from outreach.people.edits import locked
from outreach.people.free_text import plain_file_name
from outreach.sheets.forgetting import UNDO_DAYS, can_be_undone, forget_contents
from outreach.sheets.keeping import change_of, keep_change, keep_row, row_of
from outreach.sheets.kinds import Context
from outreach.sheets.reading import UNKNOWN
from outreach.sheets.registry import KINDS
from outreach.sheets.tables import Upload, UploadState
from outreach.visits.question import local_day
from outreach.visits.runs import lock_branch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.sheets.kinds import Change, Column, Kind, Row
    from outreach.sheets.reading import Sheet

    #: Rows to keep, and what the accepted ones would change.
    type Checked = tuple[list[dict[str, Any]], list[Change]]

LONGEST_NAME = 120


def context_of(
    db: Session, by: Person, branch_id: int, *, now: datetime, stage_id: int | None = None
) -> Context:
    """Gather what sheets are read in; lets only those in who plan for the branch.

    Raises
    ------
    NotFound, NotAllowed
        If the branch or the stage is not the person's, or the person plans nothing.
    """
    require_planner(db, branch_id, by)
    regencies = branch_regencies(db, branch_id)
    return Context(by, branch_id, regencies, now, local_day(db, branch_id, now), stage_id)


def context_of_stage(db: Session, by: Person, stage_id: int, *, now: datetime) -> Context:
    """Gather the same for the sheets of a stage.

    Raises
    ------
    NotFound, NotAllowed
        As `context_of` has them.
    """
    branch_id = stage_of(db, by, stage_id).branch_id
    return context_of(db, by, branch_id, now=now, stage_id=stage_id)


def context_of_upload(db: Session, by: Person, upload: Upload, *, now: datetime) -> Context:
    """Gather the same for an upload that was staged."""
    return context_of(db, by, upload.branch_id, now=now, stage_id=upload.stage_id)


def check_sheet(db: Session, kind: Kind, sheet: Sheet, file_name: str, ctx: Context) -> Upload:
    """Check every row of a sheet that was read; return it, with what applying would change.

    Nothing is written: checking may take a while, and nobody should have to wait for it.
    """
    upload = Upload(
        kind=kind.kind,
        branch_id=ctx.branch_id,
        stage_id=ctx.stage_id if kind.is_of_stage else None,
        file_name=plain_file_name(file_name, LONGEST_NAME),
        uploaded_by=ctx.by.account_id,
        uploaded_at=ctx.now,
    )
    _note(upload, check_rows(db, kind, sheet.rows, ctx))
    return upload


def keep_sheet(db: Session, upload: Upload) -> Upload:
    """Keep a sheet that was checked."""
    db.add(upload)
    db.flush()
    return upload


def upload_of(db: Session, by: Person, upload_id: int) -> Upload:
    """Read an upload of the person's branch.

    Raises
    ------
    NotFound, NotAllowed
        If it is missing or another branch's, or the person plans nothing.
    """
    upload = db.get(Upload, upload_id)
    if upload is None:
        raise NotFound(kind="Upload", id=upload_id)
    require_planner(db, upload.branch_id, by)
    return upload


def check_again(db: Session, upload: Upload, ctx: Context) -> Checked:
    """Check the rows of an upload against what stands now; nothing is written."""
    kind = KINDS[upload.kind]
    columns = kind.columns(db, ctx)
    rows = [row_of(kept, columns, afresh=True) for kept in upload.rows]
    return check_rows(db, kind, rows, ctx)


def keep_check(db: Session, upload_id: int, version: int, checked: Checked) -> Upload:
    """Keep the new difference of a staged upload.

    Raises
    ------
    Conflict
        If it is not waiting any more.
    """
    upload = _waiting(db, upload_id, version, UploadState.STAGED)
    _note(upload, checked)
    upload.version += 1
    return upload


def apply_upload(db: Session, upload_id: int, version: int, ctx: Context) -> Upload:
    """Write what the upload's accepted rows change, all of it or nothing.

    Of its rows the refused ones stay, for somebody has to correct them.

    Raises
    ------
    Conflict
        `problem="sheet_is_stale"` with `rows`, if these would do something else than was shown;
        or it is not waiting any more.
    """
    upload = _waiting(db, upload_id, version, UploadState.STAGED)
    # Rows that are still to be made cannot be locked, nor counts that nobody has told yet.
    lock_branch(db, upload.branch_id)
    kind = KINDS[upload.kind]
    columns = kind.columns(db, ctx)
    changes = _still_true(db, kind, upload, columns, ctx)
    upload.undo = kind.apply(db, changes, ctx)
    upload.rows = [row for row in upload.rows if row["problems"]]
    _settle(upload, UploadState.APPLIED, ctx)
    return upload


def undo_upload(db: Session, upload_id: int, version: int, ctx: Context) -> Upload:
    """Take back what an applied upload changed, all of it or nothing.

    Raises
    ------
    Conflict
        `problem="changed_since"` with `rows`, if something of it was changed since;
        `problem="too_old_to_undo"`.
    """
    upload = _waiting(db, upload_id, version, UploadState.APPLIED)
    if not can_be_undone(upload, ctx.now):
        raise Conflict(problem="too_old_to_undo", days=UNDO_DAYS)
    lock_branch(db, upload.branch_id)
    KINDS[upload.kind].undo(db, upload.undo, ctx)
    forget_contents(upload)
    _settle(upload, UploadState.UNDONE, ctx)
    return upload


def discard_upload(db: Session, upload_id: int, version: int, ctx: Context) -> Upload:
    """Put a staged upload away; what stood in its rows is not kept.

    Raises
    ------
    Conflict
        If it is not waiting any more.
    """
    upload = _waiting(db, upload_id, version, UploadState.STAGED)
    forget_contents(upload)
    _settle(upload, UploadState.DISCARDED, ctx)
    return upload


def rows_of(upload: Upload, columns: Sequence[Column]) -> list[Row]:
    """Read the rows of an upload, refused ones with their problems."""
    return [row_of(kept, columns) for kept in upload.rows]


def changes_of(upload: Upload, columns: Sequence[Column]) -> list[Change]:
    """Read what applying an upload would change, or has changed."""
    return [change_of(kept, columns) for kept in upload.changes]


def unknown_headers(upload: Upload) -> list[str]:
    """List the headers of an upload that its kind does not have."""
    given = upload.rows[0]["given"] if upload.rows else {}
    return [name.removeprefix(UNKNOWN) for name in given if name.startswith(UNKNOWN)]


def list_uploads(db: Session, ctx: Context, *, most: int = 50) -> list[Upload]:
    """List the latest uploads of the stage, or of the branch without a stage, without their rows.

    The rows are left to whoever opens one: they may be many.
    """
    query = select(Upload).where(Upload.branch_id == ctx.branch_id)
    query = query.where(col(Upload.stage_id) == ctx.stage_id)
    query = query.order_by(col(Upload.id).desc()).limit(most)
    whole = (defer(col(column)) for column in (Upload.rows, Upload.changes, Upload.undo))  # type: ignore[arg-type]
    return list(db.exec(query.options(*whole)))


def check_rows(db: Session, kind: Kind, rows: Sequence[Row], ctx: Context) -> Checked:
    """Check the rows that could be read; return all rows to keep, and the changes."""
    found = {row.number: len(row.problems) for row in rows}
    changes = kind.check(db, [row for row in rows if not row.is_refused], ctx)
    refused = {row.number for row in rows if row.is_refused}
    kept = [keep_row(row, found[row.number]) for row in rows]
    return kept, [change for change in changes if change.row not in refused]


def _note(upload: Upload, checked: Checked) -> None:
    rows, changes = checked
    upload.rows = rows
    upload.changes = [keep_change(change) for change in changes]
    upload.refused = sum(bool(row["problems"]) for row in rows)
    upload.accepted = len(rows) - upload.refused


def _waiting(db: Session, upload_id: int, version: int, state: UploadState) -> Upload:
    upload = locked(db, Upload, upload_id)
    if upload.state is not state:
        raise Conflict(problem="upload_settled", state=upload.state.value)
    if upload.version != version:
        raise Conflict(problem="changed_meanwhile")
    return upload


def _still_true(
    db: Session, kind: Kind, upload: Upload, columns: Sequence[Column], ctx: Context
) -> list[Change]:
    """Check the accepted rows once more and see that they change what they were shown to."""
    rows = [row_of(kept, columns) for kept in upload.rows if not kept["problems"]]
    changes = kind.check(db, rows, ctx)
    fresh = _told([keep_change(change) for change in changes])
    stale = {row.number for row in rows if row.is_refused}
    stale |= {int(line["row"]) for line in map(json.loads, fresh ^ _told(upload.changes))}
    if stale:
        raise Conflict(problem="sheet_is_stale", rows=sorted(stale))
    return changes


def _told(changes: Sequence[dict[str, Any]]) -> set[str]:
    return {json.dumps(change, sort_keys=True) for change in changes}


def _settle(upload: Upload, state: UploadState, ctx: Context) -> None:
    upload.state, upload.settled_at = state, ctx.now
    upload.version += 1

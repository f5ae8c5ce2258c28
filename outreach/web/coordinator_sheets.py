"""Spreadsheets both ways: downloaded, edited in Excel, uploaded, looked at, applied, undone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.campaigns.campaigns import campaign_of
from outreach.campaigns.stages import stage_of
from outreach.campaigns.tables import Status
from outreach.errors import Conflict, Invalid, NotFound
from outreach.history.tables import Deed
from outreach.people.tables import Account, Branch, Role
from outreach.sheets.forgetting import UNDO_DAYS, can_be_undone
from outreach.sheets.reading import read_sheet
from outreach.sheets.registry import KINDS
from outreach.sheets.staging import (
    apply_upload,
    changes_of,
    check_again,
    check_sheet,
    context_of,
    context_of_stage,
    context_of_upload,
    discard_upload,
    keep_check,
    keep_sheet,
    list_uploads,
    rows_of,
    undo_upload,
    unknown_headers,
    upload_of,
)
from outreach.sheets.tables import SheetKind, Upload, UploadState
from outreach.sheets.writing import error_workbook, text_file, workbook
from outreach.web.auth import person
from outreach.web.coordinator_pages import now, pages, planners_stage, today
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import version_of
from outreach.web.history import tell
from outreach.web.routing import allow
from outreach.web.sheet_numbers import bases_of, tell_of_moved, tell_of_sheet, with_numbers
from outreach.web.sheet_phrases import ABOUT
from outreach.web.sheet_words import (
    changes_with_warnings,
    error_words,
    file_trouble,
    refused_rows,
    shown_changes,
)
from outreach.web.words import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.sheets.kinds import Column, Context, Kind, Value

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
#: Stands in the sheet itself, so it is Indonesian.
_NOTE = "Ubah lembar pertama, simpan, lalu unggah kembali. Baris yang dihapus tetap seperti semula."
#: More than these a page does not show; the sheet has them all.
MOST_SHOWN = 500


@pages.get("/stages/<int:stage_id>/sheet")
@allow(Role.COORDINATOR)
def stage_sheet_page(stage_id: int) -> ResponseReturnValue:
    """Show how the plan of a stage goes to Excel and back."""
    return _stage_page(stage_id)


@pages.get("/stages/<int:stage_id>/plan.xlsx")
@allow(Role.COORDINATOR)
def plan_workbook(stage_id: int) -> ResponseReturnValue:
    """Send the plan of a stage as a workbook."""
    return _plan_file(stage_id, "xlsx")


@pages.get("/stages/<int:stage_id>/plan.csv")
@allow(Role.COORDINATOR)
def plan_text(stage_id: int) -> ResponseReturnValue:
    """Send the plan of a stage as CSV."""
    return _plan_file(stage_id, "csv")


@pages.post("/stages/<int:stage_id>/sheet")
@allow(Role.COORDINATOR)
def upload_plan(stage_id: int) -> ResponseReturnValue:
    """Take an edited plan in: every row is checked, nothing is changed yet."""
    with reading_db() as db:
        ctx = context_of_stage(db, person(), stage_id, now=now())
    try:
        return _taken_in(KINDS[SheetKind.PLAN], ctx)
    except Invalid as error:
        return _stage_page(stage_id, file_trouble(error)), error.status


@pages.get("/data")
@allow(Role.COORDINATOR)
def data() -> ResponseReturnValue:
    """List what the branch can bring in by spreadsheet, and what it has."""
    return _data_page()


@pages.get("/data/<kind>/template.xlsx")
@allow(Role.COORDINATOR)
def data_template(kind: str) -> ResponseReturnValue:
    """Send an empty sheet of a kind."""
    found = _kind(kind)
    with reading_db() as db:
        columns = found.columns(db, _own_context(db))
    return _file(workbook(found.title, columns, [], _NOTE), f"{found.title} kosong", "xlsx")


@pages.get("/data/<kind>/current.xlsx")
@allow(Role.COORDINATOR)
def data_workbook(kind: str) -> ResponseReturnValue:
    """Send what stands now as a workbook."""
    return _data_file(_kind(kind), "xlsx")


@pages.get("/data/<kind>/current.csv")
@allow(Role.COORDINATOR)
def data_text(kind: str) -> ResponseReturnValue:
    """Send what stands now as CSV."""
    return _data_file(_kind(kind), "csv")


@pages.post("/data/<kind>")
@allow(Role.COORDINATOR)
def upload_data(kind: str) -> ResponseReturnValue:
    """Take a sheet in: every row is checked, nothing is changed yet."""
    found = _kind(kind)
    with reading_db() as db:
        ctx = _own_context(db)
    try:
        return _taken_in(found, ctx)
    except Invalid as error:
        return _data_page(found.kind, file_trouble(error)), error.status


@pages.get("/uploads/<int:upload_id>")
@allow(Role.COORDINATOR)
def upload(upload_id: int) -> ResponseReturnValue:
    """Show what came in: counts, refused rows, the difference."""
    return _upload_page(upload_id)


@pages.get("/uploads/<int:upload_id>/errors.xlsx")
@allow(Role.COORDINATOR)
def upload_errors(upload_id: int) -> ResponseReturnValue:
    """Send the rows back as they came, with what is wrong in the last column."""
    with reading_db() as db:
        found = upload_of(db, person(), upload_id)
        kind, columns = KINDS[found.kind], _columns(db, found)
        rows = rows_of(found, columns)
        words = error_words(db, rows, columns)
    shown = (row.values for row in rows if row.values.get("phone"))
    tell_of_sheet(found.kind, shown, taken=True)
    return _file(
        error_workbook(kind.title, columns, rows, words), f"{kind.title} kesalahan", "xlsx"
    )


@pages.post("/uploads/<int:upload_id>/apply")
@allow(Role.COORDINATOR)
def apply_sheet(upload_id: int) -> ResponseReturnValue:
    """Write what the accepted rows change, all of it or nothing.

    The version of the form stands for the difference that was seen, and for its warnings.
    """
    with reading_db() as db:
        found = upload_of(db, person(), upload_id)
        columns = _columns(db, found)
        has_warnings = changes_with_warnings(changes_of(found, columns)) > 0
        is_waiting = found.state is UploadState.STAGED
    if is_waiting and has_warnings and request.form.get("despite") != "on":
        words = _("Nothing is applied yet: please look at the warnings and tick the box.")
        return _upload_page(upload_id, words), 409
    return _settled(
        upload_id, apply_upload, _("Applied. You can undo it on this page."), Deed.SHEET_APPLIED
    )


@pages.post("/uploads/<int:upload_id>/undo")
@allow(Role.COORDINATOR)
def undo_sheet(upload_id: int) -> ResponseReturnValue:
    """Take back what an upload changed, all of it or nothing."""
    return _settled(
        upload_id, undo_upload, _("Undone: everything is as it was before."), Deed.SHEET_UNDONE
    )


@pages.post("/uploads/<int:upload_id>/discard")
@allow(Role.COORDINATOR)
def discard_sheet(upload_id: int) -> ResponseReturnValue:
    """Put a sheet away that was not applied."""
    return _settled(upload_id, discard_upload, _("Discarded. Nothing was changed."))


@pages.post("/uploads/<int:upload_id>/check")
@allow(Role.COORDINATOR)
def check_upload(upload_id: int) -> ResponseReturnValue:
    """Check a sheet again against what stands now."""
    with reading_db() as db:
        found = upload_of(db, person(), upload_id)
        checked = check_again(db, found, context_of_upload(db, person(), found, now=now()))

    def keep(db: Session, of: int, version: int, _ctx: Context) -> Upload:
        return keep_check(db, of, version, checked)

    return _settled(upload_id, keep, _("Checked again. Here is the difference as of now."))


def _settled(
    upload_id: int,
    how: Callable[[Session, int, int, Context], Upload],
    words: str,
    deed: Deed | None = None,
) -> ResponseReturnValue:
    try:
        with writing_db() as db:
            found = upload_of(db, person(), upload_id)
            bases = bases_of(db, found)
            how(
                db,
                upload_id,
                version_of(request.form),
                context_of_upload(db, person(), found, now=now()),
            )
            if deed:
                tell(db, deed, upload_id)
                tell_of_moved(db, found, bases)
    except Conflict as error:
        return _upload_page(upload_id, sentence(error)), error.status
    flash(words)
    return redirect(url_for("coordinator.upload", upload_id=upload_id), 303)


def _taken_in(kind: Kind, ctx: Context) -> ResponseReturnValue:
    """Read and check the file that was sent while others go on working, then keep it."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid(problems={"file": ["missing"]})
    with reading_db() as db:
        columns = kind.columns(db, ctx)
    sheet = read_sheet(sent.read(), kind.title, columns, kind.key)
    with reading_db() as db:
        checked = check_sheet(db, kind, sheet, sent.filename, ctx)
    with writing_db() as db:
        made = keep_sheet(db, checked)
    return redirect(url_for("coordinator.upload", upload_id=made.id), 303)


def _stage_page(stage_id: int, trouble: str = "") -> str:
    with reading_db() as db:
        stage = planners_stage(db, stage_id)
        ctx = context_of_stage(db, person(), stage_id, now=now())
        return render_template(
            "coordinator/sheet_plan.html",
            stage=stage,
            campaign=campaign_of(db, person(), stage.campaign_id),
            is_open=stage.status is Status.OPENED,
            uploads=list_uploads(db, ctx),
            trouble=trouble,
        )


def _data_page(wrong: SheetKind | None = None, trouble: str = "") -> str:
    with reading_db() as db:
        ctx = _own_context(db)
        return render_template(
            "coordinator/sheet_data.html",
            branch=db.get_one(Branch, ctx.branch_id),
            kinds=[one for one in KINDS.values() if not one.is_of_stage],
            about=ABOUT,
            uploads=list_uploads(db, ctx),
            wrong=wrong,
            trouble=trouble,
        )


def _upload_page(upload_id: int, trouble: str = "") -> str:
    with reading_db() as db:
        found = upload_of(db, person(), upload_id)
        columns = _columns(db, found)
        changes = changes_of(found, columns)
        rows = rows_of(found, columns)
        stage = stage_of(db, person(), found.stage_id) if found.stage_id else None
        tell_of_sheet(found.kind, with_numbers(rows, changes))
        return render_template(
            "coordinator/sheet_upload.html",
            upload=found,
            sender=db.get_one(Account, found.uploaded_by).name,
            can_be_undone=can_be_undone(found, now()),
            undo_days=UNDO_DAYS,
            stage=stage,
            trouble=trouble,
            refused=refused_rows(db, rows, columns)[:MOST_SHOWN],
            changes=shown_changes(db, changes[:MOST_SHOWN], columns),
            count=len(changes),
            warned=changes_with_warnings(changes),
            to_tell=_to_tell(changes),
            unknown=unknown_headers(found),
        )


def _columns(db: Session, upload: Upload) -> tuple[Column, ...]:
    ctx = context_of_upload(db, person(), upload, now=now())
    return KINDS[upload.kind].columns(db, ctx)


def _to_tell(changes: Sequence[Any]) -> int:
    """Count the villages that know a time which would change."""
    codes: set[str] = set()
    for change in changes:
        for note in change.notes:
            if note.code == "village_is_told":
                codes.add(str(change.facts.get("code")))
            if note.code == "told_would_move":
                codes.update(note.facts["villages"])
    return len(codes)


def _kind(name: str) -> Kind:
    """Find a kind of the branch's data by its name in an address.

    Raises
    ------
    NotFound
        If there is none.
    """
    found = KINDS.get(SheetKind(name)) if name in set(SheetKind) else None
    if found is None or found.is_of_stage:
        raise NotFound(kind="SheetKind", name=name)
    return found


def _own_context(db: Session) -> Context:
    branch_id = person().branch_id
    if branch_id is None:
        raise NotFound(kind="Branch")
    return context_of(db, person(), branch_id, now=now())


def _plan_file(stage_id: int, ending: str) -> Response:
    kind = KINDS[SheetKind.PLAN]
    with reading_db() as db:
        stage = planners_stage(db, stage_id)
        ctx = context_of_stage(db, person(), stage_id, now=now())
        columns, rows = kind.columns(db, ctx), kind.current(db, ctx)
    return _written(kind, columns, rows, f"{kind.title} {stage.name}", ending)


def _data_file(kind: Kind, ending: str) -> Response:
    with reading_db() as db:
        ctx = _own_context(db)
        columns, rows = kind.columns(db, ctx), kind.current(db, ctx)
    tell_of_sheet(kind.kind, (row for row in rows if row.get("phone")), taken=True)
    return _written(kind, columns, rows, kind.title, ending)


def _written(
    kind: Kind,
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Value]],
    name: str,
    ending: str,
) -> Response:
    if ending == "csv":
        return _file(text_file(columns, rows), name, ending)
    return _file(workbook(kind.title, columns, rows, _NOTE), name, ending)


def _file(content: bytes, name: str, ending: str) -> Response:
    """Send a file under a name that every system takes, with the day in it."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "data"
    answer = Response(content, mimetype=None, content_type=CSV if ending == "csv" else XLSX)
    day = today().isoformat()
    answer.headers["Content-Disposition"] = f'attachment; filename="{plain}-{day}.{ending}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer

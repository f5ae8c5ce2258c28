"""Reports on paper: the form to print, its code to type or scan, and typing in what stands on it.

A form's report has an id of its own, derived from the visit: typed in twice it is one report. What
contradicts a report that came by another way is kept beside it until the branch decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import BaseModel

from outreach.errors import Conflict, Invalid, NotFound
from outreach.logbook.comparing import says_the_same
from outreach.logbook.listing import current_report, report_of
from outreach.logbook.record import Met, SessionReportIn
from outreach.logbook.sending import Sending
from outreach.logbook.sync import Outcome, take_in
from outreach.logbook.tables import ReportSource
from outreach.papers.form_codes import code_of, find, key_of, report_id_of, shown_code
from outreach.papers.session_forms import TITLE, forms_of
from outreach.papers.typesetting import typeset_told
from outreach.visits.listing import visit_row
from outreach.visits.tables import Happening
from outreach.web.addresses import public_url
from outreach.web.auth import person
from outreach.web.coordinator_pages import now, today
from outreach.web.database import reading_db, running, writing_db
from outreach.web.forms import Filled, fill, read, refill
from outreach.web.official import REPORTERS, is_open, kept, refuse, report_form
from outreach.web.official import pages as official_pages
from outreach.web.paper_files import pdf_answer, plain_name
from outreach.web.routing import allow

if TYPE_CHECKING:
    from uuid import UUID

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.logbook.listing import ReportRow
    from outreach.visits.rows import VisitRow

pages = Blueprint("paper_reports", __name__)

ON_PAPER = Sending(source=ReportSource.PAPER)


class CodeIn(BaseModel):
    """The code of a form, as it was typed."""

    code: str = ""


@pages.get("/f")
@allow(*REPORTERS)
def type_code() -> ResponseReturnValue:
    """Ask for the code of a form, and go on to what stands on it."""
    code = read(CodeIn, request.args).code
    if not code:
        return render_template("official/form_code.html", form=Filled())
    try:
        return _to_form(code)
    except NotFound:
        wrong = Invalid(problems={"code": ["form_code_wrong"]})
        page = render_template("official/form_code.html", form=refill(request.args, wrong))
        return page, wrong.status


@pages.get("/f/<form_code>")
@allow(*REPORTERS)
def scanned(form_code: str) -> ResponseReturnValue:
    """Go from a scanned code to the form of its visit."""
    return _to_form(form_code)


def _to_form(code: str) -> ResponseReturnValue:
    with reading_db() as db:
        visit = find(db, person(), code, form_key())
    return redirect(url_for("official.paper_report", visit_id=visit.id), 303)


@official_pages.get("/visits/<int:visit_id>/form.pdf")
@allow(*REPORTERS)
def form_file(visit_id: int) -> ResponseReturnValue:
    """Give the form of one visit to print."""
    with reading_db() as db:
        visit = visit_row(db, person(), visit_id)
        told = forms_of(db, [visit], key=form_key(), public_url=public_url(), today=today())
    if not told:
        raise Conflict(problem="wrong_status", status=visit.work, wanted=Happening.REPORTED)
    name = plain_name(f"{TITLE} {visit.village} {visit.day}")
    return pdf_answer(typeset_told(told), f"{name}.pdf")


@official_pages.get("/visits/<int:visit_id>/paper")
@allow(*REPORTERS)
def paper_report(visit_id: int) -> ResponseReturnValue:
    """Show the form to type a paper in; what has been stored of the visit comes first."""
    with reading_db() as db:
        visit = visit_row(db, person(), visit_id)
        stored = current_report(db, person(), visit_id)
        typed_before = _typed_before(db, visit)
    if typed_before is not None:
        return _to_report(typed_before.id, "typed_before")
    if stored is not None and "differs" not in request.args:
        return render_template(
            "official/paper_beside.html", visit=visit, report=stored, code=_shown_code(visit)
        )
    return _page(visit, _as_printed(visit), stored)


def _as_printed(visit: VisitRow) -> Filled:
    """Fill in the plan that the paper bears; before its day the session was held at another one."""
    here = visit.zone.day(now())
    if visit.day > here:
        return fill(met=Met.HELD.value)
    return fill(met=Met.HELD.value, held_on=visit.day, held_at=visit.starts_at)


@official_pages.post("/visits/<int:visit_id>/paper")
@allow(*REPORTERS)
def save_paper_report(visit_id: int) -> ResponseReturnValue:
    """Store what stands on the paper; beside another report it is kept for the branch to decide."""
    with reading_db() as db:
        visit = visit_row(db, person(), visit_id)
        stored = current_report(db, person(), visit_id)
    try:
        report = _read(visit)
        if stored is not None and says_the_same(report, stored):
            return _to_report(stored.id, "same")
        with writing_db() as db:
            (answer,) = take_in(db, [report], person(), now(), ON_PAPER)
        if answer.outcome is Outcome.CONFLICT:
            return kept(visit, report, stored)
        if answer.stored_as:
            return _to_report(answer.stored_as, "same")
        refuse(answer)
    except (Conflict, Invalid) as error:
        return _page(visit, refill(request.form, error), stored), error.status
    return _to_report(answer.id, answer.outcome)


def _read(visit: VisitRow) -> SessionReportIn:
    """Read what was typed; the id is the form's, whatever the page says."""
    given = request.form.to_dict(flat=True)
    given |= {"visit_id": str(visit.id), "id": str(_report_id(visit)), "corrects_id": ""}
    return read(SessionReportIn, type(request.form)(given))


def _typed_before(db: Session, visit: VisitRow) -> ReportRow | None:
    """Find the report that was typed in from this form, corrected since or not."""
    try:
        return report_of(db, person(), str(_report_id(visit)))
    except NotFound:
        return None


def _to_report(report_id: str, saved: str) -> ResponseReturnValue:
    return redirect(url_for("official.report", report_id=report_id, saved=saved), 303)


def _page(visit: VisitRow, form: Filled, stored: ReportRow | None) -> str:
    closed = stored is None and not is_open(visit, Happening.REPORTED)
    return report_form(visit, form, stored=stored, code=_shown_code(visit), is_closed=closed)


def form_key() -> bytes:
    """Derive the key that makes the codes of forms."""
    return key_of(running().settings.secret)


def _shown_code(visit: VisitRow) -> str:
    return shown_code(code_of(visit.id, visit.village_code, form_key()))


def _report_id(visit: VisitRow) -> UUID:
    return report_id_of(visit.id, visit.village_code, form_key())

"""The official's pages: the next visits, the report of a session, what was stored of it."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for

from outreach.errors import Conflict, Invalid, NotAllowed, NotFound, OutreachError
from outreach.logbook.disputes import dispute_about
from outreach.logbook.evidence import evidence_of_visit
from outreach.logbook.listing import ReportRow, current_report, recent_reports, report_of
from outreach.logbook.record import Met, SessionReportIn, fingerprint, met_of
from outreach.logbook.sync import Answer, Outcome, take_in
from outreach.logbook.tables import Package, Payer, Sector
from outreach.papers.session_forms import HAS_FORM
from outreach.people.tables import Role
from outreach.people.teams import branches_of
from outreach.visits.lifecycle import MOVES
from outreach.visits.links import live_links
from outreach.visits.listing import next_visits, visit_row
from outreach.visits.returns import why_returned
from outreach.visits.reviewing import review_reasons
from outreach.visits.tables import Happening, Work
from outreach.web.addresses import link_address
from outreach.web.auth import person
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill
from outreach.web.report_words import FLAG_WORDS, KEPT_WORDS, kept_words, review_words
from outreach.web.routing import allow
from outreach.web.words import reason_words

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from outreach.visits.rows import VisitRow

pages = Blueprint("official", __name__, url_prefix="/my")

#: Lines for sign-ups that stand in the form without a script.
LINES = 4
COUNTS = ("men", "women", "signups", "paid")
#: What a correction starts from, beside the sign-ups by line.
TOLD = ("held_on", "held_at", "place", *COUNTS, "minutes", "remarks")
REPORTERS = (Role.OFFICIAL, Role.COORDINATOR)


@pages.get("")
@allow(Role.OFFICIAL)
def my_visits() -> ResponseReturnValue:
    """Show what is to be held and reported, and what was."""
    with reading_db() as db:
        coming = next_visits(db, person(), person().zone.day(_now()))
        returned = why_returned(db, [one.id for one in coming if one.work is Work.RETURNED])
        sent_back = review_reasons(db, [one.id for one in coming if one.work is Work.SENT_BACK])
        reports = recent_reports(db, person())
        branches = branches_of(db, {visit.team_id for visit in coming})
        links = live_links(db, [visit.id for visit in coming], _now())
    return render_template(
        "official/visits.html",
        visits=coming,
        reports=reports,
        days=_days_here(coming),
        branches=branches,
        returned={visit_id: reason_words(reason) for visit_id, reason in returned.items()},
        answers={visit_id: link_address(link) for visit_id, link in links.items()},
        sent_back=sent_back,
        has_form=HAS_FORM,
    )


def _days_here(visits: list[VisitRow]) -> dict[int, date]:
    """Today's date at each visit's village."""
    return {visit.id: visit.zone.day(_now()) for visit in visits}


@pages.get("/visits/<int:visit_id>/report")
@allow(*REPORTERS)
def new_report(visit_id: int) -> ResponseReturnValue:
    """Show the form of a session; if it has been reported, what was reported."""
    with reading_db() as db:
        visit = visit_row(db, person(), visit_id)
        stored = current_report(db, person(), visit_id)
    if stored is not None:
        return redirect(url_for("official.report", report_id=stored.id), 303)
    require_open(visit, Happening.REPORTED)
    here = visit.zone.day(_now())
    empty = fill(
        id=str(uuid.uuid4()),
        met=Met.HELD.value,
        held_on=min(visit.day, here),
        held_at=visit.starts_at,
    )
    return report_form(visit, empty)


@pages.get("/reports/<report_id>/correct")
@allow(*REPORTERS)
def correct_report(report_id: str) -> ResponseReturnValue:
    """Show the form again, filled with what was stored; saving it makes a new report."""
    with reading_db() as db:
        old = report_of(db, person(), report_id)
        visit = visit_row(db, person(), old.visit_id)
    if old.corrected_by is not None:
        return redirect(url_for("official.report", report_id=old.corrected_by), 303)
    require_open(visit, Happening.CORRECTED)
    return report_form(visit, _filled_from(old), corrects=old)


@pages.post("/visits/<int:visit_id>/report")
@allow(*REPORTERS)
def save_report(visit_id: int) -> ResponseReturnValue:
    """Store a report or a correction; the same form sent twice is stored once."""
    with reading_db() as db:
        visit = visit_row(db, person(), visit_id)
    try:
        given = {**request.form.to_dict(flat=True), "visit_id": str(visit_id)}
        report = read(SessionReportIn, type(request.form)(given))
        with writing_db() as db:
            (answer,) = take_in(db, [report], person(), _now())
            # Whoever sits here decides at once what of it is true: nothing is kept to be decided,
            # but for what only the branch can decide.
            if answer.reason not in KEPT_WORDS:
                refuse(answer)
    except Conflict as error:
        return _again(visit_id, error), error.status
    except Invalid as error:
        return report_form(visit, refill(request.form, error), _corrected()), error.status
    if answer.outcome is Outcome.CONFLICT:
        return kept(visit, report, None)
    stored_as = answer.stored_as or answer.id
    return redirect(url_for("official.report", report_id=stored_as, saved=answer.outcome), 303)


def kept(visit: VisitRow, report: SessionReportIn, stored: ReportRow | None) -> ResponseReturnValue:
    """Lead to what a report is kept as that does not count: a dispute, decided since or not.

    Who decides sees both reports side by side; an official what is stored, and what was decided.
    """
    with reading_db() as db:
        row = dispute_about(db, person(), str(report.id), fingerprint(report))
    if row is None:
        raise NotFound(report=str(report.id))
    if person().role is Role.COORDINATOR:
        return redirect(url_for("coordinator.dispute", dispute_id=row.id), 303)
    shown = row.taken_as or (stored and stored.id)
    if shown is None:
        return render_template(
            "official/kept.html", visit=visit, row=row, why=kept_words(row.reason)
        )
    saved = row.ruling.value if row.ruling else "beside"
    return redirect(url_for("official.report", report_id=shown, saved=saved), 303)


def _again(visit_id: int, error: Conflict) -> str:
    """Show what was typed again; where a report is stored, as the correction of it."""
    with reading_db() as db:
        visit = visit_row(db, person(), visit_id)
        stored = current_report(db, person(), visit_id)
    if stored is None or not is_open(visit, Happening.CORRECTED):
        return report_form(visit, refill(request.form, error), _corrected(), stored=stored)
    theirs = {name: getattr(stored, name) for name in COUNTS}
    beside = Conflict(**{**error.facts, "theirs": theirs})
    typed = refill(request.form, beside, id=str(uuid.uuid4()), corrects_id=stored.id)
    return report_form(visit, typed, stored, stored=stored)


def refuse(answer: Answer) -> None:
    """Turn an answer that stored nothing into the error that says so."""
    if answer.outcome in (Outcome.ACCEPTED, Outcome.DUPLICATE):
        return
    if answer.outcome is Outcome.REJECTED:
        if answer.reason == "not_found":
            raise NotFound(report=answer.id)
        if answer.reason == "not_allowed":
            raise NotAllowed(role=person().role)
        raise Invalid(problems=answer.problems)
    raise Conflict(problem=answer.reason)


@pages.get("/reports/<report_id>")
@allow(*REPORTERS, Role.MANAGER)
def report(report_id: str) -> ResponseReturnValue:
    """Show what is stored, read from the database and not from what was typed."""
    with reading_db() as db:
        stored = report_of(db, person(), report_id)
        visit = visit_row(db, person(), stored.visit_id)
        reasons = review_reasons(db, [visit.id]) if visit.work is Work.SENT_BACK else {}
        evidence = evidence_of_visit(db, person(), stored.visit_id)
    may_correct = stored.corrected_by is None and is_open(visit, Happening.CORRECTED)
    return render_template(
        "official/report.html",
        report=stored,
        visit=visit,
        evidence=evidence,
        review=review_words(stored),
        reason=reasons.get(visit.id, ""),
        saved=request.args.get("saved"),
        flags=[FLAG_WORDS[flag] for flag in stored.flags if flag in FLAG_WORDS],
        may_correct=may_correct,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def is_open(visit: VisitRow, happening: Happening) -> bool:
    """Whether the person may do this to a visit in its present status."""
    move = MOVES.get((visit.work, happening))
    return move is not None and person().role in move[1]


def require_open(visit: VisitRow, happening: Happening) -> None:
    """Refuse what the status of a visit does not allow.

    Raises
    ------
    Conflict
        `wrong_status`.
    """
    if not is_open(visit, happening):
        raise Conflict(problem="wrong_status", status=visit.work, wanted=happening)


def _corrected() -> ReportRow | None:
    """Find the stored report that the form wants to correct, if it can be seen."""
    report_id = request.form.get("corrects_id", "")
    try:
        with reading_db() as db:
            return report_of(db, person(), report_id) if report_id else None
    except OutreachError:
        return None


def _filled_from(old: ReportRow) -> Filled:
    lines: dict[str, Any] = {}
    for number, detail in enumerate(old.details):
        for name in ("sector", "package", "payer", "workers"):
            lines[f"details.{number}.{name}"] = getattr(detail, name)
    return fill(
        id=str(uuid.uuid4()),
        corrects_id=old.id,
        met=met_of(old.result).value,
        **{name: getattr(old, name) for name in TOLD},
        **lines,
    )


def report_form(
    visit: VisitRow,
    form: Filled,
    corrects: ReportRow | None = None,
    *,
    stored: ReportRow | None = None,
    code: str = "",
    is_closed: bool = False,
) -> str:
    """Show the form; with the code of a paper form it takes what stands on that.

    For a visit that `is_closed` to reports what is typed in is kept for the branch to decide.
    """
    numbers = [int(n) for name in form.values if (n := _line_number(name))]
    return render_template(
        "official/form.html",
        visit=visit,
        form=form,
        corrects=corrects,
        stored=stored,
        code=code,
        is_closed=is_closed,
        lines=max([LINES, *(number + 2 for number in numbers)]),
        has_details=bool(numbers),
        sectors=list(Sector),
        packages=list(Package),
        payers=list(Payer),
        met=list(Met),
    )


def _line_number(name: str) -> str:
    start, _, rest = name.partition(".")
    number = rest.partition(".")[0]
    return number if start == "details" and number.isdecimal() and len(number) < 3 else ""

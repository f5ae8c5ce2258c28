"""One visit: its facts, moved by hand with live warnings, its status, all that happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.campaigns.stages import stage_of
from outreach.campaigns.tables import Status
from outreach.errors import Conflict, Invalid, OutreachError
from outreach.logbook.answers_late import late_answers, late_answers_to_see
from outreach.logbook.evidence import evidence_of_visit
from outreach.logbook.listing import current_report
from outreach.messages.outbox import messages_of_visit
from outreach.people.free_text import Remark
from outreach.people.tables import Role
from outreach.people.teams import list_teams
from outreach.visits.answers import HEARD_BY
from outreach.visits.asking import TOLD
from outreach.visits.leave import without_team
from outreach.visits.lifecycle import (
    TELLS_THE_VILLAGE,
    allowed_moves,
    is_plan_approved,
    turn,
    visit_of,
)
from outreach.visits.listing import history, visit_row
from outreach.visits.moving import AFTER_A_MOVE, MoveIn, move_visit
from outreach.visits.refilling import is_refilled
from outreach.visits.returns import GIVES_BACK, GivenBack, end_visit, filler_of
from outreach.visits.swapping import may_swap, swap_visits
from outreach.visits.tables import Happening, Work
from outreach.web.auth import person
from outreach.web.coordinator_asking import asked_section
from outreach.web.coordinator_history import last_answer, told_lines
from outreach.web.coordinator_move import Ahead, MoveFormIn, Warned, ahead, warned
from outreach.web.coordinator_pages import READERS, filled_again, now, pages, today
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read
from outreach.web.late_words import said_words, why_words
from outreach.web.message_words import mail_words
from outreach.web.report_words import flags_in_words, further_facts
from outreach.web.routing import allow
from outreach.web.words import sentence, word

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.visits.rows import VisitRow
    from outreach.visits.tables import Visit

#: What a coordinator does to a visit by hand. Reports have a page of their own.
type ByHand = Literal[
    "asked",
    "confirmed",
    "postponed",
    "returned",
    "unreachable",
    "cancelled",
    "approved",
    "sent_back",
]
BY_HAND = tuple(map(Happening, ByHand.__value__.__args__))


#: Digits of a number that no table reaches.
LONGEST_ID = 10


class StatusIn(BaseModel):
    """What happened to a visit, as a coordinator types it in."""

    happening: ByHand
    remark: Remark = ""
    version: int = Field(ge=1, le=2**31 - 1)


class SwapIn(BaseModel):
    """Two visits that change places, and why."""

    other_id: int = Field(ge=1, le=2**31 - 1)
    version: int = Field(ge=1, le=2**31 - 1)
    other_version: int = Field(ge=1, le=2**31 - 1)
    reason: Remark = ""
    also_confirmed: bool = False


@pages.get("/visits/<int:visit_id>")
@allow(*READERS)
def visit(visit_id: int) -> ResponseReturnValue:
    """Show one visit."""
    return visit_page(visit_id)


@pages.get("/visits/<int:visit_id>/move/warnings")
@allow(Role.COORDINATOR)
def move_warnings(visit_id: int) -> ResponseReturnValue:
    """Tell what a move would break, while it is being chosen."""
    with reading_db() as db:
        visit_of(db, person(), visit_id)
    warnings, outlook = _looked_ahead(visit_id)
    answer = render_template(
        "coordinator/_move_warnings.html",
        warnings=warnings,
        outlook=outlook,
        move=Filled(),
        asked=True,
    )
    return answer, {"Cache-Control": "no-store"}


@pages.get("/visits/<int:visit_id>/move/drop")
@allow(Role.COORDINATOR)
def move_drop(visit_id: int) -> ResponseReturnValue:
    """Tell what dropping a visit there would break, with the form that moves it."""
    with reading_db() as db:
        row = visit_row(db, person(), visit_id)
        stage = stage_of(db, person(), row.stage_id)
        teams = {team.id: team.name for team in list_teams(db, stage.branch_id)}
        other = _swap_with(db, visit_id)
    warnings, outlook = _looked_ahead(visit_id)
    to = None if outlook is None else read(MoveIn, request.args)
    answer = render_template(
        "coordinator/_drop.html",
        visit=row,
        to=to,
        team=teams.get(to.team_id, "") if to else "",
        other=other,
        is_told=any(one.work in TOLD for one in (row, other) if one),
        warnings=warnings,
        outlook=outlook,
        move=Filled(),
        asked=True,
    )
    return answer, {"Cache-Control": "no-store"}


def _swap_with(db: Session, visit_id: int) -> VisitRow | None:
    """Read the visit it was dropped onto, if the two can change places."""
    onto = request.args.get("onto", "")
    if not (onto.isdecimal() and len(onto) < LONGEST_ID):
        return None
    one, other = visit_of(db, person(), visit_id), visit_of(db, person(), int(onto))
    return visit_row(db, person(), int(onto)) if may_swap(db, one, other, today()) else None


@pages.post("/visits/<int:visit_id>/swap")
@allow(Role.COORDINATOR)
def swap(visit_id: int) -> ResponseReturnValue:
    """Let two visits change places."""
    with reading_db() as db:
        row = visit_row(db, person(), visit_id)
    try:
        given = read(SwapIn, request.form)
        with writing_db() as db:
            both = [visit_of(db, person(), one) for one in (visit_id, given.other_id)]
            _require_reason(given.reason, *both)
            swap_visits(
                db,
                visit_id,
                given.other_id,
                versions=(given.version, given.other_version),
                by=person(),
                now=now(),
                reason=given.reason,
                also_confirmed=given.also_confirmed,
            )
    except (Invalid, Conflict) as error:
        flash(sentence(error), "error")
    else:
        flash(_("The two visits have changed places."))
    return redirect(url_for("coordinator.calendar", stage_id=row.stage_id, week=row.day), 303)


def _looked_ahead(visit_id: int) -> tuple[Warned, Ahead | None]:
    """Look at the move that the address asks about; without a start where there is none."""
    try:
        to = read(MoveIn, request.args)
        with reading_db() as db:
            return (
                warned(db, visit_id, to, by=person(), now=now()),
                ahead(db, visit_id, to, by=person()),
            )
    except Invalid:
        return Warned(impossible=(_("Choose a team, a day and a session."),)), None
    except Conflict as error:
        return Warned(impossible=(sentence(error),)), None


def _require_reason(reason: str, *visits: Visit) -> None:
    """Refuse a move without a reason where a village knows of its day, and has to read why."""
    if not reason and any(one.work in TOLD for one in visits):
        raise Invalid(problems={"reason": ["missing"]})


@pages.post("/visits/<int:visit_id>/move")
@allow(Role.COORDINATOR)
def move(visit_id: int) -> ResponseReturnValue:
    """Move a visit; what the move would break is shown first and has to be accepted."""
    try:
        given = read(MoveFormIn, request.form)
        with writing_db() as db:
            _require_reason(given.reason, visit_of(db, person(), visit_id))
            warnings = warned(db, visit_id, given, by=person(), now=now())
            if warnings.stops(given):
                return visit_page(visit_id, move=_kept(), warnings=warnings), 409
            move_visit(
                db,
                visit_id,
                given,
                version=given.version,
                by=person(),
                now=now(),
                reason=given.reason,
            )
    except (Invalid, Conflict) as error:
        return visit_page(visit_id, move=_again(visit_id, error)), error.status
    flash(_("The visit is moved."))
    if given.back:
        with reading_db() as db:
            stage_id = visit_row(db, person(), visit_id).stage_id
        return redirect(url_for("coordinator.calendar", stage_id=stage_id, week=given.day), 303)
    return redirect(url_for("coordinator.visit", visit_id=visit_id), 303)


@pages.post("/visits/<int:visit_id>/status")
@allow(Role.COORDINATOR)
def change_status(visit_id: int) -> ResponseReturnValue:
    """Note what happened to a visit."""
    try:
        given = read(StatusIn, request.form)
        happening = Happening(given.happening)
        with writing_db() as db:
            act = end_visit if happening in GIVES_BACK else turn
            done = act(
                db,
                visit_id,
                happening,
                version=given.version,
                by=person(),
                now=now(),
                reason=given.remark,
            )
    except (Invalid, Conflict) as error:
        return visit_page(visit_id, status=_status_again(visit_id, error)), error.status
    flash(_("Noted: %(what)s.", what=word(happening)))
    if isinstance(done, GivenBack) and done.filled:
        flash(_("Another village is proposed for its slot."))
    return redirect(url_for("coordinator.visit", visit_id=visit_id), 303)


def visit_page(
    visit_id: int,
    move: Filled | None = None,
    status: Filled | None = None,
    warnings: Warned | None = None,
    answer: Filled | None = None,
) -> str:
    """Show one visit; the forms as they were filled, if something was wrong with them."""
    with reading_db() as db:
        row = visit_row(db, person(), visit_id)
        stage = stage_of(db, person(), row.stage_id)
        facts = _visit_facts(db, row, stage)
    return render_template(
        "coordinator/visit.html",
        visit=row,
        stage=stage,
        answer=answer or fill(version=row.version),
        heard_by=[(one.value, word(one)) for one in HEARD_BY],
        mail_words=mail_words,
        move=move or _stored(row),
        status=status or fill(version=row.version),
        warnings=warnings or Warned(),
        is_told=row.work in TOLD,
        act_words=_act_words(),
        slots=[(n, _("Session %(number)s of the day", number=n)) for n in (1, 2, 3)],
        **facts,
    )


def _visit_facts(db: Session, row: VisitRow, stage: Stage) -> dict[str, Any]:
    """Gather what has to be read of a visit, and what may be done to it."""
    teams = list_teams(db, stage.branch_id)
    past = history(db, person(), row.id)
    report = current_report(db, person(), row.id)
    may_plan = person().role is Role.COORDINATOR and stage.status is not Status.CLOSED
    is_proposed = row.work is Work.PROPOSED
    awaits_plan = is_proposed and not is_plan_approved(db, row.stage_id)
    allowed = set(allowed_moves(row.work, person().role))
    allowed -= set(TELLS_THE_VILLAGE) if awaits_plan else set()
    return {
        "late_answers": [
            (one, said_words(one, row.zone), why_words(one))
            for one in late_answers(db, person(), row.id)
        ],
        "late_to_see": person().role is Role.COORDINATOR
        and late_answers_to_see(db, person(), today(), row.id),
        "lines": told_lines(past, {team.id: team.name for team in teams}),
        "report": report,
        "evidence": evidence_of_visit(db, person(), row.id) if report else [],
        "asked": asked_section(db, row, last_answer(past)) if may_plan else None,
        "flags": flags_in_words(report.flags) if report else [],
        "report_facts": further_facts(report, row) if report else [],
        "is_without_team": bool(without_team(db, stage.branch_id, [row])),
        "is_refilled": is_proposed and is_refilled(db, row.id),
        "filler": filler_of(db, person(), row),
        "messages": messages_of_visit(db, person(), row.id),
        "may_correct": Happening.CORRECTED in allowed,
        "may_plan": may_plan,
        "awaits_plan": awaits_plan,
        "may_move": may_plan and row.work in AFTER_A_MOVE,
        "acts": [one for one in BY_HAND if may_plan and one in allowed and not _typed(one, row)],
        "may_report": may_plan and Happening.REPORTED in allowed and row.day <= today(),
        "teams": [(t.id, t.name) for t in teams if t.is_active or t.id == row.team_id],
    }


def _typed(happening: Happening, row: VisitRow) -> bool:
    """Whether this is typed in as the village's answer, with the way by which it came."""
    return row.work is Work.AWAITING and happening is Happening.CONFIRMED


def _act_words() -> dict[str, str]:
    return {
        "asked": _("Official was asked"),
        "confirmed": _("Official has confirmed"),
        "postponed": _("Postpone"),
        "returned": _("The team returns it"),
        "unreachable": _("Nobody can be reached"),
        "cancelled": _("Cancel the visit"),
        "approved": _("Approve the report"),
        "sent_back": _("Send the report back"),
    }


def _stored(row: VisitRow) -> Filled:
    return fill(team_id=row.team_id, day=row.day, slot=row.slot, version=row.version)


def _kept() -> Filled:
    return Filled(values={name: request.form.getlist(name) for name in request.form})


def _again(visit_id: int, error: OutreachError) -> Filled:
    with reading_db() as db:
        return filled_again(error, visit_row(db, person(), visit_id))


def _status_again(visit_id: int, error: OutreachError) -> Filled:
    """Show the remark under the name of its field, whatever the room calls it."""
    problems: Any = error.facts.get("problems", {})
    if "reason" in problems:
        problems["remark"] = problems.pop("reason")
    return _again(visit_id, error)

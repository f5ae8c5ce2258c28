"""What the coordinator does about a village's answer: type it in, call in vain, handle its link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from pydantic import AwareDatetime, BaseModel, Field

from outreach.errors import Conflict, Invalid, OutreachError
from outreach.logbook.answers_late import note_late_answers
from outreach.people.free_text import Remark
from outreach.people.tables import Role
from outreach.visits.answers import AnswerIn, called_in_vain, typed_answer
from outreach.visits.asking import new_link, take_link_back
from outreach.visits.lifecycle import visit_of
from outreach.visits.listing import visit_row
from outreach.visits.tables import Channel
from outreach.web.auth import person
from outreach.web.coordinator_pages import filled_again, now, pages
from outreach.web.coordinator_visits import visit_page
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import read
from outreach.web.routing import allow
from outreach.web.words import sentence

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

type HeardBy = Literal["phone", "whatsapp", "email", "in_person", "letter"]


class HeardIn(AnswerIn):
    """An answer as the coordinator types it in."""

    channel: HeardBy
    version: int = Field(ge=1, le=2**31 - 1)


class CalledIn(BaseModel):
    """A call in vain."""

    channel: HeardBy
    reason: Remark = ""
    version: int = Field(ge=1, le=2**31 - 1)


class LinkIn(BaseModel):
    """What becomes of a link."""

    act: Literal["new", "withdraw"]


class NotedIn(BaseModel):
    """Up to which answer somebody has read what came too late."""

    until: AwareDatetime


@pages.post("/visits/<int:visit_id>/late-answers")
@allow(Role.COORDINATOR)
def note_late_answer(visit_id: int) -> ResponseReturnValue:
    """Note that the answers that came too late are read."""
    with reading_db() as db:
        visit_of(db, person(), visit_id)
    until = read(NotedIn, request.form).until
    with writing_db() as db:
        note_late_answers(db, person(), visit_id, until, now())
    return redirect(url_for("coordinator.visit", visit_id=visit_id), 303)


@pages.post("/visits/<int:visit_id>/answer")
@allow(Role.COORDINATOR)
def type_answer(visit_id: int) -> ResponseReturnValue:
    """Note what the village said, and by which way."""
    try:
        given = read(HeardIn, request.form)
        channel = Channel(given.channel)
        with writing_db() as db:
            by, version = person(), given.version
            typed_answer(db, visit_id, given, channel, by=by, now=now(), version=version)
    except (Invalid, Conflict) as error:
        return _again(visit_id, error)
    flash(_("The village's answer is noted."))
    return _back(visit_id)


@pages.post("/visits/<int:visit_id>/called")
@allow(Role.COORDINATOR)
def note_call(visit_id: int) -> ResponseReturnValue:
    """Note that nobody answered; the call comes back the day after."""
    try:
        given = read(CalledIn, request.form)
        with writing_db() as db:
            called_in_vain(
                db,
                visit_id,
                Channel(given.channel),
                by=person(),
                now=now(),
                version=given.version,
                remark=given.reason,
            )
    except (Invalid, Conflict) as error:
        return _again(visit_id, error)
    flash(_("Noted. The call comes back tomorrow."))
    return _back(visit_id)


@pages.post("/visits/<int:visit_id>/link")
@allow(Role.COORDINATOR)
def change_link(visit_id: int) -> ResponseReturnValue:
    """Give the visit a new link, or take its link back."""
    with reading_db() as db:
        visit_of(db, person(), visit_id)
    given = read(LinkIn, request.form)
    try:
        act = new_link if given.act == "new" else take_link_back
        with writing_db() as db:
            act(db, visit_id, by=person(), now=now())
    except Conflict as error:
        flash(sentence(error), "error")
        return _back(visit_id)
    flash(_("The link is new.") if given.act == "new" else _("The link is withdrawn."))
    return _back(visit_id)


def _again(visit_id: int, error: OutreachError) -> ResponseReturnValue:
    with reading_db() as db:
        form = filled_again(error, visit_row(db, person(), visit_id))
    return visit_page(visit_id, answer=form), error.status


def _back(visit_id: int) -> ResponseReturnValue:
    return redirect(url_for("coordinator.visit", visit_id=visit_id) + "#answer-title", 303)

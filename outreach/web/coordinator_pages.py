"""What the coordinator's pages share: the blueprint, who may open them, the clock, stale forms."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, flash, request
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.campaigns.stages import StageIn, require_planner, stage_of
from outreach.errors import Invalid
from outreach.people.tables import Role
from outreach.web.auth import person
from outreach.web.coordinator_words import show_value
from outreach.web.forms import check, read, refill_edit

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.errors import OutreachError
    from outreach.web.forms import Filled, Versioned

pages = Blueprint("coordinator", __name__)

#: Who may look: a manager sees everything of the area, and plans nothing in it.
READERS = (Role.COORDINATOR, Role.MANAGER)


def now() -> datetime:
    """Read the clock, or the one that a test has hung in its place."""
    hung: Callable[[], datetime] | None = current_app.extensions.get("clock")
    return hung() if hung else datetime.now(UTC)


def today() -> date:
    """Return the day it is where the person works."""
    return person().zone.day(now())


class PageIn(BaseModel):
    """Which page of a list is shown."""

    page: int = Field(default=1, ge=1, le=100_000)


def page_asked() -> int:
    """Read from the address which page of a list is shown; the first if it names none."""
    try:
        return read(PageIn, request.args).page
    except Invalid:
        return 1


def days_asked[Asked: BaseModel](model: type[Asked]) -> Asked:
    """Read from the address which days a calendar shows.

    Where it knows none of that name it shows the usual ones, and says so.
    """
    try:
        return read(model, request.args)
    except Invalid:
        flash(_("This calendar has no such day, month or year. You see the usual one."), "error")
        return model()


def is_tap() -> bool:
    """Whether the link that opens WhatsApp asks: its page stays open and shows the outcome."""
    return request.args.get("from") == "tap"


def refuse_tap(words: str) -> ResponseReturnValue:
    """Say to the open page why nothing was noted: what is flashed, a script would swallow."""
    return words, HTTPStatus.CONFLICT, {"Content-Type": "text/plain; charset=utf-8"}


def planners_stage(db: Session, stage_id: int) -> Stage:
    """Read a stage that the person plans."""
    found = stage_of(db, person(), stage_id)
    require_planner(db, found.branch_id, person())
    return found


def stage_with(stage: Stage, changes: dict[str, Any]) -> StageIn:
    """Describe a stage as it stands with some changes, refused as its form refuses them."""
    return check(StageIn, {name: getattr(stage, name) for name in StageIn.model_fields} | changes)


def filled_again(error: OutreachError, row: Versioned) -> Filled:
    """Keep what was typed, beside what is wrong with it and what somebody else stored meanwhile."""
    form = refill_edit(request.form, error, row)
    theirs = error.facts.get("theirs")
    if not isinstance(theirs, dict):
        return form
    return replace(form, theirs={name: show_value(value) for name, value in theirs.items()})

"""The middle step of a stage's making: the ranked shortlist, its quota, what is decided by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.campaigns.access import shapes
from outreach.campaigns.campaigns import campaign_of
from outreach.campaigns.picks import PickIn, decide
from outreach.campaigns.stages import update_stage
from outreach.campaigns.tables import Ordering, Pick, Stage, Status
from outreach.errors import Conflict, Invalid
from outreach.people.tables import Role
from outreach.villages.reading import name_of
from outreach.visits.preview import as_if
from outreach.visits.question import local_day
from outreach.visits.shortlist import shortlist_of
from outreach.web.auth import person
from outreach.web.coordinator_pages import now, pages, planners_stage, stage_with
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, version_of
from outreach.web.routing import allow
from outreach.web.score_words import PART_WORDS, told_parts
from outreach.web.words import problems_in_words, word

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from outreach.errors import OutreachError

MOST_QUOTA = 100_000


class SeenIn(BaseModel):
    """What of the shortlist is shown: a page, a text; a quota or an order that is only tried.

    A quota of 0 tries all villages.
    """

    quota: int | None = Field(default=None, ge=0, le=MOST_QUOTA)
    ordering: Ordering | None = None
    text: str = Field(default="", max_length=100)
    page: int = Field(default=1, ge=1, le=MOST_QUOTA)


class QuotaIn(BaseModel):
    """How many villages, and which first; no quota means all."""

    quota: int | None = Field(default=None, gt=0, le=MOST_QUOTA)
    ordering: Ordering = Ordering.SCORE


@pages.get("/stages/<int:stage_id>/shortlist")
@allow(Role.COORDINATOR)
def shortlist(stage_id: int) -> ResponseReturnValue:
    """Show the ranked villages of a stage, with the quota as stored or as tried."""
    try:
        return _page(stage_id, read(SeenIn, request.args))
    except Invalid as error:
        told = [words for several in problems_in_words(error).values() for words in several]
        return _page(stage_id, SeenIn(), notes=told), error.status


@pages.post("/stages/<int:stage_id>/shortlist")
@allow(Role.COORDINATOR)
def set_quota(stage_id: int) -> ResponseReturnValue:
    """Try a quota and an order, or store them and go on to the verdict."""
    try:
        wanted = read(QuotaIn, request.form)
        if request.form.get("act") == "see":
            tried: dict[str, Any] = {"quota": wanted.quota or 0, "ordering": wanted.ordering}
            return redirect(url_for("coordinator.shortlist", stage_id=stage_id, **tried), 303)
        with writing_db() as db:
            stage = planners_stage(db, stage_id)
            given = stage_with(stage, wanted.model_dump())
            update_stage(db, stage_id, given, version_of(request.form), by=person())
    except (Invalid, Conflict) as error:
        form = _refilled(stage_id, error)
        return _page(stage_id, SeenIn(), form=form), error.status
    return redirect(url_for("coordinator.verdict", stage_id=stage_id), 303)


def _refilled(stage_id: int, error: OutreachError) -> Filled:
    with reading_db() as db:
        version = planners_stage(db, stage_id).version
    # Values that somebody stored meanwhile stand beside: saving once more decides.
    seen = error.facts.get("problem") == "changed_meanwhile"
    return refill(request.form, error, version=version if seen else version_of(request.form))


@pages.post("/stages/<int:stage_id>/picks")
@allow(Role.COORDINATOR)
def pick(stage_id: int) -> ResponseReturnValue:
    """Put a village first, leave it out, or leave it to its score again."""
    seen = _seen_before()
    try:
        given = read(PickIn, request.form)
        with writing_db() as db:
            decide(db, stage_id, given, by=person())
            village = name_of(db, person(), given.code)
    except (Invalid, Conflict) as error:
        form = refill(request.form, error)
        return _page(stage_id, seen, picked=form), error.status
    flash(_picked_words(given.pick, village))
    kept = seen.model_dump(exclude_none=True, exclude_defaults=True)
    return redirect(url_for("coordinator.shortlist", stage_id=stage_id, **kept), 303)


def _seen_before() -> SeenIn:
    try:
        return read(SeenIn, request.form)
    except Invalid:
        return SeenIn()


def _picked_words(decided: Pick | None, village: str) -> str:
    match decided:
        case Pick.FIRST:
            return str(_("%(village)s is taken for certain now.", village=village))
        case Pick.LEFT_OUT:
            return str(_("%(village)s is left out.", village=village))
        case None:
            return str(_("%(village)s stands by its score again.", village=village))


def _page(
    stage_id: int,
    seen: SeenIn,
    *,
    form: Filled | None = None,
    picked: Filled | None = None,
    notes: list[str] | None = None,
) -> str:
    with reading_db() as db:
        stage = planners_stage(db, stage_id)
        tried = as_if(stage, **_tried(seen))
        today = local_day(db, stage.branch_id, now())
        campaign = campaign_of(db, person(), stage.campaign_id)
        facts: dict[str, Any] = {
            "stage": stage,
            "tried": tried,
            "campaign": campaign,
            "may_shape": shapes(db, campaign, person()),
            "told": shortlist_of(db, tried, today, text=seen.text, page=seen.page),
            "before": db.get(Stage, stage.follows_id) if stage.follows_id else None,
        }
    return render_template(
        "coordinator/stage_shortlist.html",
        form=form or fill(quota=tried.quota, ordering=tried.ordering, version=stage.version),
        picked=picked or Filled(),
        notes=notes or (),
        seen=seen,
        asked=seen.model_dump(exclude_none=True, exclude_defaults=True, exclude={"page"}),
        is_tried=(tried.quota, tried.ordering) != (stage.quota, stage.ordering),
        may_change=stage.status is not Status.CLOSED,
        orderings=[(one.value, word(one)) for one in Ordering],
        part_words=PART_WORDS,
        told_parts=told_parts,
        **facts,
    )


def _tried(seen: SeenIn) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if seen.quota is not None:
        changes["quota"] = seen.quota or None
    if seen.ordering is not None:
        changes["ordering"] = seen.ordering
    return changes

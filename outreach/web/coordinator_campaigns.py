"""Campaigns: listed, drafted, changed, opened, closed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.campaigns.access import require_shaper, shapes
from outreach.campaigns.campaigns import (
    WEIGHT,
    CampaignIn,
    campaign_of,
    close_campaign,
    create_campaign,
    delete_campaign,
    open_campaign,
    update_campaign,
)
from outreach.campaigns.choosing import weights_of
from outreach.campaigns.stages import list_stages
from outreach.campaigns.tables import Ecosystem, Purpose
from outreach.errors import Conflict, Invalid, OutreachError
from outreach.people.tables import Branch, Role
from outreach.planning.priority import Weights
from outreach.progress.stages import stage_progress
from outreach.visits.standing import open_standings
from outreach.web.auth import person
from outreach.web.coordinator_pages import (
    READERS,
    filled_again,
    pages,
    today,
)
from outreach.web.coordinator_views import branch_names, campaign_cards
from outreach.web.coordinator_words import Advice
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, version_of
from outreach.web.i18n import number
from outreach.web.routing import allow
from outreach.web.score_words import PART_HINTS, PART_WORDS
from outreach.web.words import sentence, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from outreach.campaigns.tables import Campaign

#: The button that empties the fields of the weights.
DEFAULTS = "defaults"


@pages.get("/campaigns")
@allow(*READERS)
def campaigns() -> ResponseReturnValue:
    """List all campaigns, with what the person's area has brought them."""
    with reading_db() as db:
        cards = campaign_cards(db, person())
    return render_template("coordinator/campaigns.html", cards=cards)


@pages.get("/campaigns/<int:campaign_id>")
@allow(*READERS)
def campaign(campaign_id: int) -> ResponseReturnValue:
    """Show one campaign and its stages."""
    return _campaign_page(campaign_id)


def _campaign_page(campaign_id: int, refusal: Advice | None = None) -> str:
    with reading_db() as db:
        found = campaign_of(db, person(), campaign_id)
        stages = list_stages(db, person(), campaign_id)
        progress = stage_progress(db, person(), [stage.id for stage in stages if stage.id])
        branches = branch_names(db, stages)
        branch = None if found.branch_id is None else db.get_one(Branch, found.branch_id)
        may_shape = shapes(db, found, person())
        standings = {one.stage_id: one for one in open_standings(db, person(), today())}
    return render_template(
        "coordinator/campaign.html",
        standings=standings,
        campaign=found,
        stages=stages,
        progress=progress,
        branches=branches,
        branch=branch,
        may_shape=may_shape,
        weights=_set_by_hand(found),
        refusal=refusal,
        may_plan=person().role is Role.COORDINATOR,
    )


@pages.get("/campaigns/new")
@allow(*READERS)
def new_campaign() -> ResponseReturnValue:
    """Show the form of a new campaign."""
    return _form(Filled(), None), 200


@pages.post("/campaigns/new")
@allow(*READERS)
def add_campaign() -> ResponseReturnValue:
    """Draft a campaign and go to its page."""
    if request.form.get("act") == DEFAULTS:
        return _form(_with_defaults(), None)
    try:
        given = read(CampaignIn, request.form)
        with writing_db() as db:
            made = create_campaign(db, given, by=person())
    except Invalid as error:
        return _form(refill(request.form, error), None), error.status
    flash(_("“%(name)s” is drafted. Open it when it may start.", name=made.name))
    return redirect(url_for("coordinator.campaign", campaign_id=made.id), 303)


@pages.get("/campaigns/<int:campaign_id>/edit")
@allow(*READERS)
def edit_campaign(campaign_id: int) -> ResponseReturnValue:
    """Show the form of a campaign."""
    with reading_db() as db:
        found = campaign_of(db, person(), campaign_id)
        require_shaper(db, found, person())
    return _form(fill(**found.model_dump(), **_weights(found.weights)), found)


@pages.post("/campaigns/<int:campaign_id>/edit")
@allow(*READERS)
def change_campaign(campaign_id: int) -> ResponseReturnValue:
    """Change a campaign; a stale form comes back with both values."""
    if request.form.get("act") == DEFAULTS:
        return _by_default(campaign_id)
    try:
        given = read(CampaignIn, request.form)
        with writing_db() as db:
            version = version_of(request.form)
            saved = update_campaign(db, campaign_id, given, version, by=person())
    except (Invalid, Conflict) as error:
        return _changed_again(campaign_id, error)
    flash(_("“%(name)s” was saved.", name=saved.name))
    return redirect(url_for("coordinator.campaign", campaign_id=campaign_id), 303)


def _changed_again(campaign_id: int, error: OutreachError) -> ResponseReturnValue:
    with reading_db() as db:
        found = campaign_of(db, person(), campaign_id)
        require_shaper(db, found, person())
    return _form(_beside(filled_again(error, found), error), found), error.status


def _by_default(campaign_id: int) -> ResponseReturnValue:
    with reading_db() as db:
        found = campaign_of(db, person(), campaign_id)
        require_shaper(db, found, person())
    return _form(_with_defaults(), found)


def _with_defaults() -> Filled:
    """Keep what was typed, but no weights: nothing is stored yet."""
    kept = {name: request.form.getlist(name) for name in request.form if name != "act"}
    return fill(**{name: texts for name, texts in kept.items() if not name.startswith(WEIGHT)})


def _beside(form: Filled, error: OutreachError) -> Filled:
    """Put the weights that somebody stored meanwhile below their fields."""
    stored = error.facts.get("theirs")
    if not isinstance(stored, dict) or "weights" not in stored:
        return form
    return replace(form, theirs={**form.theirs, **_weights(Weights().named() | stored["weights"])})


def _weights(told: Mapping[str, float]) -> dict[str, str]:
    """Name the fields of the weights as the form does."""
    return {f"{WEIGHT}{part}": f"{points:g}" for part, points in told.items()}


@pages.post("/campaigns/<int:campaign_id>/open")
@allow(*READERS)
def start_campaign(campaign_id: int) -> ResponseReturnValue:
    """Open a drafted campaign."""
    try:
        with writing_db() as db:
            open_campaign(db, campaign_id, version_of(request.form), by=person())
    except Conflict as error:
        return _campaign_page(campaign_id, Advice(sentence(error))), error.status
    flash(_("The campaign is open: its stages can be opened and planned now."))
    return redirect(url_for("coordinator.campaign", campaign_id=campaign_id), 303)


@pages.post("/campaigns/<int:campaign_id>/close")
@allow(*READERS)
def end_campaign(campaign_id: int) -> ResponseReturnValue:
    """Close an open campaign."""
    try:
        with writing_db() as db:
            close_campaign(db, campaign_id, version_of(request.form), by=person())
    except Conflict as error:
        return _campaign_page(campaign_id, Advice(sentence(error))), error.status
    flash(_("The campaign is closed."))
    return redirect(url_for("coordinator.campaign", campaign_id=campaign_id), 303)


@pages.post("/campaigns/<int:campaign_id>/delete")
@allow(*READERS)
def remove_campaign(campaign_id: int) -> ResponseReturnValue:
    """Remove a campaign that was never opened and has no stages."""
    try:
        with writing_db() as db:
            name = delete_campaign(db, campaign_id, version_of(request.form), by=person())
    except Conflict as error:
        return _campaign_page(campaign_id, Advice(sentence(error))), error.status
    flash(_("“%(name)s” was deleted.", name=name))
    return redirect(url_for("coordinator.campaigns"), 303)


def _set_by_hand(found: Campaign) -> list[tuple[str, str]]:
    """Name the points of every part of a score; empty where the campaign sets none."""
    points = weights_of(found).named() if found.weights else {}
    return [
        (PART_WORDS[part], number(most, 0 if most == int(most) else 1))
        for part, most in points.items()
    ]


def _form(form: Filled, found: Campaign | None) -> str:
    return render_template(
        "coordinator/campaign_form.html",
        form=form,
        campaign=found,
        purposes=[(one.value, word(one)) for one in Purpose],
        ecosystems=[(one.value, word(one)) for one in Ecosystem],
        weights=[
            (f"{WEIGHT}{part}", PART_WORDS[part], PART_HINTS[part], points)
            for part, points in Weights().named().items()
        ],
    )

"""Something has changed: what it would change in the plan, side by side, then applied or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.campaigns.stages import stage_of
from outreach.errors import Conflict, Invalid, OutreachError
from outreach.people.tables import Role
from outreach.people.teams import list_teams
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.villages.tables import Closure
from outreach.visits.causes import MODELS, AfterCancelling, AreaClosed, Span
from outreach.visits.listing import visit_row
from outreach.visits.replan import (
    apply_replan,
    difference_of,
    discard_replan,
    draft_replan,
    replans_of_stage,
    why_left_out,
)
from outreach.visits.tables import Cause, Happening, ReplanState, Work
from outreach.visits.teamday import clock_time
from outreach.web.auth import person
from outreach.web.coordinator_pages import READERS, now, pages, today
from outreach.web.coordinator_plan import around
from outreach.web.coordinator_words import run_refusal
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill
from outreach.web.region_field import Region, with_code
from outreach.web.remedy_words import remedy_words
from outreach.web.routing import allow
from outreach.web.words import sentence, word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.villages.search import Found
    from outreach.visits.replan import Difference
    from outreach.visits.replan_draft import Change
    from outreach.web.coordinator_words import Advice

#: A difference that these upset can be drafted anew.
STALE = frozenset({"replan_stale", "changed_meanwhile"})
#: What a link to the form may say already.
PREFILLED = (
    "cause",
    "team_id",
    "first",
    "last",
    "why",
    "visit_id",
    "region_code",
    "village_code",
    "closure",
)
#: How visits stand that lost their day and got none.
_ENDS_AS = {Happening.POSTPONED: Work.POSTPONED, Happening.CANCELLED: Work.CANCELLED}


class AskedIn(BaseModel):
    """Which cause the page asks about."""

    cause: Cause


class SettledIn(BaseModel):
    """Which confirmed visits may move, and the version that was looked at."""

    allowed: list[int] = Field(default=[], max_length=2000)
    version: int = Field(ge=1, le=2**31 - 1)


@dataclass(frozen=True, slots=True)
class Seat:
    """A team, a day and a start, as the page writes them."""

    team: str
    day: date
    starts_at: time


@dataclass(frozen=True, slots=True)
class Line:
    """One change as the page shows it: before and after, side by side."""

    change: Change
    village: str
    before: Seat | None
    after: Seat | None
    extra_minutes: int
    shifts: tuple[str, ...]


@pages.get("/stages/<int:stage_id>/replan")
@allow(Role.COORDINATOR)
def replan(stage_id: int) -> ResponseReturnValue:
    """Ask what has changed."""
    with reading_db() as db:
        stage = stage_of(db, person(), stage_id)
    return _form(stage_id, _prefilled(stage))


@pages.post("/stages/<int:stage_id>/replan")
@allow(Role.COORDINATOR)
def draft(stage_id: int) -> ResponseReturnValue:
    """Work out what a cause would change; nothing is changed yet."""
    with reading_db() as db:
        stage_of(db, person(), stage_id)
        region = _region_told(db)
    try:
        cause = read(AskedIn, region.form).cause
        told = read(MODELS[cause], region.form)
        with writing_db() as db:
            made = draft_replan(db, stage_id, told, by=person(), now=now())
    except (Invalid, Conflict) as error:
        form = refill(region.form, error)
        return _form(stage_id, form, region.meant, _run_in_the_way(error)), error.status
    return redirect(url_for("coordinator.difference", replan_id=made.id), 303)


@pages.get("/replans/<int:replan_id>")
@allow(*READERS)
def difference(replan_id: int) -> ResponseReturnValue:
    """Show what a re-plan changes, or has changed."""
    return _page(replan_id)


@pages.post("/replans/<int:replan_id>/apply")
@allow(Role.COORDINATOR)
def apply(replan_id: int) -> ResponseReturnValue:
    """Make all changes at once."""
    with reading_db() as db:
        difference_of(db, person(), replan_id)
    try:
        given = read(SettledIn, request.form)
        with writing_db() as db:
            apply_replan(db, replan_id, given.allowed, given.version, by=person(), now=now())
    except (Invalid, Conflict) as error:
        return _page(replan_id, error), error.status
    flash(_("The plan is changed. Only those named here are told."))
    return redirect(url_for("coordinator.difference", replan_id=replan_id), 303)


@pages.post("/replans/<int:replan_id>/discard")
@allow(Role.COORDINATOR)
def discard(replan_id: int) -> ResponseReturnValue:
    """Put a draft aside."""
    with reading_db() as db:
        stage_id = difference_of(db, person(), replan_id).replan.stage_id
    try:
        given = read(SettledIn, request.form)
        with writing_db() as db:
            discard_replan(db, replan_id, given.version, by=person(), now=now())
    except (Invalid, Conflict) as error:
        return _page(replan_id, error), error.status
    flash(_("Discarded. The plan stays as it was."))
    return redirect(url_for("coordinator.plan", stage_id=stage_id), 303)


@pages.post("/replans/<int:replan_id>/again")
@allow(Role.COORDINATOR)
def draft_again(replan_id: int) -> ResponseReturnValue:
    """Work the same cause out anew, from the plan as it stands now."""
    with reading_db() as db:
        seen = difference_of(db, person(), replan_id)
    try:
        with writing_db() as db:
            made = draft_replan(db, seen.replan.stage_id, seen.told, by=person(), now=now())
    except (Invalid, Conflict) as error:
        return _page(replan_id, error), error.status
    return redirect(url_for("coordinator.difference", replan_id=made.id), 303)


def _region_told(db: Session) -> Region:
    """Find the region or the village that is meant, where the form has a field for one."""
    if "village_code" in request.form:
        return with_code(db, request.form, "village_code", (Level.VILLAGE,))
    return with_code(db, request.form, "region_code")


def _prefilled(stage: Stage) -> Filled:
    """Take over what a link from a team, a visit or the plan already says."""
    values = {name: request.args[name] for name in PREFILLED if request.args.get(name)}
    values.setdefault("first", max(stage.starts, today()).isoformat())
    values.setdefault("last", values["first"])
    return fill(outcome=AfterCancelling.WAITS.value, **values)


def _run_in_the_way(error: OutreachError) -> Advice | None:
    """Say whose run keeps the plan from being changed, with the way there."""
    told = run_refusal(error) if isinstance(error, Conflict) else None
    return told if told is not None and told.link else None


def _form(
    stage_id: int, form: Filled, meant: Sequence[Found] = (), refusal: Advice | None = None
) -> str:
    form = form if refusal is None else replace(form, trouble="")
    with reading_db() as db:
        found = stage_of(db, person(), stage_id)
        teams = [(team.id, team.name) for team in list_teams(db, found.branch_id) if team.is_active]
        shown = around(db, found, "replan")
        earlier = replans_of_stage(db, person(), stage_id)
        visit = _visit_asked_for(db, stage_id, form)
    cause = form.value("cause")
    return render_template(
        "coordinator/replan.html",
        form=form,
        refusal=refusal,
        cause=Cause(cause) if cause in set(Cause) else None,
        hints=_hints(),
        causes=[one for one in Cause if one is not Cause.VILLAGE_CANCELS or visit],
        teams=teams,
        closures=[(one.value, word(one)) for one in Closure],
        outcomes=[(one.value, word(one)) for one in AfterCancelling],
        visit=visit,
        meant=meant,
        earlier=earlier,
        **shown,
    )


def _hints() -> dict[str, str]:
    return {
        "team_away": _("Ill, on leave, without a vehicle: its visits of these days move."),
        "area_closed": _("Flood, feast, election: no session in a region for some days."),
        "village_cancels": _("The slot goes to a village that waits."),
        "village_added": _("One more village, where it costs the least travel."),
        "gaps": _("Room that visits have left is given to villages that wait."),
    }


def _visit_asked_for(db: Session, stage_id: int, form: Filled) -> Any:
    asked = form.value("visit_id")
    if not asked.isdecimal() or len(asked) > 9:
        return None
    row = visit_row(db, person(), int(asked))
    return row if row.stage_id == stage_id else None


def _page(replan_id: int, error: OutreachError | None = None) -> str:
    with reading_db() as db:
        seen = difference_of(db, person(), replan_id)
        stage = stage_of(db, person(), seen.replan.stage_id)
        teams = {team.id or 0: team.name for team in list_teams(db, stage.branch_id)}
        names = names_of(db, _codes(seen))
        left_out = why_left_out(db, seen)
        shown = around(db, stage, "replan")
    refusal = None if error is None else _run_in_the_way(error)
    lines = {
        group: [_line(one, names, teams) for one in changes]
        for group, changes in (
            ("moved", sorted(seen.moved, key=_when)),
            ("ended", seen.ended),
            ("left", seen.left),
            ("staying", seen.open_problems),
        )
    }
    return render_template(
        "coordinator/difference.html",
        remedy_words=remedy_words,
        seen=seen,
        facts=_facts(seen, names, teams),
        lines=lines,
        is_draft=seen.replan.state is ReplanState.DRAFTED,
        ending=word(_ENDS_AS[seen.ending]),
        left_out=left_out,
        refusal=refusal,
        trouble=sentence(error) if error and refusal is None else "",
        is_stale=error is not None and error.facts.get("problem") in STALE,
        chosen=set(request.form.getlist("allowed")),
        **shown,
    )


def _codes(seen: Difference) -> set[str]:
    shifts = {code for one in seen.changes if one.place for code in one.place.shifts}
    told = seen.told.model_dump()
    named = {told[name] for name in ("region_code", "village_code") if name in told}
    return {one.village_code for one in seen.changes} | shifts | named


def _when(change: Change) -> tuple[str, int, int]:
    was = change.before or {"day": "", "team_id": 0, "slot": 0}
    return str(was["day"]), int(was["team_id"]), int(was["slot"])


def _line(change: Change, names: Mapping[str, str], teams: Mapping[int, str]) -> Line:
    was, place = change.before, change.place
    before = was and Seat(
        teams.get(was["team_id"], ""),
        date.fromisoformat(was["day"]),
        time.fromisoformat(was["starts_at"]),
    )
    after = place and Seat(teams.get(place.team_id, ""), place.day, clock_time(place.starts_minute))
    return Line(
        change,
        names.get(change.village_code, change.village_code),
        before or None,
        after or None,
        place.extra_minutes if place else 0,
        tuple(names.get(code, code) for code in place.shifts) if place else (),
    )


def _facts(seen: Difference, names: Mapping[str, str], teams: Mapping[int, str]) -> dict[str, Any]:
    """Gather what was told, with names for its numbers."""
    told = seen.told.model_dump()
    return {
        "team": teams.get(told.get("team_id", 0), ""),
        "region": names.get(told.get("region_code") or told.get("village_code") or "", ""),
        "span": seen.told if isinstance(seen.told, Span) else None,
        "closure": word(seen.told.closure) if isinstance(seen.told, AreaClosed) else "",
        "why": told["why"],
    }

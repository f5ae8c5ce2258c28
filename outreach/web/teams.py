"""Teams and their leave: a coordinator looks after those of the branch, an admin after all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from outreach.errors import Conflict, Invalid
from outreach.history.tables import Deed
from outreach.people.branches import list_branches, own_branch
from outreach.people.rota import works_sundays
from outreach.people.tables import Role
from outreach.people.teams import (
    LeaveIn,
    TeamIn,
    add_leave,
    create_team,
    leave_of,
    list_teams,
    own_team,
    remove_leave,
    update_team,
)
from outreach.villages.tables import Village
from outreach.visits.leave import visits_in_leave
from outreach.web.auth import person
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, refill_edit, version_of
from outreach.web.history import tell, tell_team_number
from outreach.web.routing import allow

if TYPE_CHECKING:
    from datetime import date

    from flask.typing import ResponseReturnValue

pages = Blueprint("teams", __name__)

#: Leave that ended this long ago is no longer listed.
KEPT_DAYS = 31


@pages.get("/teams")
@allow(Role.COORDINATOR, Role.ADMIN)
def teams() -> ResponseReturnValue:
    """List the teams, by branch."""
    me = person()
    with reading_db() as db:
        branches = [
            line for line in list_branches(db) if me.role == Role.ADMIN or line.id == me.branch_id
        ]
        listed = [(line, list_teams(db, line.id)) for line in branches]
    return render_template("teams/list.html", branches=listed)


@pages.get("/branches/<int:branch_id>/teams/new")
@allow(Role.COORDINATOR, Role.ADMIN)
def new_team(branch_id: int) -> ResponseReturnValue:
    """Show a form for a team with what most teams have."""
    with reading_db() as db:
        base = own_branch(db, branch_id, person()).base_village_code
    usual = fill(
        base_village_code=base,
        weekdays=[1, 2, 3, 4, 5],
        sessions_per_day=3,
        day_starts="08:00",
        day_ends="17:00",
        is_active=True,
    )
    return _form(None, usual)


@pages.post("/branches/<int:branch_id>/teams/new")
@allow(Role.COORDINATOR, Role.ADMIN)
def add_team(branch_id: int) -> ResponseReturnValue:
    """Add a team."""
    with reading_db() as db:
        own_branch(db, branch_id, person())
    try:
        given = read(TeamIn, request.form)
        with writing_db() as db:
            tell(db, Deed.TEAM_ADDED, create_team(db, branch_id, given, by=person()).id)
    except (Invalid, Conflict) as error:
        return _form(None, refill(request.form, error)), error.status
    return _saved(url_for("teams.teams"))


@pages.get("/teams/<int:team_id>")
@allow(Role.COORDINATOR, Role.ADMIN)
def show_team(team_id: int) -> ResponseReturnValue:
    """Show a team in its form, with its leave."""
    with reading_db() as db:
        form = fill(**own_team(db, team_id, person()).model_dump())
    return _form(team_id, form)


@pages.post("/teams/<int:team_id>")
@allow(Role.COORDINATOR, Role.ADMIN)
def save_team(team_id: int) -> ResponseReturnValue:
    """Change a team, unless somebody else did so since it was shown."""
    with reading_db() as db:
        stored = own_team(db, team_id, person())
    try:
        given = read(TeamIn, request.form)
        with writing_db() as db:
            until_now = own_team(db, team_id, person()).base_village_code
            update_team(db, team_id, given, version=version_of(request.form), by=person())
            tell(db, Deed.TEAM_CHANGED, team_id, regions=[until_now])
    except (Invalid, Conflict) as error:
        return _form(team_id, refill_edit(request.form, error, stored)), error.status
    return _saved(url_for("teams.teams"))


@pages.post("/teams/<int:team_id>/leave")
@allow(Role.COORDINATOR, Role.ADMIN)
def note_leave(team_id: int) -> ResponseReturnValue:
    """Note days on which the team does not go out."""
    with reading_db() as db:
        stored = fill(**own_team(db, team_id, person()).model_dump())
    try:
        given = read(LeaveIn, request.form)
        with writing_db() as db:
            hit = visits_in_leave(db, person(), add_leave(db, team_id, given, by=person()))
    except Invalid as error:
        return _form(team_id, stored, refill(request.form, error)), error.status
    if hit:
        flash(_collision(len(hit)), "error")
    return _saved(url_for("teams.show_team", team_id=team_id))


def _collision(visits: int) -> str:
    words = ngettext(
        "%(num)s visit lies in this leave. It stands below the leave; please move it.",
        "%(num)s visits lie in this leave. They stand below the leave; please move them.",
        visits,
    )
    return str(words)


@pages.post("/leave/<int:leave_id>/remove")
@allow(Role.COORDINATOR, Role.ADMIN)
def take_back_leave(leave_id: int) -> ResponseReturnValue:
    """Take leave back."""
    with writing_db() as db:
        team_id = remove_leave(db, leave_id, by=person())
    return _saved(url_for("teams.show_team", team_id=team_id))


def _form(team_id: int | None, form: Filled, leave_form: Filled | None = None) -> str:
    with reading_db() as db:
        base = db.get(Village, form.value("base_village_code"))
        noted = leave_of(db, team_id, since=_long_ago()) if team_id else []
        leave = [(days, visits_in_leave(db, person(), days)) for days in noted]
        team = own_team(db, team_id, person()) if team_id else None
        branch_id = team.branch_id if team else person().branch_id
        is_sunday_worked = branch_id is not None and works_sundays(db, branch_id)
    if team and team.phone:
        tell_team_number(team.id or 0, team.base_village_code)
    return render_template(
        "teams/team.html",
        team_id=team_id,
        name=team.name if team else "",
        form=form,
        base=base.name if base else "",
        leave=leave,
        leave_form=leave_form or Filled(),
        weekdays=_weekdays(is_sunday_worked),
    )


def _weekdays(is_sunday_worked: bool) -> list[tuple[int, str]]:
    names = [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday")]
    return list(enumerate([*names, _("Sunday")] if is_sunday_worked else names, start=1))


def _long_ago() -> date:
    return datetime.now(UTC).date() - timedelta(days=KEPT_DAYS)


def _saved(path: str) -> ResponseReturnValue:
    flash(_("Saved."))
    return redirect(path, 303)

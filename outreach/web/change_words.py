"""Changes that were tried on a plan: whose and when, what each brings, and where it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from outreach.planning.model import Remedy
from outreach.web.i18n import number, plain_date
from outreach.web.remedy_words import remedy_link, remedy_words, weekday_name

if TYPE_CHECKING:
    from outreach.planning.model import Change
    from outreach.visits.rows import UnplacedRow
    from outreach.visits.told_changes import ToldChanges


def change_of(row: UnplacedRow, told: ToldChanges) -> Change | None:
    """Find what was tried for a village, unless it has been offered something else since."""
    found = told.of_village.get(row.village_code)
    is_it = found is not None and (found.remedy, found.amount) == (row.remedy, row.remedy_amount)
    return found if is_it else None


def change_words(change: Change, told: ToldChanges) -> str:
    """Say which change was tried: which team, which day, how much."""
    if change.team_id is not None and change.team_id not in told.teams:
        return remedy_words(change.remedy, change.amount)
    team, amount = told.teams.get(change.team_id or 0, ""), change.amount
    words = remedy_words(change.remedy, amount)
    match change.remedy:
        case Remedy.LONGER_DAY:
            words = _late_words(team, amount)
        case Remedy.ANOTHER_WEEKDAY if team and not change.brings:
            words = _(
                "Let %(team)s work on %(day)s too, and plan the stage again: there is a stay then",
                team=team,
                day=weekday_name(amount),
            )
        case Remedy.ANOTHER_WEEKDAY if team:
            words = _("Let %(team)s work on %(day)s too", team=team, day=weekday_name(amount))
        case Remedy.ANOTHER_WEEKDAY:
            words = _("Let all teams work on %(day)s too", day=weekday_name(amount))
        case Remedy.LONGER_STAGE if change.day:
            words = _("%(change)s, to %(day)s", change=words, day=plain_date(change.day))
        case Remedy.ADD_TEAM:
            words = _("%(change)s that start and work as %(team)s", change=words, team=team)
        case Remedy.OPEN_A_DAY if change.day:
            day = plain_date(change.day)
            words = _("Open %(day)s for it: %(team)s has room then", day=day, team=team)
    return str(words)


def _late_words(team: str, minutes: int) -> str:
    words = ngettext(
        "Let %(team)s come back %(shown)s minute later on all its days",
        "Let %(team)s come back %(shown)s minutes later on all its days",
        minutes,
        team=team,
        shown=number(minutes),
    )
    return str(words)


def brings_words(change: Change, waiting: int) -> str:
    """Say how many of the villages without room get a visit by this change alone."""
    words = ngettext(
        "brings %(shown)s of %(all)s village without room a visit",
        "brings %(shown)s of %(all)s villages without room a visit",
        waiting,
        shown=number(change.brings),
        all=number(waiting),
    )
    return str(words)


def change_link(change: Change, village_code: str, stage_id: int, campaign_id: int) -> str:
    """Where a change is made: the page of the team that it names, else as `remedy_link`."""
    on_its_page = {Remedy.LONGER_DAY, Remedy.ANOTHER_WEEKDAY}
    if change.team_id is not None and change.remedy in on_its_page:
        return url_for("teams.show_team", team_id=change.team_id)
    return remedy_link(change.remedy, village_code, stage_id, campaign_id)

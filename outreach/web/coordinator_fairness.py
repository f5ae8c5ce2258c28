"""Fair work: what each team carries, for a stage and for a branch over a month."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import BaseModel, Field

from outreach.campaigns.access import visible_branches
from outreach.campaigns.stages import stage_of
from outreach.campaigns.tables import Campaign
from outreach.errors import Invalid, NotFound
from outreach.people.tables import Branch
from outreach.visits.fairness import Fairness, Hardship, Spread, fairness
from outreach.visits.shared_work import SharedWork, shared_work
from outreach.web.auth import person
from outreach.web.coordinator_calendar import next_month
from outreach.web.coordinator_pages import READERS, pages, today
from outreach.web.database import reading_db
from outreach.web.forms import read
from outreach.web.i18n import number, percent
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


class MonthIn(BaseModel):
    """Which month is shown, as browsers write one."""

    month: Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] | None = None


@pages.get("/stages/<int:stage_id>/fairness")
@allow(*READERS)
def stage_fairness(stage_id: int) -> ResponseReturnValue:
    """Show what each team carries in a stage."""
    with reading_db() as db:
        stage = stage_of(db, person(), stage_id)
        campaign = db.get_one(Campaign, stage.campaign_id)
        branch = db.get_one(Branch, stage.branch_id)
        told = fairness(db, stage.branch_id, stage.starts, stage.ends, stage_id=stage_id)
        shared = _shared_words(shared_work(db, stage_id))
    facts = {"stage": stage, "campaign": campaign, "branch": branch, "shared_words": shared}
    return _page(told, stage.starts, stage.ends, **facts)


@pages.get("/branches/<int:branch_id>/fairness")
@allow(*READERS)
def branch_fairness(branch_id: int) -> ResponseReturnValue:
    """Show what each team of a branch carries in a month, of whatever stage."""
    try:
        asked, status = read(MonthIn, request.args).month, 200
    except Invalid as error:
        asked, status = None, error.status
    first = date.fromisoformat(f"{asked}-01") if asked else today().replace(day=1)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    with reading_db() as db:
        if branch_id not in visible_branches(db, person()):
            raise NotFound(kind="Branch", id=branch_id)
        branch = db.get_one(Branch, branch_id)
        told = fairness(db, branch_id, first, last)
    months = {"before": (first - timedelta(days=1)).replace(day=1), "after": next_month(first)}
    return _page(told, first, last, stage=None, branch=branch, months=months), status


def _page(told: Fairness, first: date, last: date, **facts: object) -> str:
    return render_template(
        "coordinator/fairness.html",
        told=told,
        first=first,
        last=last,
        hardships=list(Hardship),
        is_over=last < today(),
        most=max((load.minutes for load in told.loads), default=0),
        hours_words=hours_words(told.hours),
        hard_sentence=_hard_sentence(told.hard),
        **facts,
    )


def hours_words(spread: Spread | None) -> str:
    """Say who carries most hours for its days on duty and by how much."""
    if spread is None or not spread.most:
        return ""
    if _hours(spread.most) == _hours(spread.least):
        words = _("All teams carry the same: %(hours)s per day on duty.", hours=_hours(spread.most))
        return str(words)
    return str(
        _(
            "%(team)s carries most: %(hours)s per day on duty, %(share)s more than the mean of"
            " %(mean)s. %(lowest)s carries least: %(least)s.",
            team=spread.highest.team,
            hours=_hours(spread.most),
            share=percent(spread.above_mean / spread.mean, 0),
            mean=_hours(spread.mean),
            lowest=spread.lowest.team,
            least=_hours(spread.least),
        )
    )


def _shared_words(shared: SharedWork | None) -> str:
    """Say what the planner did for fair shares, and the price."""
    if shared is None:
        return ""
    if shared.handed:
        return _handed_words(shared)
    if shared.fallen_minutes <= shared.shared_minutes:
        return str(_("The planner found no trips of a day that would be fairer with another team."))
    words = ngettext(
        "The planner gave trips of a day to other teams: their loads lay %(before)s apart and then"
        " %(after)s. The price: no minute more on the road, and %(shown)s village whose team has"
        " no other trip in its district.",
        "The planner gave trips of a day to other teams: their loads lay %(before)s apart and then"
        " %(after)s. The price: no minute more on the road, and %(shown)s villages whose team has"
        " no other trip in their district.",
        shared.strangers,
        before=_hours(shared.fallen_minutes),
        after=_hours(shared.shared_minutes),
        shown=number(shared.strangers),
    )
    return str(words)


def _handed_words(shared: SharedWork) -> str:
    """Say how many trips start from another base now, and what that costs."""
    closer = _(
        "The planner gave trips to other teams: their loads lay %(before)s apart and then"
        " %(after)s.",
        before=_hours(shared.fallen_minutes),
        after=_hours(shared.shared_minutes),
    )
    words = ngettext(
        "%(shown)s trip starts from another base because of it. The price: %(road)s more on the"
        " road, %(cost)s with waiting and team-days counted, and %(strangers)s villages whose team"
        " has no other trip in their district.",
        "%(shown)s trips start from another base because of it. The price: %(road)s more on the"
        " road, %(cost)s with waiting and team-days counted, and %(strangers)s villages whose team"
        " has no other trip in their district.",
        shared.handed,
        shown=number(shared.handed),
        road=_hours(shared.travel_minutes),
        cost=_hours(shared.cost_minutes),
        strangers=number(shared.strangers),
    )
    return f"{closer} {words}"


def _hard_sentence(spread: Spread | None) -> str:
    """Say who goes to most hard villages and by how much."""
    if spread is None or not spread.most:
        return ""
    if not spread.apart:
        words = ngettext(
            "Every team goes to %(num)s hard village.",
            "Every team goes to %(num)s hard villages.",
            int(spread.most),
        )
        return str(words)
    words = ngettext(
        "%(team)s goes to %(shown)s hard village, the most; the mean is %(mean)s.",
        "%(team)s goes to %(shown)s hard villages, the most; the mean is %(mean)s.",
        int(spread.most),
        shown=number(spread.most),
        team=spread.highest.team,
        mean=number(spread.mean, 1),
    )
    return f"{words} {_fewest(spread)}"


def _fewest(spread: Spread) -> str:
    least = number(spread.least)
    if spread.with_least > 1:
        teams = number(spread.with_least)
        return str(_("%(teams)s teams go to fewest: %(least)s each.", teams=teams, least=least))
    return str(_("%(team)s goes to fewest: %(least)s.", team=spread.lowest.team, least=least))


def _hours(minutes: float) -> str:
    return str(_("%(hours)s h", hours=number(minutes / 60, 1)))

"""What-ifs: asked about a stage, watched live, called off, taken up again, and the comparison."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlmodel import col, select
from werkzeug.datastructures import MultiDict

from outreach.campaigns.access import branch_regencies
from outreach.campaigns.stages import stage_of
from outreach.campaigns.tables import Status
from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.tables import Branch, Team
from outreach.progress.supposed_days import SATURDAY_ISO
from outreach.progress.tables import AskedState
from outreach.progress.what_if import (
    LATER_STEP_MINUTES,
    MOST_EXTRA_TEAMS,
    MOST_LATER_MINUTES,
    MOST_MORE_WEEKS,
    OPEN,
    WhatIfIn,
    ask,
    cancel,
    list_what_ifs,
    may_ask,
    most_weeks_earlier,
    try_again,
    what_if_of,
)
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.visits.measured_ways import from_json
from outreach.visits.question import local_day
from outreach.web.auth import person
from outreach.web.coordinator_pages import READERS, now, today
from outreach.web.database import reading_db, running, writing_db
from outreach.web.forms import Filled, read, refill
from outreach.web.i18n import plain_date
from outreach.web.region_field import with_code
from outreach.web.request_ids import request_id
from outreach.web.routing import allow
from outreach.web.what_if_lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.what_if import Question
    from outreach.villages.search import Found
    from outreach.visits.measured_ways import ToldWays

pages = Blueprint("what_if", __name__)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the comparison; `more` is what the supposition changes against today's ways.

    `unit` names how its numbers are written.
    """

    name: str
    as_it_stands: Any
    anew: Any
    supposed: Any
    more: float | None
    unit: str = "number"


@pages.get("/outlook/what-if/<int:stage_id>")
@allow(*READERS)
def stage_page(stage_id: int) -> ResponseReturnValue:
    """Offer the questions about a stage, and list those that were asked."""
    return _stage_page(stage_id, Filled())


@pages.post("/outlook/what-if/<int:stage_id>")
@allow(*READERS)
def ask_one(stage_id: int) -> ResponseReturnValue:
    """Ask a question and go to the page that shows how far its answer is.

    The row is all it takes: the sweeper sends it to the queue within a second or two.
    """
    with reading_db() as db:
        stage = stage_of(db, person(), stage_id)
        branch = replace(person(), areas=branch_regencies(db, stage.branch_id))
        base = with_code(db, request.form, "base_code", (Level.VILLAGE,), viewer=branch)
        area = with_code(db, base.form, "only_area", viewer=branch)
    meant = {"base_code": base.meant, "only_area": area.meant}
    try:
        given = read(WhatIfIn, area.form)
        with writing_db() as db:
            row = ask(db, stage_id, given, by=person(), now=now(), request_id=request_id())
    except (Invalid, Conflict) as error:
        return _stage_page(stage_id, refill(area.form, error), meant), error.status
    return redirect(url_for("what_if.answer", stage_id=stage_id, what_if_id=row.id), 303)


@pages.get("/outlook/what-if/<int:stage_id>/<int:what_if_id>")
@allow(*READERS)
def answer(stage_id: int, what_if_id: int) -> ResponseReturnValue:
    """Show how far an answer is, or the answer."""
    return render_template("manager/what_if.html", **_shown(stage_id, what_if_id))


@pages.get("/outlook/what-if/<int:stage_id>/<int:what_if_id>/progress")
@allow(*READERS)
def fragment(stage_id: int, what_if_id: int) -> ResponseReturnValue:
    """Give the part of the page that changes; its header says whether to ask again."""
    shown = _shown(stage_id, what_if_id)
    state = "running" if shown["is_open"] else shown["asked"].state.value
    told = render_template("manager/_what_if.html", **shown)
    return told, {"Run-State": state, "Cache-Control": "no-store"}


@pages.post("/outlook/what-if/<int:stage_id>/<int:what_if_id>/cancel")
@allow(*READERS)
def call_off(stage_id: int, what_if_id: int) -> ResponseReturnValue:
    """Call a question off."""
    with writing_db() as db:
        _in_stage(db, stage_id, what_if_id)
        cancel(db, what_if_id, by=person(), now=now())
    flash(_("The question is called off."))
    return redirect(url_for("what_if.stage_page", stage_id=stage_id), 303)


@pages.post("/outlook/what-if/<int:stage_id>/<int:what_if_id>/retry")
@allow(*READERS)
def retry(stage_id: int, what_if_id: int) -> ResponseReturnValue:
    """Give a failed question new attempts, or show what of it cannot be supposed any more."""
    with reading_db() as db:
        asked = _in_stage(db, stage_id, what_if_id)
    try:
        with writing_db() as db:
            try_again(db, what_if_id, by=person(), now=now(), request_id=request_id())
    except Invalid as error:
        form = refill(MultiDict(), error, **asked.changes.model_dump())
        return _stage_page(stage_id, form), error.status
    flash(_("The question is being answered again."))
    return redirect(url_for("what_if.answer", stage_id=stage_id, what_if_id=what_if_id), 303)


def _in_stage(db: Session, stage_id: int, what_if_id: int) -> Question:
    found = what_if_of(db, person(), what_if_id)
    if found.stage_id != stage_id:
        raise NotFound(kind="WhatIf", id=what_if_id)
    return found


def _stage_page(
    stage_id: int, form: Filled, meant: Mapping[str, Sequence[Found]] = MappingProxyType({})
) -> str:
    with reading_db() as db:
        stage = stage_of(db, person(), stage_id)
        questions = list_what_ifs(db, person(), stage_id)
        weekdays = _weekdays_of_teams(db, stage.branch_id)
        local_today = local_day(db, stage.branch_id, now())
        return render_template(
            "manager/what_ifs.html",
            stage=stage,
            branch=db.get_one(Branch, stage.branch_id),
            questions=[(one, _supposed_words(db, one.changes)) for one in questions],
            resting=sum(SATURDAY_ISO not in worked for worked in weekdays),
            may_ask=may_ask(db, stage, person()),
            is_open=stage.status is Status.OPENED and stage.ends > today(),
            levers=_levers(len(weekdays), most_weeks_earlier(stage, local_today)),
            form=form,
            meant=meant,
        )


def _levers(teams: int, weeks_earlier: int) -> dict[str, list[tuple[str, str]]]:
    """Name what can be chosen of each lever, with its words; one of the *teams* has to be left."""
    steps = MOST_LATER_MINUTES // LATER_STEP_MINUTES
    later = [LATER_STEP_MINUTES * step for step in _around(steps, steps)]
    fewer = min(MOST_EXTRA_TEAMS, max(0, teams - 1))
    return {
        "teams": [(str(n), _teams_words(n)) for n in _around(MOST_EXTRA_TEAMS, fewer)],
        "later": [(str(n), _later_words(n)) for n in later],
        "weeks": [(str(n), _weeks_words(n)) for n in _around(MOST_MORE_WEEKS, weeks_earlier)],
    }


def _around(most: int, least: int) -> list[int]:
    """Count from nothing up to *most*, and then from -1 down to -*least*."""
    return [*range(most + 1), *range(-1, -least - 1, -1)]


def _teams_words(more: int) -> str:
    if more < 0:
        return str(ngettext("%(num)s team fewer", "%(num)s teams fewer", -more))
    if more:
        return str(ngettext("%(num)s team more", "%(num)s teams more", more))
    return str(_("as today"))


def _later_words(minutes: int) -> str:
    if minutes < 0:
        return str(_("teams come home %(num)s minutes earlier", num=-minutes))
    if minutes:
        return str(_("teams come home %(num)s minutes later", num=minutes))
    return str(_("as today"))


def _weeks_words(more: int) -> str:
    if more < 0:
        return str(ngettext("ends %(num)s week earlier", "ends %(num)s weeks earlier", -more))
    if more:
        return str(ngettext("ends %(num)s week later", "ends %(num)s weeks later", more))
    return str(_("as today"))


def _weekdays_of_teams(db: Session, branch_id: int) -> Sequence[list[int]]:
    """Weekdays, from Monday, on which each team of the branch works."""
    teams = select(col(Team.weekdays)).where(col(Team.branch_id) == branch_id, col(Team.is_active))
    return db.exec(teams).all()


def _shown(stage_id: int, what_if_id: int) -> dict[str, Any]:
    with reading_db() as db:
        asked = _in_stage(db, stage_id, what_if_id)
        stage = stage_of(db, person(), stage_id)
        shown = {
            "stage": stage,
            "asked": asked,
            "is_open": asked.state in OPEN,
            "is_dead": asked.state is AskedState.DEAD,
            "supposed": _supposed_words(db, asked.changes),
        }
    if asked.state is AskedState.DONE:
        shown |= {
            "figures": _figures(asked.answer),
            "pace_words": _pace_words(asked.answer),
            "chart": lines_of(asked.answer),
            "told": asked.answer,
            "travel_told": _travel_told(asked.answer),
            "told_day": date.fromisoformat(asked.answer["today"]),
            "prices": _prices(),
        }
    return shown


def _travel_told(answer: Mapping[str, Any]) -> list[ToldWays]:
    """Read by what travel times it was answered; without a road service by estimates."""
    return [from_json(answer["travel"])] if "travel" in answer else []


def _supposed_words(db: Session, changes: WhatIfIn) -> list[str]:
    """Say in words what is supposed."""
    words = []
    if changes.extra_teams > 0 and changes.base_code:
        name = names_of(db, [changes.base_code]).get(changes.base_code, changes.base_code)
        words.append(
            ngettext(
                "%(num)s more team from %(village)s",
                "%(num)s more teams from %(village)s",
                changes.extra_teams,
                village=name,
            )
        )
    elif changes.extra_teams > 0:
        words.append(
            ngettext(
                "%(num)s more team from the branch's base",
                "%(num)s more teams from the branch's base",
                changes.extra_teams,
            )
        )
    elif changes.extra_teams:
        words.append(_teams_words(changes.extra_teams))
    if changes.ends_later_minutes:
        words.append(_later_words(changes.ends_later_minutes))
    if changes.more_weeks:
        words.append(_weeks_words(changes.more_weeks))
    if changes.saturdays:
        words.append(_("Saturdays too"))
    if changes.skip_islands:
        words.append(_("no islands"))
    if changes.only_area:
        names = names_of(db, [changes.only_area])
        words.append(_("only %(area)s", area=names.get(changes.only_area, changes.only_area)))
    if changes.most_villages:
        words.append(
            ngettext(
                "only the most urgent village",
                "only the %(num)s most urgent villages",
                changes.most_villages,
            )
        )
    return words


def _figures(answer: Mapping[str, Any]) -> dict[str, Row]:
    """Set the figures of the three ways beside each other, by a name of theirs."""
    ways = [answer[name] for name in ("as_it_stands", "anew", "supposed")]

    def row(name: str, figures: list[float], unit: str = "number") -> Row:
        stands, anew, supposed = figures
        return Row(name, stands, anew, supposed, supposed - anew, unit)

    rows = {
        "visits": row(_("Villages visited"), [way["visits"] for way in ways]),
        "only": _only_row(answer),
        "signups": row(_("Sign-ups expected (estimate)"), [round(way["signups"]) for way in ways]),
        "half": _days_row(_("Half of the villages by"), ways, "half_by"),
        "most": _days_row(_("Nine tenths of the villages by"), ways, "most_by"),
        "last": _days_row(_("Last visit on"), ways, "last_day"),
        "team_days": row(_("Team-days"), [way["team_days"] for way in ways]),
        "travel": row(_("Travel, hours"), [round(way["travel_minutes"] / 60) for way in ways]),
    }
    if any(prices := _prices()):
        a_day, an_hour = prices
        costs = [way["team_days"] * a_day + way["travel_minutes"] * an_hour / 60 for way in ways]
        rows["cost"] = row(_("Cost of team-days and travel"), costs, "rupiah")
    return rows


def _only_row(answer: Mapping[str, Any]) -> Row:
    """Set beside each other how many villages only one of the two new plans reaches."""
    name = _("Villages visited only this way")
    # An answer given before that was told has none.
    return Row(name, None, answer.get("lost"), answer.get("gained"), None)


def _prices() -> tuple[int, int]:
    """Tell what a team-day and an hour on the way cost here, in rupiah; 0 where nobody has said."""
    settings = running().settings
    return settings.team_day_rupiah, settings.travel_hour_rupiah


def _days_row(name: str, ways: list[Mapping[str, Any]], which: str) -> Row:
    stands, anew, supposed = (_day(way, which) for way in ways)
    more = None if anew is None or supposed is None else float((supposed - anew).days)
    return Row(name, stands, anew, supposed, more, "day")


def _day(way: Mapping[str, Any], which: str) -> date | None:
    """Read a day of an answer; one given before that day was told has none."""
    told = way.get(which)
    return date.fromisoformat(told) if told else None


def _pace_words(answer: Mapping[str, Any]) -> str:
    """Say by which days half and nine tenths of the villages are visited, as supposed and today."""
    now, then = answer["anew"], answer["supposed"]
    if "half_by" not in now:
        return ""
    return str(
        _(
            "Half of the villages are visited by: %(half)s (as today: %(half_now)s);"
            " nine tenths by: %(most)s (as today: %(most_now)s).",
            half=_day_or_never(then, "half_by"),
            half_now=_day_or_never(now, "half_by"),
            most=_day_or_never(then, "most_by"),
            most_now=_day_or_never(now, "most_by"),
        )
    )


def _day_or_never(way: Mapping[str, Any], which: str) -> str:
    day = _day(way, which)
    return plain_date(day) if day else str(_("not within the stage"))

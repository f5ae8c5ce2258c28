"""The manager's first page: what is reached, what it brought, who is behind, where help pays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.campaigns import campaign_of, list_campaigns
from outreach.people.tables import Branch, Role, Team
from outreach.progress.board import UNSERVED, Asked, Board
from outreach.progress.board_rows import TOLERANCE, BoardRow, By, Figures, Schedule
from outreach.progress.board_targets import targets_of_campaign, targets_within
from outreach.progress.denominators import denominators
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.villages.tables import VillageKind
from outreach.web.app import running
from outreach.web.auth import person
from outreach.web.board_memory import board_memory
from outreach.web.board_place import Place, read_place
from outreach.web.coordinator_pages import now, today
from outreach.web.database import reading_db
from outreach.web.i18n import number, short_date
from outreach.web.routing import allow

if TYPE_CHECKING:
    from datetime import date

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.board_targets import RegionTargets

pages = Blueprint("board", __name__)
READERS = (Role.COORDINATOR, Role.MANAGER)
#: Rows of the list of where help pays most.
MOST_HELPED = 8


@dataclass(frozen=True, slots=True)
class Named:
    """A row with its name and where it leads; a row that leads nowhere has no address."""

    name: str
    hint: str
    href: str
    row: BoardRow


@pages.get("/board")
@allow(*READERS)
def show() -> ResponseReturnValue:
    """Show the board of the nation or a part of it."""
    day = today()
    with reading_db() as db:
        place = read_place(db, person())
        if len(place.filters.area) == Level.VILLAGE:
            return redirect(url_for("manager.village", code=place.filters.area), 303)
        targets = targets_of(db, place, day)
        found = board_memory().board(db, asked_of(place), targets, today=day, now=now())
        rows = named(db, place, found)
        return render_template(
            "manager/board.html",
            place=place,
            board=found,
            rows=rows,
            cards=place.here(place.choices[0]).replace("/board", "/board/cards", 1),
            helped=_helped(place, found),
            behind=_behind(place.by, rows),
            curve=_curve(found),
            labels=[short_date(week) for week in found.weeks],
            today=day,
            targets_differ=targets.whole is not None,
            target_sources=sorted({one.source for one in targets.targets.values()}),
            rates_of=lambda figures: denominators(figures, found.sources),
            cost_of=cost_of,
            tolerance=TOLERANCE,
            campaigns=list_campaigns(db, person()),
            kinds=list(VillageKind),
        )


def asked_of(place: Place) -> Asked:
    """Say to the room of progress what the place shows."""
    return Asked(
        place.scope,
        place.by,
        {one.regency_code: str(one.branch_id) for one in place.served},
        {one.regency_code: one.office for one in place.served},
    )


def targets_of(db: Session, place: Place, today: date) -> RegionTargets:
    """Read the targets that the place has parts of: the campaign's, or those of the branches."""
    if place.filters.campaign_id is None:
        return targets_within(db, place.scope.prefixes, today)
    campaign = campaign_of(db, person(), place.filters.campaign_id)
    return targets_of_campaign(db, campaign).within(place.scope.prefixes)


def cost_of(figures: Figures) -> int:
    """Tell what the travel cost, at the prices of the settings; without them nothing."""
    settings = running().settings
    return figures.cost_rupiah(settings.team_day_rupiah, settings.travel_hour_rupiah)


def named(db: Session, place: Place, found: Board) -> list[Named]:
    """Name the rows, each with where it leads."""
    names = _names(db, place, [row.key for row in found.rows])
    return [
        Named(*names.get(row.key, (row.key, "")), _href(place, row.key), row) for row in found.rows
    ]


def _names(db: Session, place: Place, keys: list[str]) -> dict[str, tuple[str, str]]:
    """Name the rows, with what tells two of one name apart."""
    if place.by is By.TEAM:
        return _teams(db, keys)
    if place.by is By.OFFICE:
        named = {one.office: (one.office, "") for one in place.served}
    elif place.by is By.BRANCH:
        named = {str(one.branch_id): (one.branch, one.office) for one in place.served}
    else:
        named = {code: (name, code) for code, name in names_of(db, keys).items()}
    return named | {UNSERVED: (_("Regencies without a branch"), "")}


def _teams(db: Session, keys: list[str]) -> dict[str, tuple[str, str]]:
    query = (
        select(col(Team.id), col(Team.name), col(Branch.name))
        .join(Branch, col(Branch.id) == col(Team.branch_id))
        .where(col(Team.id).in_([int(key) for key in keys]))
    )
    return {str(number): (team, branch) for number, team, branch in db.execute(query)}


def _href(place: Place, key: str) -> str:
    if key == UNSERVED:
        return place.here(By.PROVINCE) if By.PROVINCE in place.choices else ""
    if place.by is By.VILLAGE:
        return url_for("manager.village", code=key)
    names = {By.OFFICE: "office", By.BRANCH: "branch", By.TEAM: "team"}
    return place.at(**{names.get(place.by, "area"): key})


def _helped(place: Place, found: Board) -> list[dict[str, Any]]:
    """List the branches with most to be recovered, as rows of a chart."""
    branches = {str(one.branch_id): one.branch for one in place.served}
    order = sorted(found.recoverable.items(), key=lambda one: (-one[1], one[0]))
    return [
        {"name": branches[key], "value": count, "href": place.at(branch=key)}
        for key, count in order[:MOST_HELPED]
        if count
    ]


def _behind(by: By, rows: list[Named]) -> list[dict[str, Any]]:
    """List the rows most behind the plan, as rows of a chart; one village is never far behind."""
    late = sorted(
        (
            one
            for one in rows
            if by is not By.VILLAGE and one.row.figures.schedule is Schedule.BEHIND
        ),
        key=lambda one: one.row.figures.off_plan,
    )
    return [
        {
            "name": one.name,
            "value": -one.row.figures.off_plan,
            "of": one.row.figures.expected,
            "href": one.href,
        }
        for one in late[:MOST_HELPED]
    ]


def _curve(found: Board) -> dict[str, Any]:
    """Write the curve as the chart takes it."""
    return {
        "labels": [short_date(week) for week in found.curve.weeks],
        "series": [
            {"name": _("Reached so far"), "values": found.curve.reached},
            {"name": _("Due by the plan"), "values": found.curve.due},
        ],
        "told": _(
            "%(reached)s reached, %(expected)s due before today",
            reached=number(found.whole.figures.reached),
            expected=number(found.whole.figures.expected),
        ),
    }

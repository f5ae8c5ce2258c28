"""Whether a view still opens for a person, and what it shows, in words; read for many at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.campaigns import list_campaigns
from outreach.errors import Invalid, NotFound
from outreach.people.access import covers
from outreach.people.tables import Team
from outreach.progress.board_rows import By
from outreach.progress.board_teams import villages_of_teams
from outreach.progress.follow_up import FollowUp, Rules
from outreach.progress.layers import Layer
from outreach.progress.offices import served_regencies
from outreach.progress.planned_days import planned_days
from outreach.progress.scope import Scope, scope_for
from outreach.villages.codes import Level, parse
from outreach.villages.reading import names_of
from outreach.villages.tables import VillageKind
from outreach.web.board_place import OF_AREA, OF_BRANCH, OF_PART, OF_TEAM, rows_of_all
from outreach.web.forms import check
from outreach.web.i18n import plain_date
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from enum import StrEnum

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.progress.offices import Served
    from outreach.web.view_addresses import View

#: What a filter may be that is one of a few.
_CHOICES: Mapping[str, type[StrEnum]] = {
    "kind": VillageKind,
    "layer": Layer,
    "list": FollowUp,
    "by": By,
}
_WEEKS = ("week", "beside")


@dataclass(frozen=True, slots=True)
class Known:
    """What a person may name in an address now: regions, campaigns, branches, teams, offices.

    Of offices and branches those of which the person sees something; `rows` are those of a board
    of everything they see.
    """

    person: Person
    names: Mapping[str, str]
    campaigns: Mapping[str, str]
    branches: Mapping[str, str]
    teams: Mapping[str, str]
    offices: frozenset[str]
    rows: tuple[By, ...]

    def opens(self, view: View) -> bool:
        """Whether the page answers: nothing it names is gone, or outside the person's area."""
        told = view.filters
        return (
            all(self._holds(name, value) for name, value in told.items())
            and self._is_one_place(told)
            and _are_thresholds(told)
        )

    def _holds(self, name: str, value: str) -> bool:
        if name == "area":
            return self._sees(value)
        if name in _WEEKS:
            return _day(value) is not None
        if name in _CHOICES:
            return value in set(_CHOICES[name])
        ids: Mapping[str, Collection[str]] = {
            "campaign": self.campaigns,
            "branch": self.branches,
            "team": self.teams,
            "office": self.offices,
        }
        return name not in ids or value in ids[name]

    def _sees(self, area: str) -> bool:
        code = _dotted(area)
        if code not in self.names:
            return False
        try:
            scope_for(self.person, region=code)
        except NotFound:
            return False
        return True

    def _is_one_place(self, told: Mapping[str, str]) -> bool:
        """Whether at most one place is asked for, and of a board rows that this place has."""
        if sum(name in told for name in ("area", "office", "branch", "team")) > 1:
            return False
        return "by" not in told or told["by"] in self._rows_of(told)

    def _rows_of(self, told: Mapping[str, str]) -> Collection[str]:
        if "area" in told:
            return OF_AREA.get(Level(len(_dotted(told["area"]))), OF_AREA[Level.DISTRICT])
        rows = {"team": OF_TEAM, "branch": OF_BRANCH, "office": OF_PART}
        return next((rows[name] for name in rows if name in told), self.rows)

    def words(self, view: View) -> list[str]:
        """Say what the view shows, the page itself first; what is gone is passed over."""
        told = view.filters
        named = (
            self.names.get(_dotted(told.get("area", ""))),
            told.get("office") if told.get("office") in self.offices else None,
            self.branches.get(told.get("branch", "")),
            self.teams.get(told.get("team", "")),
            self.campaigns.get(told.get("campaign", "")),
        )
        chosen = [word(kind(told[name])) for name, kind in _CHOICES.items() if _is_in(told, name)]
        mondays = [day for day in map(_day, map(told.get, _WEEKS)) if day]
        weeks = [_("week from %(day)s", day=plain_date(day)) for day in mondays]
        moved = [_("other thresholds")] if _are_moved(told) else []
        return [view.page, *filter(None, named), *chosen, *weeks, *moved]


def known_to(db: Session, person: Person, views: Iterable[View]) -> Known:
    """Read what the views may name, in a few queries however many they are."""
    views = list(views)
    served = served_regencies(db, person)
    teams = {view.filters["team"] for view in views if "team" in view.filters}
    return Known(
        person,
        names_of(db, {_dotted(view.filters.get("area", "")) for view in views} - {""}),
        {str(one.id): one.name for one in list_campaigns(db, person)},
        {str(one.branch_id): one.branch for one in served},
        _teams(db, person, served, teams) if teams else {},
        frozenset(one.office for one in served),
        rows_of_all(person, served),
    )


def _teams(
    db: Session, person: Person, served: Iterable[Served], wanted: set[str]
) -> dict[str, str]:
    """Name the teams wanted; where the person sees parts of regencies, those at work in them."""
    seen: dict[int, bool] = {}
    for one in served:
        is_whole = covers(person.areas, one.regency_code)
        seen[one.branch_id] = seen.get(one.branch_id, True) and is_whole
    query = select(col(Team.id), col(Team.name), col(Team.branch_id))
    rows = db.execute(query.where(col(Team.branch_id).in_(seen))).all()
    found = [row for row in rows if str(row.id) in wanted]
    if not all(seen[row.branch_id] for row in found):
        part = Scope(person.areas)
        at_work = villages_of_teams(db, part, planned_days(db, part))
        found = [row for row in found if seen[row.branch_id] or str(row.id) in at_work]
    return {str(row.id): row.name for row in found}


def _dotted(area: str) -> str:
    try:
        return parse(area) if area else ""
    except Invalid:
        return ""


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _is_in(told: Mapping[str, str], name: str) -> bool:
    return told.get(name) in set(_CHOICES[name])


def _are_moved(told: Mapping[str, str]) -> bool:
    usual = Rules().model_dump()
    return any(told.get(name, str(value)) != str(value) for name, value in usual.items())


def _are_thresholds(told: Mapping[str, str]) -> bool:
    try:
        check(Rules, {name: told[name] for name in Rules.model_fields if name in told})
    except Invalid:
        return False
    return True

"""Which part of the board an address asks for: the nation, an office, a branch, a team, an area."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flask import request
from flask_babel import gettext as _
from sqlalchemy import String, cast, select
from sqlmodel import col

from outreach.errors import NotFound
from outreach.people.access import NATION, covers
from outreach.people.tables import Team
from outreach.progress.board_rows import By
from outreach.progress.board_teams import villages_of_teams
from outreach.progress.offices import part_of_branch, part_of_office, served_regencies
from outreach.progress.planned_days import planned_days
from outreach.villages.codes import Level, parents
from outreach.villages.reading import names_of
from outreach.web.map_filters import Filters, home_of, read_filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.progress.offices import Served
    from outreach.progress.scope import Scope

#: Rows to choose from, the usual ones first.
OF_NATION = (By.OFFICE, By.BRANCH, By.PROVINCE)
OF_PART = (By.BRANCH, By.REGENCY, By.TEAM)
OF_BRANCH = (By.REGENCY, By.TEAM)
OF_AREA = {
    Level.PROVINCE: (By.REGENCY, By.BRANCH, By.TEAM),
    Level.REGENCY: (By.DISTRICT, By.TEAM),
    Level.DISTRICT: (By.VILLAGE, By.TEAM),
}
OF_TEAM = (By.VILLAGE, By.DISTRICT)


@dataclass(frozen=True, slots=True)
class Place:
    """What is looked at: at most one of office, branch, team and area, else all that is seen.

    `served` are the regencies behind it that a branch serves; `crumbs` are addresses and names of
    what lies around it, from the outside in, and its own. `is_part` says that the person sees
    only a part of it.
    """

    name: str
    choices: tuple[By, ...]
    by: By
    scope: Scope
    served: tuple[Served, ...]
    filters: Filters
    crumbs: tuple[tuple[str, str], ...]
    office: str = ""
    branch: str = ""
    team: str = ""
    is_part: bool = False

    def at(self, **more: str) -> str:
        """Write the address of another part of the board with the same filters."""
        return f"/board{self.filters.query(**more)}"

    def here(self, by: By) -> str:
        """Write the address of this part of the board with other rows."""
        asked = "" if by is self.choices[0] else by.value
        return self.at(**self.asked(), by=asked)

    def asked(self) -> dict[str, str]:
        """Tell which place the address names."""
        place = {"office": self.office, "branch": self.branch, "team": self.team}
        return {**place, "area": self.filters.area}


def read_place(db: Session, person: Person) -> Place:
    """Read the address.

    Raises
    ------
    NotFound
        If it names nothing, nothing that the person sees, or more than one place.
    """
    filters = read_filters(db, person)
    office, branch, team = (request.args.get(name, "") for name in ("office", "branch", "team"))
    if sum(map(bool, (office, branch, team, filters.area))) > 1:
        raise NotFound(kind="Place")
    served = served_regencies(db, person)
    if filters.area:
        place = _of_area(db, person, filters, served)
    elif office:
        place = _of_office(db, person, filters, served, office)
    elif branch:
        place = _of_branch(db, person, filters, served, branch)
    elif team:
        place = _of_team(db, person, filters, served, team)
    else:
        place = _of_all(db, person, filters, served)
    return replace(place, by=_by(place.choices))


def place_of_area(db: Session, person: Person, area: str) -> Place:
    """Look at an area without any filter, with its usual rows."""
    return _of_area(db, person, Filters(area), served_regencies(db, person))


def _by(choices: Sequence[By]) -> By:
    given = request.args.get("by", "") or choices[0].value
    if given not in {by.value for by in choices}:
        raise NotFound(kind="By")
    return By(given)


def _of_all(db: Session, person: Person, filters: Filters, served: list[Served]) -> Place:
    """Look at everything the person sees; who sees one branch or one office alone looks at it."""
    choices = rows_of_all(person, served)
    if choices == OF_BRANCH:
        return _of_branch(db, person, filters, served, str(served[0].branch_id))
    if choices == OF_PART:
        return _of_office(db, person, filters, served, served[0].office)
    home = home_of(person)
    name = names_of(db, [home]).get(home, "") if home else _whole_name(person)
    scope = filters.scope(person)
    place = _place(filters, name, choices, scope, served, ())
    return replace(place, is_part=not covers(person.areas, home))


def rows_of_all(person: Person, served: Sequence[Served]) -> tuple[By, ...]:
    """Tell the rows of all that a person sees; of its only branch or office if it is that."""
    if not served:
        return (By.PROVINCE, *OF_PART[1:])
    regencies = [one.regency_code for one in served]
    nothing_else = all(covers(regencies, area) for area in person.areas)
    if nothing_else and len({one.branch_id for one in served}) == 1:
        return OF_BRANCH
    return OF_PART if nothing_else and len({one.office for one in served}) == 1 else OF_NATION


def _whole_name(person: Person) -> str:
    """Name everything a person sees; the nation has no name here, the page knows it."""
    return "" if covers(person.areas, NATION) else _("My whole area")


def _of_office(
    db: Session, person: Person, filters: Filters, served: list[Served], office: str
) -> Place:
    part = part_of_office(db, person, office)
    looked_at = replace(filters, part=part)
    inside = [one for one in served if one.office == office]
    around = _around(person, filters)
    place = _place(looked_at, office, OF_PART, looked_at.scope(person), inside, around)
    return replace(place, office=office, is_part=part.is_cut(person))


def _of_branch(
    db: Session, person: Person, filters: Filters, served: list[Served], branch: str
) -> Place:
    part = part_of_branch(db, person, branch)
    looked_at = replace(filters, part=part)
    inside = [one for one in served if str(one.branch_id) == branch]
    around = _around(person, filters)
    if around or len({one.branch_id for one in served}) > 1:
        around = (*around, (f"/board{filters.query(office=part.office)}", part.office))
    place = _place(looked_at, part.name, OF_BRANCH, looked_at.scope(person), inside, around)
    return replace(place, branch=branch, is_part=part.is_cut(person))


def _of_team(
    db: Session, person: Person, filters: Filters, served: list[Served], team: str
) -> Place:
    """Look at what a team did in the villages of its own."""
    query = select(col(Team.name), col(Team.branch_id)).where(cast(col(Team.id), String) == team)
    found = db.execute(query).first()
    if found is None:
        raise NotFound(kind="Team")
    branch = _of_branch(db, person, filters, served, str(found.branch_id))
    own = villages_of_teams(db, branch.scope, planned_days(db, branch.scope)).get(team, set())
    if branch.is_part and not own:
        raise NotFound(kind="Team")
    above = (*branch.crumbs[:-1], (branch.at(branch=branch.branch), branch.name))
    return replace(
        branch,
        name=found.name,
        choices=OF_TEAM,
        scope=replace(branch.scope, prefixes=tuple(sorted(own)), team_id=int(team)),
        crumbs=(*above, ("", found.name)),
        branch="",
        team=team,
    )


def _of_area(db: Session, person: Person, filters: Filters, served: list[Served]) -> Place:
    area = filters.area
    choices = OF_AREA.get(Level(len(area)), OF_AREA[Level.DISTRICT])
    inside = [one for one in served if covers((area,), one.regency_code)]
    behind = [one for one in served if covers((one.regency_code,), area)]
    crumbs = _around(person, filters)
    # A branch, where there is one, stands around a regency in the place of the province.
    least = Level.REGENCY if behind else Level.PROVINCE
    above = [code for code in reversed(parents(area)) if len(code) >= least]
    names = names_of(db, [*above, area])
    if behind:
        branch = _of_branch(db, person, filters, served, str(behind[0].branch_id))
        crumbs = (*branch.crumbs[:-1], (branch.at(branch=branch.branch), branch.name))
    above_it = tuple((f"/board{filters.query(area=code)}", names[code]) for code in above)
    place = _place(
        filters,
        names[area],
        choices,
        filters.scope(person),
        [*inside, *behind],
        (*crumbs, *above_it),
    )
    return replace(place, is_part=not covers(person.areas, area))


def _place(
    filters: Filters,
    name: str,
    choices: tuple[By, ...],
    scope: Scope,
    served: Iterable[Served],
    around: tuple[tuple[str, str], ...],
) -> Place:
    crumbs = (*around, ("", name))
    return Place(name, choices, choices[0], scope, tuple(served), filters, crumbs)


def _around(person: Person, filters: Filters) -> tuple[tuple[str, str], ...]:
    """Lead to everything the person sees, if that is more than one place."""
    whole = (f"/board{filters.query()}", _whole_name(person))
    return (whole,) if home_of(person) == NATION else ()

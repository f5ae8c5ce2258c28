"""Which part of the country a person asks for: place, campaign and kind, from the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import request

from outreach.campaigns.campaigns import campaign_of
from outreach.errors import Invalid, NotFound
from outreach.people.access import NATION, covers
from outreach.progress.layers import Layer
from outreach.progress.offices import part_of_branch, part_of_office
from outreach.progress.scope import Scope, scope_for, scope_of
from outreach.villages.codes import parse
from outreach.villages.reading import names_of
from outreach.villages.tables import VillageKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.progress.offices import Part

LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Filters:
    """What stands in the address, checked: the area is within or around the person's own.

    The layer is what the map is coloured by and what its table shows beside the states. Pages
    that look at a branch or an office too name it as their `part`; the area is then the nation.
    """

    area: str = NATION
    campaign_id: int | None = None
    kind: VillageKind | None = None
    layer: Layer = Layer.REACHED
    part: Part | None = None

    def scope(self, person: Person, *, whole: bool = False) -> Scope:
        """Make the scope of what is looked at, or of the person's *whole* area."""
        kinds = (self.kind,) if self.kind else ()
        if self.part and not whole:
            regencies = self.part.regencies
            return scope_of(person, regencies, campaign_id=self.campaign_id, kinds=kinds)
        region = NATION if whole else self.area
        return scope_for(person, region=region, campaign_id=self.campaign_id, kinds=kinds)

    def is_cut(self, person: Person) -> bool:
        """Whether the person sees only some of what is looked at."""
        return self.part.is_cut(person) if self.part else not covers(person.areas, self.area)

    def place(self) -> dict[str, str]:
        """Tell how an address names what is looked at; the nation has no name."""
        if self.part is None:
            return {"area": self.area} if self.area else {}
        branch_id = self.part.branch_id
        return {"office": self.part.office} if branch_id is None else {"branch": str(branch_id)}

    def here(self, **more: str) -> str:
        """Write the filters with what is looked at as the end of an address."""
        return self.query(**self.place(), **more)

    def told(self, **more: str) -> dict[str, str]:
        """Tell the fields that an address names all of this by, and *more*."""
        return {**self.place(), **self._counted(), **more}

    def query(self, **more: str) -> str:
        """Write the filters, without what is looked at, as the end of an address."""
        given = {**self._counted(), **more}
        told = urlencode({name: value for name, value in given.items() if value})
        return f"?{told}" if told else ""

    def _counted(self) -> dict[str, str]:
        kind = self.kind.value if self.kind else ""
        return {"campaign": str(self.campaign_id or ""), "kind": kind}

    def at(self, area: str) -> str:
        """Write the address of the map page at another area."""
        layer = "" if self.layer is Layer.REACHED else self.layer.value
        return "/map" + replace(self, area=area).query(area=area, layer=layer)


def read_filters_of_part(db: Session, person: Person, *, home: str = NATION) -> Filters:
    """Read the filters of a page that may look at a branch or an office in the place of an area.

    Raises
    ------
    NotFound
        If one names nothing, or nothing that the person sees, or more than one place is named.
    """
    branch, office = (request.args.get(name, "") for name in ("branch", "office"))
    if not branch and not office:
        return read_filters(db, person, home=home)
    if (branch and office) or request.args.get("area", "").strip():
        raise NotFound(kind="Place")
    found = read_filters(db, person)
    find = part_of_branch if branch else part_of_office
    return replace(found, part=find(db, person, branch or office))


def read_filters(db: Session, person: Person, *, home: str = NATION) -> Filters:
    """Read the filters of the request; without an area it is *home*.

    Raises
    ------
    NotFound
        If one names nothing, or an area that the person sees nothing of.
    """
    found = Filters(_area(home), _campaign(db, person), _kind(), _layer())
    found.scope(person)
    if found.area and not names_of(db, [found.area]):
        raise NotFound(region=found.area)
    return found


def name_of_place(filters: Filters, person: Person, names: Mapping[str, str]) -> str:
    """Name what is looked at, if the person sees all of it; the area is one of *names*."""
    if filters.is_cut(person):
        return ""
    return filters.part.name if filters.part else names.get(filters.area, "")


def home_of(person: Person) -> str:
    """Find the smallest region, down to the regency, that holds the whole area of the person."""
    common = NATION
    for length in (2, 5):
        starts = {area[:length] for area in person.areas}
        if len(starts) != 1 or len(next(iter(starts))) < length:
            return common
        (common,) = starts
    return common


def _area(home: str) -> str:
    given = request.args.get("area", "").strip()
    try:
        return parse(given) if given else home
    except Invalid:
        raise NotFound(region=given[:20]) from None


def _campaign(db: Session, person: Person) -> int | None:
    given = request.args.get("campaign", "")
    if not given:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) <= LONGEST_NUMBER):
        raise NotFound(kind="Campaign")
    return campaign_of(db, person, int(given)).id


def _kind() -> VillageKind | None:
    given = request.args.get("kind", "")
    try:
        return VillageKind(given) if given else None
    except ValueError:
        raise NotFound(kind="VillageKind") from None


def _layer() -> Layer:
    given = request.args.get("layer", "")
    try:
        return Layer(given) if given else Layer.REACHED
    except ValueError:
        raise NotFound(kind="Layer") from None

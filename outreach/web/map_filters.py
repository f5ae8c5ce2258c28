"""Which part of the map a person asks for: area, campaign and kind, from the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import request

from outreach.campaigns.campaigns import campaign_of
from outreach.errors import Invalid, NotFound
from outreach.people.access import NATION
from outreach.progress.layers import Layer
from outreach.progress.scope import Scope, scope_for
from outreach.villages.codes import parse
from outreach.villages.reading import names_of
from outreach.villages.tables import VillageKind

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person

LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Filters:
    """What stands in the address, checked: the area is within or around the person's own.

    The layer is what the map is coloured by and what its table shows beside the states.
    """

    area: str = NATION
    campaign_id: int | None = None
    kind: VillageKind | None = None
    layer: Layer = Layer.REACHED

    def scope(self, person: Person, *, whole: bool = False) -> Scope:
        """Make the scope of the area, or of the person's *whole* area."""
        kinds = (self.kind,) if self.kind else ()
        region = NATION if whole else self.area
        return scope_for(person, region=region, campaign_id=self.campaign_id, kinds=kinds)

    def query(self, **more: str) -> str:
        """Write the filters, without the area, as the end of an address."""
        given = {
            "campaign": str(self.campaign_id or ""),
            "kind": self.kind.value if self.kind else "",
            **more,
        }
        told = urlencode({name: value for name, value in given.items() if value})
        return f"?{told}" if told else ""

    def at(self, area: str) -> str:
        """Write the address of the map page at another area."""
        layer = "" if self.layer is Layer.REACHED else self.layer.value
        return "/map" + replace(self, area=area).query(area=area, layer=layer)


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

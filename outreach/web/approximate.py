"""The villages that stand on the map only approximately: the registry has no place for them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from flask import Blueprint, render_template

from outreach.maps.columns import scope_of
from outreach.people.access import covers
from outreach.villages.codes import Level
from outreach.villages.reading import approximate_villages
from outreach.web.auth import person
from outreach.web.database import reading_db
from outreach.web.manager import READERS, crumbs_to
from outreach.web.map_data import map_data
from outreach.web.map_filters import Filters, home_of, read_filters
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.villages.reading import ApproximateVillage

pages = Blueprint("approximate", __name__)


@dataclass(frozen=True, slots=True)
class Group:
    """The villages of one regency, in the order of their codes."""

    code: str
    name: str
    province: str
    villages: list[ApproximateVillage]


@pages.get("/villages/approximate")
@allow(*READERS)
def listed() -> ResponseReturnValue:
    """List the villages of an area whose place is approximate, by regency."""
    with reading_db() as db:
        area = read_filters(db, person(), home=home_of(person())).area
        found = [one for one in approximate_villages(db, person()) if covers((area,), one.code)]
        return render_template(
            "manager/approximate.html",
            area=area,
            crumbs=crumbs_to(db, person(), area),
            groups=list(_by_regency(found)),
            approximate=len(found),
            villages=_count(db, area),
        )


def _by_regency(found: Iterable[ApproximateVillage]) -> Iterator[Group]:
    for code, some in groupby(found, key=lambda one: one.code[: Level.REGENCY]):
        villages = list(some)
        yield Group(code, villages[0].regency, villages[0].province, villages)


def _count(db: Session, area: str) -> int:
    """Count all villages that the person sees in an area."""
    places = map_data().ground(db, Filters().scope(person(), whole=True)).places
    return len(places.only(scope_of(places.codes, [area])))

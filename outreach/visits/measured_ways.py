"""The measured travel times of a batch: asked for once, kept with its question, told on its run.

A batch is planned whether or not the road service answers. Without its times the plan stands on
estimates, and the run says so.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select
from sqlmodel import col

from outreach.planning.model import Access, Point, TravelTable
from outreach.villages.roads import NoRoads, RoadService, RoadTrouble, measure
from outreach.visits.tables import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlmodel import Session

    from outreach.planning.model import Site, TeamDay
    from outreach.visits.batches import Claim

#: Two bytes a leg; the longest leg of a table is a week.
STORED_AS = "<i2"


@dataclass(frozen=True, slots=True)
class ToldWays:
    """What a run says of the travel times of some of its parts.

    `source` names who measured; without it they are estimates, and `trouble` says why. `at` is
    when the service was asked, `share` how much of the ways it could tell: the others are
    estimates.
    """

    source: str
    trouble: RoadTrouble | None
    at: datetime
    share: float = 1.0


def service_at(url: str) -> RoadService | None:
    """Name the road service of the settings; none where none is set."""
    return RoadService(url) if url else None


def ask_ways(
    places: Iterable[Point],
    service: RoadService,
    now: datetime,
    between: Callable[[], None],
    *,
    is_last: bool = False,
) -> tuple[TravelTable | None, ToldWays]:
    """Measure the ways between places; without an answer say why there are only estimates.

    In the last attempt nobody is asked: waiting for an answer may be what ended the others.
    """
    if is_last:
        return None, ToldWays("", RoadTrouble.TOO_SLOW, now)
    try:
        found = measure(places, service, between)
    except NoRoads as error:
        return None, ToldWays("", error.trouble, now)
    return found.table, ToldWays(found.table.source, None, now, found.share)


def places_of(sites: Iterable[Site], team_days: Iterable[TeamDay]) -> tuple[Point, ...]:
    """Every base and every village of a question that has a place, in one order."""
    points = [*(one.base for one in team_days), *(site.point for site in sites)]
    placed = (one for one in points if isfinite(one.latitude) and isfinite(one.longitude))
    return tuple(dict.fromkeys(placed))


def kept_ways(batch: Batch, places: tuple[Point, ...]) -> TravelTable | None:
    """Take out the table that was kept with a batch; none for other places than it was made of."""
    kept = batch.question.get("travel")
    if kept is None or kept["places"] != _digest(places):
        return None
    return _table(kept, places)


def table_of(question: Mapping[str, Any]) -> TravelTable | None:
    """Take out the table that was kept with a question, for the places as they were then."""
    kept = question.get("travel")
    if kept is None or "at" not in kept:
        return None
    places = tuple(
        Point(latitude, longitude, code, island, Access(access), wait)
        for latitude, longitude, code, island, access, wait in kept["at"]
    )
    return _table(kept, places)


def _table(kept: Mapping[str, Any], places: tuple[Point, ...]) -> TravelTable:
    figures = np.frombuffer(zlib.decompress(b64decode(kept["minutes"])), dtype=STORED_AS)
    minutes = figures.reshape(len(places), len(places)).astype(np.int64)
    return TravelTable(places, minutes, kept["source"])


def keep_ways(db: Session, held: Claim, table: TravelTable | None, told: ToldWays) -> None:
    """Keep with a batch what it was planned by, so that the same plan can be made again."""
    batch = db.get_one(Batch, held.row_id)
    batch.figures = {**batch.figures, "travel": as_json(told)}
    if table is not None:
        minutes = table.minutes.astype(STORED_AS).tobytes()
        kept = {
            "places": _digest(table.places),
            "source": table.source,
            "minutes": b64encode(zlib.compress(minutes)).decode(),
            "at": [_place(one) for one in table.places],
        }
        batch.question = {**batch.question, "travel": kept}


def told_ways(db: Session, run_id: int) -> list[ToldWays]:
    """Say by what travel times the parts of a run are planned, each kind once, the least share.

    Whoever calls has seen that the person may look at the run.
    """
    figures = db.scalars(select(col(Batch.figures)).where(col(Batch.run_id) == run_id))
    told = sorted((one["travel"] for one in figures if "travel" in one), key=lambda one: one["at"])
    kinds: dict[tuple[str, RoadTrouble | None], ToldWays] = {}
    for one in map(from_json, told):
        least = min(one.share, kinds.get((one.source, one.trouble), one).share)
        kinds[one.source, one.trouble] = replace(one, share=least)
    return list(kinds.values())


def as_json(told: ToldWays) -> dict[str, Any]:
    """Put what is said of travel times as JSON."""
    return {
        "source": told.source,
        "trouble": told.trouble.value if told.trouble else None,
        "at": told.at.isoformat(),
        "share": told.share,
    }


def from_json(told: Mapping[str, Any]) -> ToldWays:
    """Read what `as_json` has put."""
    return ToldWays(
        told["source"],
        RoadTrouble(told["trouble"]) if told["trouble"] else None,
        datetime.fromisoformat(told["at"]),
        told.get("share", 1.0),
    )


def _place(one: Point) -> list[Any]:
    at = [one.latitude, one.longitude, one.region_code, one.island]
    return [*at, one.access.value, one.wait_minutes]


def _digest(places: tuple[Point, ...]) -> str:
    facts = [
        (one.latitude, one.longitude, one.island, one.access.value, one.wait_minutes)
        for one in places
    ]
    return hashlib.sha256(repr(facts).encode()).hexdigest()

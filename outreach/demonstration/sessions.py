"""What happens in the villages of the demonstration: made-up sessions of a believable size."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from outreach.logbook.tables import Package, Payer, Sector
from outreach.villages.tables import VillageKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from outreach.visits.rows import VisitRow

_RURAL: dict[Sector, int] = {
    Sector.FARMER: 46,
    Sector.TRADER: 14,
    Sector.CRAFT: 12,
    Sector.CONSTRUCTION: 12,
    Sector.DOMESTIC: 5,
    Sector.DRIVER: 7,
    Sector.OTHER: 4,
}
_URBAN: dict[Sector, int] = {
    Sector.TRADER: 32,
    Sector.CRAFT: 24,
    Sector.DRIVER: 20,
    Sector.DOMESTIC: 10,
    Sector.CONSTRUCTION: 10,
    Sector.OTHER: 4,
}
_PAYERS = {Payer.SELF: 74, Payer.APBDES: 14, Payer.SERTAKAN: 7, Payer.CSR: 3, Payer.APBD: 2}
_PACKAGES = {Package.JKK_JKM: 62, Package.JKK_JKM_JHT: 38}
_REMARKS = (
    "",
    "",
    "",
    "Warga minta jadwal ulang untuk buruh pabrik shift pagi.",
    "Kelompok tani hadir lengkap.",
    "Beberapa warga menunggu gajian untuk iuran pertama.",
    "Hujan deras, mulai terlambat setengah jam.",
)


@dataclass(frozen=True, slots=True)
class Manner:
    """What sessions of a part of the country are like: who works there, who pays, where they meet.

    Weights, not percentages; `crowd` is how many people come in the mean.
    """

    rural: dict[Sector, int]
    urban: dict[Sector, int]
    payers: dict[Payer, int]
    places: tuple[str, ...]
    remarks: tuple[str, ...]
    crowd: int = 42


SOLO = Manner(
    _RURAL,
    _URBAN,
    _PAYERS,
    ("Balai desa", "Pendapa", "Gedung serbaguna", "Rumah ketua RT"),
    _REMARKS,
)
#: In so many villages of a hundred nobody pays.
_NEVER_PAY = 3
#: How a planned visit of the past ended, in percent.
_ENDINGS = {"held": 88, "not_met": 3, "refused": 2, "postponed": 5, "cancelled": 2}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a visit ended; `report` is empty where nothing was held.

    `contradicted` is what somebody else tells of the same session, if anybody does.
    """

    kind: str
    report: dict[str, Any]
    contradicted: dict[str, Any] = field(default_factory=dict)


def draw_ending(random: Random, visit: VisitRow, eager: float) -> Ending:
    """Draw how a visit ended; `eager`, 0.5 to 1.5, is how willing the district is."""
    return ending_of(random, visit, _draw(random, _ENDINGS), eager, SOLO)


def ending_of(random: Random, visit: VisitRow, kind: str, eager: float, manner: Manner) -> Ending:
    """Draw what is told of a visit that ended in this way."""
    if kind in {"postponed", "cancelled"}:
        return Ending(kind, {})
    report = {
        "id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
        "visit_id": visit.id,
        "held_on": visit.day.isoformat(),
        "held_at": visit.starts_at.isoformat(timespec="minutes"),
        "met": kind,
    }
    if kind == "held":
        report |= _attendance(random, visit, eager, manner)
    return Ending(kind, report)


def _attendance(random: Random, visit: VisitRow, eager: float, manner: Manner) -> dict[str, Any]:
    people = max(8, round(random.gauss(manner.crowd, 11)))
    women = round(people * random.uniform(0.35, 0.65))
    signups = min(people, round(people * eager * random.betavariate(2.2, 5)))
    urban = visit.village_kind is VillageKind.KELURAHAN
    details = Counter(
        (
            _draw(random, manner.urban if urban else manner.rural),
            _draw(random, _PACKAGES),
            _draw(random, manner.payers),
        )
        for _ in range(signups)
    )
    return {
        "place": random.choice(manner.places),
        "men": people - women,
        "women": women,
        "signups": signups,
        "details": [
            {"sector": sector, "package": package, "payer": payer, "workers": workers}
            for (sector, package, payer), workers in sorted(details.items())
        ],
        "remarks": random.choice(manner.remarks),
        **_afterwards(visit, signups),
    }


def _afterwards(visit: VisitRow, signups: int) -> dict[str, int]:
    """Add how long it took and who paid; by dice of their own, so that the rest stays as it was."""
    random = Random(f"{visit.village_code} {visit.day}")  # noqa: S311 - a story, not a secret
    minutes = round(random.gauss(95, 14))
    paid = 0 if never_pays(visit.village_code) else round(signups * random.betavariate(6, 3))
    return {"minutes": max(45, min(118, minutes)), "paid": min(signups, paid)}


def never_pays(village_code: str) -> bool:
    """Tell whether nobody of a village pays after signing up: so it goes in a few."""
    random = Random(village_code)  # noqa: S311 - a story, not a secret
    return random.randrange(100) < _NEVER_PAY


def _guessed(visit: VisitRow, report: dict[str, Any]) -> dict[str, Any]:
    """Tell of a session in round numbers, from a phone in another district."""
    counts = {"men": 30, "women": 40, **_signups(20)}
    place = {"latitude": visit.latitude + 0.2, "longitude": visit.longitude}
    return report | counts | place


def _hurried(_visit: VisitRow, report: dict[str, Any]) -> dict[str, Any]:
    """Tell of a session of twelve minutes."""
    return report | {"minutes": 12}


def _crowded(_visit: VisitRow, report: dict[str, Any]) -> dict[str, Any]:
    """Tell of more sign-ups than people who were there."""
    return report | _signups(report["men"] + report["women"] + 7)


def _signups(workers: int) -> dict[str, Any]:
    detail = {"sector": Sector.FARMER, "package": Package.JKK_JKM, "payer": Payer.SELF}
    return {"signups": workers, "paid": None, "details": [{**detail, "workers": workers}]}


#: Which of the sessions that wait for review are told strangely, for the coordinator to find.
ODD: dict[int, Callable[[VisitRow, dict[str, Any]], dict[str, Any]]] = {
    3: _guessed,
    11: _hurried,
    19: _crowded,
}


#: And which one is told twice, by two people who counted differently.
TOLD_TWICE = 15


def told_oddly(ending: Ending, visit: VisitRow, number: int) -> Ending:
    """Make the session told strangely that is *number* among those that wait, if it was held."""
    if number in ODD:
        return Ending(ending.kind, ODD[number](visit, ending.report))
    if number == TOLD_TWICE:
        return Ending(ending.kind, ending.report, _counted_again(ending.report))
    return ending


def _counted_again(report: dict[str, Any]) -> dict[str, Any]:
    other = {"id": str(uuid.uuid5(uuid.UUID(report["id"]), "again")), "remarks": ""}
    return report | other | {"men": report["men"] + 4, "women": report["women"] + 1}


def _draw[T](random: Random, weights: dict[T, int]) -> T:
    return random.choices(list(weights), weights=list(weights.values()))[0]

"""What happens in the villages of the demonstration: made-up sessions of a believable size."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from outreach.logbook.tables import Package, Payer, Sector
from outreach.villages.tables import VillageKind

if TYPE_CHECKING:
    from random import Random

    from outreach.visits.rows import VisitRow

_RURAL = {
    Sector.FARMER: 46,
    Sector.TRADER: 14,
    Sector.CRAFT: 12,
    Sector.CONSTRUCTION: 12,
    Sector.DOMESTIC: 5,
    Sector.DRIVER: 7,
    Sector.OTHER: 4,
}
_URBAN = {
    Sector.TRADER: 32,
    Sector.CRAFT: 24,
    Sector.DRIVER: 20,
    Sector.DOMESTIC: 10,
    Sector.CONSTRUCTION: 10,
    Sector.OTHER: 4,
}
_PAYERS = {Payer.SELF: 74, Payer.APBDES: 14, Payer.SERTAKAN: 7, Payer.CSR: 3, Payer.APBD: 2}
_PACKAGES = {Package.JKK_JKM: 62, Package.JKK_JKM_JHT: 38}
_PLACES = ("Balai desa", "Pendapa", "Gedung serbaguna", "Rumah ketua RT")
_REMARKS = (
    "",
    "",
    "",
    "Warga minta jadwal ulang untuk buruh pabrik shift pagi.",
    "Kelompok tani hadir lengkap.",
    "Beberapa warga menunggu gajian untuk iuran pertama.",
    "Hujan deras, mulai terlambat setengah jam.",
)
#: How a planned visit of the past ended, in percent.
_ENDINGS = {"held": 88, "not_met": 3, "refused": 2, "postponed": 5, "cancelled": 2}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a visit ended; `report` is empty where nothing was held."""

    kind: str
    report: dict[str, Any]


def draw_ending(random: Random, visit: VisitRow, eager: float) -> Ending:
    """Draw how a visit ended; `eager`, 0.5 to 1.5, is how willing the district is."""
    kind = _draw(random, _ENDINGS)
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
        report |= _attendance(random, visit, eager)
    return Ending(kind, report)


def _attendance(random: Random, visit: VisitRow, eager: float) -> dict[str, Any]:
    people = max(8, round(random.gauss(42, 11)))
    women = round(people * random.uniform(0.35, 0.65))
    signups = min(people, round(people * eager * random.betavariate(2.2, 5)))
    urban = visit.village_kind is VillageKind.KELURAHAN
    details = Counter(
        (
            _draw(random, _URBAN if urban else _RURAL),
            _draw(random, _PACKAGES),
            _draw(random, _PAYERS),
        )
        for _ in range(signups)
    )
    return {
        "place": random.choice(_PLACES),
        "men": people - women,
        "women": women,
        "signups": signups,
        "details": [
            {"sector": sector, "package": package, "payer": payer, "workers": workers}
            for (sector, package, payer), workers in sorted(details.items())
        ],
        "remarks": random.choice(_REMARKS),
    }


def _draw[T](random: Random, weights: dict[T, int]) -> T:
    return random.choices(list(weights), weights=list(weights.values()))[0]

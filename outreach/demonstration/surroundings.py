"""What surrounds the demonstration's visits: village heads to call, a harvest, market days.

Everybody here is made up. No network serves numbers that start with 0840, and no mail goes to
`.example`: nobody real can be reached by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from outreach.people.closures import ClosedPeriodIn, MarketDayIn, add_market, add_period
from outreach.people.officials import OfficialIn, add_official
from outreach.villages.codes import kind
from outreach.villages.tables import Closure, MarketEffect, MarketRhythm, VillageKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.people.access import Person


@dataclass(frozen=True, slots=True)
class Names:
    """First and last names of a part of the country; of numbers without a common divisor."""

    first: tuple[str, ...]
    last: tuple[str, ...]


JAVANESE = Names(
    (
        "Agus", "Budi", "Slamet", "Sri", "Suyatno", "Endang", "Wagiman", "Suparti", "Joko",
        "Mulyono", "Sutarmi", "Eko", "Partini", "Haryono", "Ngatini", "Sugeng", "Lestari",
    ),
    (
        "Santoso", "Widodo", "Rahayu", "Prasetyo", "Handayani", "Nugroho", "Setiawan", "Utomo",
        "Wijayanti", "Purnomo", "Hartono", "Mulyani", "Sulistyo",
    ),
)  # fmt: skip
HEADS = {
    VillageKind.KELURAHAN: "Lurah",
    VillageKind.DESA: "Kepala desa",
    VillageKind.DESA_ADAT: "Kepala desa adat",
}
#: One in so many has no contact, an e-mail beside the phone, a term that ends soon or is over.
_NO_CONTACT, _WITH_EMAIL, _ENDS_SOON, _OVER = 12, 4, 15, 25


def introduce_heads(
    db: Session,
    codes: Iterable[str],
    *,
    by: Person,
    today: date,
    names: Names = JAVANESE,
    first: int = 1,
) -> None:
    """Note the head of each village, numbered from the first on, so that somebody can be called."""
    for number, code in enumerate(sorted(set(codes)), start=first):
        add_official(db, _head(number, code, today, names), by=by, is_demo=True)


def note_closed_days(db: Session, *, by: Person, today: date) -> None:
    """Note a harvest that is coming, two market days to avoid and one to come to."""
    harvest = ClosedPeriodIn(
        region_code="33.10.14",
        starts=today + timedelta(9),
        ends=today + timedelta(16),
        closure=Closure.HARVEST,
        note="Panen raya padi",
        source="Koordinator penyuluh pertanian",
    )
    add_period(db, harvest, by=by)
    for region, rhythm, effect, note in (
        ("33.10.13", MarketRhythm.KLIWON, MarketEffect.AVOID, "Pasar hewan"),
        ("33.14.10", MarketRhythm.PAHING, MarketEffect.AVOID, "Pasar Bunder"),
        ("33.11.04", MarketRhythm.SATURDAY, MarketEffect.COME, "Pasar pagi"),
    ):
        given = MarketDayIn(region_code=region, rhythm=rhythm, effect=effect, note=note)
        add_market(db, given, by=by)


def _head(number: int, code: str, today: date, names: Names) -> OfficialIn:
    first = names.first[number % len(names.first)]
    last = names.last[number % len(names.last)]
    has_contact = number % _NO_CONTACT != 0
    has_email = has_contact and number % _WITH_EMAIL == 0
    return OfficialIn(
        village_code=code,
        name=f"{first} {last}",
        position=HEADS[kind(code)],
        phone=f"0840 1000 {number:04d}" if has_contact else "",
        email=_address(first, last, number) if has_email else "",
        term_starts=today - timedelta(700),
        term_ends=_term_ends(number, today),
    )


def _address(first: str, last: str, number: int) -> str:
    return f"{first}.{last}.{number}@desa.example".lower().replace(" ", ".")


def _term_ends(number: int, today: date) -> date | None:
    if number % _OVER == 0:
        return today - timedelta(20)
    if number % _ENDS_SOON == 0:
        return today + timedelta(45)
    return today + timedelta(1_400) if number % 2 else None

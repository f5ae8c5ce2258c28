"""Who pays for workers in the demonstration: three sponsors, of whom one stops soon."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from outreach.logbook.tables import Package, Payer, Sector
from outreach.progress.sponsorships import SponsorshipIn, add_sponsorship

if TYPE_CHECKING:
    from datetime import date

    from sqlmodel import Session

    from outreach.people.access import Person


def note_sponsors(db: Session, *, by: Person, today: date) -> None:
    """Note a regency that stops soon, villages that pay half a year, a company that goes on."""
    for given in (_regency(today), _villages(today), *_company(today)):
        add_sponsorship(db, given, by=by, is_demo=True)


def _regency(today: date) -> SponsorshipIn:
    return SponsorshipIn(
        region_code="33.10",
        payer=Payer.APBD,
        sponsor="Pemerintah Kabupaten Klaten",
        sector=Sector.FARMER,
        package=Package.JKK_JKM,
        quota=1_200,
        starts=today - timedelta(320),
        ends=today + timedelta(44),
        note="Buruh tani penggarap",
        source="Perjanjian kerja sama (contoh)",
    )


def _villages(today: date) -> SponsorshipIn:
    """Pay for a hundred vulnerable workers for six months, as villages of Gianyar did in 2024."""
    return SponsorshipIn(
        region_code="33.11",
        payer=Payer.APBDES,
        sponsor="Desa se-Kabupaten Sukoharjo",
        sector=Sector.OTHER,
        package=Package.JKK_JKM,
        quota=100,
        starts=today - timedelta(33),
        ends=today + timedelta(149),
        source="Peraturan desa (contoh)",
    )


def _company(today: date) -> tuple[SponsorshipIn, SponsorshipIn]:
    """Let a company go on with fewer workers when its first year is over."""
    first = SponsorshipIn(
        region_code="33.72",
        payer=Payer.CSR,
        sponsor="PT Batik Contoh",
        sector=Sector.CRAFT,
        package=Package.JKK_JKM_JHT,
        quota=400,
        starts=today - timedelta(260),
        ends=today + timedelta(104),
        conversion_days=90,
        source="Nota kesepahaman (contoh)",
    )
    after = {"quota": 250, "starts": first.ends + timedelta(1), "ends": first.ends + timedelta(365)}
    return first, first.model_copy(update=after)

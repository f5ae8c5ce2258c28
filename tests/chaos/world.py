"""A made country: branches with villages to plan, villages whose sessions were held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from outreach.campaigns.campaigns import create_campaign, open_campaign
from outreach.db import unit_of_work
from outreach.people.access import person_of
from outreach.people.tables import Role, Team
from outreach.villages.tables import (
    District,
    EstimateSource,
    Figure,
    Province,
    Regency,
    Village,
    VillageKind,
    Zone,
)
from tests.benchmarks.officials import Official, make_officials, make_stages
from tests.builders import account
from tests.visits.world import add_stage, branch, campaign_in, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.people.access import Person

#: Made villages stand a kilometre or so from each other, regencies half a degree.
_APART, _REGENCIES_APART = 0.01, 0.5
_FEWEST_PER_DISTRICT, _MOST_DISTRICTS = 25, 99
_ROW = 25
#: Days of the stages that are planned.
_WEEKS = 6
#: Villages that one team can surely visit in that time.
_VILLAGES_OF_A_TEAM = 60
_FIGURES = {
    "population": 3000,
    "informal_workers": 1500,
    "informal_covered": 300,
    "vulnerable_workers": 400,
}


@dataclass(frozen=True)
class Asked:
    """A stage whose plan is asked for over the web, and who asks."""

    login: str
    stage_id: int
    codes: tuple[str, ...]


@dataclass(frozen=True)
class World:
    """What stands in the database before anything begins."""

    asked: list[Asked]
    officials: list[Official]
    held_stages: list[int]


def make_world(engine: Engine, *, branches: int, villages: int, officials: int) -> World:
    """Make branches of so many villages each with a stage to plan, and officials with phones."""
    with unit_of_work(engine) as db:
        _make_province(db, branches * villages + officials)
        # First, for these take the first branch there is.
        held = _make_regency(db, 99, officials)
        branch_id, _ = branch(db, "Cabang Telepon", "33.99", held[0], 0)
        db.add(Team(branch_id=branch_id, name="Tim", base_village_code=held[0], weekdays=[1]))
        db.flush()
        first = _campaign(db, 99, "koordinator-99", branch_id)
        people = make_officials(db, held)
        stages = make_stages(db, first)
        asked = [_make_branch(db, number, villages) for number in range(1, branches + 1)]
    return World(asked, people, stages)


def _make_branch(db: Session, number: int, villages: int) -> Asked:
    codes = _make_regency(db, number, villages)
    teams = max(2, -(-villages // _VILLAGES_OF_A_TEAM))
    served = f"33.{number:02d}"
    branch_id, _ = branch(db, f"Cabang {number}", served, codes[0], teams)
    login = f"koordinator-{number}"
    stage_id = _campaign(db, number, login, branch_id)
    return Asked(login, stage_id, tuple(codes))


def _campaign(db: Session, number: int, login: str, branch_id: int) -> int:
    """Open a campaign with a stage of the weeks to come; answer the number of the stage."""
    made = account(db, Role.COORDINATOR, login, branch_id=branch_id)
    by: Person | None = person_of(db, made.id or 0)
    assert by is not None
    starts = datetime.now(UTC).date() + timedelta(days=2)
    ends = starts + timedelta(weeks=_WEEKS)
    campaign = create_campaign(db, campaign_in(f"Kampanye {number}", ends=ends), by=by)
    open_campaign(db, campaign.id or 0, campaign.version, by=by)
    return add_stage(db, campaign.id or 0, by, stage_in(starts=starts, ends=ends))


def _make_province(db: Session, villages: int) -> None:
    now = datetime.now(UTC).date()
    db.add(Province(code="33", name="Provinsi Buatan", latitude=-7.0, longitude=110.0))
    totals = {Figure.POPULATION: "population", Figure.INFORMAL: "informal_workers"}
    totals |= {Figure.COVERED: "informal_covered", Figure.VULNERABLE: "vulnerable_workers"}
    for figure, name in totals.items():
        national = _FIGURES[name] * villages
        db.add(EstimateSource(figure=figure, national_total=national, as_of=now, source="buatan"))
    db.flush()


def _make_regency(db: Session, number: int, villages: int) -> list[str]:
    """Make a regency with districts and villages in rows; answer the villages' codes."""
    regency = f"33.{number:02d}"
    latitude = -8.0 + number % 10 * _REGENCIES_APART
    longitude = 108.0 + number // 10 * _REGENCIES_APART
    place: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    told: dict[str, Any] = {"zone": Zone.WIB, "population": _FIGURES["population"] * villages}
    db.add(Regency(code=regency, province_code="33", name=f"Buatan {number}", **place, **told))
    db.flush()
    each = max(_FEWEST_PER_DISTRICT, -(-villages // _MOST_DISTRICTS))
    districts = [f"{regency}.{n + 1:02d}" for n in range(-(-villages // each))]
    db.execute(
        insert(District),
        [{"code": d, "regency_code": regency, "name": f"Kec. {d}", **place} for d in districts],
    )
    rows = [_village(districts[n // each], n, n % each, place) for n in range(villages)]
    db.execute(insert(Village), rows)
    return [row["code"] for row in rows]


def _village(district: str, number: int, within: int, place: dict[str, Any]) -> dict[str, Any]:
    code = f"{district}.{2001 + within}"
    return {
        "code": code,
        "district_code": district,
        "regency_code": district[:5],
        "name": f"Desa {code}",
        "kind": VillageKind.DESA,
        "zone": Zone.WIB,
        "latitude": place["latitude"] + number // _ROW * _APART,
        "longitude": place["longitude"] + number % _ROW * _APART,
        "place_is_approximate": False,
        "island": 1,
        **_FIGURES,
    }

"""Notes of boats and airstrips: whose they are, what is refused, what the planner makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.db import reading, unit_of_work
from outreach.errors import Invalid
from outreach.people.access import Person
from outreach.people.tables import Branch, BranchRegency, Role, Team
from outreach.people.ways import PAGE_LENGTH, WayIn, is_overseas, note_way, noted_ways
from outreach.planning.model import Access
from outreach.villages.access import noted_access
from outreach.villages.tables import Village, VillageAccess
from tests.builders import load_small_registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

RINI = Person(1, "Rini", Role.COORDINATOR, ("33.72",))
BUDI = Person(2, "Budi", Role.COORDINATOR, ("33.09",))
ADMIN = Person(3, "Admin", Role.ADMIN, ())
DISTRICT, VILLAGE = "33.72.02", "33.72.02.1001"


def way(region: str = VILLAGE, access: str = "boat", **told: Any) -> WayIn:
    usual = {"region_code": region, "access": access, "source": "Pak Lurah"}
    return WayIn.model_validate(usual | told)


@pytest.fixture
def surakarta(engine: Engine) -> Engine:
    load_small_registry(engine, ("33.72", "33.09.01"))
    return engine


def _note(engine: Engine, given: WayIn, by: Person = RINI) -> int:
    with unit_of_work(engine) as db:
        return note_way(db, given, by=by)


def test_a_note_changes_how_the_planner_sees_a_village(surakarta: Engine) -> None:
    with reading(surakarta) as db:
        (before,) = sites_of(db, [VILLAGE])
    assert (before.point.access, before.point.wait_minutes) == (Access.ROAD, None)
    assert _note(surakarta, way(wait_minutes=20)) == 1
    with reading(surakarta) as db:
        (after,) = sites_of(db, [VILLAGE])
    assert (after.point.access, after.point.wait_minutes) == (Access.BOAT, 20)


def test_a_district_is_noted_at_once_and_taken_back_at_once(surakarta: Engine) -> None:
    with reading(surakarta) as db:
        query = select(col(Village.code)).where(col(Village.district_code) == DISTRICT)
        codes = set(db.scalars(query))
    assert _note(surakarta, way()) == 1
    assert _note(surakarta, way(DISTRICT, "air", source="Jadwal 2026")) == len(codes) > 1
    with reading(surakarta) as db:
        noted = {row.village_code: row for row in db.scalars(select(VillageAccess))}
    assert set(noted) == codes
    assert {(row.access, row.source) for row in noted.values()} == {(Access.AIR, "Jadwal 2026")}
    assert {code: row.version for code, row in noted.items() if row.version > 1} == {VILLAGE: 2}
    assert _note(surakarta, way(VILLAGE, "road")) == 1
    assert _note(surakarta, way(DISTRICT, "road")) == len(codes) - 1
    with reading(surakarta) as db:
        assert noted_access(db, VILLAGE) is None


def test_the_list_holds_the_own_area_page_by_page(
    surakarta: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _note(surakarta, way(DISTRICT))
    _note(surakarta, way("33.09.01"), BUDI)
    with reading(surakarta) as db:
        own, others = noted_ways(db, RINI), noted_ways(db, BUDI)
        everything = noted_ways(db, ADMIN)
        monkeypatch.setattr("outreach.people.ways.PAGE_LENGTH", 2)
        last = noted_ways(db, RINI, page=99)
    assert PAGE_LENGTH >= own.found == len(own.rows)
    assert {row.code[:8] for row in own.rows} == {DISTRICT}
    assert {row.code[:8] for row in others.rows} == {"33.09.01"}
    assert everything.found == own.found + others.found
    assert (own.rows[0].village, own.rows[0].source) == ("Joyotakan", "Pak Lurah")
    assert last.page == last.last == -(-own.found // 2)


@pytest.mark.parametrize("by", [BUDI, Person(4, "Nobody", Role.COORDINATOR, ())])
def test_a_region_of_others_looks_like_one_that_is_not_there(surakarta: Engine, by: Person) -> None:
    with pytest.raises(Invalid) as foreign:
        _note(surakarta, way(), by)
    with pytest.raises(Invalid) as missing:
        _note(surakarta, way("33.72.99"))
    assert foreign.value.facts["problems"] == missing.value.facts["problems"]
    with reading(surakarta) as db:
        assert noted_access(db, VILLAGE) is None


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as told:
        WayIn.model_validate(
            {"region_code": "33", "access": "donkey", "wait_minutes": 1441, "source": ""}
        )
    found = {one["loc"][0]: one["type"] for one in told.value.errors()}
    assert found == {
        "region_code": "province_too_wide",
        "access": "enum",
        "wait_minutes": "less_than_equal",
        "source": "string_too_short",
    }
    with pytest.raises(ValidationError, match="no crossing"):
        way(access="road", wait_minutes=10)


def test_a_village_lies_overseas_where_no_team_starts_on_its_island(surakarta: Engine) -> None:
    with unit_of_work(surakarta) as db:
        branch = Branch(
            name="Surakarta", regional_office="Jateng", base_village_code="33.72.05.1001"
        )
        db.add(branch)
        db.flush()
        db.add(BranchRegency(branch_id=branch.id or 0, regency_code="33.72"))
        assert not is_overseas(db, VILLAGE), "without a team nobody can tell"
        db.add(Team(branch_id=branch.id or 0, name="Tim 1", base_village_code="33.72.05.1001"))
        db.flush()
        assert not is_overseas(db, VILLAGE)
        db.execute(update(Village).where(col(Village.code) == VILLAGE).values(island=99))
        db.expire_all()
        assert is_overseas(db, VILLAGE)

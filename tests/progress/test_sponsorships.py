"""Sponsorships: noted by the branch, edited once, and the cliff at their ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.logbook.tables import Package, Payer, Sector
from outreach.people.tables import Role
from outreach.progress.cliff import (
    active_on,
    at_stake_by,
    is_ending,
    lost_within,
    month_end,
    months_later,
    not_renewed,
    stake_of,
    steps_ahead,
)
from outreach.progress.scope import Scope
from outreach.progress.sponsorships import (
    SponsorshipIn,
    add_sponsorship,
    own_sponsorship,
    remove_sponsorship,
    sponsorships_around,
    sponsorships_in,
    update_sponsorship,
)
from outreach.progress.tables import Sponsorship
from tests.builders import load_small_registry
from tests.field import Field, account, make_field

if TYPE_CHECKING:
    from sqlalchemy import Engine

TODAY = date(2026, 11, 20)
GIANYAR: dict[str, Any] = {
    "region_code": "33.72",
    "payer": "apbdes",
    "sponsor": "Desa se-kabupaten",
    "sector": "farmer",
    "package": "jkk_jkm",
    "quota": 100,
    "starts": "2026-07-01",
    "ends": "2026-12-31",
}


def told(**changes: Any) -> SponsorshipIn:
    return SponsorshipIn.model_validate({**GIANYAR, **changes})


def term(**changes: Any) -> Sponsorship:
    return Sponsorship(branch_id=1, **told(**changes).model_dump())


@pytest.fixture
def at(engine: Engine) -> Field:
    load_small_registry(engine, ("33.72", "33.11.12"))
    with unit_of_work(engine) as db:
        return make_field(db, 0)


def test_the_branchs_coordinator_notes_changes_and_removes(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        made = add_sponsorship(db, told(), by=at.coordinator)
        number, branch_id = made.id or 0, made.branch_id
    assert branch_id == at.coordinator.branch_id
    with unit_of_work(engine) as db:
        changed = update_sponsorship(db, number, told(quota=80), 1, by=at.coordinator)
        assert (changed.quota, changed.version) == (80, 2)
    with pytest.raises(Conflict) as caught, unit_of_work(engine) as db:
        update_sponsorship(db, number, told(quota=90), 1, by=at.coordinator)
    assert caught.value.facts["yours"] == {"quota": 90}
    assert caught.value.facts["theirs"] == {"quota": 80}
    with pytest.raises(Conflict), unit_of_work(engine) as db:
        remove_sponsorship(db, number, 1, by=at.coordinator)
    with unit_of_work(engine) as db:
        remove_sponsorship(db, number, 2, by=at.coordinator)
    with pytest.raises(NotFound), reading(engine) as db:
        own_sponsorship(db, number, at.coordinator)


def test_foreign_regions_look_like_missing_ones(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        number = add_sponsorship(db, told(), by=at.coordinator).id or 0
        stranger = account(db, "jauh", Role.COORDINATOR, ("33.11",))
    for code in ("33.11", "33.11.12", "33.72.77"):
        with pytest.raises(Invalid) as caught, unit_of_work(engine) as db:
            add_sponsorship(db, told(region_code=code), by=at.coordinator)
        assert caught.value.facts["problems"] == {"region_code": ["unknown_region"]}
    with pytest.raises(NotFound), reading(engine) as db:
        own_sponsorship(db, number, stranger)
    with pytest.raises(NotFound), unit_of_work(engine) as db:
        update_sponsorship(db, number, told(), 1, by=stranger)
    with pytest.raises(Invalid) as caught, unit_of_work(engine) as db:
        add_sponsorship(db, told(region_code="33.11"), by=stranger)
    assert caught.value.facts["problems"] == {"region_code": ["outside_branch"]}
    with pytest.raises(NotAllowed), unit_of_work(engine) as db:
        remove_sponsorship(db, number, 1, by=at.manager)


def test_the_same_term_is_noted_once(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        add_sponsorship(db, told(), by=at.coordinator)
        other = add_sponsorship(db, told(sector="trader"), by=at.coordinator).id or 0
    with pytest.raises(Invalid) as caught, unit_of_work(engine) as db:
        add_sponsorship(db, told(quota=7), by=at.coordinator)
    assert caught.value.facts["problems"] == {"region_code": ["noted_already"]}
    with pytest.raises(Invalid), unit_of_work(engine) as db:
        update_sponsorship(db, other, told(), 1, by=at.coordinator)


@pytest.mark.parametrize(
    ("wrong", "field", "problem"),
    [
        ({"payer": "self"}, "payer", "pays_alone"),
        ({"quota": 0}, "quota", "greater_than"),
        ({"ends": "2026-06-30"}, "ends", "ends_before_it_starts"),
        ({"ends": "2032-07-01"}, "ends", "term_too_long"),
        ({"region_code": "33"}, "region_code", "province_too_wide"),
        ({"conversion_days": 0}, "conversion_days", "greater_than"),
        ({"note": "NIK 3372011503900001"}, "note", "identity_number"),
        ({"sponsor": " "}, "sponsor", "string_too_short"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        told(**wrong)
    assert [(one["loc"], one["type"]) for one in caught.value.errors()] == [((field,), problem)]


def test_those_of_a_part_and_those_around_it_are_told_apart(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        for code in ("33.72", "33.72.01", "33.72.01.1001", "33.72.02"):
            add_sponsorship(db, told(region_code=code), by=at.coordinator)
    with reading(engine) as db:
        inside = sponsorships_in(db, Scope(("33.72.01",)))
        around = sponsorships_around(db, Scope(("33.72.01",)))
        everywhere = sponsorships_in(db, Scope(("",)))
    assert [one.region_code for one in inside] == ["33.72.01", "33.72.01.1001"]
    assert [one.region_code for one in around] == ["33.72"]
    assert len(everywhere) == 4


def test_both_ends_of_a_term_belong_to_it() -> None:
    one = term()
    for day, active in (
        (date(2026, 6, 30), 0),
        (date(2026, 7, 1), 100),
        (date(2026, 12, 31), 100),
        (date(2027, 1, 1), 0),
    ):
        assert active_on([one], day) == active


def test_the_steps_fall_where_the_terms_end() -> None:
    terms = [
        term(),
        term(sector="trader", quota=30, ends="2027-02-10"),
        term(sector="craft", quota=5, starts="2027-01-15", ends="2028-01-14"),
    ]
    steps = {step.day: step.active for step in steps_ahead(terms, TODAY)}
    assert steps[TODAY] == 130
    assert steps[date(2026, 12, 31)] == 130
    assert steps[date(2027, 1, 31)] == 35
    assert steps[date(2027, 2, 28)] == 5
    assert len(steps) == 14


def test_months_are_counted_as_people_count_them() -> None:
    assert month_end(date(2026, 11, 20), 3) == date(2027, 2, 28)
    assert months_later(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert months_later(date(2026, 11, 20), 12) == date(2027, 11, 20)


def test_a_renewal_counts_as_far_as_its_quota_and_only_without_a_gap() -> None:
    one = term()
    until = date(2027, 6, 30)
    assert lost_within([one], TODAY, until) == not_renewed([one])[0] == 100
    renewed = term(quota=60, starts="2027-01-01", ends="2027-12-31")
    assert lost_within([one, renewed], TODAY, until) == not_renewed([one, renewed])[0] == 40
    late = term(quota=100, starts="2027-01-02", ends="2027-12-31")
    assert lost_within([one, late], TODAY, until) == not_renewed([one, late])[0] == 100
    other = term(sponsor="Lain", starts="2027-01-01", ends="2027-12-31")
    assert lost_within([one, other], TODAY, until) == not_renewed([one, other])[0] == 100
    assert lost_within([one], TODAY, date(2026, 12, 30)) == 0


def test_what_is_at_stake_is_told_by_part() -> None:
    terms = [
        term(),
        term(region_code="33.11", quota=400, ends="2027-05-01"),
        term(region_code="33.11", payer="csr", quota=50, ends="2027-03-01"),
        term(region_code="33.10", quota=9, ends="2026-11-19"),
    ]
    rows = at_stake_by(terms, TODAY, lambda one: one.region_code)
    assert [(row.key, row.active, row.lost) for row in rows] == [
        ("33.11", 450, (0, 450, 450)),
        ("33.72", 100, (100, 100, 100)),
    ]
    assert stake_of(terms, TODAY).lost == (100, 550, 550)
    by_payer = at_stake_by(terms, TODAY, lambda one: Payer(one.payer).value)
    assert [(row.key, row.active) for row in by_payer] == [("apbdes", 500), ("csr", 50)]


def test_the_time_to_ask_begins_so_many_days_before_the_end() -> None:
    one = term(conversion_days=41)
    assert is_ending(one, date(2026, 11, 20))
    assert not is_ending(one, date(2026, 11, 19))
    assert is_ending(one, date(2026, 12, 31))
    assert not is_ending(one, date(2027, 1, 1))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 500),
            st.integers(-400, 200),
            st.integers(0, 700),
            st.sampled_from(Payer),
            st.sampled_from(Sector),
            st.sampled_from(Package),
        ),
        max_size=12,
    )
)
def test_nobody_is_lost_twice_and_longer_never_loses_less(rows: list[tuple[Any, ...]]) -> None:
    terms = [
        Sponsorship(
            branch_id=1,
            region_code="33.72",
            payer=payer,
            sponsor="Siapa",
            sector=sector,
            package=package,
            quota=quota,
            starts=TODAY + timedelta(first),
            ends=TODAY + timedelta(first + length),
        )
        for quota, first, length, payer, sector, package in rows
    ]
    stake = stake_of(terms, TODAY)
    assert 0 <= stake.lost[0] <= stake.lost[1] <= stake.lost[2] <= stake.active
    assert stake.active == active_on(terms, TODAY)

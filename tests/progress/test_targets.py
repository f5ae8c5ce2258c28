"""The national path, what it leaves for each branch, and targets set by hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.tables import BranchRegency, Role
from outreach.progress.board_targets import targets_of_branches
from outreach.progress.path import (
    Goal,
    NationalPath,
    Point,
    pace_between,
    read_path,
    way_on,
)
from outreach.progress.scope import Scope
from outreach.progress.set_targets import (
    TargetIn,
    change_target,
    list_targets,
    set_target,
    take_target_back,
    target_of,
)
from outreach.progress.targets import (
    area_target,
    branch_targets,
    national_target,
    regency_shares,
    regency_targets,
)
from outreach.progress.totals import estimates_by
from outreach.villages.codes import Level
from outreach.villages.source import RegistryFault
from outreach.villages.tables import Village
from outreach.web.shipped_sources import SOURCES
from tests.builders import load_small_registry
from tests.field import NOW, Field, account, make_field
from tests.visits.world import branch

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

TODAY = date(2026, 11, 20)
NEXT_YEAR = date(2027, 3, 1)
PATH = NationalPath(
    (Point(date(2025, 12, 31), 50_000_000, "told"),), (Goal(date(2026, 12, 31), 70_000_000, "aim"),)
)


@pytest.fixture
def at(engine: Engine) -> Field:
    """A branch in Surakarta, one in a district of Sukoharjo, and Wonogiri without any."""
    load_small_registry(engine, ("33.72", "33.11.12", "33.12.01"))
    with unit_of_work(engine) as db:
        made = make_field(db, 0)
        branch(db, "Sukoharjo", "33.11", "33.11.12.2001", 1)
    return made


def _given(**told: object) -> TargetIn:
    usual: dict[str, object] = {
        "starts": date(2026, 1, 1),
        "ends": date(2026, 12, 31),
        "signups": 9_000,
        "source": "Rapat kerja cabang",
    }
    return TargetIn.model_validate({**usual, **told})


def _branch_ids(engine: Engine) -> dict[str, int]:
    with reading(engine) as db:
        return {row.regency_code: row.branch_id for row in db.exec(select(BranchRegency))}


def test_the_published_path_is_told_as_published() -> None:
    path = read_path()
    totals = {point.as_of: point.total for point in path.points if not point.is_derived}
    assert totals == {
        date(2022, 9, 30): 35_600_000,
        date(2023, 2, 28): 35_300_000,
        date(2024, 1, 31): 40_900_000,
    }
    assert [(goal.by, goal.total) for goal in path.goals] == [
        (date(2024, 12, 31), 53_900_000),
        (date(2026, 12, 31), 70_000_000),
    ]
    told = [point.source for point in path.points] + [goal.source for goal in path.goals]
    assert all(told)
    # What is shown of them has its words in both languages.
    assert set(told) <= {str(words) for words in SOURCES}


def test_what_was_worked_out_agrees_with_what_it_was_worked_out_from() -> None:
    (derived,) = [point for point in read_path().points if point.is_derived]
    assert derived.total == pytest.approx(0.867 * 40_700_000 + 9_900_000, abs=50_000)


def test_the_way_tells_what_is_missing_and_what_pace_it_takes() -> None:
    way = way_on(PATH, TODAY)
    assert way is not None
    assert way.missing == 20_000_000
    assert way.a_month == pytest.approx(20_000_000 / 12, rel=0.001)
    assert way.expected(date(2025, 12, 31)) == 50_000_000
    assert way.expected(date(2026, 12, 31)) == 70_000_000
    assert way.expected(date(2026, 7, 1)) == pytest.approx(60_000_000, rel=0.002)
    assert way.expected(date(2030, 1, 1)) == 70_000_000


def test_behind_the_last_goal_there_is_no_way() -> None:
    assert way_on(PATH, date(2027, 1, 1)) is None
    assert way_on(PATH, date(2025, 1, 1)) is None
    assert pace_between(PATH.points) is None
    assert pace_between(read_path().points[:2]) == pytest.approx(-60_500, rel=0.02)


EARLY, LATE = ("{as_of = 2024-0" + month + "-01, total = 1, source = 'a'}" for month in ("1", "2"))


@pytest.mark.parametrize(
    "text",
    [
        "points = []",
        "points = [{as_of = 2024-01-01, total = 1}]\ngoals = []",
        'points = [{as_of = "soon", total = 1, source = "a"}]\ngoals = []',
        f"points = [{LATE}, {EARLY}]\ngoals = []",
        "no toml",
    ],
)
def test_a_path_that_is_wrong_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "path.toml"
    file.write_text(text)
    with pytest.raises(RegistryFault):
        read_path(file)


def test_the_nation_has_the_part_of_the_way_that_falls_into_the_year(engine: Engine) -> None:
    with reading(engine) as db:
        told = national_target(db, TODAY)
        before = national_target(db, date(2025, 6, 1))
        after = national_target(db, date(2027, 1, 1))
    assert told is not None
    assert before is not None
    assert (told.starts, told.ends) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (before.starts, before.ends) == (date(2025, 4, 1), date(2025, 12, 31))
    assert told.signups + before.signups == 70_000_000 - 45_200_000
    assert told.source == "BPJS Ketenagakerjaan: 70 million active participants by the end of 2026"
    assert after is None


def test_branches_share_the_target_by_their_gap_and_the_rest_has_no_branch(
    engine: Engine, at: Field
) -> None:
    with reading(engine) as db:
        shares = regency_shares(db, 1_000_003)
        targets = branch_targets(db, TODAY)
        national = national_target(db, TODAY)
    assert national is not None
    assert sum(one.signups for one in shares) == 1_000_003
    gap = sum(one.gap for one in shares)
    for one in shares:
        assert one.signups == pytest.approx(1_000_003 * one.gap / gap, abs=1)
    by_code = {one.code: one for one in shares}
    assert by_code["33.12"].branch_id is None
    assert len(targets) == 2
    told = targets[by_code["33.72"].branch_id or 0]
    assert told.signups == pytest.approx(national.signups * by_code["33.72"].gap / gap, abs=1)
    assert not told.is_set_by_hand
    assert sum(one.signups for one in targets.values()) < national.signups


def test_what_was_set_by_hand_leaves_the_rest_of_the_nations_target_to_the_others(
    engine: Engine, at: Field
) -> None:
    ids = _branch_ids(engine)
    with unit_of_work(engine) as db:
        set_target(db, _given(branch_id=ids["33.72"]), by=at.manager, now=NOW)
    with reading(engine) as db:
        national = national_target(db, TODAY)
        shares = {one.code: one for one in regency_targets(db, TODAY)}
        board = targets_of_branches(db, TODAY).targets
        targets = branch_targets(db, TODAY)
    assert national is not None
    assert shares["33.72"].signups == 9_000
    assert sum(one.signups for one in shares.values()) == national.signups
    assert sum(one.signups for one in board.values()) == national.signups
    assert targets[ids["33.11"]].signups == shares["33.11"].signups
    left = national.signups - 9_000
    gap = shares["33.11"].gap + shares["33.12"].gap
    assert shares["33.12"].signups == pytest.approx(left * shares["33.12"].gap / gap, abs=1)


def test_a_target_of_other_days_takes_nothing_from_the_nations(engine: Engine, at: Field) -> None:
    ids = _branch_ids(engine)
    quarter = _given(branch_id=ids["33.72"], starts=date(2026, 10, 1))
    with unit_of_work(engine) as db:
        set_target(db, quarter, by=at.manager, now=NOW)
    with reading(engine) as db:
        national = national_target(db, TODAY)
        assert national is not None
        assert regency_targets(db, TODAY) == regency_shares(db, national.signups)


def test_a_regency_has_a_part_of_its_branchs_target_in_the_same_days(
    engine: Engine, at: Field
) -> None:
    ids = _branch_ids(engine)
    with unit_of_work(engine) as db:
        db.add(BranchRegency(branch_id=ids["33.72"], regency_code="33.12"))
        set_target(
            db,
            _given(branch_id=ids["33.72"], starts=date(2026, 10, 1)),
            by=at.manager,
            now=NOW,
        )
    with reading(engine) as db:
        both = area_target(db, ("33.12", "33.72"), TODAY)
        parts = [area_target(db, (code,), TODAY) for code in ("33.12", "33.72")]
        board = targets_of_branches(db, TODAY)
        estimates = estimates_by(db, Scope(("",)), Level.REGENCY)
    assert both is not None
    assert (both.signups, both.is_set_by_hand) == (9_000, True)
    for code, part in zip(("33.12", "33.72"), parts, strict=True):
        assert part is not None
        assert (part.starts, part.is_set_by_hand) == (date(2026, 10, 1), False)
        assert part.signups == round(board.part(code, estimates[code]))
    assert abs(sum(part.signups for part in parts if part) - 9_000) <= 1


def test_where_everybody_is_covered_nothing_is_shared_out(engine: Engine) -> None:
    with reading(engine) as db:
        assert regency_shares(db, 100) == []
        assert branch_targets(db, TODAY) == {}


def test_an_areas_target_is_that_of_its_regencies(engine: Engine, at: Field) -> None:
    ids = _branch_ids(engine)
    with unit_of_work(engine) as db:
        set_target(db, _given(branch_id=ids["33.72"]), by=at.manager, now=NOW)
    with reading(engine) as db:
        whole = area_target(db, ("",), TODAY)
        province = area_target(db, ("33",), TODAY)
        of_branch = area_target(db, ("33.72",), TODAY)
        without_branch = area_target(db, ("33.12",), TODAY)
        districts = db.exec(select(Village.district_code).distinct())
        parts = {code: area_target(db, (code,), TODAY) for code in districts}
    assert whole is not None
    assert province is not None
    assert of_branch is not None
    assert without_branch is not None
    assert province.signups == whole.signups  # nothing else stands in the registry of this test
    assert (of_branch.signups, of_branch.is_set_by_hand) == (9_000, True)
    assert 0 < without_branch.signups < whole.signups
    for regency, target in (("33.72", of_branch), ("33.12", without_branch)):
        told = [part.signups for code, part in parts.items() if part and code.startswith(regency)]
        assert len(told) > 0
        assert all(told)
        assert abs(sum(told) - target.signups) <= len(told) / 2


def test_a_target_set_by_hand_holds_in_its_days_and_what_is_published_outside_them(
    engine: Engine, at: Field
) -> None:
    ids = _branch_ids(engine)
    later = _given(
        branch_id=ids["33.72"], starts=date(2027, 1, 1), ends=date(2027, 6, 30), signups=70
    )
    with unit_of_work(engine) as db:
        set_target(db, later, by=at.manager, now=NOW)
    with reading(engine) as db:
        assert not branch_targets(db, TODAY)[ids["33.72"]].is_set_by_hand
        assert national_target(db, NEXT_YEAR) is None
        told = branch_targets(db, NEXT_YEAR)
    assert set(told) == {ids["33.72"]}
    assert (told[ids["33.72"]].signups, told[ids["33.72"]].ends) == (70, date(2027, 6, 30))


def test_the_next_period_works_as_soon_as_somebody_sets_its_target(
    engine: Engine, at: Field
) -> None:
    given = _given(starts=date(2027, 1, 1), ends=date(2027, 12, 31), signups=10_000_000)
    with unit_of_work(engine) as db:
        set_target(db, given, by=at.manager, now=NOW)
    with reading(engine) as db:
        national = national_target(db, NEXT_YEAR)
        told = branch_targets(db, NEXT_YEAR)
    assert national is not None
    assert (national.signups, national.is_set_by_hand) == (10_000_000, True)
    assert len(told) == 2
    assert not any(one.is_set_by_hand for one in told.values())
    assert {one.source for one in told.values()} == {"Rapat kerja cabang"}


def test_of_overlapping_targets_the_one_that_begins_last_holds(engine: Engine, at: Field) -> None:
    ids = _branch_ids(engine)
    with unit_of_work(engine) as db:
        for starts, signups in ((date(2026, 1, 1), 1), (date(2026, 10, 1), 2)):
            given = _given(branch_id=ids["33.72"], starts=starts, signups=signups)
            set_target(db, given, by=at.manager, now=NOW)
    with reading(engine) as db:
        assert branch_targets(db, TODAY)[ids["33.72"]].signups == 2
        assert branch_targets(db, date(2026, 9, 30))[ids["33.72"]].signups == 1


def test_two_targets_for_the_same_days_are_refused(engine: Engine, at: Field) -> None:
    ids = _branch_ids(engine)
    for branch_id in (None, ids["33.72"]):
        with unit_of_work(engine) as db:
            set_target(db, _given(branch_id=branch_id), by=at.manager, now=NOW)
        with unit_of_work(engine) as db, pytest.raises(Invalid) as refused:
            set_target(db, _given(branch_id=branch_id, signups=5), by=at.manager, now=NOW)
        assert refused.value.facts["problems"] == {"starts": ["period_taken"]}


def test_a_target_is_changed_and_taken_back(engine: Engine, at: Field) -> None:
    ids = _branch_ids(engine)
    with unit_of_work(engine) as db:
        made = set_target(db, _given(branch_id=ids["33.72"]), by=at.manager, now=NOW)
        number = made.id or 0
    with unit_of_work(engine) as db:
        change_target(db, number, _given(branch_id=None, signups=8_000), 1, by=at.manager, now=NOW)
    with unit_of_work(engine) as db, pytest.raises(Conflict) as stale:
        change_target(db, number, _given(signups=1), 1, by=at.manager, now=NOW)
    assert stale.value.facts["theirs"] == {"signups": 8_000}
    with unit_of_work(engine) as db, pytest.raises(Conflict):
        take_target_back(db, number, 1, by=at.manager)
    with reading(engine) as db:
        (line,) = list_targets(db, at.manager)
        assert (line.signups, line.branch, line.version) == (8_000, "Surakarta", 2)
        assert line.may_change
    with unit_of_work(engine) as db:
        take_target_back(db, number, 2, by=at.manager)
    with reading(engine) as db:
        assert list_targets(db, at.manager) == []
        assert not branch_targets(db, TODAY)[ids["33.72"]].is_set_by_hand


def test_targets_are_set_by_managers_of_the_whole_branch_or_nation(
    engine: Engine, at: Field
) -> None:
    ids = _branch_ids(engine)
    with unit_of_work(engine) as db:
        local = account(db, "solo", Role.MANAGER, ("33.72",))
        made = set_target(db, _given(branch_id=ids["33.72"]), by=local, now=NOW)
        foreign = set_target(db, _given(branch_id=ids["33.11"]), by=at.manager, now=NOW)
        national = set_target(db, _given(), by=at.manager, now=NOW)
    with unit_of_work(engine) as db, pytest.raises(NotAllowed):
        set_target(db, _given(signups=3), by=local, now=NOW)
    with unit_of_work(engine) as db, pytest.raises(NotAllowed):
        set_target(db, _given(branch_id=ids["33.72"]), by=at.coordinator, now=NOW)
    with unit_of_work(engine) as db, pytest.raises(NotFound):
        set_target(db, _given(branch_id=ids["33.11"]), by=local, now=NOW)
    for number in (foreign.id or 0, 999_999):
        with unit_of_work(engine) as db, pytest.raises(NotFound):
            take_target_back(db, number, 1, by=local)
    with unit_of_work(engine) as db, pytest.raises(NotAllowed):
        take_target_back(db, national.id or 0, 1, by=local)
    with reading(engine) as db:
        assert target_of(db, made.id or 0, local).signups == 9_000
        seen = list_targets(db, local)
    assert [(line.branch, line.may_change) for line in seen] == [("", False), ("Surakarta", True)]


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"signups": 0}, "greater_than"),
        ({"ends": date(2025, 1, 1)}, "ends_before_it_starts"),
        ({"source": "  "}, "string_too_short"),
        ({"source": "NIK 3372010101900001"}, "identity_number"),
    ],
)
def test_a_wrong_target_is_told(told: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _given(**told)
    assert [one["type"] for one in refused.value.errors()] == [problem]

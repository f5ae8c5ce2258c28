"""Teams, officials, market days, closed periods and counts by spreadsheet, there and back."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict
from outreach.people.tables import Official, Team
from outreach.sheets.kinds import Act
from outreach.sheets.registry import KINDS
from outreach.sheets.tables import SheetKind
from outreach.sheets.teams import read_weekdays, write_weekdays
from outreach.villages.tables import ClosedPeriod, Figure, MarketDay, Village, VillageCount
from tests.sheets.keeping_house import BUMI, FOREIGN, PAJANG, TODAY, House, build
from tests.sheets.one_of_each import COUNT, OFFICIAL, ONE_OF_EACH, TABLES, TEAM

if TYPE_CHECKING:
    from sqlalchemy import Engine

MISSING = "33.72.01.1099"
each_kind = pytest.mark.parametrize("kind", ONE_OF_EACH)


@pytest.fixture
def house(engine: Engine) -> House:
    return build(engine)


def _given(kind: SheetKind, **changes: Any) -> dict[str, Any]:
    return {**ONE_OF_EACH[kind], **changes}


def _changed(kind: SheetKind) -> dict[str, Any]:
    """The same thing told otherwise."""
    return {
        SheetKind.TEAMS: _given(kind, weekdays="Sen, Rab", members="Wahyu Saputra", phone=""),
        SheetKind.OFFICIALS: _given(kind, position="Camat", term_ends="", is_active="tidak"),
        SheetKind.MARKET_DAYS: _given(kind, effect="Datangi", note=""),
        SheetKind.CLOSED_PERIODS: _given(kind, note="Panen kedua"),
        SheetKind.VULNERABLE: _given(kind, counted=7, as_of="01/07/2026"),
        SheetKind.MEMBERS: _given(kind, counted=7, source="Cabang"),
        SheetKind.LEDGER: _given(kind, registered=13, first_paid=8, as_of="01/11/2026"),
        SheetKind.SPONSORSHIPS: _given(kind, quota=900, ends="31/01/2028", note=""),
    }[kind]


@each_kind
def test_what_is_downloaded_and_sent_again_changes_nothing(house: House, kind: SheetKind) -> None:
    house.upload(kind, _given(kind)).apply()
    for content in house.download(kind):
        again = house.send(kind, content)
        assert again.rows
        assert (again.problems, again.changes) == ([], [])


@each_kind
def test_applying_and_undoing_leaves_everything_as_it_was(house: House, kind: SheetKind) -> None:
    before = house.everything(*TABLES)
    added = house.upload(kind, _given(kind)).apply()
    assert [change.act for change in added.changes] == [Act.ADD]
    assert house.everything(*TABLES) != before
    added.undo()
    assert house.everything(*TABLES) == before


@each_kind
def test_a_change_shows_both_values_and_is_taken_back(house: House, kind: SheetKind) -> None:
    house.upload(kind, _given(kind)).apply()
    first = house.download(kind)[1]
    told = house.upload(kind, _changed(kind)).apply()
    (change,) = told.changes
    assert change.act is Act.ALTER
    assert change.before.keys() == change.after.keys() != set()
    assert all(change.before[name] != change.after[name] for name in change.before)
    assert house.download(kind)[1] != first
    told.undo()
    assert house.download(kind)[1] == first


@each_kind
def test_an_undo_would_not_take_back_what_somebody_changed_since(
    house: House, kind: SheetKind
) -> None:
    first = house.upload(kind, _given(kind)).apply()
    house.upload(kind, _changed(kind)).apply()
    before = house.everything(*TABLES)
    with pytest.raises(Conflict) as caught:
        first.undo()
    assert caught.value.facts == {"problem": "changed_since", "rows": [2]}
    assert house.everything(*TABLES) == before


@each_kind
def test_a_foreign_region_is_refused_like_one_that_is_not_there(
    house: House, kind: SheetKind
) -> None:
    column = "base_village_code" if kind is SheetKind.TEAMS else "code"
    name = {"name": "Tim Lain"} if kind is SheetKind.TEAMS else {}
    told = house.upload(
        kind,
        _given(kind, **{column: FOREIGN}),
        _given(kind, **{column: MISSING}, **name),
    )
    assert told.problems == [(2, column, "unknown_region"), (3, column, "unknown_region")]
    assert told.changes == []


@each_kind
def test_rows_in_are_rows_accepted_and_refused(house: House, kind: SheetKind) -> None:
    column = "base_village_code" if kind is SheetKind.TEAMS else "code"
    name = {"name": "Tim Lain"} if kind is SheetKind.TEAMS else {}
    told = house.upload(kind, _given(kind), _given(kind, **{column: FOREIGN}, **name))
    with reading(house.engine) as db:
        upload = told.stored(db)
        assert (len(upload.rows), upload.accepted, upload.refused) == (2, 1, 1)
    before = house.everything(*TABLES)
    told.apply_the_rest().undo()
    assert house.everything(*TABLES) == before


@pytest.mark.parametrize(
    ("kind", "changes", "column", "problem"),
    [
        (SheetKind.TEAMS, {"weekdays": "Sen, Minggu"}, "weekdays", "sunday_is_free"),
        (SheetKind.TEAMS, {"weekdays": "kapan saja"}, "weekdays", "not_weekdays"),
        (SheetKind.TEAMS, {"sessions_per_day": 4}, "sessions_per_day", "less_than_equal"),
        (SheetKind.TEAMS, {"day_ends": "07.00"}, "day_ends", "ends_before_it_starts"),
        (SheetKind.TEAMS, {"phone": "hallo"}, "phone", "not_a_phone"),
        (SheetKind.TEAMS, {"members": ""}, "members", "missing"),
        (SheetKind.TEAMS, {"base_village_code": "33.72.01"}, "base_village_code", "not_a_village"),
        (SheetKind.OFFICIALS, {"phone": "123"}, "phone", "not_a_phone"),
        (SheetKind.OFFICIALS, {"email": "lurah"}, "email", "not_an_email"),
        (SheetKind.OFFICIALS, {"term_ends": "1/1/2020"}, "term_ends", "ends_before_it_starts"),
        (SheetKind.OFFICIALS, {"code": "33.72.01"}, "code", "not_a_village"),
        (SheetKind.OFFICIALS, {"name": "Sri 3372011212900001"}, "name", "identity_number"),
        (SheetKind.OFFICIALS, {"position": ""}, "position", "missing"),
        (SheetKind.MARKET_DAYS, {"rhythm": "Besok"}, "rhythm", "not_a_choice"),
        (SheetKind.MARKET_DAYS, {"code": "33"}, "code", "province_too_wide"),
        (SheetKind.MARKET_DAYS, {"remove": "ya"}, "remove", "nothing_to_remove"),
        (SheetKind.CLOSED_PERIODS, {"ends": "01/02/2027"}, "ends", "ends_before_it_starts"),
        (SheetKind.CLOSED_PERIODS, {"ends": "03/02/2028"}, "ends", "period_too_long"),
        (SheetKind.CLOSED_PERIODS, {"closure": "Libur"}, "closure", "not_a_choice"),
        (SheetKind.CLOSED_PERIODS, {"code": "33"}, "code", "province_too_wide"),
        (SheetKind.CLOSED_PERIODS, {"remove": "ya"}, "remove", "nothing_to_remove"),
        (SheetKind.VULNERABLE, {"counted": -1}, "counted", "greater_than_equal"),
        (SheetKind.VULNERABLE, {"counted": ""}, "counted", "missing"),
        (SheetKind.VULNERABLE, {"as_of": "03/11/2026"}, "as_of", "in_the_future"),
        (SheetKind.VULNERABLE, {"as_of": ""}, "as_of", "missing"),
        (SheetKind.VULNERABLE, {"source": ""}, "source", "missing"),
        (SheetKind.VULNERABLE, {"code": "33.72"}, "code", "not_a_village"),
        (SheetKind.VULNERABLE, {"remove": "ya"}, "remove", "nothing_to_remove"),
        (SheetKind.MEMBERS, {"code": "33.72.01"}, "code", "neither_village_nor_regency"),
    ],
)
def test_what_no_form_would_take_is_refused_by_its_column(
    house: House, kind: SheetKind, changes: dict[str, Any], column: str, problem: str
) -> None:
    told = house.upload(kind, _given(kind, **changes))
    assert told.problems == [(2, column, problem)]
    assert told.changes == []


@pytest.mark.parametrize("kind", [SheetKind.MARKET_DAYS, SheetKind.CLOSED_PERIODS])
def test_a_row_can_be_taken_away_and_brought_back(house: House, kind: SheetKind) -> None:
    house.upload(kind, _given(kind)).apply()
    before = house.everything(*TABLES)
    told = house.upload(kind, _given(kind, remove="ya")).apply()
    assert [change.act for change in told.changes] == [Act.REMOVE]
    assert house.count(MarketDay) == house.count(ClosedPeriod) == 0
    told.undo()
    assert house.everything(*TABLES) == before


def test_a_column_that_the_sheet_lacks_leaves_what_stands(house: House) -> None:
    house.upload(SheetKind.OFFICIALS, OFFICIAL).apply()
    told = house.upload(
        SheetKind.OFFICIALS, {"code": PAJANG, "name": "SRI LESTARI", "position": "Camat"}
    ).apply()
    assert told.changes[0].after == {"name": "SRI LESTARI", "position": "Camat"}
    with reading(house.engine) as db:
        stored = db.get_one(Official, told.changes[0].facts["id"])
        assert (stored.phone, stored.email) == ("+6281234567890", "lurah@pajang.desa.id")
        assert stored.term_ends == date(2029, 5, 31)


def test_who_left_by_a_sheet_has_a_last_day_that_no_sheet_puts_off(house: House) -> None:
    house.upload(SheetKind.OFFICIALS, OFFICIAL).apply()
    left = house.upload(SheetKind.OFFICIALS, {**OFFICIAL, "is_active": "tidak"}).apply()
    assert left.changes[0].after == {"is_active": False, "term_ends": TODAY}
    for ends in ("", "31/05/2029"):
        gone = {**OFFICIAL, "is_active": "tidak", "term_ends": ends}
        assert house.upload(SheetKind.OFFICIALS, gone).changes == []
    for content in house.download(SheetKind.OFFICIALS):
        assert house.send(SheetKind.OFFICIALS, content).changes == []
    back = {name: OFFICIAL[name] for name in ("code", "name", "position")} | {"is_active": "ya"}
    told = house.upload(SheetKind.OFFICIALS, back)
    assert told.changes[0].after == {"is_active": True, "term_ends": None}
    again = house.upload(SheetKind.OFFICIALS, {**OFFICIAL, "is_active": "ya"})
    assert again.changes[0].after == {"is_active": True, "term_ends": date(2029, 5, 31)}


def test_a_new_person_in_an_office_is_another_person_and_pointed_out(house: House) -> None:
    house.upload(SheetKind.OFFICIALS, OFFICIAL).apply()
    told = house.upload(SheetKind.OFFICIALS, {**OFFICIAL, "name": "Bambang"})
    (change,) = told.changes
    assert change.act is Act.ADD
    assert [(note.code, note.facts) for note in change.notes] == [
        ("position_held", {"names": "Sri Lestari"})
    ]


def test_names_that_differ_in_their_writing_alone_are_one_persons(house: House) -> None:
    told = house.upload(SheetKind.OFFICIALS, OFFICIAL, {**OFFICIAL, "name": "sri  LESTARI"})
    assert told.problems == [(2, "name", "row_twice"), (3, "name", "row_twice")]


def test_a_stale_sheet_is_not_applied(house: House) -> None:
    house.upload(SheetKind.OFFICIALS, OFFICIAL).apply()
    told = house.upload(SheetKind.OFFICIALS, {**OFFICIAL, "position": "Camat"})
    with unit_of_work(house.engine) as db:
        official = db.get_one(Official, told.changes[0].facts["id"])
        official.position, official.version = "Carik", official.version + 1
    with pytest.raises(Conflict) as caught:
        told.apply()
    assert caught.value.facts == {"problem": "sheet_is_stale", "rows": [2]}


def test_another_branchs_team_of_the_same_name_is_left_alone(house: House) -> None:
    told = house.upload(SheetKind.TEAMS, {**TEAM, "name": "Tim Merapi"}).apply()
    assert [change.act for change in told.changes] == [Act.ADD]
    assert house.count(Team) == 3


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Sen, Sel, Rab", [1, 2, 3]),
        ("Senin–Sabtu", [1, 2, 3, 4, 5, 6]),
        ("senin s.d. kamis; sabtu", [1, 2, 3, 4, 6]),
        ("Jumat", [5]),
        ("Sen-Sel-Rab", None),
        ("", None),
        ("se", None),
    ],
)
def test_weekdays_are_read_in_the_usual_writings(text: str, days: list[int] | None) -> None:
    assert read_weekdays(text) == days
    assert days is None or read_weekdays(write_weekdays(days)) == days


def _regency(total: int, **told: Any) -> dict[str, Any]:
    return {"code": "33.72", "counted": total, "as_of": "30/06/2026", "source": "Cabang", **told}


def _covered(house: House) -> dict[str, int]:
    with reading(house.engine) as db:
        rows = db.exec(select(Village).where(Village.regency_code == "33.72"))
        return {row.code: row.informal_covered for row in rows}


def test_a_regencys_members_are_shared_to_the_last_one(house: House) -> None:
    told = house.upload(SheetKind.MEMBERS, _regency(20_001), {**COUNT, "counted": 900}).apply()
    covered = _covered(house)
    assert sum(covered.values()) == 20_001
    assert covered[PAJANG] == 900
    with reading(house.engine) as db:
        assert not db.get_one(VillageCount, (PAJANG, Figure.COVERED)).is_spread
        assert db.get_one(VillageCount, (BUMI, Figure.COVERED)).is_spread
    for content in house.download(SheetKind.MEMBERS):
        again = house.send(SheetKind.MEMBERS, content)
        assert (again.problems, again.changes) == ([], [])
    told.undo()
    assert house.count(VillageCount) == 0


def test_a_village_that_counts_itself_leaves_the_regencys_sum_with_its_row(house: House) -> None:
    house.upload(SheetKind.MEMBERS, _regency(20_001)).apply()
    before = house.everything(*TABLES)
    told = house.upload(SheetKind.MEMBERS, {**COUNT, "counted": 5}, _regency(20_001)).apply()
    covered = _covered(house)
    assert (covered[PAJANG], sum(covered.values())) == (5, 20_001)
    told.undo()
    assert house.everything(*TABLES) == before


def _now(house: House, code: str) -> Any:
    with reading(house.engine) as db:
        rows = KINDS[SheetKind.MEMBERS].current(db, house.context(db))
        return next(row for row in rows if row["code"] == code)


def test_a_regencys_total_stays_whatever_its_villages_count(house: House) -> None:
    house.upload(SheetKind.MEMBERS, _regency(20_001)).apply()
    before = house.everything(*TABLES)
    counted = house.upload(SheetKind.MEMBERS, {**COUNT, "counted": 5})
    assert [(one.row, one.act, len(one.notes)) for one in counted.changes] == [
        (0, Act.ALTER, 1),
        (2, Act.ADD, 0),
    ]
    counted.apply()
    assert _now(house, "33.72")["counted"] == sum(_covered(house).values()) == 20_001
    between = house.everything(*TABLES)
    gone = house.upload(SheetKind.MEMBERS, {**COUNT, "remove": "ya"}).apply()
    assert _now(house, PAJANG)["counted"] is None
    assert sum(_covered(house).values()) == 20_001
    assert house.everything(*TABLES) == before
    gone.undo()
    assert house.everything(*TABLES) == between
    counted.undo()
    assert house.everything(*TABLES) == before


def test_a_village_that_counts_more_than_its_whole_regency_is_refused(house: House) -> None:
    house.upload(SheetKind.MEMBERS, _regency(800)).apply()
    told = house.upload(SheetKind.MEMBERS, {**COUNT, "counted": 900})
    assert told.problems == [(2, "counted", "regency_exceeded")]
    assert told.changes == []
    both = house.upload(SheetKind.MEMBERS, {**COUNT, "counted": 900}, _regency(1000)).apply()
    assert (len(both.changes), sum(_covered(house).values())) == (2, 1000)


def test_a_regency_whose_villages_have_all_counted_has_no_total_of_its_own(house: House) -> None:
    house.upload(SheetKind.MEMBERS, _regency(800)).apply()
    before = house.everything(*TABLES)
    told = house.upload(
        SheetKind.MEMBERS, *({**COUNT, "code": code, "counted": 3} for code in _covered(house))
    ).apply()
    assert [one.label for one in told.changes if one.row == 0] == ["Kota Surakarta (33.72)"]
    assert _now(house, "33.72").get("counted") is None
    assert set(_covered(house).values()) == {3}
    told.undo()
    assert house.everything(*TABLES) == before


def test_a_regencys_total_below_its_villages_is_refused(house: House) -> None:
    told = house.upload(SheetKind.MEMBERS, _regency(800), {**COUNT, "counted": 900})
    assert told.problems == [(2, "counted", "less_than_counted")]
    assert [change.row for change in told.changes] == [3]


def test_removing_a_regencys_members_brings_the_estimates_back(house: House) -> None:
    estimates = _covered(house)
    house.upload(SheetKind.MEMBERS, _regency(20_001), {**COUNT, "counted": 900}).apply()
    before = house.everything(*TABLES)
    told = house.upload(SheetKind.MEMBERS, _regency(20_001, remove="ya")).apply()
    assert _covered(house) == {**estimates, PAJANG: 900}
    told.undo()
    assert house.everything(*TABLES) == before


def test_a_count_far_above_the_estimate_is_pointed_out_and_taken(house: House) -> None:
    told = house.upload(SheetKind.VULNERABLE, {**COUNT, "counted": 1_000_000})
    assert [note.code for note in told.changes[0].notes] == ["far_above_estimate"]
    told.apply()
    again = house.upload(SheetKind.VULNERABLE, {**COUNT, "counted": 2_000_000})
    assert [note.code for note in again.changes[0].notes] == ["far_above_estimate"]

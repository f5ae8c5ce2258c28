"""The ledger's sheet: what cannot be is refused by its column, what differs is shown and undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from outreach.logbook.tables import LedgerEntry
from outreach.sheets.kinds import Act
from outreach.sheets.tables import SheetKind
from tests.sheets.keeping_house import BUMI, FOREIGN, PAJANG, House, build

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.sheets.keeping_house import Told

#: Told on 2 November 2026.
ROW: dict[str, Any] = {
    "code": PAJANG,
    "month": "07/2026",
    "channel": "Sendiri",
    "interested": 20,
    "forms": 14,
    "registered": 12,
    "first_paid": 9,
    "paid_1": 8,
    "paid_3": 6,
    "as_of": "31/10/2026",
    "source": "Kepesertaan BPU",
}


@pytest.fixture
def house(engine: Engine) -> House:
    return build(engine)


def send(house: House, *rows: dict[str, Any]) -> Told:
    return house.upload(SheetKind.LEDGER, *rows)


def problems(house: House, **changes: Any) -> list[tuple[int, str, str]]:
    told = send(house, {**ROW, **changes})
    assert told.changes == [] or not told.problems
    return told.problems


@pytest.mark.parametrize(
    ("changes", "column", "problem"),
    [
        ({"registered": 15}, "registered", "more_than_before"),
        ({"first_paid": 13}, "first_paid", "more_than_before"),
        ({"paid_1": 10}, "paid_1", "more_than_before"),
        ({"paid_3": 9}, "paid_3", "more_than_before"),
        # The nearest step before it that is told.
        ({"registered": None, "first_paid": 15}, "first_paid", "more_than_before"),
        ({"paid_1": None, "paid_3": 10}, "paid_3", "more_than_before"),
        ({"month": "12/2026"}, "month", "month_in_the_future"),
        ({"month": "12/2023"}, "month", "before_the_tariff"),
        ({"month": "kapan"}, "month", "month_parsing"),
        ({"as_of": "03/11/2026"}, "as_of", "in_the_future"),
        ({"as_of": "30/06/2026"}, "as_of", "before_its_month"),
        ({"as_of": "31/07/2026", "paid_3": ""}, "paid_1", "told_too_early"),
        ({"as_of": "30/09/2026"}, "paid_3", "told_too_early"),
        ({"paid_6": 1}, "paid_6", "told_too_early"),
        ({"forms": -1}, "forms", "greater_than_equal"),
        ({"forms": "banyak"}, "forms", "float_parsing"),
        ({"channel": "Ojek"}, "channel", "not_a_choice"),
        ({"channel": ""}, "channel", "missing"),
        ({"as_of": ""}, "as_of", "missing"),
        ({"source": ""}, "source", "missing"),
        ({"source": "NIK 3372011212900001"}, "source", "identity_number"),
        ({"code": FOREIGN}, "code", "unknown_region"),
        ({"code": "33.72.01.1099"}, "code", "unknown_region"),
        ({"code": "33.72.01"}, "code", "not_a_village"),
        ({"remove": "ya"}, "remove", "nothing_to_remove"),
    ],
)
def test_what_cannot_be_is_refused_by_its_column(
    house: House, changes: dict[str, Any], column: str, problem: str
) -> None:
    assert problems(house, **changes) == [(2, column, problem)]


def test_what_is_told_on_the_first_possible_day_is_taken(house: House) -> None:
    told = send(
        house,
        {**ROW, "as_of": "01/10/2026"},
        {
            **ROW,
            "code": BUMI,
            "month": "11/2026",
            "as_of": "01/11/2026",
            "paid_1": "",
            "paid_3": "",
        },
    )
    assert told.problems == []


def test_the_same_village_month_and_channel_twice_is_refused(house: House) -> None:
    told = send(house, ROW, {**ROW, "month": "01/07/2026"}, {**ROW, "channel": "CSR"})
    assert [(row, code) for row, _, code in told.problems] == [(2, "row_twice"), (3, "row_twice")]
    assert len(told.changes) == 1


def test_what_is_told_of_a_standing_row_is_held_against_all_of_it(house: House) -> None:
    send(house, ROW).apply()
    key = {name: ROW[name] for name in ("code", "month", "channel")}
    # Fewer forms than stand as registered.
    few = {**key, "forms": 3, "as_of": ROW["as_of"]}
    assert send(house, few).problems == [(2, "registered", "more_than_before")]
    # Nothing told leaves everything; a new day without a count tells nothing of its own.
    assert send(house, key).changes == []
    assert send(house, {**key, "as_of": "01/11/2026"}).problems == [(2, "registered", "missing")]


def test_a_difference_shows_is_applied_and_undone(house: House) -> None:
    send(house, ROW).apply()
    before = house.everything(LedgerEntry)
    key = {name: ROW[name] for name in ("code", "month", "channel")}
    told = send(house, {**key, "first_paid": 7, "paid_1": 7, "as_of": "01/11/2026"})
    (change,) = told.changes
    assert change.act is Act.ALTER
    assert (change.before["first_paid"], change.after["first_paid"]) == (9, 7)
    assert set(change.after) == {"first_paid", "paid_1", "as_of"}
    assert "07/2026" in change.label
    assert house.everything(LedgerEntry) == before
    told.apply()
    (row,) = house.everything(LedgerEntry)[0]
    # A blank count leaves what stands.
    assert row[3:10] == ("20", "14", "12", "7", "7", "6", "None")
    told.undo()
    (row,) = house.everything(LedgerEntry)[0]
    assert row[3:12] == before[0][0][3:12]


def test_older_counts_replace_newer_ones_only_if_it_is_said(house: House) -> None:
    """A file of last month that is sent once more must not take this month's counts away."""
    send(house, ROW).apply()
    before = house.everything(LedgerEntry)
    older = {**ROW, "registered": 13, "as_of": "30/10/2026"}
    told = send(house, older, {**ROW, "code": BUMI, "as_of": "30/10/2026"})
    assert told.problems == [(2, "as_of", "older_than_what_stands")]
    assert [one.row for one in told.changes] == [3]
    assert house.everything(LedgerEntry) == before
    said = send(house, {**older, "older": "ya"})
    assert said.problems == []
    assert {"registered", "as_of"} == set(said.changes[0].after)
    said.apply()
    (row,) = house.everything(LedgerEntry)[0]
    assert row[5] == "13"
    # On a day before the third month nobody can tell of it: that is not what is refused.
    early = {**ROW, "as_of": "30/09/2026", "paid_3": ""}
    assert send(house, early).problems == [(2, "as_of", "older_than_what_stands")]
    (change,) = send(house, {**early, "older": "ya"}).changes
    assert (change.before["paid_3"], change.after["paid_3"]) == (6, None)
    # Of the same day a count may be put right.
    assert send(house, {**older, "registered": 12}).problems == []


def test_counts_that_change_need_the_day_they_are_of(house: House) -> None:
    """Else they would stand under the old day, and go round the refusal of older counts."""
    send(house, ROW).apply()
    before = house.everything(LedgerEntry)
    undated = {**ROW, "registered": 13, "as_of": ""}
    assert send(house, undated).problems == [(2, "as_of", "counts_without_day")]
    assert send(house, {**undated, "older": "ya"}).problems == [(2, "as_of", "counts_without_day")]
    # What changes no count needs none.
    assert send(house, {**ROW, "as_of": ""}).problems == []
    assert send(house, {**ROW, "as_of": "", "source": "Kepesertaan BPU 2026"}).problems == []
    assert house.everything(LedgerEntry) == before


def test_removing_is_undone_too(house: House) -> None:
    send(house, ROW, {**ROW, "channel": "Agen PERISAI"}).apply()
    before = house.everything(LedgerEntry)
    told = send(house, {**ROW, "remove": "ya"}).apply()
    assert [one.act for one in told.changes] == [Act.REMOVE]
    assert house.count(LedgerEntry) == 1
    told.undo()
    assert house.everything(LedgerEntry) == before


def test_counts_above_the_estimate_and_forms_without_interest_are_pointed_out(
    house: House,
) -> None:
    told = send(house, {**ROW, "interested": 3}, {**ROW, "code": BUMI, "interested": 1_000_000})
    assert [[note.code for note in one.notes] for one in told.changes] == [
        ["more_forms_than_interested"],
        ["more_than_informal"],
    ]
    told.apply()
    assert house.count(LedgerEntry) == 2

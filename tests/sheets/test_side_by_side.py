"""What others write while a sheet is applied is neither lost nor written over."""

from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select, update

from outreach.db import unit_of_work
from outreach.errors import Conflict
from outreach.logbook.tables import LedgerEntry
from outreach.people.tables import Official
from outreach.sheets.registry import KINDS
from outreach.sheets.tables import SheetKind
from tests.sheets.keeping_house import PAJANG, House, Told, build

if TYPE_CHECKING:
    from sqlalchemy import Engine

OFFICIAL = {"code": PAJANG, "name": "Sri Lestari", "position": "Lurah"}
COUNT = {
    "code": PAJANG,
    "month": "07/2026",
    "channel": "Sendiri",
    "forms": 7,
    "source": "Kepesertaan BPU",
}
on_postgres = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def house(engine: Engine) -> House:
    return build(engine)


@on_postgres
def test_what_changed_between_the_check_and_the_writing_stays(house: House) -> None:
    """SQLite lets nobody else write meanwhile."""
    house.upload(SheetKind.OFFICIALS, OFFICIAL).apply()
    told = house.upload(SheetKind.OFFICIALS, {**OFFICIAL, "position": "Camat"})
    kind = KINDS[SheetKind.OFFICIALS]
    with unit_of_work(house.engine) as db:
        ctx = house.context(db)
        changes = kind.check(db, told.rows, ctx)
        with unit_of_work(house.engine) as other:
            carik = {"position": "Carik", "version": col(Official.version) + 1}
            other.execute(update(Official).values(carik))
        with pytest.raises(Conflict) as caught:
            kind.apply(db, changes, ctx)
    assert caught.value.facts == {"problem": "sheet_is_stale", "rows": [2]}
    with unit_of_work(house.engine) as db:
        assert db.exec(select(Official)).one().position == "Carik"


@on_postgres
@pytest.mark.parametrize("stands", [None, "31/08/2026"])
def test_counts_checked_before_newer_ones_came_do_not_replace_them(
    house: House, stands: str | None
) -> None:
    """Of two imports at once the older one was checked against what stood before the newer."""
    if stands:
        house.upload(SheetKind.LEDGER, {**COUNT, "as_of": stands}).apply()
    older = house.upload(SheetKind.LEDGER, {**COUNT, "as_of": "30/09/2026", "forms": 8})
    newer = house.upload(SheetKind.LEDGER, {**COUNT, "as_of": "31/10/2026", "forms": 9})
    kind = KINDS[SheetKind.LEDGER]
    with unit_of_work(house.engine) as db:
        ctx = house.context(db)
        changes = kind.check(db, older.rows, ctx)
        assert len(changes) == 1
        newer.apply()
        with pytest.raises(Conflict) as caught:
            kind.apply(db, changes, ctx)
    assert caught.value.facts == {"problem": "sheet_is_stale", "rows": [2]}
    with unit_of_work(house.engine) as db:
        (entry,) = db.exec(select(LedgerEntry))
        assert (entry.as_of, entry.forms) == (date(2026, 10, 31), 9)


def test_of_two_who_count_the_same_village_at_once_one_is_told(house: House) -> None:
    count = {"code": PAJANG, "as_of": "30/06/2026", "source": "DTSEN"}
    sheets = [house.upload(SheetKind.MEMBERS, {**count, "counted": n}) for n in (5, 6)]
    ended: list[object] = []
    together = threading.Barrier(2)

    def press(told: Told) -> None:
        together.wait()
        try:
            told.apply()
            ended.append("applied")
        except Conflict as refused:
            ended.append(refused.facts["problem"])

    both = [threading.Thread(target=press, args=(told,)) for told in sheets]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(map(str, ended)) == ["applied", "sheet_is_stale"]

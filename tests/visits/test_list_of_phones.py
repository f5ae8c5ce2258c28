"""The list of officials' phones, told by the database itself: on each of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from outreach.db import reading, unit_of_work
from outreach.people.access import Person
from outreach.people.devices import new_token, touch
from outreach.people.tables import Account, Official, Role
from outreach.visits.phones import PhoneStanding, PhonesWanted, list_phones
from tests.builders import account, load_small_registry
from tests.people.enrolled import BUMI, FOREIGN, NOW, TODAY, code_for, official, speaks, use

if TYPE_CHECKING:
    from sqlalchemy import Engine

DESK = Person(1, "Rini", Role.COORDINATOR, ("33.72",))


def test_each_standing_is_told_and_narrowed(engine: Engine) -> None:
    load_small_registry(engine, ("33.72", "33.09.01"))
    with unit_of_work(engine) as db:
        account(db, Role.ADMIN, "rini")  # gives the codes
    named = {name: official(engine, name=name) for name in ("Ani", "Budi", "Citra", "Dedi")}
    official(engine, FOREIGN, "Budi dari Boyolali")
    devices = {
        name: use(engine, code_for(engine, named[name]), new_token()) for name in ("Ani", "Budi")
    }
    code_for(engine, named["Citra"])
    later = NOW + timedelta(days=8)
    with unit_of_work(engine) as db:
        touch(db, devices["Ani"], later, unsent=2)
        db.get_one(Official, named["Dedi"]).village_code = BUMI
    code_for(engine, named["Citra"], later)
    with reading(engine) as db:
        page = list_phones(db, DESK, later, TODAY, PhonesWanted())
        told = {row.name: row.standing for row in page.rows}
        silent = list_phones(db, DESK, later, TODAY, PhonesWanted("bu budi", PhoneStanding.SILENT))
    assert told == {
        "Ani": PhoneStanding.IN_USE,
        "Budi": PhoneStanding.SILENT,
        "Citra": PhoneStanding.CODE,
        "Dedi": PhoneStanding.NONE,
    }
    assert set(page.counts.values()) == {0, 1}
    assert [(row.name, row.unsent, len(row.devices)) for row in silent.rows] == [("Budi", 0, 1)]
    assert page.rows[0].unsent == 2


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.MANAGER}])
def test_a_phone_whose_account_it_may_not_open_is_not_in_use(
    engine: Engine, change: dict[str, object]
) -> None:
    load_small_registry(engine, ("33.72",))
    with unit_of_work(engine) as db:
        account(db, Role.ADMIN, "rini")
    number, token = official(engine, name="Ani"), new_token()
    use(engine, code_for(engine, number), token)

    def listed() -> tuple[list[str], int]:
        with reading(engine) as db:
            page = list_phones(db, DESK, NOW, TODAY, PhonesWanted())
            return [row.name for row in page.rows], page.counts[PhoneStanding.IN_USE]

    assert (speaks(engine, token), listed()) == (True, (["Ani"], 1))
    with unit_of_work(engine) as db:
        theirs = db.get_one(Account, db.get_one(Official, number).account_id)
        for name, value in change.items():
            setattr(theirs, name, value)
    assert (speaks(engine, token), listed()) == (False, ([], 0))

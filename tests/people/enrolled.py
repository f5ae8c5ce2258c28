"""Officials with codes and phones, as the tests of both make them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from outreach.db import reading, unit_of_work
from outreach.people.access import Person
from outreach.people.devices import device_of_token
from outreach.people.enrolment import (
    CodeState,
    enrol,
    find,
    find_or_count,
    give_codes,
    key_of,
    open_codes,
    write_code,
)
from outreach.people.officials import OfficialIn, add_official
from outreach.people.tables import Role
from tests.builders import LOADED_AT

if TYPE_CHECKING:
    from sqlalchemy import Engine


PAJANG, BUMI, FOREIGN = "33.72.01.1001", "33.72.01.1003", "33.09.01.2001"
KEY = key_of("a secret of the tests")
TODAY = date(2026, 11, 2)
NOW = datetime(2026, 11, 2, 3, 0, 30, tzinfo=LOADED_AT.tzinfo)
HOUR = timedelta(hours=1)
RINI = Person(1, "Rini", Role.COORDINATOR, ("33.72",))
ELSE = Person(1, "Budi", Role.COORDINATOR, ("33.09",))


def official(engine: Engine, village: str = PAJANG, name: str = "Sri Lestari", **told: Any) -> int:
    given = {"village_code": village, "name": name, "position": "Lurah", **told}
    everywhere = Person(1, "x", Role.COORDINATOR, ("33",))
    with unit_of_work(engine) as db:
        made = add_official(db, OfficialIn.model_validate(given), by=everywhere)
        db.flush()
        return made.id or 0


def give(engine: Engine, *ids: int, by: Person = RINI, now: datetime = NOW) -> int:
    with unit_of_work(engine) as db:
        return give_codes(db, ids, by=by, now=now, today=TODAY)


def code_for(engine: Engine, number: int, now: datetime = NOW) -> str:
    with unit_of_work(engine) as db:
        give_codes(db, [number], by=RINI, now=now, today=TODAY)
        return write_code(open_codes(db, [number], now)[number], KEY)


def state(engine: Engine, code: str, now: datetime = NOW) -> CodeState:
    with unit_of_work(engine) as db:
        return find_or_count(db, code, KEY, now).state


def use(engine: Engine, code: str, token: str, now: datetime = NOW) -> int:
    with unit_of_work(engine) as db:
        found = find(db, code, KEY, now)
        assert found.enrolment is not None
        device = enrol(db, found.enrolment.id or 0, token, now, label="Android 10")
        db.flush()
        return device.id or 0


def speaks(engine: Engine, token: str, now: datetime = NOW) -> bool:
    with reading(engine) as db:
        known = device_of_token(db, token, now)
        return known is not None and known.speaks

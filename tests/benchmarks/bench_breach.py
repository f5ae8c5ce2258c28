"""The breach list at the size of the nation: seconds and memory, for an account and for everybody.

All 83,762 villages in forty branches, 160,000 officials, a year with a million lines of history.
The account asked for was moved twice and is a manager by now; a tenth of all lines are its own.
Every fiftieth line changes an official, who came from another village one time in ten. Half of the
villages had a visit with five lines of its own, which a manager of the nation reaches.
"""

from __future__ import annotations

import random
import resource
import time
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlmodel import col

from outreach.campaigns.tables import Campaign, Ecosystem, Purpose, Stage
from outreach.cli.privacy_words import breach_file
from outreach.db import reading, unit_of_work
from outreach.history.tables import Deed, Event
from outreach.people.access import NATION
from outreach.people.tables import (
    Account,
    AccountArea,
    Branch,
    BranchRegency,
    Official,
    Role,
    Team,
)
from outreach.safekeeping.reach import affected, reach_of_account, reach_of_all
from outreach.villages.registry import load_registry
from outreach.villages.tables import Regency, Village, Zone
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from tests.benchmarks.databases import available_databases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.safekeeping.reach import Reach

BRANCHES, OFFICIALS, TEAMS, LINES, AT_ONCE = 40, 160_000, 600, 1_000_000, 20_000
LINES_A_VISIT = 5
UNTIL = datetime(2026, 12, 31, tzinfo=UTC)
YEAR = timedelta(days=365)


def main() -> None:
    for kind, engine in available_databases():
        begun = time.perf_counter()
        fill(engine)
        print(f"{kind}: filled in {time.perf_counter() - begun:.0f} s")
        _measure(f"{kind}: an account, a year", engine, _of_account)
        _measure(f"{kind}: a manager of the nation, a year", engine, _of_manager)
        _measure(f"{kind}: everybody", engine, lambda _db: reach_of_all(UNTIL - YEAR, UNTIL))


def _of_account(db: Session) -> Reach:
    return reach_of_account(db, "akun-1", UNTIL - YEAR, UNTIL)


def _of_manager(db: Session) -> Reach:
    return reach_of_account(db, f"akun-{BRANCHES + 1}", UNTIL - YEAR, UNTIL)


def _measure(name: str, engine: Engine, asked: Callable[[Session], Reach]) -> None:
    begun = time.perf_counter()
    with reading(engine) as db:
        found = affected(db, asked(db))
        size = len(breach_file(found)) / 1e6
    took, shown = time.perf_counter() - begun, sum(one.shown for one in found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {len(found):,} people, numbers of {shown:,} shown: {took:.1f} s, "
        f"file {size:.1f} MB, process {peak:.0f} MB at most"
    )


def fill(engine: Engine) -> None:
    """Write the nation and its year."""
    with unit_of_work(engine) as db:
        load_registry(db, now=UNTIL - YEAR)
    with unit_of_work(engine) as db:
        codes = list(db.scalars(select(col(Village.code)).order_by(col(Village.code))))
        _fill_people(db, codes)
        _fill_visits(db, codes[::2])
    lines = _lines(codes, random.Random(20260105))
    for _ in range(0, LINES, AT_ONCE):
        with unit_of_work(engine) as db:
            db.execute(insert(Event), [next(lines) for _ in range(AT_ONCE)])


def _fill_people(db: Session, codes: list[str]) -> None:
    office: dict[str, Any] = {"regional_office": "Pusat", "base_village_code": codes[0]}
    db.add_all(Branch(id=one, name=f"Cabang {one}", **office) for one in range(1, BRANCHES + 1))
    db.flush()
    regencies = db.scalars(select(col(Regency.code)).order_by(col(Regency.code)))
    served = [
        BranchRegency(regency_code=code, branch_id=number % BRANCHES + 1)
        for number, code in enumerate(regencies)
    ]
    db.add_all(served)
    db.add_all(Account(id=one, **_account(one)) for one in range(1, BRANCHES + 2))
    db.flush()
    db.add(AccountArea(account_id=BRANCHES + 1, code=NATION))
    db.execute(insert(Team), [_team(number, codes) for number in range(TEAMS)])
    rows = [_official(number, codes) for number in range(OFFICIALS)]
    for at in range(0, OFFICIALS, AT_ONCE):
        db.execute(insert(Official), rows[at : at + AT_ONCE])


def _fill_visits(db: Session, codes: list[str]) -> None:
    days: dict[str, Any] = {"starts": UNTIL.date() - YEAR, "ends": UNTIL.date()}
    purpose: dict[str, Any] = {"purpose": Purpose.ACQUIRE, "ecosystem": Ecosystem.VILLAGE}
    db.add(Campaign(id=1, name="Nasional", **purpose, **days))
    db.flush()
    db.add(Stage(id=1, campaign_id=1, branch_id=1, name="Tahap 1", **days))
    db.flush()
    for some in batched(enumerate(codes, start=1), AT_ONCE):
        db.execute(insert(Visit), [_visit(number, code) for number, code in some])
        told = [(*one, line) for one in some for line in range(LINES_A_VISIT)]
        db.execute(insert(VisitEvent), [_told(*one) for one in told])


def _visit(number: int, code: str) -> dict[str, Any]:
    when: dict[str, Any] = {"day": UNTIL.date(), "slot": 1, "starts_at": UNTIL.time()}
    told: dict[str, Any] = {"zone": Zone.WIB, "work": Work.CANCELLED, "team_id": number % TEAMS + 1}
    return {"id": number, "stage_id": 1, "village_code": code, **when, **told}


def _told(number: int, code: str, line: int) -> dict[str, Any]:
    told: dict[str, Any] = {"happening": Happening.CALLED, "at": UNTIL - YEAR * (line + 1) / 10}
    by = number % BRANCHES + 1
    told |= {"before": {}, "after": {}, "account_id": by}
    return {"visit_id": number, "village_code": code, **told}


def _account(number: int) -> dict[str, Any]:
    role = Role.MANAGER if number in (1, BRANCHES + 1) else Role.COORDINATOR
    return {
        "login": f"akun-{number}",
        "name": f"Akun {number}",
        "role": role,
        "branch_id": None if role is Role.MANAGER else number,
        "password_hash": "",
        "password_stamp": "1",
        "created_at": UNTIL - 2 * YEAR,
    }


def _team(number: int, codes: list[str]) -> dict[str, Any]:
    base = codes[number * len(codes) // TEAMS]
    phone = f"+62812{number:08}"
    named = {"name": f"Tim {number}", "base_village_code": base, "phone": phone}
    return {**named, "branch_id": number % BRANCHES + 1, "members": [], "weekdays": [1]}


def _official(number: int, codes: list[str]) -> dict[str, Any]:
    told = {"name": f"Perangkat {number}", "position": "Kaur", "phone": f"+62813{number:08}"}
    return {**told, "village_code": codes[number % len(codes)], "email": f"p{number}@desa.example"}


def _lines(codes: list[str], chance: random.Random) -> Iterator[dict[str, Any]]:
    """Tell a year: the first account is moved after a third of it, and changed after two."""
    for number in range(LINES):
        at = UNTIL - YEAR + YEAR * number / LINES
        if number in (LINES // 3, 2 * LINES // 3):
            branch = 1 if number == LINES // 3 else 2
            yield _line(at, Deed.RIGHTS_HELD, 1, branch, "")
        elif number % 50 == 0:
            yield _changed(at, codes, chance)
        else:
            yield _seen(at, codes, chance)


def _changed(at: datetime, codes: list[str], chance: random.Random) -> dict[str, Any]:
    official = chance.randint(1, OFFICIALS)
    code = chance.choice(codes) if chance.random() < 0.1 else codes[(official - 1) % len(codes)]
    branch = chance.randint(1, BRANCHES)
    return {**_line(at, Deed.OFFICIAL_CHANGED, branch, branch, f" {code} "), "about": official}


def _seen(at: datetime, codes: list[str], chance: random.Random) -> dict[str, Any]:
    account = 1 if chance.random() < 0.1 else chance.randint(2, BRANCHES)
    deed = chance.choice([Deed.NUMBERS_SEEN, Deed.LOGIN, Deed.FILE_TAKEN, Deed.NUMBERS_TAKEN])
    some = chance.sample(range(0, len(codes), 7), 3) if "numbers" in deed.value else ()
    return _line(at, deed, account, account, "".join(f" {codes[one]} " for one in some))


def _line(at: datetime, deed: Deed, account: int, branch: int, regions: str) -> dict[str, Any]:
    told = {"at": at, "deed": deed.value, "account_id": account, "branch_id": branch, "about": None}
    role = Role.COORDINATOR.value
    return {**told, "role": role, "regions": regions, "numbers": len(regions.split())}


if __name__ == "__main__":
    main()

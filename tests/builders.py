"""What tests build upon: real regions and, by each room's own acts, what stands on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from sqlalchemy import Engine

from outreach.db import unit_of_work
from outreach.people.access import Person
from outreach.people.accounts import AccountIn, create_account
from outreach.people.branches import BranchIn, create_branch
from outreach.people.tables import Account, Branch, Role, Team
from outreach.people.teams import TeamIn, create_team
from outreach.villages.registry import load_registry, read_registry

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.villages.registry import LoadSummary, Registry

LOADED_AT = datetime(2026, 1, 5, 1, tzinfo=UTC)


@lru_cache(maxsize=1)
def national_registry() -> Registry:
    """Read the real registry once per test process (about 3 s)."""
    return read_registry()


def load_small_registry(
    db_or_engine: Session | Engine, prefixes: tuple[str, ...] = ("33.72",)
) -> LoadSummary:
    """Load only the regions given (and those above and inside them) from the real registry.

    `33.72` is Kota Surakarta: 5 districts, 54 villages. An engine's load is committed.
    """
    if isinstance(db_or_engine, Engine):
        with unit_of_work(db_or_engine) as db:
            return load_small_registry(db, prefixes)
    return load_registry(db_or_engine, now=LOADED_AT, registry=national_registry(), areas=prefixes)


@dataclass(frozen=True, slots=True)
class Sees:
    """Somebody who may see these regions, for rooms that come before people."""

    areas: tuple[str, ...] = ("",)


#: Good enough for the rules, and the same for everybody in the tests.
PASSWORD = "kuda-lumping-menari-42"

#: Argon2 at a cost for tests: a real hash in a thousandth of the time.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def branch(
    db: Session, name: str = "Surakarta", base: str = "33.72.01.1001", serves: str = "33.72"
) -> Branch:
    given = BranchIn(
        name=name,
        regional_office="Jawa Tengah dan DIY",
        base_village_code=base,
        regency_codes=[serves],
    )
    made = create_branch(db, given)
    db.flush()
    return made


def team(db: Session, branch_id: int, name: str = "Tim Satu", **told: Any) -> Team:
    home = db.get_one(Branch, branch_id).base_village_code
    usual: dict[str, Any] = {
        "name": name,
        "base_village_code": home,
        "members": ["Wening", "Bagas"],
        "weekdays": [1, 2, 3, 4, 5],
        "sessions_per_day": 3,
        "day_starts": "08:00",
        "day_ends": "17:00",
        "is_active": True,
    }
    made = create_team(db, branch_id, TeamIn.model_validate(usual | told), by=ANYBODYS_ADMIN)
    db.flush()
    return made


def account(db: Session, role: Role, login: str | None = None, **told: Any) -> Account:
    told = {"login": login or role.value, "name": f"Si {role.value}", "role": role, **told}
    given = AccountIn.model_validate(told)
    made = create_account(db, given, PASSWORD, now=LOADED_AT, hasher=CHEAP)
    db.flush()
    return made


ANYBODYS_ADMIN = Person(account_id=0, name="Admin", role=Role.ADMIN, areas=())

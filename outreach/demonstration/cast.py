"""The people of the demonstration: a branch, its teams and those who log in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

from outreach.demonstration.logins import ADMIN, COORDINATOR, MANAGER, Login, demo_password
from outreach.people.access import Person, person_of
from outreach.people.accounts import AccountIn, create_account
from outreach.people.branches import BranchIn, create_branch
from outreach.people.teams import LeaveIn, TeamIn, add_leave, create_team

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

PANULARAN = "33.72.01.1004"  # where the branch's office stands
KLATEN = "33.10.25.1004"
SRAGEN = "33.14.10.1003"
BRANCH = BranchIn(
    name="Kantor Cabang Surakarta",
    regional_office="Kanwil Jawa Tengah dan DIY",
    base_village_code=PANULARAN,
    regency_codes=["33.72", "33.09", "33.10", "33.11", "33.12", "33.13", "33.14"],
)
MONDAY_TO_SATURDAY = [1, 2, 3, 4, 5, 6]
_TEAMS = (
    ("Tim Lawu", PANULARAN, ("Wahyu Saputra", "Dewi Anggraini")),
    ("Tim Merapi", PANULARAN, ("Bagus Pratama", "Ratna Puspita")),
    ("Tim Merbabu", PANULARAN, ("Joko Susilo", "Endah Wulandari")),
    ("Tim Bengawan", PANULARAN, ("Galih Nugroho", "Maya Safitri")),
    ("Tim Klaten", KLATEN, ("Arif Hidayat", "Tutik Rahayu")),
    ("Tim Sragen", SRAGEN, ("Hendra Wijaya", "Lina Marlina")),
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts in the story."""

    branch_id: int
    coordinator: Person
    manager: Person


def engage(db: Session, *, secret: str, now: datetime, today: date) -> Cast:
    """Make the branch, its teams and the accounts, all marked as demonstration."""
    branch_id = create_branch(db, BRANCH, is_demo=True).id or 0
    coordinator = make_account(db, COORDINATOR, secret=secret, now=now, branch_id=branch_id)
    manager = make_account(db, MANAGER, secret=secret, now=now)
    make_account(db, ADMIN, secret=secret, now=now)
    leave = LeaveIn(starts=today + timedelta(4), ends=today + timedelta(6), reason="Pelatihan")
    for number, (name, base, members) in enumerate(_TEAMS):
        team = create_team(db, branch_id, _team(name, base, members), by=coordinator)
        if number == 2:
            db.flush()  # the leave needs the team's id
            add_leave(db, team.id or 0, leave, by=coordinator)
    return Cast(branch_id, coordinator, manager)


def make_account(
    db: Session,
    login: Login,
    *,
    secret: str,
    now: datetime,
    branch_id: int | None = None,
    village_code: str | None = None,
) -> Person:
    """Make one account of the demonstration and answer the person behind it."""
    given = AccountIn(
        login=login.login,
        name=login.name,
        role=login.role,
        branch_id=branch_id,
        whole_nation=login.area == "",
        area_codes=[village_code] if village_code else [],
    )
    password = demo_password(secret, login.login)
    account = create_account(db, given, password, now=now, is_demo=True)
    db.flush()  # the person needs the account's id
    person = person_of(db, account.id or 0)
    assert person is not None  # noqa: S101 - made two lines above
    return person


def _team(name: str, base: str, members: tuple[str, ...]) -> TeamIn:
    return TeamIn(
        name=name,
        base_village_code=base,
        members=list(members),
        weekdays=MONDAY_TO_SATURDAY,
        sessions_per_day=3,
        day_starts=time(8),
        day_ends=time(17),
        is_active=True,
    )

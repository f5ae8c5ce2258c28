"""Whose names, words and members the pages show that are no coordinator's own: those are listed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.history.recording import record
from outreach.history.tables import Deed
from outreach.logbook.tables import DisputedReport, ItemKind, TakenItem
from outreach.people.tables import Account, Official, Role, Team
from outreach.safekeeping.erasing import erase
from outreach.safekeeping.reach import affected, reach_of_all
from outreach.safekeeping.subject import Subject
from outreach.visits.tables import (
    Happening,
    PlanRun,
    PlanSubmission,
    SubmissionState,
    Visit,
    VisitEvent,
)
from tests.field import NOW, account
from tests.safekeeping.person import LOGIN, NAME, Somebody
from tests.safekeeping.test_reach_then import DAY, ELSEWHERE, changed, found, names, somebody

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlmodel import Session

    from tests.safekeeping.conftest import Installation

__all__ = ["somebody"]

EARLY = NOW - timedelta(hours=1)


def actor(db: Session, role: Role = Role.COORDINATOR) -> int:
    return account(db, "si-pelaku", role, ()).account_id


def visit_of(db: Session, code: str) -> Visit:
    return db.scalars(select(Visit).where(col(Visit.village_code) == code)).one()


def listed(at: Installation, login: str, name: str = "Si-Pelaku") -> bool:
    told = found(at, timedelta(), DAY, login)
    return any(one.name == name and one.kind == "account" for one in told)


def confirmed(
    db: Session, visit: Visit, who: int, at: datetime = EARLY, code: str | None = None
) -> None:
    line = VisitEvent(
        visit_id=visit.id or 0, village_code=code or visit.village_code,
        happening=Happening.CONFIRMED, at=at, account_id=who,
    )  # fmt: skip
    db.add(line)


def disputed(db: Session, visit: Visit, who: int) -> None:
    row = DisputedReport(
        report_id=str(uuid.uuid4()), visit_id=visit.id or 0, village_code=visit.village_code,
        content={}, fingerprint="x", reason="counts", account_id=who, received_at=EARLY,
    )  # fmt: skip
    db.add(row)


def late(db: Session, visit: Visit, who: int) -> None:
    row = TakenItem(
        id=str(uuid.uuid4()), kind=ItemKind.ANSWER, visit_id=visit.id or 0, fingerprint="x",
        outcome="conflict", content={}, account_id=who, received_at=EARLY,
    )  # fmt: skip
    db.add(row)


def planned(db: Session, visit: Visit, who: int) -> None:
    branch_id = db.scalars(select(Team.branch_id).where(Team.id == visit.team_id)).one()
    row = PlanRun(
        stage_id=visit.stage_id, branch_id=branch_id, seed=1, requested_by=who, requested_at=EARLY
    )
    db.add(row)


def handed_in(db: Session, visit: Visit, who: int) -> None:
    row = PlanSubmission(
        stage_id=visit.stage_id, state=SubmissionState.WITHDRAWN, submitted_by=who,
        submitted_at=EARLY,
    )  # fmt: skip
    db.add(row)


@pytest.mark.parametrize("acts", [confirmed, disputed, late, planned, handed_in])
def test_whoever_acted_in_a_village_is_known_by_name_to_all_who_reach_it(
    installation: Installation, somebody: Somebody, acts: Callable[[Session, Visit, int], None]
) -> None:
    with unit_of_work(installation.engine) as db:
        acts(db, visit_of(db, somebody.village), actor(db))
    assert listed(installation, "koordinator")
    assert listed(installation, "manajer")
    # The plan of a stage is on no page of an official's.
    assert listed(installation, "perangkat") is (acts not in (planned, handed_in))
    assert not listed(installation, "orang-lain")  # of another village


def test_who_acts_later_is_not_among_them(installation: Installation, somebody: Somebody) -> None:
    with unit_of_work(installation.engine) as db:
        confirmed(db, visit_of(db, somebody.village), actor(db), NOW + 2 * DAY)
    assert not listed(installation, "koordinator")


def test_who_acted_and_is_an_official_stands_once_with_what_reaches_them(
    installation: Installation, somebody: Somebody
) -> None:
    with unit_of_work(installation.engine) as db:
        who = actor(db, Role.OFFICIAL)
        confirmed(db, visit_of(db, somebody.village), who)
        moved = db.scalars(select(Official).where(Official.name == "Orang Jauh")).one()
        moved.account_id, moved.phone = who, "+628120000999"
    told = [one for one in found(installation, timedelta(), DAY) if one.name == "Orang Jauh"]
    assert [(one.kind, one.data, one.phone) for one in told] == [
        ("official", ("name",), "+628120000999")
    ]
    assert not listed(installation, "koordinator")


def test_a_manager_is_shown_nobody_of_a_village_without_a_visit(
    installation: Installation, somebody: Somebody
) -> None:
    with unit_of_work(installation.engine) as db:
        code = installation.field.codes[20]
        db.add(Official(name="Orang Sepi", village_code=code, position="Kades"))
        visit = visit_of(db, somebody.village)
        confirmed(db, visit, actor(db), NOW + 2 * DAY, ELSEWHERE)
    assert names(found(installation, timedelta(), DAY, "manajer")) == {NAME, "Orang Sebelah"}
    later = names(found(installation, timedelta(), 3 * DAY, "manajer"))
    assert later == {NAME, "Orang Sebelah", "Orang Jauh"}


def test_a_manager_reaches_the_areas_of_that_time(
    installation: Installation, somebody: Somebody
) -> None:
    changed(installation, NOW + DAY, "manajer", role=Role.MANAGER, area_codes=["33.11"])
    changed(installation, NOW + 3 * DAY, "manajer", role=Role.MANAGER, area_codes=["33.72.05"])
    for since, until, whom in (
        (0, 0.5, {NAME, "Orang Sebelah"}), (2, 2.5, set()), (4, 5, set()),
    ):  # fmt: skip
        told = found(installation, since * DAY, until * DAY, "manajer")
        assert names(told) == whom, (since, until)
        assert all(one.certain for one in told)
    assert names(found(installation, 0 * DAY, 5 * DAY, "manajer")) == {NAME, "Orang Sebelah"}


def test_a_manager_whose_areas_nothing_kept_may_have_been_anybody(
    installation: Installation, somebody: Somebody
) -> None:
    """Where they were a manager says nothing of their areas."""
    number = installation.field.manager.account_id
    with unit_of_work(installation.engine) as db:
        record(db, Deed.LOGIN, at=NOW, by=number)
    told: dict[str, Any] = {"role": Role.MANAGER, "area_codes": ["33.11"]}
    changed(installation, NOW + DAY, "manajer", keeps=False, **told)
    unsure = names(found(installation, timedelta(), DAY / 2, "manajer"), certain=False)
    assert {NAME, "Orang Sebelah", "Tim A", "Tim Jauh"} <= unsure


def test_the_members_of_teams_are_told_with_them(
    installation: Installation, somebody: Somebody
) -> None:
    with unit_of_work(installation.engine) as db:
        db.scalars(select(Team).where(Team.name == "Tim A")).one().members = ["Wening", "Bagas"]
        account(db, "admin-lama", Role.ADMIN, ())
    for login in ("koordinator", LOGIN, "admin-lama"):
        told = found(installation, timedelta(), DAY, login)
        (team,) = (one for one in told if one.name == "Tim A")
        assert (team.members, "members" in team.data) == (("Wening", "Bagas"), True), login
        assert all(one.members == () for one in told if one.kind != "team")
    with reading(installation.engine) as db:
        told = affected(db, reach_of_all(NOW, NOW + DAY))
    assert ("Wening", "Bagas") in {one.members for one in told if "members" in one.data}


def test_an_administrator_reaches_all_teams_and_accounts(
    installation: Installation, somebody: Somebody
) -> None:
    with unit_of_work(installation.engine) as db:
        account(db, "admin-lama", Role.ADMIN, ())
    told = found(installation, timedelta(), DAY, "admin-lama")
    assert names(told) == {"Tim A", "Tim Jauh"}
    assert all({"name", "phone", "members"} == set(one.data) for one in told if one.kind == "team")
    with reading(installation.engine) as db:
        everybody = set(db.scalars(select(Account.name)))
    assert {one.name for one in told if one.kind == "account"} == everybody


def test_who_was_erased_is_in_no_list(installation: Installation, somebody: Somebody) -> None:
    with unit_of_work(installation.engine) as db:
        who = actor(db)
        confirmed(db, visit_of(db, somebody.village), who)
        db.flush()
        erase(db, Subject(None, who), NOW)
    told = found(installation, timedelta(), DAY)
    assert {one.name for one in told if one.kind == "account"} == {"Koordinator"}

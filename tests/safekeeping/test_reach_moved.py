"""Whom an account reached, wherever officials and teams went since; and what a phone kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.history.recording import record
from outreach.history.tables import Deed
from outreach.people.tables import Official, Team
from outreach.safekeeping.reach import affected, reach_of_all
from outreach.visits.tables import Happening, Visit, VisitEvent
from tests.field import NOW
from tests.safekeeping.person import LOGIN, Somebody
from tests.safekeeping.test_reach_then import DAY, ELSEWHERE, found, names, somebody

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from outreach.safekeeping.reach import Affected
    from tests.safekeeping.conftest import Installation

__all__ = ["somebody"]

BESIDE = "Orang Sebelah"
FURTHER, FURTHEST = "33.11.01.2002", "33.11.01.2003"


def move(
    at: Installation, name: str, when: datetime, to: str, *, keeps: bool = True, **by: Any
) -> None:
    """Move an official as their page does; versions before kept nothing of the village."""
    with unit_of_work(at.engine) as db:
        official = db.scalars(select(Official).where(Official.name == name)).one()
        kept = [official.village_code] if keeps else ()
        record(db, Deed.OFFICIAL_CHANGED, at=when, about=official.id, regions=kept, **by)
        official.village_code = to


def one(some: list[Affected], name: str) -> Affected:
    return next(each for each in some if each.name == name)


def test_an_official_is_found_where_they_were_then(
    installation: Installation, somebody: Somebody
) -> None:
    move(installation, BESIDE, NOW + 5 * DAY, ELSEWHERE)
    for login in (LOGIN, "perangkat", "koordinator", "manajer"):
        assert BESIDE in names(found(installation, -DAY, 2 * DAY, login)), login
        assert BESIDE not in names(found(installation, 6 * DAY, 7 * DAY, login)), login


def test_the_village_beside_is_none_that_somebody_was_in(
    installation: Installation, somebody: Somebody
) -> None:
    move(installation, BESIDE, NOW + 5 * DAY, ELSEWHERE)
    assert BESIDE not in names(found(installation, -DAY, 2 * DAY, "orang-lain"))


def test_whose_number_was_shown_is_found_where_they_were_then(
    installation: Installation, somebody: Somebody
) -> None:
    by = installation.field.coordinator.account_id
    with unit_of_work(installation.engine) as db:
        record(db, Deed.NUMBERS_SEEN, at=NOW, by=by, villages=[ELSEWHERE])
    for number, there in enumerate((FURTHER, FURTHEST)):
        move(installation, "Orang Jauh", NOW + (5 + number) * DAY, there)
    far = one(found(installation, -DAY, 2 * DAY), "Orang Jauh")
    assert (far.shown, far.certain, far.village_code) == (True, True, FURTHEST)


def test_who_came_to_a_village_later_had_no_number_shown_there(
    installation: Installation, somebody: Somebody
) -> None:
    by = installation.field.coordinator.account_id
    with unit_of_work(installation.engine) as db:
        record(db, Deed.NUMBERS_SEEN, at=NOW, by=by, villages=[FURTHER])
    for number, there in enumerate((FURTHER, FURTHEST)):
        move(installation, "Orang Jauh", NOW + (5 + number) * DAY, there)
    assert "Orang Jauh" not in names(found(installation, -DAY, 2 * DAY))


def test_where_something_was_changed_is_told_by_where_they_were_then(
    installation: Installation, somebody: Somebody
) -> None:
    with unit_of_work(installation.engine) as db:
        visit = db.scalars(select(Visit).where(col(Visit.village_code) == somebody.village)).one()
        line = VisitEvent(
            visit_id=visit.id or 0, village_code=visit.village_code, happening=Happening.CALLED,
            at=NOW, account_id=installation.field.stranger.account_id,
        )  # fmt: skip
        db.add(line)
    move(installation, BESIDE, NOW + 5 * DAY, ELSEWHERE)
    assert one(found(installation, -DAY, 2 * DAY, "orang-lain"), BESIDE).touched


def test_where_an_older_version_kept_no_village_they_are_not_certain(
    installation: Installation, somebody: Somebody
) -> None:
    by = installation.field.coordinator.account_id
    with unit_of_work(installation.engine) as db:
        record(db, Deed.NUMBERS_SEEN, at=NOW, by=by, villages=[somebody.village])
    move(installation, BESIDE, NOW + 5 * DAY, ELSEWHERE, keeps=False, by=by)
    for login in (LOGIN, "koordinator", "manajer"):
        told = found(installation, -DAY, 2 * DAY, login)
        assert not one(told, BESIDE).certain, login
        assert one(told, "Kenari Unik Wulandari").certain
    assert names(found(installation, 6 * DAY, 7 * DAY, LOGIN), certain=False) == set()


def test_a_change_by_nobody_known_may_have_been_anywhere(
    installation: Installation, somebody: Somebody
) -> None:
    move(installation, "Orang Jauh", NOW + 5 * DAY, FURTHER, keeps=False)
    assert "Orang Jauh" in names(found(installation, -DAY, 2 * DAY), certain=False)


def test_everybody_stands_once_wherever_they_were(
    installation: Installation, somebody: Somebody
) -> None:
    move(installation, BESIDE, NOW + 5 * DAY, ELSEWHERE)
    with reading(installation.engine) as db:
        told = affected(db, reach_of_all(NOW, NOW + DAY))
    assert [each.name for each in told].count(BESIDE) == 1


def test_a_team_is_found_where_it_started_then(
    installation: Installation, somebody: Somebody
) -> None:
    by = installation.field.coordinator.account_id
    with unit_of_work(installation.engine) as db:
        record(db, Deed.TEAM_NUMBERS_SEEN, at=NOW, by=by, villages=["33.11"])
        far, near = _team(installation, "Tim Jauh"), _team(installation, "Tim A")
        for team, base in ((far, installation.field.codes[3]), (near, ELSEWHERE)):
            moved = db.get_one(Team, team)
            kept = [moved.base_village_code]
            record(db, Deed.TEAM_CHANGED, at=NOW + DAY, about=team, regions=kept)
            moved.base_village_code = base
    told = found(installation, -DAY, 2 * DAY)
    assert one(told, "Tim Jauh").shown
    with unit_of_work(installation.engine) as db:
        record(db, Deed.TEAM_NUMBERS_SEEN, at=NOW + 3 * DAY, by=by, villages=["33.11"])
    after = found(installation, 2 * DAY, 4 * DAY)
    assert "Tim Jauh" not in names(after)
    assert one(after, "Tim A").shown


def _team(at: Installation, name: str) -> int:
    with reading(at.engine) as db:
        return db.scalars(select(Team).where(Team.name == name)).one().id or 0


def shown_before(at: Installation, before: timedelta, by: int) -> bool:
    """Tell of a team that comes to a village no more, and ask for the time after it."""
    with unit_of_work(at.engine) as db:
        told: dict[str, Any] = {"about": _team(at, "Tim Jauh"), "villages": [ELSEWHERE]}
        record(db, Deed.TEAM_NUMBERS_SEEN, at=NOW - before, by=by, **told)
    logins = {one.account_id: login for one, login in _logins(at)}
    shown = [each for each in found(at, 0 * DAY, DAY, logins[by]) if each.name == "Tim Jauh"]
    return any(each.shown for each in shown)


def _logins(at: Installation) -> Any:
    return ((at.field.coordinator, "koordinator"), (at.field.official, "perangkat"))


def test_what_a_phone_was_told_this_morning_it_still_has(
    installation: Installation, somebody: Somebody
) -> None:
    at = installation
    desk, phone = at.field.coordinator.account_id, at.field.official.account_id
    assert not shown_before(at, DAY / 12, desk)
    assert not shown_before(at, DAY * 1.1, phone)
    assert shown_before(at, DAY / 12, phone)

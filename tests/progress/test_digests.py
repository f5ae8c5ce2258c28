"""Who asks for a weekly digest, confirms its address and ends it, and when it falls due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.access import person_of
from outreach.people.tables import Account, BranchRegency, Role
from outreach.progress.digests import (
    FORGOTTEN_AFTER,
    LINK_LIVES,
    PAUSE,
    DigestIn,
    code_of_address,
    confirm_address,
    end_digest,
    forget_digests,
    keep_digest,
    latest_day,
    next_sending,
)
from outreach.progress.tables import Digest
from outreach.villages.tables import Zone
from tests.at_once import at_once
from tests.builders import load_small_registry
from tests.progress.digest_office import (
    ADDRESS,
    KEY,
    MINUTE,
    MONDAY,
    NOW,
    WEEK,
    Office,
    office,
    weekly,
)

__all__ = ["office", "weekly"]


@pytest.mark.parametrize(
    ("zone", "weekday", "moment"),
    [
        (Zone.WIB, 1, datetime(2026, 11, 22, 23, tzinfo=UTC)),
        (Zone.WITA, 1, datetime(2026, 11, 22, 22, tzinfo=UTC)),
        (Zone.WIT, 1, datetime(2026, 11, 22, 21, tzinfo=UTC)),
        # It is Wednesday noon; today's hour is over, tomorrow's is not.
        (Zone.WIB, 3, datetime(2026, 11, 24, 23, tzinfo=UTC)),
        (Zone.WIT, 4, datetime(2026, 11, 18, 21, tzinfo=UTC)),
        (Zone.WIB, 7, datetime(2026, 11, 21, 23, tzinfo=UTC)),
    ],
)
def test_it_falls_due_at_six_by_the_clock_of_the_place(
    zone: Zone, weekday: int, moment: datetime
) -> None:
    assert next_sending(weekday, zone, NOW) == moment
    day = moment.astimezone(UTC).date() + timedelta(days=1)
    assert day.isoweekday() == weekday
    assert latest_day(weekday, zone, moment) == day
    assert latest_day(weekday, zone, moment - MINUTE) == day - WEEK
    # A letter that goes out minutes before stands for it.
    assert next_sending(weekday, zone, moment - PAUSE) == moment + WEEK


def test_nothing_but_the_link_goes_out_before_it_is_opened(office: Office) -> None:
    office.ask()
    asked = office.send(NOW)
    assert (asked.is_confirmed, asked.email) == (False, ADDRESS)
    for later in (MINUTE, WEEK, 3 * WEEK):
        assert office.due(NOW + later) == []
    office.confirm(NOW + MINUTE)
    assert office.row().next_try_at == MONDAY
    assert office.due(MONDAY - MINUTE) == []
    told = office.send(MONDAY)
    assert (told.is_confirmed, told.weekday, told.area) == (True, 1, "")
    row = office.row()
    assert (row.sent_for, row.sent_at) == (date(2026, 11, 23), MONDAY)
    assert row.next_try_at == MONDAY + WEEK


def test_another_account_cannot_confirm_and_an_old_code_does_not(office: Office) -> None:
    office.ask()
    code = office.code()
    for stranger in (office.coordinator, office.official):
        with pytest.raises(NotFound), unit_of_work(office.engine) as db:
            confirm_address(db, code, KEY, by=stranger, now=NOW)
    with pytest.raises(Conflict, match="digest_link_over"):
        office.confirm(NOW + LINK_LIVES + MINUTE)
    office.ask(NOW + MINUTE, 1, email="lain@kantor.example")
    with pytest.raises(Conflict, match="digest_link_over"):
        office.confirm(NOW + MINUTE, code)
    assert office.row().confirmed_at is None
    office.confirm(NOW + 2 * MINUTE)
    office.confirm(NOW + 3 * MINUTE)
    assert office.row().confirmed_at == NOW + 2 * MINUTE


def test_a_forged_code_confirms_nothing(office: Office) -> None:
    office.ask()
    code = office.code()
    forged = code[:-1] + ("a" if code[-1] != "a" else "b")
    with pytest.raises(Conflict, match="digest_link_over"):
        office.confirm(NOW, forged)
    assert office.row().confirmed_at is None


def test_another_address_is_confirmed_anew_and_another_day_is_not(weekly: Office) -> None:
    weekly.ask(NOW, 1, weekday=5)
    assert weekly.row().confirmed_at == NOW
    assert weekly.row().next_try_at == datetime(2026, 11, 19, 23, tzinfo=UTC)
    weekly.ask(NOW, 2, weekday=5, email="lain@kantor.example")
    row = weekly.row()
    assert (row.confirmed_at, row.next_try_at) == (None, NOW)
    assert not weekly.send(NOW).is_confirmed
    assert weekly.due(MONDAY) == []


def test_a_stale_form_changes_nothing(weekly: Office) -> None:
    weekly.ask(NOW, 1, weekday=2)
    for version in (0, 1):
        with pytest.raises(Conflict) as refusal:
            weekly.ask(NOW, version, weekday=3)
        assert refusal.value.facts["theirs"] == {"weekday": 2}
    assert weekly.row().weekday == 2


@pytest.mark.parametrize("area", ["33.11", "33", "99.99"])
def test_nobody_is_told_of_a_foreign_area(office: Office, area: str) -> None:
    with pytest.raises(Invalid) as refusal:
        office.ask(area=area)
    assert refusal.value.facts["problems"] == {"area": ["unknown_region"]}


def test_officials_have_no_digest(office: Office) -> None:
    given = DigestIn(email=ADDRESS)
    with pytest.raises(NotAllowed), unit_of_work(office.engine) as db:
        keep_digest(db, given, 0, by=office.official, now=NOW)


@pytest.mark.parametrize("email", ["", "bukan alamat", "a@b\nBcc: c@d.example"])
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(ValueError, match="email"):
        DigestIn(email=email)


def test_the_hour_follows_the_branch(office: Office) -> None:
    """The coordinator's branch moves from Surakarta to Jayapura."""
    load_small_registry(office.engine, ("94.71", "91.71"))
    with unit_of_work(office.engine) as db:
        branch_id = office.coordinator.branch_id or 0
        db.delete(db.get_one(BranchRegency, "33.72"))
        db.flush()
        db.add(BranchRegency(regency_code="91.71", branch_id=branch_id))
        db.flush()
        moved = person_of(db, office.coordinator.account_id)
        assert moved is not None
        assert moved.zone is Zone.WIT
        keep_digest(db, DigestIn(email=ADDRESS), 0, by=moved, now=NOW)
        row = db.get_one(Digest, moved.account_id)
        code = code_of_address(row.account_id, row.email, row.asked_at, KEY)
        confirm_address(db, code, KEY, by=moved, now=NOW)
        assert row.next_try_at == MONDAY - timedelta(hours=2)


def test_ending_it_forgets_the_address(weekly: Office) -> None:
    for _ in range(2):
        weekly.act(lambda db: end_digest(db, by=weekly.manager))
    with reading(weekly.engine) as db:
        assert db.get(Digest, weekly.manager.account_id) is None
    assert weekly.take(MONDAY) is None


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.ADMIN}])
def test_addresses_that_serve_nobody_are_forgotten(weekly: Office, change: dict[str, Any]) -> None:
    with unit_of_work(weekly.engine) as db:
        keep_digest(db, DigestIn(email="b@c.example"), 0, by=weekly.coordinator, now=NOW)

    def left(now: datetime) -> set[int]:
        with unit_of_work(weekly.engine) as db:
            forget_digests(db, now)
            people = (weekly.manager, weekly.coordinator)
            return {one.account_id for one in people if db.get(Digest, one.account_id)}

    both = {weekly.manager.account_id, weekly.coordinator.account_id}
    assert left(NOW + FORGOTTEN_AFTER) == both
    assert left(NOW + FORGOTTEN_AFTER + MINUTE) == {weekly.manager.account_id}
    with unit_of_work(weekly.engine) as db:
        for name, value in change.items():
            setattr(db.get_one(Account, weekly.manager.account_id), name, value)
    assert left(NOW) == set()


def test_two_who_ask_at_once_make_one_digest(office: Office) -> None:
    refused = []

    def ask(email: str) -> None:
        try:
            office.ask(email=email)
        except Conflict as error:
            refused.append(error.facts["problem"])

    at_once(lambda: ask("a@b.example"), lambda: ask("c@d.example"))
    assert refused == ["changed_meanwhile"]
    assert office.row().version == 1

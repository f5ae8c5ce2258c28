"""When a weekly digest goes out, to whom, and that it goes out once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.access import person_of
from outreach.people.tables import Account, AccountArea, BranchRegency, Role
from outreach.progress.digest_sending import (
    LEASE,
    MOST_TRIES,
    TakenDigest,
    digest_failed,
    digest_sent,
    due_digests,
    given_up_for,
    take_digest,
)
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
    key_of,
    latest_day,
    next_sending,
    send_link_again,
    send_now,
)
from outreach.progress.tables import Digest
from outreach.villages.tables import Zone
from tests.at_once import at_once
from tests.builders import load_small_registry
from tests.field import make_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from outreach.people.access import Person

#: A Wednesday noon in Jakarta; the Monday before and the next ones at six in the morning.
NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)
MONDAY = datetime(2026, 11, 22, 23, tzinfo=UTC)
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
KEY = key_of("a key of the tests alone, and long enough")
ADDRESS = "rangga@kantor.example"


@dataclass(frozen=True)
class Office:
    """A manager of one regency and what they do about their digest."""

    engine: Engine
    manager: Person
    coordinator: Person
    official: Person

    def act(self, work: Callable[[Any], Any]) -> Any:
        with unit_of_work(self.engine) as db:
            return work(db)

    def ask(self, now: datetime = NOW, version: int = 0, **told: Any) -> None:
        given = DigestIn(**{"email": ADDRESS, **told})
        self.act(lambda db: keep_digest(db, given, version, by=self.manager, now=now))

    def row(self) -> Digest:
        with reading(self.engine) as db:
            return db.get_one(Digest, self.manager.account_id)

    def code(self) -> str:
        row = self.row()
        return code_of_address(row.account_id, row.email, row.asked_at, KEY)

    def confirm(self, now: datetime = NOW, code: str | None = None) -> None:
        told = code or self.code()
        self.act(lambda db: confirm_address(db, told, KEY, by=self.manager, now=now))

    def due(self, now: datetime) -> list[int]:
        return list(self.act(lambda db: due_digests(db, now)))

    def take(self, now: datetime) -> TakenDigest | None:
        found: TakenDigest | None = self.act(
            lambda db: take_digest(db, self.manager.account_id, now)
        )
        return found

    def taken(self, now: datetime) -> TakenDigest:
        assert self.due(now) == [self.manager.account_id]
        found = self.take(now)
        assert found is not None
        return found

    def send(self, now: datetime) -> TakenDigest:
        """Do what a sweeper and a worker do when all goes well."""
        found = self.taken(now)
        self.act(lambda db: digest_sent(db, found, now))
        return found

    def fail(self, now: datetime, code: str = "refused_451", *, is_final: bool = False) -> str:
        """Let a try fail; tell the name of the letter."""
        found = self.taken(now)
        self.act(lambda db: digest_failed(db, found, code, now, is_final=is_final, spread=0))
        return found.key


@pytest.fixture
def office(engine: Engine) -> Office:
    load_small_registry(engine, ("33.72", "33.11.12"))
    with unit_of_work(engine) as db:
        at = make_field(db)
        row = db.get_one(AccountArea, (at.manager.account_id, ""))
        db.delete(row)
        db.add(AccountArea(account_id=at.manager.account_id, code="33.72"))
        db.flush()
        manager = person_of(db, at.manager.account_id)
        assert manager is not None
    return Office(engine, manager, at.coordinator, at.official)


@pytest.fixture
def weekly(office: Office) -> Office:
    """The same with a digest that is confirmed, to come every Monday."""
    office.ask()
    office.send(NOW)
    office.confirm()
    return office


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


def test_weeks_missed_are_one_letter_by_day(weekly: Office) -> None:
    night = MONDAY + 3 * WEEK + timedelta(days=2, hours=17)  # 23:00 in Jakarta
    assert weekly.due(night) == []
    assert weekly.due(night + timedelta(hours=1)) == []
    morning = night + timedelta(hours=7)
    weekly.send(morning)
    assert weekly.row().sent_for == date(2026, 12, 14)
    for hours in range(24):
        assert weekly.due(morning + timedelta(hours=hours)) == []
    assert weekly.row().next_try_at == MONDAY + 4 * WEEK


def test_the_next_letter_stands_for_one_missed_if_it_is_less_than_a_day_away(
    weekly: Office,
) -> None:
    sunday = MONDAY + WEEK - timedelta(hours=16)
    assert weekly.due(sunday) == []
    assert weekly.row().next_try_at == MONDAY + WEEK
    weekly.send(MONDAY + WEEK)


def test_a_letter_is_tried_again_under_the_same_name_and_then_given_up(weekly: Office) -> None:
    at, keys = MONDAY, set()
    for tried in range(1, MOST_TRIES + 1):
        keys.add(weekly.fail(at))
        row = weekly.row()
        assert row.error == "refused_451"
        if tried < MOST_TRIES:
            assert (row.attempts, given_up_for(row)) == (tried, None)
            assert row.next_try_at is not None
            assert weekly.due(row.next_try_at - MINUTE) == []
            at = row.next_try_at
    assert len(keys) == 1
    assert given_up_for(row) == date(2026, 11, 23)
    assert (row.attempts, row.next_try_at, row.sent_at) == (0, MONDAY + WEEK, None)
    assert weekly.send(MONDAY + WEEK).key not in keys
    assert (weekly.row().error, given_up_for(weekly.row())) == ("", None)


def test_a_refusal_for_good_is_final_for_this_week(weekly: Office) -> None:
    weekly.fail(MONDAY, "refused_550", is_final=True)
    row = weekly.row()
    assert (row.error, given_up_for(row)) == ("refused_550", date(2026, 11, 23))
    assert row.next_try_at == MONDAY + WEEK


def test_a_refused_address_waits_for_the_person(office: Office) -> None:
    office.ask()
    office.fail(NOW, "refused_550", is_final=True)
    assert (office.row().error, office.row().next_try_at) == ("refused_550", None)
    with pytest.raises(Conflict, match="digest_too_soon"):
        office.act(lambda db: send_link_again(db, by=office.manager, now=NOW + MINUTE))
    old = office.code()
    office.act(lambda db: send_link_again(db, by=office.manager, now=NOW + PAUSE))
    assert office.code() != old
    assert office.row().error == ""
    office.send(NOW + PAUSE)


def test_a_link_that_waited_long_is_dated_anew(office: Office) -> None:
    office.ask()
    later = NOW + LINK_LIVES + timedelta(days=2)
    assert office.send(later).asked_at == later
    office.confirm(later + MINUTE)


def test_workers_that_die_end_it_for_this_week(weekly: Office) -> None:
    at = MONDAY
    for _ in range(MOST_TRIES):
        weekly.taken(at)
        assert weekly.due(at + MINUTE) == []
        at += LEASE + MINUTE
    assert weekly.due(at) == []
    assert (weekly.row().error, weekly.row().next_try_at) == ("worker_lost", MONDAY + WEEK)


def test_whoever_comes_late_settles_nothing(weekly: Office) -> None:
    slow = weekly.taken(MONDAY)
    weekly.send(MONDAY + LEASE + MINUTE)
    weekly.act(
        lambda db: digest_failed(
            db, slow, "refused_550", MONDAY + 2 * LEASE, is_final=True, spread=0
        )
    )
    assert (weekly.row().error, weekly.row().sent_at) == ("", MONDAY + LEASE + MINUTE)


def test_an_address_given_while_a_letter_is_on_its_way_stays_unconfirmed(weekly: Office) -> None:
    on_its_way = weekly.taken(MONDAY)
    weekly.ask(MONDAY + MINUTE, 1, email="lain@kantor.example")
    weekly.act(lambda db: digest_sent(db, on_its_way, MONDAY + MINUTE))
    row = weekly.row()
    assert (row.confirmed_at, row.sent_at, row.next_try_at) == (None, None, MONDAY + MINUTE)


def test_one_now_comes_beside_the_weekly_one_and_not_often(weekly: Office) -> None:
    def now(at: datetime) -> None:
        weekly.act(lambda db: send_now(db, by=weekly.manager, now=at))

    now(NOW)
    with pytest.raises(Conflict, match="digest_under_way"):
        now(NOW + timedelta(seconds=1))
    first = weekly.send(NOW + MINUTE)
    with pytest.raises(Conflict, match="digest_too_soon"):
        now(NOW + 2 * MINUTE)
    assert weekly.row().next_try_at == MONDAY
    now(NOW + MINUTE + PAUSE)
    second = weekly.send(NOW + MINUTE + PAUSE)
    third = weekly.send(MONDAY)
    assert len({first.key, second.key, third.key}) == 3


def test_an_unconfirmed_address_gets_none_now(office: Office) -> None:
    office.ask()
    with pytest.raises(Conflict, match="digest_unconfirmed"):
        office.act(lambda db: send_now(db, by=office.manager, now=NOW))


def test_whoever_sees_the_area_no_more_gets_nothing_and_hears_why(weekly: Office) -> None:
    weekly.ask(NOW, 1, area="33.72.01")
    with unit_of_work(weekly.engine) as db:
        db.delete(db.get_one(AccountArea, (weekly.manager.account_id, "33.72")))
        db.add(AccountArea(account_id=weekly.manager.account_id, code="33.11"))
    assert weekly.due(MONDAY) == [weekly.manager.account_id]
    assert weekly.take(MONDAY) is None
    row = weekly.row()
    assert (row.error, given_up_for(row)) == ("area_lost", date(2026, 11, 23))
    with unit_of_work(weekly.engine) as db:
        db.add(AccountArea(account_id=weekly.manager.account_id, code="33.72.01"))
    assert weekly.send(MONDAY + WEEK).area == "33.72.01"


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.ADMIN}])
def test_a_closed_account_or_another_role_gets_nothing(
    weekly: Office, change: dict[str, Any]
) -> None:
    with unit_of_work(weekly.engine) as db:
        account = db.get_one(Account, weekly.manager.account_id)
        for name, value in change.items():
            setattr(account, name, value)
    weekly.due(MONDAY)
    assert weekly.take(MONDAY) is None


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


def test_of_two_workers_one_takes_it(weekly: Office) -> None:
    weekly.due(MONDAY)
    start, found = threading.Barrier(2), []

    def work() -> None:
        start.wait()
        found.append(weekly.take(MONDAY))

    at_once(work, work)
    assert sorted(one is None for one in found) == [False, True]
    assert weekly.row().attempts == 1

"""Phones of officials: whom they speak for, what is noted of them, how they are cut off."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotFound
from outreach.people.accounts import AccountIn, list_accounts, set_password, update_account
from outreach.people.accounts import set_active as set_account_active
from outreach.people.devices import new_token, touch
from outreach.people.enrolment import CodeState, enrol, find
from outreach.people.official_phones import lose_phone, phones_of
from outreach.people.officials import OfficialIn, link_account, set_active, update_official
from outreach.people.tables import Account, Device, Official, Role
from tests.builders import PASSWORD, account
from tests.people.enrolled import (
    BUMI,
    ELSE,
    KEY,
    NOW,
    PAJANG,
    RINI,
    code_for,
    official,
    speaks,
    state,
    use,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session


def _leave(db: Session, number: int) -> None:
    version = db.get_one(Official, number).version
    set_active(db, number, False, version=version, by=RINI, now=NOW)


def _close(db: Session, number: int) -> None:
    own = db.get_one(Official, number).account_id or 0
    set_account_active(db, own, active=False, by_account_id=None, now=NOW)


@pytest.mark.parametrize("end", [_leave, _close])
def test_who_leaves_or_is_closed_loses_phones_and_codes(surakarta: Engine, end: Any) -> None:
    number, other = official(surakarta), official(surakarta, BUMI, "Tri")
    token, others = new_token(), new_token()
    use(surakarta, code_for(surakarta, number), token)
    use(surakarta, code_for(surakarta, other), others)
    waiting, waits_on = code_for(surakarta, number), code_for(surakarta, other)
    with unit_of_work(surakarta) as db:
        end(db, number)
    assert (speaks(surakarta, token), speaks(surakarta, others)) == (False, True)
    assert state(surakarta, waiting) is CodeState.WITHDRAWN
    assert state(surakarta, waits_on) is CodeState.LIVE
    with unit_of_work(surakarta) as db:  # and coming back does not bring the phone back
        if end is _close:
            own = db.get_one(Official, number).account_id or 0
            set_account_active(db, own, active=True, by_account_id=None, now=NOW)
    assert not speaks(surakarta, token)


def _promote(db: Session, number: int) -> None:
    own = db.get_one(Account, db.get_one(Official, number).account_id)
    given = AccountIn(login=own.login, name=own.name, role=Role.ADMIN)
    update_account(
        db, own.id or 0, given, version=own.version, by_account_id=RINI.account_id, now=NOW
    )


def _demote(db: Session, number: int) -> None:
    own = db.get_one(Account, db.get_one(Official, number).account_id)
    given = AccountIn(login=own.login, name=own.name, role=Role.OFFICIAL, area_codes=[PAJANG])
    update_account(db, own.id or 0, given, version=own.version, by_account_id=None, now=NOW)


def test_a_phone_stays_cut_off_when_its_account_is_an_officials_again(surakarta: Engine) -> None:
    number, token = official(surakarta), new_token()
    use(surakarta, code_for(surakarta, number), token)
    waiting = code_for(surakarta, number)
    with unit_of_work(surakarta) as db:  # the same role again cuts nothing off
        _demote(db, number)
    assert speaks(surakarta, token)
    for change in (_promote, _demote):
        with unit_of_work(surakarta) as db:
            change(db, number)
        assert not speaks(surakarta, token)
    assert state(surakarta, waiting) is CodeState.WITHDRAWN
    with reading(surakarta) as db:
        assert db.exec(select(Device.revoked_by)).all() == [RINI.account_id]


def test_another_account_ends_the_phones_of_the_first(surakarta: Engine) -> None:
    number, token = official(surakarta), new_token()
    use(surakarta, code_for(surakarta, number), token)
    waiting = code_for(surakarta, number)
    with unit_of_work(surakarta) as db:
        first = db.get_one(Official, number).account_id or 0
        link_account(db, number, first, by=RINI, now=NOW)
    assert speaks(surakarta, token)
    with unit_of_work(surakarta) as db:
        own = account(db, Role.OFFICIAL, "sri", area_codes=[PAJANG]).id or 0
        link_account(db, number, own, by=RINI, now=NOW)
    assert not speaks(surakarta, token)
    assert state(surakarta, waiting) is CodeState.WITHDRAWN


@pytest.mark.parametrize("end", [_close, _promote])
def test_a_phone_connected_while_its_account_ends_is_cut_off_too(
    surakarta: Engine, end: Any
) -> None:
    number, former, token = official(surakarta), new_token(), new_token()
    use(surakarta, code_for(surakarta, number), former)
    code = code_for(surakarta, number)
    is_connected, may_finish = threading.Event(), threading.Event()

    def connect() -> None:
        with unit_of_work(surakarta) as db:
            found = find(db, code, KEY, NOW)
            assert found.enrolment is not None
            enrol(db, found.enrolment.id or 0, token, NOW)
            is_connected.set()
            may_finish.wait(2)  # SQLite lets nobody else write until then, and that is right too

    def close() -> None:
        is_connected.wait(10)
        with unit_of_work(surakarta) as db:
            end(db, number)
        may_finish.set()

    threads = [threading.Thread(target=one) for one in (connect, close)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with reading(surakarta) as db:
        assert [one.revoked_at for one in db.exec(select(Device))] == [NOW, NOW]


def test_a_lost_phone_is_cut_off_and_the_others_are_not(surakarta: Engine) -> None:
    number = official(surakarta)
    lost, kept = new_token(), new_token()
    device_id = use(surakarta, code_for(surakarta, number), lost)
    use(surakarta, code_for(surakarta, number), kept)
    for by, device in ((ELSE, device_id), (RINI, 999_999)):
        with unit_of_work(surakarta) as db, pytest.raises(NotFound):
            lose_phone(db, device, by=by, now=NOW)
    assert speaks(surakarta, lost)
    with unit_of_work(surakarta) as db:
        assert lose_phone(db, device_id, by=RINI, now=NOW).id == number
    assert (speaks(surakarta, lost), speaks(surakarta, kept)) == (False, True)
    with reading(surakarta) as db:
        shown = phones_of(db, db.get_one(Official, number))
    assert [one.revoked_by for one in shown] == [None, RINI.account_id]
    assert shown[1].id == device_id


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MANAGER, Role.ADMIN])
def test_a_phone_never_speaks_for_another_role(surakarta: Engine, role: Role) -> None:
    number, token = official(surakarta), new_token()
    use(surakarta, code_for(surakarta, number), token)
    with unit_of_work(surakarta) as db:
        own = db.get_one(Official, number).account_id
        db.get_one(Account, own).role = role
    assert not speaks(surakarta, token)


def test_contact_is_noted_once_a_minute_or_when_a_figure_changes(surakarta: Engine) -> None:
    number, token = official(surakarta), new_token()
    device_id = use(surakarta, code_for(surakarta, number), token)

    def noted(seconds: int, **told: Any) -> tuple[datetime | None, int | None, int | None]:
        with unit_of_work(surakarta) as db:
            touch(db, device_id, NOW + timedelta(seconds=seconds), **told)
        with reading(surakarta) as db:
            one = db.get_one(Device, device_id)
            return one.last_seen_at, one.unsent, one.skew_seconds

    assert noted(30) == (NOW, None, None)
    assert noted(60) == (NOW + timedelta(seconds=60), None, None)
    assert noted(61, unsent=3, skew_seconds=-90) == (NOW + timedelta(seconds=61), 3, -90)
    assert noted(62, unsent=3) == (NOW + timedelta(seconds=61), 3, -90)
    assert noted(63, skew_seconds=-80) == (NOW + timedelta(seconds=61), 3, -90)
    assert noted(64, skew_seconds=-(10**12)) == (NOW + timedelta(seconds=64), 3, -(10**9))
    assert noted(65, unsent=10**12, skew_seconds=10**12)[1:] == (100_000, 10**9)


def test_the_account_that_only_phones_open_goes_with_its_official(surakarta: Engine) -> None:
    number, token = official(surakarta), new_token()
    use(surakarta, code_for(surakarta, number), token)
    moved = OfficialIn(village_code=BUMI, name="Sri Rahayu", position="Lurah")
    with unit_of_work(surakarta) as db:
        update_official(db, number, moved, version=1, by=RINI)
    with reading(surakarta) as db:
        line = next(one for one in list_accounts(db) if one.role is Role.OFFICIAL)
        assert (line.name, line.area_codes) == ("Sri Rahayu", (BUMI,))
    with unit_of_work(surakarta) as db:  # with a password somebody may use it beside the phone
        set_password(db, line.id, PASSWORD)
    back = OfficialIn(village_code=PAJANG, name="Sri Rahayu", position="Lurah")
    with unit_of_work(surakarta) as db, pytest.raises(Conflict):
        update_official(db, number, back, version=2, by=RINI)
    assert speaks(surakarta, token)


def test_a_login_name_that_is_taken_already_hinders_nobody(surakarta: Engine) -> None:
    number = official(surakarta)
    with unit_of_work(surakarta) as db:
        account(db, Role.ADMIN, f"hp-{number}")
    use(surakarta, code_for(surakarta, number), new_token())
    with reading(surakarta) as db:
        found = db.exec(select(Account.login).where(col(Account.role) == Role.OFFICIAL)).one()
    assert found.startswith(f"hp-{number}-")

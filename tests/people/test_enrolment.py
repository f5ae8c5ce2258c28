"""Codes that make a phone an official's: given, guessed, used by two at once, taken back."""

from __future__ import annotations

import re
import threading
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotFound
from outreach.people.accounts import list_accounts
from outreach.people.devices import device_of_token, new_token
from outreach.people.enrolment import (
    MOST_SLIPS,
    VALID,
    CodeState,
    find,
    give_codes,
    in_groups,
    key_of,
    open_codes,
    renew_code,
    tidy,
    withdraw_code,
    write_code,
)
from outreach.people.passwords import matches
from outreach.people.tables import Account, Device, Enrolment, Official, Role
from tests.builders import PASSWORD, account
from tests.people.enrolled import (
    BUMI,
    FOREIGN,
    HOUR,
    KEY,
    NOW,
    PAJANG,
    RINI,
    TODAY,
    code_for,
    give,
    official,
    speaks,
    state,
    use,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_code_makes_a_phone_and_the_account_that_only_it_opens(surakarta: Engine) -> None:
    number, token = official(surakarta), new_token()
    code = code_for(surakarta, number)
    device_id = use(surakarta, code, token)
    with reading(surakarta) as db:
        known = device_of_token(db, token, NOW)
        assert known is not None
        assert not known.revoked
        assert (known.device.id, known.device.label) == (device_id, "Android 10")
        assert token not in str(known.device.model_dump())
        assert (known.account.role, known.account.name) == (Role.OFFICIAL, "Sri Lestari")
        assert db.get_one(Official, number).account_id == known.account.id
        line = next(one for one in list_accounts(db) if one.id == known.account.id)
        assert (line.area_codes, line.has_password) == ((PAJANG,), False)
        assert not any(matches(known.account.password_hash, guess) for guess in ("", "x"))
        assert code not in str([one.model_dump() for one in db.exec(select(Enrolment))])
    assert state(surakarta, code) is CodeState.USED


def test_an_official_with_a_login_keeps_their_account(surakarta: Engine) -> None:
    number, token = official(surakarta), new_token()
    with unit_of_work(surakarta) as db:
        own = account(db, Role.OFFICIAL, "sri", area_codes=[PAJANG]).id
        db.get_one(Official, number).account_id = own
    use(surakarta, code_for(surakarta, number), token)
    with reading(surakarta) as db:
        known = device_of_token(db, token, NOW)
        assert known is not None
        assert known.account.id == own
        assert matches(known.account.password_hash, PASSWORD)


def test_the_same_phone_may_ask_again_and_no_other(surakarta: Engine) -> None:
    number, token = official(surakarta), new_token()
    code = code_for(surakarta, number)
    assert use(surakarta, code, token) == use(surakarta, code, token, NOW + HOUR)
    with pytest.raises(Conflict):
        use(surakarta, code, new_token())
    with reading(surakarta) as db:
        assert len(db.exec(select(Device)).all()) == 1


def test_what_cannot_be_finished_uses_nothing_up(surakarta: Engine) -> None:
    first, second = official(surakarta), official(surakarta, BUMI, "Tri")
    token = new_token()
    use(surakarta, code_for(surakarta, first), token)
    code = code_for(surakarta, second)
    with pytest.raises(Conflict):  # the token is another phone's
        use(surakarta, code, token)
    assert state(surakarta, code) is CodeState.LIVE
    with reading(surakarta) as db:
        assert db.get_one(Official, second).account_id is None


@pytest.mark.parametrize("same_phone", [True, False])
def test_two_at_the_same_moment_make_one_phone(surakarta: Engine, same_phone: bool) -> None:
    number = official(surakarta)
    code = code_for(surakarta, number)
    tokens = [new_token()] * 2 if same_phone else [new_token(), new_token()]
    begin = threading.Barrier(2)
    outcomes: list[object] = []

    def press(token: str) -> None:
        begin.wait()
        try:
            outcomes.append(use(surakarta, code, token))
        except Conflict as error:
            outcomes.append(error.facts["problem"])

    threads = [threading.Thread(target=press, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with reading(surakarta) as db:
        devices = db.exec(select(Device)).all()
        assert len(db.exec(select(Account).where(Account.role == Role.OFFICIAL)).all()) == 1
    assert len(devices) == 1
    other = devices[0].id if same_phone else "code_not_live"
    assert sorted(map(str, outcomes)) == sorted(map(str, [devices[0].id, other]))


def test_an_official_has_one_open_code_however_often_one_is_given(surakarta: Engine) -> None:
    ids = [official(surakarta), official(surakarta, BUMI, "Tri")]
    assert give(surakarta, ids[0]) == 1
    first = code_for(surakarta, ids[0])
    assert give(surakarta, *ids, *ids) == 1
    assert code_for(surakarta, ids[0]) == first
    assert give(surakarta, *ids, now=NOW + VALID) == 2
    assert state(surakarta, first, NOW + HOUR) is CodeState.WITHDRAWN


def test_two_coordinators_at_once_give_one_code(surakarta: Engine) -> None:
    number = official(surakarta)
    begin = threading.Barrier(2)
    counts: list[int] = []

    def hand_out() -> None:
        begin.wait()
        counts.append(give(surakarta, number))

    threads = [threading.Thread(target=hand_out) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(counts) == [0, 1]


def test_codes_end_when_their_time_is_over_or_they_are_taken_back(surakarta: Engine) -> None:
    number = official(surakarta)
    code = code_for(surakarta, number)
    assert state(surakarta, code, NOW + VALID - HOUR) is CodeState.LIVE
    assert state(surakarta, code, NOW + VALID) is CodeState.EXPIRED
    with pytest.raises(Conflict):
        use(surakarta, code, new_token(), NOW + VALID)
    with unit_of_work(surakarta) as db:
        renew_code(db, number, by=RINI, now=NOW + HOUR, today=TODAY)
        newer = write_code(open_codes(db, [number], NOW + HOUR)[number], KEY)
    assert (state(surakarta, code), state(surakarta, newer)) == (
        CodeState.WITHDRAWN,
        CodeState.LIVE,
    )
    with unit_of_work(surakarta) as db:
        withdraw_code(db, number, by=RINI, now=NOW + HOUR)
    assert state(surakarta, newer) is CodeState.WITHDRAWN
    with pytest.raises(Conflict):
        use(surakarta, newer, new_token())


def test_guesses_are_counted_and_a_stranger_ends_nobodys_code(surakarta: Engine) -> None:
    first, second = official(surakarta), official(surakarta, BUMI, "Tri")
    code = code_for(surakarta, first)
    code_for(surakarta, second)
    wrong = code[:-1] + ("a" if code[-1] != "a" else "b")
    for _ in range(3 * MOST_SLIPS):
        assert state(surakarta, wrong) is CodeState.WRONG
    assert state(surakarta, code) is CodeState.LIVE
    with reading(surakarta) as db:
        tries = {one.official_id: one.tries for one in db.exec(select(Enrolment))}
    assert tries == {first: 3 * MOST_SLIPS, second: 0}
    use(surakarta, code, new_token())


YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def _serve(engine: Engine, number: int, **term: date | None) -> None:
    with unit_of_work(engine) as db:
        one = db.get_one(Official, number)
        for name, day in term.items():
            setattr(one, name, day)


@pytest.mark.parametrize("term", [{"term_ends": YESTERDAY}, {"term_starts": TOMORROW}])
def test_out_of_office_no_code_connects_and_no_phone_speaks(
    surakarta: Engine, term: dict[str, date]
) -> None:
    number, token = official(surakarta), new_token()
    use(surakarta, code_for(surakarta, number), token)
    code = code_for(surakarta, number)
    _serve(surakarta, number, **term)
    assert not speaks(surakarta, token)
    assert state(surakarta, code) is CodeState.NOT_IN_OFFICE
    with pytest.raises(Conflict):
        use(surakarta, code, new_token())
    with pytest.raises(Conflict):  # nor by saying that our answer was lost
        use(surakarta, code, token)
    _serve(surakarta, number, term_starts=TODAY, term_ends=TODAY)  # renewed, without a new code
    assert speaks(surakarta, token)
    assert state(surakarta, code) is CodeState.LIVE
    assert use(surakarta, code, new_token())


def test_a_term_ends_with_its_last_day_where_the_agency_is(surakarta: Engine) -> None:
    number, token = official(surakarta, term_ends=TODAY), new_token()
    use(surakarta, code_for(surakarta, number), token)
    midnight = datetime(2026, 11, 2, 17, tzinfo=UTC)  # in Jakarta
    assert speaks(surakarta, token, midnight - timedelta(seconds=1))
    assert not speaks(surakarta, token, midnight)


def _statements(engine: Engine, code: str) -> list[str]:
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert state(engine, code) is CodeState.WRONG
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return sent


def test_a_guess_costs_the_same_whatever_it_names(surakarta: Engine) -> None:
    code = code_for(surakarta, official(surakarta))
    known = code[:-8] + "aaaaaaaa"
    kinds = {
        tuple(statement.split()[0] for statement in _statements(surakarta, guess))
        for guess in (known, "7aaaaaaaaaa", "7777777aaaaaaaa", "x", "")
    }
    (kind,) = kinds
    assert kind[-3:] == ("SELECT", "SELECT", "UPDATE")


@pytest.mark.parametrize(
    "how", [str, str.upper, in_groups, lambda code: f" {code[:3]} {code[3:]}."]
)
def test_a_code_may_be_typed_as_people_type(surakarta: Engine, how: Any) -> None:
    code = code_for(surakarta, official(surakarta))
    assert tidy(how(code)) == code
    assert tidy(f"https://outreach.example/e/{how(code)}") == code
    assert state(surakarta, tidy(how(code))) is CodeState.LIVE


def test_a_code_is_read_out_in_groups() -> None:
    assert in_groups("c" + "iw2sfshm") == "c-iw2s-fshm"
    assert in_groups("abcd" + "iw2sfshm") == "abcd-iw2s-fshm"
    assert in_groups("") == ""


def test_signs_that_we_never_write_are_read_as_those_they_look_like() -> None:
    assert tidy("O0I1L-B8G9") == "ooillbbgg"
    assert re.fullmatch("[a-z2-7]*", tidy("ä/$%&ß€\x00\u2028" * 20))


def test_key_and_moment_are_signed(surakarta: Engine) -> None:
    code = code_for(surakarta, official(surakarta))
    with unit_of_work(surakarta) as db:
        assert find(db, code, key_of("another"), NOW).state is CodeState.WRONG
        db.exec(select(Enrolment)).one().issued_at = NOW - HOUR
    assert state(surakarta, code) is CodeState.WRONG


def test_foreign_and_missing_officials_look_the_same(surakarta: Engine) -> None:
    foreign = official(surakarta, FOREIGN)
    own = official(surakarta)
    for number in (foreign, 999_999):
        with unit_of_work(surakarta) as db:
            for act in (
                lambda db, n: give_codes(db, [own, n], by=RINI, now=NOW, today=TODAY),
                lambda db, n: renew_code(db, n, by=RINI, now=NOW, today=TODAY),
                lambda db, n: withdraw_code(db, n, by=RINI, now=NOW),
            ):
                with pytest.raises(NotFound):
                    act(db, number)
    with reading(surakarta) as db:
        assert db.exec(select(Enrolment)).all() == []


def test_who_is_not_in_office_gets_no_code(surakarta: Engine) -> None:
    left = official(surakarta, term_ends=TODAY - timedelta(days=1))
    with pytest.raises(Conflict) as refused:
        give(surakarta, left)
    assert refused.value.facts == {"problem": "not_in_office", "name": "Sri Lestari"}


def test_a_closed_account_and_one_of_another_role_get_no_code(surakarta: Engine) -> None:
    for login, role, active in (("a.b", Role.OFFICIAL, False), ("c.d", Role.MANAGER, True)):
        number = official(surakarta, name=login)
        with unit_of_work(surakarta) as db:
            own = account(db, role, login, area_codes=[PAJANG])
            own.is_active = active
            db.get_one(Official, number).account_id = own.id
        with pytest.raises(Conflict) as refused:
            give(surakarta, number)
        assert refused.value.facts["problem"] == "account_bars_phones"

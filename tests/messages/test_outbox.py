"""The outbox: what is due when, who may settle it, and what a person does by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotFound
from outreach.messages import outbox
from outreach.messages.outbox import LEASE, MOST_LOST, RESEND_AFTER
from outreach.messages.reach import without_contact
from outreach.messages.tables import Medium, Message, MessageState
from outreach.villages.tables import Zone
from outreach.visits.lifecycle import cancel
from outreach.visits.tables import Visit
from tests.messages.conftest import EMAIL, Outreach
from tests.visits.world import NOW, TODAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from outreach.messages.outbox import Taken


@pytest.fixture
def mail(field: Outreach) -> int:
    """An e-mail that waits, about a visit some days ahead."""
    field.publish()
    visit = max(field.visits().values(), key=lambda one: one.day)
    field.official(visit.village_code, phone="", email=EMAIL)
    assert field.announce(by_email=True) == 1
    return _message(field).id or 0


@pytest.fixture
def tap(field: Outreach) -> int:
    """A WhatsApp message that waits."""
    field.publish()
    visit = max(field.visits().values(), key=lambda one: one.day)
    field.official(visit.village_code)
    assert field.announce() == 1
    return _message(field).id or 0


def _message(field: Outreach) -> Message:
    with reading(field.engine) as db:
        return db.scalars(select(Message)).one()


def _due(field: Outreach, now: datetime = NOW) -> list[int]:
    with unit_of_work(field.engine) as db:
        return outbox.due(db, now)


def _take(field: Outreach, message_id: int, now: datetime = NOW) -> Taken | None:
    with unit_of_work(field.engine) as db:
        return outbox.take(db, message_id, now)


def _fail(field: Outreach, taken: Taken | None, now: datetime, *, is_final: bool = False) -> None:
    assert taken is not None
    with unit_of_work(field.engine) as db:
        outbox.failed(db, taken, "refused_451", now, is_final=is_final, spread=0.5)


def test_a_due_mail_is_given_out_once_a_minute(field: Outreach, mail: int) -> None:
    assert _due(field) == [mail]
    assert _due(field, NOW + RESEND_AFTER / 2) == []
    assert _due(field, NOW + RESEND_AFTER) == [mail]


def test_a_whatsapp_message_is_never_due_for_the_product(field: Outreach, tap: int) -> None:
    assert _due(field) == []
    assert _take(field, tap) is None


def test_two_sweepers_never_give_out_the_same(field: Outreach) -> None:
    field.publish()
    field.officials((v.village_code for v in field.visits().values()), phone="", email=EMAIL)
    field.announce(by_email=True)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: _due(field), range(2)))
    ids = [one for some in found for one in some]
    assert len(ids) == len(set(ids)) > 0


def test_only_one_worker_sends_a_mail(field: Outreach, mail: int) -> None:
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: _take(field, mail), range(4)))
    assert len([one for one in taken if one]) == 1
    assert _take(field, mail, NOW + LEASE / 2) is None
    again = _take(field, mail, NOW + LEASE)
    assert again is not None
    assert again.attempts == 2


def test_who_comes_late_settles_nothing(field: Outreach, mail: int) -> None:
    first = _take(field, mail)
    second = _take(field, mail, NOW + LEASE)
    assert first is not None
    assert second is not None
    with unit_of_work(field.engine) as db:
        outbox.sent(db, first, NOW)
    assert _message(field).state is MessageState.WAITING
    with unit_of_work(field.engine) as db:
        outbox.sent(db, second, NOW)
    _fail(field, first, NOW, is_final=True)
    assert _message(field).state is MessageState.SENT


def test_tries_grow_apart_and_go_on_while_the_server_is_away(field: Outreach, mail: int) -> None:
    now, waits = NOW, []
    for _ in range(MOST_LOST + 2):
        _fail(field, _take(field, mail, now), now)
        waits.append(_message(field).next_try_at - now)
        assert _due(field, now) == []
        now = max(_message(field).next_try_at, now)
        while now.hour not in range(12):  # no mail at night
            now += timedelta(hours=1)
    minutes = [round(wait.total_seconds() / 60, 1) for wait in waits]
    assert minutes == [2.5, 10, 40, 150, 150, 150, 150]
    assert _due(field, now) == [mail]
    last = _message(field)
    assert (last.state, last.error, last.attempts) == (MessageState.WAITING, "refused_451", 7)


def test_tries_end_with_the_visit(field: Outreach, mail: int) -> None:
    _fail(field, _take(field, mail), NOW)
    day = max(one.day for one in field.visits().values())
    assert _take(field, mail, datetime.combine(day, time(4), UTC)) is not None
    assert _take(field, mail, datetime.combine(day + timedelta(days=1), time(4), UTC)) is None
    assert _message(field).state is MessageState.DROPPED


def test_a_final_refusal_is_not_tried_again(field: Outreach, mail: int) -> None:
    _fail(field, _take(field, mail), NOW, is_final=True)
    assert _message(field).state is MessageState.FAILED
    assert _due(field, NOW + timedelta(hours=1)) == []


def test_what_kills_every_worker_is_given_up(field: Outreach, mail: int) -> None:
    now = NOW
    for _ in range(MOST_LOST):
        assert _take(field, mail, now)
        now += LEASE
    assert _due(field, now) == []
    assert (_message(field).state, _message(field).error) == (MessageState.FAILED, "worker_lost")


@pytest.mark.parametrize(
    ("zone", "hour_utc", "is_due"),
    [
        (Zone.WIB, 13, True),  # 20:00
        (Zone.WIB, 14, False),  # 21:00
        (Zone.WITA, 13, False),
        (Zone.WIT, 12, False),
        (Zone.WIT, 21, True),  # 06:00
        (Zone.WIB, 22, False),  # 05:00
        (Zone.WIB, 23, True),
    ],
)
def test_mails_wait_through_the_night_of_the_village(
    field: Outreach, mail: int, zone: Zone, hour_utc: int, is_due: bool
) -> None:
    with unit_of_work(field.engine) as db:
        db.execute(update(Visit).values(zone=zone))
    now = datetime(2026, 11, 2, hour_utc, tzinfo=UTC)
    # A worker that gets to it late looks at the clock again.
    assert bool(_take(field, mail, now)) == is_due
    with unit_of_work(field.engine) as db:
        db.execute(update(Message).values(lease_until=None, attempts=0))
    assert _due(field, now) == ([mail] if is_due else [])


def test_what_was_called_off_before_it_went_out_does_not_go_out(field: Outreach, mail: int) -> None:
    with unit_of_work(field.engine) as db:
        visit = db.get_one(Visit, _message(field).visit_id)
        args = {"version": visit.version, "by": field.world.coordinator, "now": NOW}
        cancel(db, visit.id or 0, reason="banjir", **args)  # type: ignore[arg-type]
    assert _take(field, mail) is None
    assert (_message(field).state, _message(field).error) == (MessageState.DROPPED, "overtaken")


def test_a_called_off_day_is_told_as_it_was(field: Outreach, tap: int) -> None:
    from outreach.visits.tables import Happening
    from tests.messages.test_announce import _move, _send, _turn

    _send(field)
    (visit,) = [v for v in field.visits().values() if v.id == _message(field).visit_id]
    _turn(field, visit, Happening.POSTPONED)
    new_day = _move(field, visit)
    field.announce()
    with reading(field.engine) as db:
        (one,) = outbox.to_send_by_hand(db, field.world.coordinator)
    assert one.told.day == visit.day != new_day
    assert "tidak jadi" in one.text("https://x.example/k/a")
    assert "https" not in one.text("https://x.example/k/a")


def test_a_list_of_what_was_called_off_asks_the_database_as_often_for_two_as_for_all(
    field: Outreach,
) -> None:
    from outreach.visits.tables import Happening
    from tests.messages.test_announce import _turn

    field.publish()
    visits = [one for one in field.visits().values() if one.day > TODAY + timedelta(days=2)]
    field.officials(one.village_code for one in visits)
    counts = []
    for some in (visits[:2], visits[2:12]):
        for visit in some:
            _turn(field, visit, Happening.CANCELLED)
        field.announce()
        counts.append(_queries_of_the_list(field))
    assert counts[0] == counts[1]


def _queries_of_the_list(field: Outreach) -> int:
    seen: list[str] = []

    def note(*told: object) -> None:
        seen.append(str(told[2]))

    event.listen(field.engine, "before_cursor_execute", note)
    with reading(field.engine) as db:
        assert outbox.to_send_by_hand(db, field.world.coordinator)
    event.remove(field.engine, "before_cursor_execute", note)
    return len(seen)


def test_a_person_sends_by_hand_and_takes_it_back(field: Outreach, tap: int) -> None:
    by = field.world.coordinator
    with unit_of_work(field.engine) as db:
        (one,) = outbox.to_send_by_hand(db, by)
        assert (one.official.name, one.message.medium) == ("Sri", Medium.WHATSAPP)
        assert "Yth. Bapak/Ibu Sri" in one.text()
        outbox.mark_sent_by_hand(db, tap, by=by, now=NOW)
        outbox.mark_sent_by_hand(db, tap, by=by, now=NOW)
        assert outbox.to_send_by_hand(db, by) == []
    with pytest.raises(Conflict), unit_of_work(field.engine) as db:
        outbox.drop(db, tap, by=by, now=NOW)
    with unit_of_work(field.engine) as db:
        outbox.put_back(db, tap, by=by, now=NOW)
        assert len(outbox.to_send_by_hand(db, by)) == 1
        outbox.drop(db, tap, by=by, now=NOW)
    with pytest.raises(Conflict), unit_of_work(field.engine) as db:
        outbox.mark_sent_by_hand(db, tap, by=by, now=NOW)


def test_a_mail_that_went_out_does_not_come_back(field: Outreach, mail: int) -> None:
    taken = _take(field, mail)
    assert taken is not None
    with unit_of_work(field.engine) as db:
        outbox.sent(db, taken, NOW)
    with pytest.raises(Conflict), unit_of_work(field.engine) as db:
        outbox.put_back(db, mail, by=field.world.coordinator, now=NOW)


def test_a_failed_mail_can_be_tried_again(field: Outreach, mail: int) -> None:
    _fail(field, _take(field, mail), NOW, is_final=True)
    with unit_of_work(field.engine) as db:
        outbox.put_back(db, mail, by=field.world.coordinator, now=NOW)
    assert _due(field) == [mail]
    assert _take(field, mail)


@pytest.mark.parametrize("act", [outbox.mark_sent_by_hand, outbox.drop, outbox.put_back])
def test_anothers_message_looks_like_a_missing_one(
    field: Outreach, tap: int, act: Callable[..., object]
) -> None:
    for person, number in ((field.world.foreigner, tap), (field.world.coordinator, 999_999)):
        with pytest.raises(NotFound) as refusal, unit_of_work(field.engine) as db:
            act(db, number, by=person, now=NOW)
        assert refusal.value.facts == {"kind": "Message", "id": number}
    with reading(field.engine) as db:
        assert outbox.to_send_by_hand(db, field.world.foreigner) == []


def test_who_cannot_be_written_to_has_to_be_called(field: Outreach) -> None:
    field.publish()
    codes = sorted(field.visits())
    field.officials(codes[1:])
    field.official(codes[0], phone="", email=EMAIL)
    field.official(codes[0], "Lama", term_ends=TODAY - timedelta(days=1))
    with reading(field.engine) as db:
        person = field.world.coordinator
        (row,) = without_contact(db, person, NOW)
        assert row.village_code == codes[0]
        assert without_contact(db, person, NOW, by_email=True) == []
        assert without_contact(db, field.world.foreigner, NOW) == []


def test_who_has_to_be_called_hears_of_the_end_too(field: Outreach) -> None:
    from outreach.visits.tables import Channel, Happening, Work
    from tests.messages.test_announce import LATER, _turn

    field.publish()
    visits = sorted(field.visits().values(), key=lambda one: one.day)
    field.officials(one.village_code for one in visits[2:])
    _turn(field, visits[0], Happening.CANCELLED)
    _turn(field, visits[1], Happening.POSTPONED, Channel.PHONE)  # it said so itself
    with reading(field.engine) as db:
        rows = without_contact(db, field.world.coordinator, LATER)
    assert [(row.id, row.work) for row in rows] == [(visits[0].id, Work.CANCELLED)]


def test_history_of_a_visit_leaves_out_what_never_left(field: Outreach, tap: int) -> None:
    with reading(field.engine) as db:
        visit_id = _message(field).visit_id
        person = field.world.coordinator
        assert len(outbox.messages_of_visit(db, person, visit_id)) == 1
    with unit_of_work(field.engine) as db:
        db.execute(
            update(Message)
            .where(col(Message.id) == tap)
            .values(state=MessageState.DROPPED, error="overtaken")
        )
        assert outbox.messages_of_visit(db, person, visit_id) == []

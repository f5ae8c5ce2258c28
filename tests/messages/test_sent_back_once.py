"""That a report was sent back is told once each time, and only while it stands."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.errors import OutreachError
from outreach.messages import outbox
from outreach.messages.sent_back import TRY_FOR
from outreach.messages.tables import Medium, Message, MessageState
from outreach.people.tables import Official
from outreach.visits.tables import Happening, VisitEvent, Work
from tests.messages.conftest import EMAIL, IN_ONE_FIELD, Outreach
from tests.messages.reviewed import DROPPED, HOME, SENT, WAITING, Reviewed, reported_visit
from tests.visits.world import NOW, TODAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine


@pytest.fixture
def field(engine: Engine, field: Outreach) -> Reviewed:
    return reported_visit(engine, field)


def test_each_medium_tells_once_and_mail_only_where_it_is_sent(field: Reviewed) -> None:
    field.set(field.reporter_id, email=EMAIL)
    field.do(Happening.SENT_BACK)
    assert field.tell() == 1
    assert field.tell(by_email=True) == 1
    assert [one.medium for one in field.messages()] == [Medium.WHATSAPP, Medium.EMAIL]


@pytest.mark.parametrize("state", [WAITING, MessageState.FAILED])
def test_a_correction_overtakes_the_message(field: Reviewed, state: MessageState) -> None:
    field.do(Happening.SENT_BACK)
    field.tell()
    field.all_are(state)
    field.do(Happening.CORRECTED, field.reporter)
    field.tell()
    assert field.short() == [(field.reporter_id, DROPPED)]
    field.do(Happening.APPROVED)
    field.do(Happening.SENT_BACK)
    assert field.tell() == 1
    assert field.short() == [(field.reporter_id, DROPPED), (field.reporter_id, WAITING)]


def test_a_second_sending_back_overtakes_the_first_between_two_sweeps(field: Reviewed) -> None:
    field.do(Happening.SENT_BACK)
    field.tell()
    field.do(Happening.CORRECTED, field.reporter)
    field.do(Happening.SENT_BACK)
    assert field.tell() == 1
    assert [state for _, state in field.short()] == [DROPPED, WAITING]


def test_a_mail_keeps_the_quiet_hours_and_does_not_go_out_after_a_correction(
    field: Reviewed,
) -> None:
    field.set(field.reporter_id, phone="", email=EMAIL)
    field.do(Happening.SENT_BACK)
    assert field.tell(by_email=True) == 1
    number = field.messages()[0].id or 0
    night = datetime(2026, 11, 2, 14, tzinfo=UTC)  # nine in the evening there
    with unit_of_work(field.engine) as db:
        assert outbox.due(db, night) == []
        assert outbox.take(db, number, night) is None
        assert outbox.due(db, night - timedelta(minutes=1)) == [number]
    field.do(Happening.CORRECTED, field.reporter)
    with unit_of_work(field.engine) as db:
        assert outbox.take(db, number, NOW) is None
    assert field.short() == [(field.reporter_id, DROPPED)]


def test_what_nobody_could_send_for_a_month_is_given_up(field: Reviewed) -> None:
    field.do(Happening.SENT_BACK)
    field.tell()
    field.tell(NOW + TRY_FOR)
    assert field.short() == [(field.reporter_id, WAITING)]
    field.tell(NOW + TRY_FOR + timedelta(minutes=1))
    assert field.short() == [(field.reporter_id, DROPPED)]


def test_who_can_be_reached_again_is_told_after_all(field: Reviewed) -> None:
    field.set(field.other_id, phone="")
    field.do(Happening.SENT_BACK)
    field.tell()
    field.set(field.reporter_id, phone="")
    field.tell()
    assert field.short() == [(field.reporter_id, DROPPED)]
    field.set(field.reporter_id, phone="+628123")
    assert field.tell() == 1
    assert field.short() == [(field.reporter_id, WAITING)]


@pytest.mark.parametrize(
    ("change", "tell"),
    [
        ({"phone": ""}, Reviewed.tap_all),
        ({"term_ends": TODAY - timedelta(days=1)}, Reviewed.tap_all),
        ({"account_id": None}, Reviewed.tap_all),
        ({"phone": ""}, Reviewed.told_otherwise),
    ],
)
def test_who_was_told_and_then_leaves_was_told(
    field: Reviewed, change: dict[str, object], tell: Callable[[Reviewed], None]
) -> None:
    field.do(Happening.SENT_BACK)
    field.tell()
    tell(field)
    field.set(field.reporter_id, **change)
    field.official(HOME, "Baru")
    assert field.tell(NOW + timedelta(hours=1)) == 0
    assert len(field.short()) == 1
    assert not field.called()


@pytest.mark.parametrize("state", [WAITING, MessageState.FAILED])
@pytest.mark.parametrize("days", [0, 20])
def test_who_leaves_before_they_were_told_leaves_it_to_the_village(
    field: Reviewed, state: MessageState, days: int
) -> None:
    """Also long after, while the message still waits."""
    field.do(Happening.SENT_BACK)
    field.tell()
    field.all_are(state)
    field.set(field.reporter_id, phone="")
    now = NOW + timedelta(days=days)
    assert [field.tell(now), field.tell(now)] == [1, 0]
    assert field.short() == [(field.reporter_id, DROPPED), (field.other_id, WAITING)]
    field.tap_all()
    field.set(field.reporter_id, phone="+628123")
    assert field.tell(now) == 0


def test_what_is_long_past_is_not_told(field: Reviewed) -> None:
    field.do(Happening.SENT_BACK)
    assert field.tell(NOW + timedelta(days=3, minutes=1)) == 0
    assert field.tell(NOW + timedelta(days=3)) == 1


def test_two_sweepers_tell_once(field: Reviewed) -> None:
    with unit_of_work(field.engine) as db:
        db.execute(update(Official).values(account_id=None))
    for name in "ABCDEF":
        field.official(HOME, name)
    field.do(Happening.SENT_BACK)
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: field.tell(), range(2)))
    assert sum(made) == len(field.messages()) == 8


ACTS = ["report", "correct", "correct_here", "approve", "back", "leave", "serve", "mute", "ring"]


@settings(IN_ONE_FIELD, max_examples=30)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from([*ACTS, "tap"]), st.integers(0, 1), st.booleans()),
        max_size=12,
    )
)
@example(acts=[("back", 0, True), ("tap", 0, False), ("mute", 0, True)])
@example(acts=[("mute", 1, False), ("back", 0, True), ("leave", 0, True), ("serve", 0, True)])
def test_whatever_is_done_only_what_stands_waits(
    field: Reviewed, acts: list[tuple[str, int, bool]]
) -> None:
    """After a sweep exactly those wait who can mend the report, if it waits to be mended."""
    with unit_of_work(field.engine) as db:
        db.execute(delete(Message))
    for one in (field.reporter_id, field.other_id):
        field.set(one, is_active=True, phone="+628123")
    for act, who, then_sweep in [*acts, ("", 0, True)]:
        _act(field, act, (field.reporter_id, field.other_id)[who])
        if then_sweep:
            before = field.messages()
            field.tell()
            _check(field)
            told = {one.event_id for one in before if one.state is SENT}
            waited = {one.id for one in before if one.state is WAITING}
            waits = [one for one in field.messages() if one.state is WAITING]
            assert not told & {one.event_id for one in waits if one.id not in waited}
    assert field.tell() == 0


def _act(field: Reviewed, act: str, official_id: int) -> None:
    happenings = {
        "report": (Happening.REPORTED, field.reporter),
        "correct": (Happening.CORRECTED, field.reporter),
        "correct_here": (Happening.CORRECTED, field.world.coordinator),
        "approve": (Happening.APPROVED, field.world.coordinator),
        "back": (Happening.SENT_BACK, field.world.coordinator),
    }
    officials: dict[str, dict[str, object]] = {
        "leave": {"is_active": False},
        "serve": {"is_active": True},
        "mute": {"phone": ""},
        "ring": {"phone": "+628123"},
    }
    if act in officials:
        field.set(official_id, **officials[act])
    elif act == "tap":
        with suppress(OutreachError):
            field.tap_all()
    elif act:
        with suppress(OutreachError):
            field.do(*happenings[act])


def _check(field: Reviewed) -> None:
    messages, visit = field.messages(), field.visit()
    waiting = [one for one in messages if one.state is WAITING]
    assert not waiting or visit.work is Work.SENT_BACK
    per_event = Counter((one.event_id, one.official_id) for one in messages)
    assert set(per_event.values()) <= {1}
    with reading(field.engine) as db:
        ids = [field.reporter_id, field.other_id]
        reachable = {
            one.id
            for one in db.scalars(select(Official).where(col(Official.id).in_(ids)))
            if one.is_active and one.phone
        }
        last = select(VisitEvent).where(
            col(VisitEvent.visit_id) == visit.id, col(VisitEvent.happening) == Happening.SENT_BACK
        )
        event = db.scalars(last.order_by(col(VisitEvent.id).desc())).first()
    assert {one.official_id for one in waiting} <= reachable
    if visit.work is Work.SENT_BACK and event is not None:
        assert {one.event_id for one in waiting} <= {event.id}
        heard = [one for one in messages if one.event_id == event.id and one.state is not DROPPED]
        assert heard or not reachable
        assert field.called() is not bool(heard)

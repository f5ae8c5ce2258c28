"""Nobody is reminded twice, or of what does not stand or is heard anyway."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.errors import OutreachError
from outreach.messages import outbox
from outreach.messages import remind as remind_module
from outreach.messages.remind import EARLY, LATE, REST
from outreach.messages.tables import Matter, Medium, Message, MessageState
from outreach.people.tables import Official
from outreach.visits.lifecycle import Author, turn
from outreach.visits.moving import MoveIn, relocate
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from tests.messages.conftest import EMAIL, IN_ONE_FIELD, Outreach
from tests.messages.reminding import DROPPED, FAILED, SENT, WAITING, Reminding, latest_visit, move
from tests.rewriting import unlock_history

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def field(engine: Engine, field: Outreach) -> Reminding:
    return latest_visit(engine, field)


def test_a_visit_moved_away_and_back_is_reminded_of_after_all(field: Reminding) -> None:
    field.sweep(field.at(3))
    day, now = field.visit().day, field.at(3, time(11))
    field.change(day=day + timedelta(days=20))
    field.sweep(now)
    assert field.states() == [(EARLY, DROPPED)]
    field.change(day=day)
    field.sweep(now)
    assert field.states() == [(EARLY, WAITING)]
    field.send_all(now)
    field.change(day=day + timedelta(days=20))
    field.sweep(now)
    field.change(day=day)
    field.sweep(now)
    assert field.states() == [(EARLY, SENT)]


def test_what_the_official_hears_anyway_is_not_said_twice(field: Reminding) -> None:
    """The new day has just been told, or still waits to be: no reminder beside it."""
    now = field.at(3, time(7))
    move(field, now, days=1)
    visit = field.visit()
    now = datetime.combine(visit.day - timedelta(days=3), time(7), UTC)
    field.sweep(now)
    assert field.states() == []
    field.send_all(now)
    field.sweep(now + REST - timedelta(minutes=1))
    assert field.states() == []
    field.sweep(now + REST)
    assert field.states() == [(EARLY, WAITING)]


def test_a_reminder_gives_way_to_news_of_the_same_day(field: Reminding) -> None:
    """The start has moved, the day has not: the official gets the news and no second text."""
    now = field.at(3, time(7))
    field.sweep(now)
    visit = field.visit()
    free = next(slot for slot in (3, 2, 1) if slot != visit.slot)
    with unit_of_work(field.engine) as db:
        to = MoveIn(team_id=visit.team_id, day=visit.day, slot=free, also_confirmed=True)
        relocate(db, field.visit_id, to, Author(field.world.coordinator, now, "hujan"))
        db.get_one(Visit, field.visit_id).starts_at = time(16)
        event = db.scalars(select(VisitEvent).order_by(col(VisitEvent.id).desc()).limit(1)).one()
        unlock_history(db)
        event.before = {**event.before, "starts_at": "09:00:00"}
        event.after = {**event.after, "starts_at": "16:00:00", "day": visit.day.isoformat()}
    field.sweep(now)
    assert [(one.matter, one.state) for one in field.told()][1:] == [
        (Matter.REMINDER, DROPPED),
        (Matter.MOVED, WAITING),
    ]


def test_what_was_refused_for_good_is_not_sent_again(field: Reminding) -> None:
    """Neither once the visit stands again, nor because other news comes in between."""
    field.change(work=Work.CONFIRMED)
    now = field.at(3)
    field.sweep(now)
    with unit_of_work(field.engine) as db:
        db.execute(update(Message).where(col(Message.lead_days) == EARLY).values(state=FAILED))
    field.change(work=Work.POSTPONED)
    field.sweep(now)
    field.change(work=Work.CONFIRMED)
    field.sweep(now)
    assert field.states() == [(EARLY, FAILED)]
    with unit_of_work(field.engine) as db:
        is_news = col(Message.matter) != Matter.REMINDER
        db.execute(update(Message).where(is_news).values(settled_at=now))
    field.sweep(now)
    field.sweep(now + REST)
    assert field.states() == [(EARLY, FAILED)]


def test_a_reminder_that_was_opened_before_it_was_overtaken_did_go_out(field: Reminding) -> None:
    """Else the late one would follow at once: the rest holds from the tap."""
    field.change(work=Work.CONFIRMED)
    field.sweep(field.at(2, time(23)))
    opened = field.reminders()[0].id or 0
    field.sweep(field.at(1, time(0, 1)))
    assert field.states() == [(EARLY, DROPPED), (LATE, WAITING)]
    tapped = field.at(1, time(0, 2))
    for _ in range(2):
        with unit_of_work(field.engine) as db:
            outbox.mark_sent_by_hand(db, opened, by=field.world.coordinator, now=tapped)
    field.sweep(tapped)
    assert field.states() == [(EARLY, SENT), (LATE, DROPPED)]
    field.sweep(tapped + REST - timedelta(minutes=1))
    assert field.states() == [(EARLY, SENT), (LATE, DROPPED)]
    field.sweep(tapped + REST)
    assert field.states() == [(EARLY, SENT), (LATE, WAITING)]


@pytest.mark.parametrize("state", [SENT, MessageState.FAILED])
def test_what_another_sweeper_made_meanwhile_stays_as_it_is(
    field: Reminding, state: MessageState
) -> None:
    """Both found it due; the other was quicker, and it has gone out already."""
    now = field.at(3)
    with unit_of_work(field.engine) as db:
        (row,) = remind_module._due(db, Medium.WHATSAPP, EARLY, now)
    field.sweep(now)
    with unit_of_work(field.engine) as db:
        db.execute(update(Message).where(col(Message.for_day).is_not(None)).values(state=state))
        assert remind_module.put_in(db, [row]) == 0
    assert field.states() == [(EARLY, state)]


def test_told_in_another_way_stays_told(field: Reminding) -> None:
    field.sweep(field.at(3))
    with unit_of_work(field.engine) as db:
        (one,) = field.reminders()
        outbox.drop(db, one.id or 0, by=field.world.coordinator, now=field.at(3))
    field.sweep(field.at(3, time(11)))
    assert field.states() == [(EARLY, DROPPED)]


def test_two_sweepers_remind_once(engine: Engine, field: Reminding) -> None:
    for name in "ABCDEF":
        field.official(field.visit().village_code, name)
    field.sweep(field.at(5))
    field.send_all(field.at(5))
    now = field.at(3)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: field.sweep(now), range(2)))
    assert len(field.reminders()) == 7


@pytest.mark.parametrize("state", [WAITING, SENT])
def test_what_was_sent_back_keeps_no_reminder_away(field: Reminding, state: MessageState) -> None:
    """It speaks of a session that is over; a reminder speaks of one to come."""
    field.change(work=Work.CONFIRMED)
    now = field.at(3)
    with unit_of_work(field.engine) as db:
        about = db.scalars(select(Message).limit(1)).one()
        db.add(
            Message(
                dedupe_key="sent-back",
                visit_id=field.visit_id,
                event_id=about.event_id,
                official_id=about.official_id,
                medium=Medium.WHATSAPP,
                matter=Matter.SENT_BACK,
                state=state,
                next_try_at=now,
                created_at=now,
                settled_at=now,
            )
        )
    field.sweep(now)
    assert field.states() == [(EARLY, WAITING)]
    field.sweep(now)
    assert field.states() == [(EARLY, WAITING)]


def _try(field: Reminding, act: str, amount: int, now: datetime) -> None:
    with suppress(OutreachError):
        if act == "move":
            move(field, now, days=amount or 1)
        elif act == "end":
            field.change(work=list(Work)[amount % len(Work)])
        elif act:
            happening = Happening(act)
            with unit_of_work(field.engine) as db:
                by = field.world.coordinator
                turn(db, field.visit_id, happening, by=by, now=now, reason="banjir")


@settings(IN_ONE_FIELD, max_examples=40)
@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from(["move", "end", "confirmed", "postponed", "returned", "wished", ""]),
            st.integers(-6, 6),
            st.integers(-30, 60),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    )
)
@example(
    acts=[  # the clock goes back from the day before the visit
        ("confirmed", -4, 53, False),
        ("wished", -5, -21, True),
        ("wished", -5, -28, True),
        ("move", 1, 15, True),
        ("move", -5, 14, True),
        ("end", 2, 55, False),
        ("move", -3, -7, False),
    ]
)
def test_nobody_is_reminded_twice_or_of_what_does_not_stand(
    field: Reminding, acts: list[tuple[str, int, int, bool]]
) -> None:
    """Whatever is moved and ended, and wherever the clock goes, back too."""
    with unit_of_work(field.engine) as db:
        db.execute(delete(Message).where(col(Message.matter) == Matter.REMINDER))
        db.scalars(select(Official)).one().email = EMAIL
    field.change(work=Work.CONFIRMED)
    now = field.at(4)
    went_out: Counter[tuple[Any, ...]] = Counter()
    for act, amount, hours, then_send in acts:
        _try(field, act, amount, now)
        now += timedelta(hours=hours)
        field.sweep(now, by_email=True)
        _require_true(field)
        if then_send:
            before = {one.id for one in field.reminders() if one.state is SENT}
            field.send_all(now)
            for one in field.reminders():
                if one.state is SENT and one.id not in before:
                    went_out[one.official_id, one.medium, one.for_day, one.lead_days] += 1
                    assert one.for_day == field.visit().day
    assert all(times == 1 for times in went_out.values())


def _require_true(field: Reminding) -> None:
    """What waits speaks of the visit as it stands, and nothing waits twice."""
    visit = field.visit()
    waiting = [one for one in field.reminders() if one.state is WAITING]
    assert all(one.for_day == visit.day for one in waiting)
    assert not waiting or visit.work in (Work.AWAITING, Work.CONFIRMED)
    assert len({(one.official_id, one.medium) for one in waiting}) == len(waiting)

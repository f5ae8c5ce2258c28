"""Who hears that a report was sent back: who reported it, once each time, while it stands."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.errors import OutreachError
from outreach.messages import outbox
from outreach.messages.announce import announce
from outreach.messages.outgoing import outgoing
from outreach.messages.reach import without_contact
from outreach.messages.remind import remind
from outreach.messages.report_pages import report_paths
from outreach.messages.sent_back import TRY_FOR, tell_sent_back
from outreach.messages.tables import Matter, Medium, Message, MessageState
from outreach.people.tables import Account, AccountArea, Device, DeviceKind, Official, Role
from outreach.visits.lifecycle import turn
from outreach.visits.reviewing import send_back_many
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from tests.messages.conftest import EMAIL, Outreach
from tests.visits.world import NOW, TODAY, account

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.messages.outgoing import Outgoing
    from outreach.people.access import Person

HOME, NEXT = "33.72.01.1001", "33.72.01.1002"
WHY = "Jumlah pendaftar melebihi yang hadir"
WAITING, SENT, DROPPED = MessageState.WAITING, MessageState.SENT, MessageState.DROPPED


class Reviewed(Outreach):
    """A reported visit, the official who reported it and another of the same village."""

    reporter_id = other_id = 0

    @property
    def reporter(self) -> Person:
        return self.world.official

    def visit(self, code: str = HOME) -> Visit:
        return self.visits()[code]

    def do(self, happening: Happening, by: Person | None = None, code: str = HOME) -> None:
        by = by or self.world.coordinator
        with unit_of_work(self.engine) as db:
            visit_id = self.visit(code).id or 0
            turn(db, visit_id, happening, by=by, now=NOW, reason=WHY)

    def tell(self, now: datetime = NOW, *, by_email: bool = False) -> int:
        """Sweep as the sweeper does, and tell how many were made here."""
        with unit_of_work(self.engine) as db:
            announce(db, now, by_email=by_email)
            remind(db, now, by_email=by_email)
            return tell_sent_back(db, now, by_email=by_email)

    def tap_all(self) -> None:
        with unit_of_work(self.engine) as db:
            for one in self.to_tap():
                outbox.mark_sent_by_hand(
                    db, one.message.id or 0, by=self.world.coordinator, now=NOW
                )

    def to_tap(self) -> list[Outgoing]:
        with reading(self.engine) as db:
            return outbox.to_send_by_hand(db, self.world.coordinator)

    def set(self, official_id: int, **values: Any) -> None:
        with unit_of_work(self.engine) as db:
            db.execute(update(Official).where(col(Official.id) == official_id).values(**values))

    def messages(self) -> list[Message]:
        query = select(Message).where(col(Message.matter) == Matter.SENT_BACK)
        with reading(self.engine) as db:
            return list(db.scalars(query.order_by(col(Message.id))))

    def short(self) -> list[tuple[int | None, MessageState]]:
        return [(one.official_id, one.state) for one in self.messages()]


@pytest.fixture
def field(engine: Engine, field: Outreach) -> Reviewed:
    made = Reviewed(engine, field.world)
    made.publish()
    with unit_of_work(engine) as db:
        # Of what went before nothing is to be told any more.
        db.execute(update(VisitEvent).values(at=NOW - timedelta(days=30)))
    made.reporter_id = made.official(HOME, "Kades", account_id=made.reporter.account_id)
    made.other_id = made.official(HOME, "Carik", phone="+6281111111111")
    made.do(Happening.REPORTED, made.reporter)
    return made


def test_who_reported_is_told_once_and_nobody_else(field: Reviewed) -> None:
    assert field.tell() == 0
    field.do(Happening.SENT_BACK)
    assert [field.tell(), field.tell()] == [1, 0]
    assert field.short() == [(field.reporter_id, WAITING)]
    field.tap_all()
    assert field.tell(NOW + timedelta(days=1)) == 0
    assert field.short() == [(field.reporter_id, SENT)]


def test_each_medium_tells_once_and_mail_only_where_it_is_sent(field: Reviewed) -> None:
    field.set(field.reporter_id, email=EMAIL)
    field.do(Happening.SENT_BACK)
    assert field.tell() == 1
    assert field.tell(by_email=True) == 1
    assert [one.medium for one in field.messages()] == [Medium.WHATSAPP, Medium.EMAIL]


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "", "email": EMAIL},
        {"is_active": False},
        {"term_ends": TODAY - timedelta(days=1)},
        {"term_starts": TODAY + timedelta(days=1)},
        {"account_id": None},
    ],
)
def test_else_the_officials_of_the_village_are_told(
    field: Reviewed, change: dict[str, object]
) -> None:
    field.set(field.reporter_id, **change)
    field.official(NEXT, "Tetangga")
    field.official(HOME, "Lama", term_ends=TODAY - timedelta(days=1))
    field.do(Happening.SENT_BACK)
    field.tell()
    reached = {field.other_id, field.reporter_id} if "account_id" in change else {field.other_id}
    assert {one for one, _ in field.short()} == reached


def test_who_cannot_log_in_or_see_the_village_any_more_is_one_of_the_village(
    field: Reviewed,
) -> None:
    with unit_of_work(field.engine) as db:
        db.get_one(Account, field.reporter.account_id).is_active = False
    field.do(Happening.SENT_BACK)
    field.tell()
    assert {one for one, _ in field.short()} == {field.reporter_id, field.other_id}


def test_who_moved_to_another_village_is_told_nothing(field: Reviewed) -> None:
    with unit_of_work(field.engine) as db:
        db.execute(delete(AccountArea).where(col(AccountArea.code) == HOME))
        db.add(AccountArea(account_id=field.reporter.account_id, code=NEXT))
    field.set(field.reporter_id, village_code=NEXT)
    field.do(Happening.SENT_BACK)
    field.tell()
    assert field.short() == [(field.other_id, WAITING)]


def test_who_reported_for_a_second_village_is_told_alone(field: Reviewed) -> None:
    with unit_of_work(field.engine) as db:
        db.add(AccountArea(account_id=field.reporter.account_id, code=NEXT))
    field.set(field.reporter_id, village_code=NEXT)
    field.do(Happening.SENT_BACK)
    field.tell()
    assert field.short() == [(field.reporter_id, WAITING)]


def test_the_last_who_reported_counts(field: Reviewed) -> None:
    """The branch has typed a correction: nobody in the village stands for it alone."""
    field.do(Happening.CORRECTED)
    field.do(Happening.SENT_BACK)
    field.tell()
    assert {one for one, _ in field.short()} == {field.reporter_id, field.other_id}


@pytest.mark.parametrize("state", [WAITING, MessageState.FAILED])
def test_a_correction_overtakes_the_message(field: Reviewed, state: MessageState) -> None:
    field.do(Happening.SENT_BACK)
    field.tell()
    with unit_of_work(field.engine) as db:
        db.execute(update(Message).values(state=state))
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


def test_many_sent_back_at_once_are_told_one_by_one(field: Reviewed) -> None:
    with unit_of_work(field.engine) as db:
        db.add(AccountArea(account_id=field.reporter.account_id, code=NEXT))
        own = account(db, "kades2", Role.OFFICIAL, HOME, NEXT)
        db.get_one(Official, field.reporter_id).account_id = own.account_id
    field.do(Happening.CORRECTED, own)
    field.do(Happening.REPORTED, own, NEXT)
    visits = [field.visit(code) for code in (HOME, NEXT)]
    with unit_of_work(field.engine) as db:
        seen = {one.id or 0: one.version for one in visits}
        done = send_back_many(db, seen, by=field.world.coordinator, now=NOW, reason=WHY)
    assert len(done.done) == 2
    assert field.tell() == 2
    assert {one.official_id for one in field.messages()} == {field.reporter_id}
    texts = {one.told.village_code: one.text("", "https://desa.example") for one in field.to_tap()}
    assert set(texts) == {HOME, NEXT}
    for one in field.to_tap():
        assert one.told.village in texts[one.told.village_code]
        assert WHY in texts[one.told.village_code]


def test_a_message_leads_where_its_official_can_go(field: Reviewed) -> None:
    field.do(Happening.SENT_BACK)
    field.tell()
    number = field.messages()[0].id or 0
    account_id = field.reporter.account_id

    def pages() -> list[str]:
        with reading(field.engine) as db:
            text = outgoing(db, number).text("https://desa.example/k/abc", "https://desa.example")
        return [line for line in text.splitlines() if line.startswith("https://")]

    assert pages() == []  # neither a phone nor a password, and a link answers nothing here
    with unit_of_work(field.engine) as db:
        db.get_one(Account, account_id).password_hash = "hash"
    assert pages() == ["https://desa.example/my"]
    with unit_of_work(field.engine) as db:
        device = Device(account_id=account_id, token_hash="a", enrolled_at=NOW)
        other = Device(account_id=account_id, token_hash="b", enrolled_at=NOW, kind=DeviceKind.ODK)
        db.add_all([device, other])
    assert pages() == ["https://desa.example/phone/"]
    with unit_of_work(field.engine) as db:
        db.execute(update(Device).where(col(Device.token_hash) == "a").values(revoked_at=NOW))
    assert pages() == ["https://desa.example/my"]
    with unit_of_work(field.engine) as db:
        db.get_one(Account, account_id).is_active = False
    assert pages() == []
    with reading(field.engine) as db:
        assert outgoing(db, number).text("https://desa.example/k/abc", "").count("https") == 0
        assert report_paths(db, []) == {}


def test_where_nobody_can_be_written_to_the_village_is_called(field: Reviewed) -> None:
    for one in (field.reporter_id, field.other_id):
        field.set(one, phone="")
    field.do(Happening.SENT_BACK)
    assert field.tell() == 0

    def called() -> list[str]:
        with reading(field.engine) as db:
            return [one.village_code for one in without_contact(db, field.world.coordinator, NOW)]

    assert HOME in called()
    field.do(Happening.CORRECTED, field.reporter)
    assert HOME not in called()


def test_no_tap_of_another_text_settles_it(field: Reviewed) -> None:
    field.do(Happening.SENT_BACK)
    field.tell()
    with reading(field.engine) as db:
        assert outbox.taps_of(db, [field.visit().id or 0]) == {}


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


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from([*ACTS, "tap"]), st.integers(0, 1), st.booleans()),
        max_size=12,
    )
)
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
            field.tell()
            _check(field)
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

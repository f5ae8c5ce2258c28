"""Who hears that a report was sent back, and where the message leads them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.messages import outbox
from outreach.messages.outgoing import outgoing
from outreach.messages.report_pages import report_paths
from outreach.messages.tables import MessageState
from outreach.people.tables import Account, AccountArea, Device, DeviceKind, Official, Role
from outreach.visits.reviewing import send_back_many
from outreach.visits.tables import Happening
from tests.messages.conftest import EMAIL, Outreach
from tests.messages.reviewed import HOME, NEXT, SENT, WAITING, WHY, Reviewed, reported_visit
from tests.visits.world import NOW, TODAY, account

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def field(engine: Engine, field: Outreach) -> Reviewed:
    return reported_visit(engine, field)


def test_who_reported_is_told_once_and_nobody_else(field: Reviewed) -> None:
    assert field.tell() == 0
    field.do(Happening.SENT_BACK)
    assert [field.tell(), field.tell()] == [1, 0]
    assert field.short() == [(field.reporter_id, WAITING)]
    field.tap_all()
    assert field.tell(NOW + timedelta(days=1)) == 0
    assert field.short() == [(field.reporter_id, SENT)]


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
    assert field.called()
    field.do(Happening.CORRECTED, field.reporter)
    assert not field.called()


@pytest.mark.parametrize("state", [WAITING, MessageState.FAILED])
@pytest.mark.parametrize("days", [0, 20])
def test_where_the_last_number_was_taken_away_the_village_is_called(
    field: Reviewed, state: MessageState, days: int
) -> None:
    """The message is dropped then: whoever was to be told has heard nothing."""
    now = NOW + timedelta(days=days)
    field.set(field.other_id, phone="")
    field.do(Happening.SENT_BACK)
    field.tell()
    field.all_are(state)
    field.tell(now)
    assert field.short() == [(field.reporter_id, state)]
    assert not field.called(now)
    field.set(field.reporter_id, phone="")
    assert field.tell(now) == 0
    assert field.called(now)
    assert field.called(now + timedelta(days=3))
    assert not field.called(now + timedelta(days=3, minutes=1))
    field.set(field.reporter_id, phone="+628123")
    assert field.tell(now) == 1
    assert not field.called(now)


def test_who_was_told_in_another_way_need_not_be_called(field: Reviewed) -> None:
    field.set(field.other_id, phone="")
    field.do(Happening.SENT_BACK)
    field.tell()
    field.told_otherwise()
    field.set(field.reporter_id, phone="")
    assert field.tell() == 0
    assert not field.called()


def test_no_tap_of_another_text_settles_it(field: Reviewed) -> None:
    field.do(Happening.SENT_BACK)
    field.tell()
    with reading(field.engine) as db:
        assert outbox.taps_of(db, [field.visit().id or 0]) == {}

"""A visit some days ahead, and a clock that goes where a test wants it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from outreach.db import reading, unit_of_work
from outreach.errors import OutreachError
from outreach.messages import outbox
from outreach.messages.announce import announce
from outreach.messages.remind import remind
from outreach.messages.tables import Matter, Message, MessageState
from outreach.visits.lifecycle import Author
from outreach.visits.moving import MoveIn, relocate
from outreach.visits.tables import Visit
from tests.messages.conftest import Outreach
from tests.visits.world import NOW

if TYPE_CHECKING:
    from sqlalchemy import Engine

WAITING, SENT, DROPPED = MessageState.WAITING, MessageState.SENT, MessageState.DROPPED
FAILED = MessageState.FAILED


class Reminding(Outreach):
    """One visit some days ahead, its officials, and a clock that goes where the test wants it."""

    visit_id = 0

    def visit(self) -> Visit:
        with reading(self.engine) as db:
            return db.get_one(Visit, self.visit_id)

    def at(self, days_before: int, clock: time = time(10)) -> datetime:
        """A moment so many days before the visit, by the village's clock."""
        visit = self.visit()
        day = visit.day - timedelta(days=days_before)
        return datetime.combine(day, clock, ZoneInfo(visit.zone.value)).astimezone(UTC)

    def sweep(self, now: datetime, *, by_email: bool = False) -> None:
        with unit_of_work(self.engine) as db:
            announce(db, now, by_email=by_email)
            remind(db, now, by_email=by_email)

    def send_all(self, now: datetime) -> None:
        """Send what waits, by tap and by mail, as both are sent."""
        with unit_of_work(self.engine) as db:
            for one in outbox.to_send_by_hand(db, self.world.coordinator):
                with suppress(OutreachError):
                    outbox.mark_sent_by_hand(
                        db, one.message.id or 0, by=self.world.coordinator, now=now
                    )
            for message_id in outbox.due(db, now):
                taken = outbox.take(db, message_id, now)
                if taken:
                    outbox.sent(db, taken, now)

    def change(self, **values: Any) -> None:
        with unit_of_work(self.engine) as db:
            visit = db.get_one(Visit, self.visit_id)
            for name, value in values.items():
                setattr(visit, name, value)

    def reminders(self) -> list[Message]:
        return self.about(Matter.REMINDER)

    def states(self) -> list[tuple[int | None, MessageState]]:
        return [(one.lead_days, one.state) for one in self.reminders()]


def latest_visit(engine: Engine, field: Outreach) -> Reminding:
    """Take the latest visit of a published plan, told of when the plan was published."""
    made = Reminding(engine, field.world)
    made.publish()
    visit = max(made.visits().values(), key=lambda one: (one.day, one.id or 0))
    made.visit_id = visit.id or 0
    made.official(visit.village_code)
    made.sweep(NOW)
    made.send_all(NOW)
    return made


def move(field: Reminding, now: datetime, days: int) -> None:
    visit = field.visit()
    to = MoveIn(
        team_id=visit.team_id, day=visit.day + timedelta(days=days), slot=1, also_confirmed=True
    )
    with unit_of_work(field.engine) as db:
        relocate(db, field.visit_id, to, Author(field.world.coordinator, now, "hujan"))

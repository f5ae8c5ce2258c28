"""A report that is looked at, and the officials who may hear of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.messages import outbox
from outreach.messages.announce import announce
from outreach.messages.reach import without_contact
from outreach.messages.remind import remind
from outreach.messages.sent_back import tell_sent_back
from outreach.messages.tables import Matter, Message, MessageState
from outreach.people.tables import Official
from outreach.visits.lifecycle import turn
from outreach.visits.tables import Happening, Visit, VisitEvent
from tests.messages.conftest import Outreach
from tests.rewriting import unlock_history
from tests.visits.world import NOW

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

    def told_otherwise(self) -> None:
        with unit_of_work(self.engine) as db:
            for one in self.to_tap():
                outbox.drop(db, one.message.id or 0, by=self.world.coordinator, now=NOW)

    def all_are(self, state: MessageState) -> None:
        with unit_of_work(self.engine) as db:
            db.execute(update(Message).values(state=state))

    def to_tap(self) -> list[Outgoing]:
        with reading(self.engine) as db:
            return outbox.to_send_by_hand(db, self.world.coordinator)

    def set(self, official_id: int, **values: Any) -> None:
        with unit_of_work(self.engine) as db:
            db.execute(update(Official).where(col(Official.id) == official_id).values(**values))

    def called(self, now: datetime = NOW) -> bool:
        """Whether the list of villages to call names this one."""
        with reading(self.engine) as db:
            rows = without_contact(db, self.world.coordinator, now)
        return HOME in [one.village_code for one in rows]

    def messages(self) -> list[Message]:
        return self.about(Matter.SENT_BACK)

    def short(self) -> list[tuple[int | None, MessageState]]:
        return [(one.official_id, one.state) for one in self.messages()]


def reported_visit(engine: Engine, field: Outreach) -> Reviewed:
    """Let one of two officials of a village report its visit."""
    made = Reviewed(engine, field.world)
    made.publish()
    with unit_of_work(engine) as db:
        # Of what went before nothing is to be told any more.
        unlock_history(db)
        db.execute(update(VisitEvent).values(at=NOW - timedelta(days=30)))
    made.reporter_id = made.official(HOME, "Kades", account_id=made.reporter.account_id)
    made.other_id = made.official(HOME, "Carik", phone="+6281111111111")
    made.do(Happening.REPORTED, made.reporter)
    return made

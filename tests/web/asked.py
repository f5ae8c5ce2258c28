"""A visit that waits for the answer of its village, as the tests of links look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.db import unit_of_work
from outreach.visits.links import key_of
from outreach.visits.offers import offers, place_key
from outreach.visits.tables import Visit, VisitEvent
from tests.visits.world import TODAY
from tests.web.world import SECRET

if TYPE_CHECKING:
    from sqlalchemy import Engine


KEY = key_of(SECRET)
PHONE = "+6281234567890"


@dataclass(frozen=True)
class Asked:
    """A visit that waits for its village, and the address that it was sent."""

    engine: Engine
    visit_id: int
    token: str
    village: str

    @property
    def path(self) -> str:
        return f"/k/{self.token}"

    def now(self) -> Visit:
        with unit_of_work(self.engine) as db:
            return db.get_one(Visit, self.visit_id)

    def places(self) -> list[str]:
        with unit_of_work(self.engine) as db:
            return [place_key(one) for one in offers(db, self.visit_id, today=TODAY)]

    def lines(self) -> list[VisitEvent]:
        with unit_of_work(self.engine) as db:
            query = select(VisitEvent).where(VisitEvent.visit_id == self.visit_id)
            return list(db.exec(query.order_by(col(VisitEvent.id))))

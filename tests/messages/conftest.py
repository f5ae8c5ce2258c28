"""A published plan, and officials who can be reached, on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.messages.announce import announce
from outreach.messages.tables import Matter, Message
from outreach.people.tables import Official
from outreach.visits.tables import Visit
from tests.visits.world import NOW, World, build_world, plan, publish

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Engine

#: All examples of a test share one field.
IN_ONE_FIELD = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

PHONE, EMAIL = "+6281234567890", "kantor@desa.example"


@dataclass(frozen=True)
class Told:
    """A message in short, and the village it went to."""

    village: str
    matter: str
    medium: str
    state: str
    official: str


class Outreach:
    """The world of visits with its officials and what they are told."""

    def __init__(self, engine: Engine, world: World) -> None:
        self.engine = engine
        self.world = world

    def official(self, code: str, name: str = "Sri", **told: Any) -> int:
        given = {"position": "Lurah", "phone": PHONE, "email": "", **told}
        with unit_of_work(self.engine) as db:
            made = Official(village_code=code, name=name, **given)
            db.add(made)
            db.flush()
            return made.id or 0

    def officials(self, codes: Iterable[str], **told: Any) -> None:
        for code in codes:
            self.official(code, **told)

    def publish(self) -> tuple[int, ...]:
        plan(self.engine, self.world, approved=False)
        return publish(self.engine, self.world)

    def announce(self, now: datetime = NOW, *, by_email: bool = False) -> int:
        with unit_of_work(self.engine) as db:
            return announce(db, now, by_email=by_email)

    def told(self) -> list[Told]:
        query = (
            select(
                col(Visit.village_code),
                col(Message.matter),
                col(Message.medium),
                col(Message.state),
                col(Official.name),
            )
            .join(Visit, col(Visit.id) == col(Message.visit_id))
            .join(Official, col(Official.id) == col(Message.official_id))
            .order_by(col(Message.id))
        )
        with reading(self.engine) as db:
            return [Told(*row) for row in db.execute(query)]

    def about(self, matter: Matter) -> list[Message]:
        query = select(Message).where(col(Message.matter) == matter)
        with reading(self.engine) as db:
            return list(db.scalars(query.order_by(col(Message.id))))

    def visits(self) -> dict[str, Visit]:
        with reading(self.engine) as db:
            return {one.village_code: one for one in db.scalars(select(Visit))}


@pytest.fixture
def field(engine: Engine) -> Outreach:
    return Outreach(engine, build_world(engine))

"""A manager of one regency and what they do about their digest, at moments of a week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from outreach.db import reading, unit_of_work
from outreach.people.access import person_of
from outreach.people.tables import AccountArea
from outreach.progress.digest_sending import (
    TakenDigest,
    digest_failed,
    digest_sent,
    due_digests,
    take_digest,
)
from outreach.progress.digests import (
    DigestIn,
    code_of_address,
    confirm_address,
    keep_digest,
    key_of,
)
from outreach.progress.tables import Digest
from tests.builders import load_small_registry
from tests.field import make_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from outreach.people.access import Person

#: A Wednesday noon in Jakarta; the Monday before and the next ones at six in the morning.
NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)
MONDAY = datetime(2026, 11, 22, 23, tzinfo=UTC)
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
KEY = key_of("a key of the tests alone, and long enough")
ADDRESS = "rangga@kantor.example"


@dataclass(frozen=True)
class Office:
    """A manager of one regency and what they do about their digest."""

    engine: Engine
    manager: Person
    coordinator: Person
    official: Person

    def act(self, work: Callable[[Any], Any]) -> Any:
        with unit_of_work(self.engine) as db:
            return work(db)

    def ask(self, now: datetime = NOW, version: int = 0, **told: Any) -> None:
        given = DigestIn(**{"email": ADDRESS, **told})
        self.act(lambda db: keep_digest(db, given, version, by=self.manager, now=now))

    def row(self) -> Digest:
        with reading(self.engine) as db:
            return db.get_one(Digest, self.manager.account_id)

    def code(self) -> str:
        row = self.row()
        return code_of_address(row.account_id, row.email, row.asked_at, KEY)

    def confirm(self, now: datetime = NOW, code: str | None = None) -> None:
        told = code or self.code()
        self.act(lambda db: confirm_address(db, told, KEY, by=self.manager, now=now))

    def due(self, now: datetime) -> list[int]:
        return list(self.act(lambda db: due_digests(db, now)))

    def take(self, now: datetime) -> TakenDigest | None:
        found: TakenDigest | None = self.act(
            lambda db: take_digest(db, self.manager.account_id, now)
        )
        return found

    def taken(self, now: datetime) -> TakenDigest:
        assert self.due(now) == [self.manager.account_id]
        found = self.take(now)
        assert found is not None
        return found

    def send(self, now: datetime) -> TakenDigest:
        """Do what a sweeper and a worker do when all goes well."""
        found = self.taken(now)
        self.act(lambda db: digest_sent(db, found, now))
        return found

    def fail(self, now: datetime, code: str = "refused_451", *, is_final: bool = False) -> str:
        """Let a try fail; tell the name of the letter."""
        assert self.due(now) == [self.manager.account_id]
        return self.fail_again(now, code, is_final=is_final)

    def fail_again(self, now: datetime, code: str, *, is_final: bool = False) -> str:
        """Let a try fail that the sweeper has sent to a worker."""
        found = self.take(now)
        assert found is not None
        self.act(lambda db: digest_failed(db, found, code, now, is_final=is_final, spread=0))
        return found.key


@pytest.fixture
def office(engine: Engine) -> Office:
    load_small_registry(engine, ("33.72", "33.11.12"))
    with unit_of_work(engine) as db:
        at = make_field(db)
        row = db.get_one(AccountArea, (at.manager.account_id, ""))
        db.delete(row)
        db.add(AccountArea(account_id=at.manager.account_id, code="33.72"))
        db.flush()
        manager = person_of(db, at.manager.account_id)
        assert manager is not None
    return Office(engine, manager, at.coordinator, at.official)


@pytest.fixture
def weekly(office: Office) -> Office:
    """The same with a digest that is confirmed, to come every Monday."""
    office.ask()
    office.send(NOW)
    office.confirm()
    return office

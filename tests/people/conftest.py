"""A small real registry to put people into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.db import unit_of_work
from outreach.people.tables import Role
from tests.builders import account, load_small_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlmodel import Session


@pytest.fixture
def db(engine: Engine) -> Iterator[Session]:
    """An open unit of work over Kota Surakarta and Sukoharjo, on both databases."""
    load_small_registry(engine, ("33.72", "33.11"))
    with unit_of_work(engine) as db:
        yield db


@pytest.fixture
def surakarta(engine: Engine) -> Engine:
    """Kota Surakarta, a district of Boyolali and somebody who gives codes, on both databases."""
    load_small_registry(engine, ("33.72", "33.09.01"))
    with unit_of_work(engine) as db:
        account(db, Role.ADMIN, "rini")
    return engine

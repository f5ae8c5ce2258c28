"""A small real registry to put people into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.db import unit_of_work
from tests.builders import load_small_registry

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

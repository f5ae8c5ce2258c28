"""The plan that the sheets of these tests go out from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.visits.world import build_world, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.visits.world import World


@pytest.fixture
def world(engine: Engine) -> World:
    """A planned stage."""
    made = build_world(engine)
    plan(engine, made)
    return made

"""The world in which visits are tested, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.visits.world import World, build_world

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def world(engine: Engine) -> World:
    return build_world(engine)

"""One database for all examples of a property."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from outreach.db import make_engine
from tests.builders import load_small_registry
from tests.conftest import _fresh_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def shared(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One database for all examples of the property: making one takes longer than using it."""
    for url in _shared_url(request):
        engine = make_engine(url)
        load_small_registry(engine)
        yield engine
        engine.dispose()


def _shared_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "postgres":
        yield from _fresh_postgres(request)
        return
    folder = request.getfixturevalue("tmp_path_factory").mktemp("sync")
    shutil.copy(request.getfixturevalue("sqlite_template"), folder / "outreach.sqlite")
    yield f"sqlite:///{folder / 'outreach.sqlite'}"

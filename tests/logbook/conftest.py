"""A field to report from, and one database for all examples of a property."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from outreach.db import make_engine, unit_of_work
from outreach.logbook.sync import Outcome
from tests.builders import load_small_registry
from tests.conftest import _fresh_postgres
from tests.field import make_field, told
from tests.logbook.form_pictures import bring, evidence, waiting
from tests.logbook.sending import outcomes, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.field import Field


@pytest.fixture
def at(engine: Engine) -> Field:
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        return make_field(db)


@pytest.fixture
def held(engine: Engine, at: Field) -> tuple[dict[str, Any], dict[str, Any]]:
    """A report that has not come, and its correction, which has, with a photo."""
    first = told(at.visits[at.codes[0]])
    second = told(first["visit_id"], men=25, corrects_id=first["id"])
    assert outcomes(send(engine, at.official, second)) == ["held"]
    assert bring(engine, at.official, second).outcome is Outcome.HELD
    assert (evidence(engine), waiting(engine)) == (set(), {(second["id"], 40)})
    return first, second


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def shared(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One database for all examples of a module: making one takes longer than using it.

    A module may say in `REGENCIES` what it needs other than Surakarta.
    """
    regencies = getattr(request.module, "REGENCIES", ("33.72",))
    for url in _shared_url(request):
        engine = make_engine(url)
        load_small_registry(engine, regencies)
        yield engine
        engine.dispose()


def _shared_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "postgres":
        yield from _fresh_postgres(request)
        return
    folder = request.getfixturevalue("tmp_path_factory").mktemp("sync")
    shutil.copy(request.getfixturevalue("sqlite_template"), folder / "outreach.sqlite")
    yield f"sqlite:///{folder / 'outreach.sqlite'}"

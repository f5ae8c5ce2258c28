"""Where a role of its own runs the product, its owner alone makes backups and puts them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from outreach.db import make_engine
from outreach.safekeeping import postgres
from outreach.safekeeping.backup import keeper_of
from outreach.safekeeping.refused import BackupRefused
from outreach.safekeeping.roles import set_up_role
from tests.roles import role_beside

if TYPE_CHECKING:
    from tests.safekeeping.conftest import Installation

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("season", ["postgres"], indirect=True),
]


def test_a_backup_by_the_products_role_says_what_it_may_not_read(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = installation
    with role_beside(at.engine) as (role, address):
        set_up_role(at.engine, role)
        monkeypatch.setenv("DATABASE_URL", address)
        done = at.call("backup", "make", str(at.file))
    assert done.exit_code == 1
    assert "pg_dump lacks rights: " in done.output
    assert "_id_seq" in done.output
    assert "Query was" not in done.output
    assert "with the address of the database's owner in DATABASE_URL" in done.output
    assert not at.file.exists()


def test_who_may_see_little_of_others_sees_that_they_are_there(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An owner that is no superuser: the product's processes are another role's."""
    at = installation
    monkeypatch.setattr(postgres, "_LEAVING_SECONDS", 0.2)
    with role_beside(at.engine) as (_role, address):
        at.engine.dispose()
        engine = make_engine(address)
        keeper = keeper_of(engine, at.programs)
        keeper.refuse_in_use()
        with at.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            with pytest.raises(BackupRefused, match="in_use"):
                keeper.refuse_in_use()
        engine.dispose()


def test_who_restores_while_outreach_runs_is_told_to_stop_it_everywhere(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = installation
    at.make()
    monkeypatch.setattr(postgres, "_LEAVING_SECONDS", 0.2)
    url = make_engine(at.url)
    with url.connect() as connection:
        connection.execute(text("SELECT 1"))
        first = at.call("backup", "restore", "--replace", str(at.file))
        # One that comes in between the last look and the exchange.
        monkeypatch.setattr(postgres.PostgresKeeper, "_refuse_others", lambda *_: None)
        late = at.call("backup", "restore", "--replace", str(at.file))
    url.dispose()
    assert "is in use. Stop Outreach on all machines first" in first.output
    assert "could not be exchanged" in late.output
    assert "Stop Outreach on all machines first" in late.output
    assert (first.exit_code, late.exit_code) == (1, 1)

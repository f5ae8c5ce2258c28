"""The database refuses to change the history, and PostgreSQL whoever is not its owner at all."""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlmodel import col

from outreach import migrations
from outreach.db import make_engine, reading, unit_of_work
from outreach.history.recording import record
from outreach.history.tables import Deed, ErasedRow, SealedDay
from outreach.logbook.tables import LedgerChange
from outreach.safekeeping.chain import first_broken_day, seal_days
from outreach.safekeeping.checking import check_data
from outreach.safekeeping.roles import HISTORY, RoleRefused, set_up_role
from outreach.schema import metadata
from tests.conftest import fresh_postgres
from tests.rewriting import let_days_be_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.field import Field

AT = datetime(2026, 11, 20, 3, tzinfo=UTC)
_roles = itertools.count(1)


def tell(engine: Engine, *, at: datetime = AT, about: int = 1) -> None:
    with unit_of_work(engine) as db:
        record(db, Deed.ACCOUNT_CHANGED, at=at, about=about)


def fill_all(engine: Engine) -> None:
    """Put a row into every table of the history; the season has its visits'."""
    tell(engine)
    with unit_of_work(engine) as db:
        db.add(LedgerChange(at=AT, added=1, altered=0, removed=0))
        db.add(ErasedRow(at=AT, installation="here", account_id=1))
    let_days_be_over(engine)
    assert seal_days(engine, datetime(2026, 11, 22, 1, tzinfo=UTC)) == 1


def rows(engine: Engine) -> dict[str, int]:
    with reading(engine) as db:
        asked = {name: select(func.count()).select_from(metadata.tables[name]) for name in HISTORY}
        return {name: db.scalar(query) or 0 for name, query in asked.items()}


def attempts_on_rows(table: str) -> list[str]:
    key = "day" if table == "sealed_day" else "id"
    return [f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"]


def attempts(engine: Engine, table: str) -> list[str]:
    if engine.dialect.name == "sqlite":
        return [
            *attempts_on_rows(table),
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        ]
    return [*attempts_on_rows(table), f"TRUNCATE {table} CASCADE"]


@pytest.fixture
def told(season: tuple[str, Field]) -> Iterator[Engine]:
    engine = make_engine(season[0])
    yield engine
    engine.dispose()


def test_nothing_of_the_history_is_changed_or_removed(told: Engine) -> None:
    engine = told
    fill_all(engine)
    before = rows(engine)
    assert set(before) == {"event", "sealed_day", "visit_event", "ledger_change", "erasure"}
    assert min(before.values()) > 0
    for table in HISTORY:
        for attempt in attempts(engine, table):
            with pytest.raises(IntegrityError, match="only ever added to"), engine.begin() as db:
                db.execute(text(attempt))
    assert rows(engine) == before
    tell(engine)
    assert rows(engine)["event"] == before["event"] + 1


def test_the_step_goes_down_and_up_again(told: Engine) -> None:
    engine = told
    fill_all(engine)
    lines = rows(engine)["visit_event"]
    migrations.downgrade(engine, "0007")
    with engine.begin() as db:
        db.execute(text("UPDATE visit_event SET reason = 'x'"))
    migrations.upgrade(engine)
    kept = {"visit_event": lines, "ledger_change": 1}
    assert rows(engine) == {"event": 0, "sealed_day": 0, "erasure": 0, **kept}
    with pytest.raises(IntegrityError), engine.begin() as db:
        db.execute(text("DELETE FROM visit_event"))


@pytest.fixture
def running(
    postgres_server: str, postgres_season: tuple[str, Field]
) -> Iterator[tuple[Engine, Engine]]:
    """A database as its owner opens it, and as the product does with a role of its own."""
    role = f"outreach_role_{os.getpid()}_{next(_roles)}"
    with fresh_postgres(postgres_server, postgres_season[0]) as url:
        owner = make_engine(url)
        with owner.begin() as db:
            db.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'for-this-test'"))
        fill_all(owner)
        set_up_role(owner, role)
        set_up_role(owner, role)
        address = owner.url.set(username=role, password="for-this-test")
        product = make_engine(address.render_as_string(hide_password=False))
        yield owner, product
        product.dispose()
        owner.dispose()
    server = create_engine(address_of(postgres_server), isolation_level="AUTOCOMMIT")
    with server.connect() as db:
        db.execute(text(f"DROP ROLE {role}"))
    server.dispose()


def address_of(server: str) -> str:
    return make_engine(server).url.render_as_string(hide_password=False)


def forbidden(table: str) -> list[str]:
    return [
        *attempts_on_rows(table),
        f"TRUNCATE {table} CASCADE",
        f"SELECT 1 FROM {table} FOR UPDATE",
        f"DROP TABLE {table} CASCADE",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TRIGGER only_added_to ON {table}",
        f"CREATE TRIGGER other BEFORE INSERT ON {table} EXECUTE FUNCTION refuse_change()",
        f"ALTER TABLE {table} RENAME TO another",
    ]


EVERYWHERE = (
    "DROP FUNCTION refuse_change() CASCADE",
    "ALTER FUNCTION refuse_change() RENAME TO another",
    "SET session_replication_role = replica",
    "UPDATE alembic_version SET version_num = '0001'",
    "CREATE TABLE mine (id int)",
    "SELECT setval('event_id_seq', 1)",
)


@pytest.mark.postgres
def test_the_products_role_can_only_add(running: tuple[Engine, Engine]) -> None:
    owner, product = running
    before = rows(owner)
    tried = [one for table in HISTORY for one in forbidden(table)]
    for attempt in (*tried, *EVERYWHERE):
        refused = pytest.raises(ProgrammingError, match=r"permission denied|must be owner")
        with refused, product.begin() as db:
            db.execute(text(attempt))
    with product.begin() as db:
        for table in HISTORY:
            # PostgreSQL only warns of a grant that grants nothing.
            db.execute(text(f"GRANT ALL ON {table} TO CURRENT_USER"))
            for right in ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER"):
                has = text(f"SELECT has_table_privilege('{table}', '{right}')")
                assert db.scalar(has) is False, (table, right)
    assert rows(owner) == before


@pytest.mark.postgres
def test_the_product_works_with_its_role(running: tuple[Engine, Engine]) -> None:
    owner, product = running
    before = rows(owner)
    tell(product, at=datetime(2026, 11, 22, 3, tzinfo=UTC))
    with unit_of_work(product) as db:
        db.execute(text("UPDATE team SET version = version + 1"))
        db.add(LedgerChange(at=AT, added=1, altered=0, removed=0))
    assert seal_days(product, datetime(2026, 11, 23, 1, tzinfo=UTC)) == 1
    after = rows(owner)
    assert {name for name in after if after[name] > before[name]} == {
        "event",
        "ledger_change",
        "sealed_day",
    }
    with reading(product) as db:
        assert first_broken_day(db) == ""
        assert [one for one in check_data(db) if one.broken] == []
        newest = db.scalar(select(func.max(col(SealedDay.day))))
    assert str(newest) == "2026-11-22"
    migrations.upgrade(product)


@pytest.mark.postgres
def test_a_role_that_may_do_anything_is_refused(running: tuple[Engine, Engine]) -> None:
    owner, _ = running
    with pytest.raises(RoleRefused, match="too_mighty") as refused:
        set_up_role(owner, str(owner.url.username))
    assert refused.value.through == owner.url.username
    with pytest.raises(RoleRefused, match="no_such_role"):
        set_up_role(owner, "nobody_of_this_name")


#: What makes a role mighty; `{role}` is the product's own, `{other}` one that it may become.
MIGHTY = (
    "GRANT {owner} TO {role}",
    "GRANT {other} TO {role}; ALTER ROLE {other} SUPERUSER",
    "GRANT {other} TO {role}; ALTER ROLE {other} CREATEROLE",
    "GRANT {other} TO {role}; ALTER ROLE {other} REPLICATION",
    "GRANT {other} TO {role}; ALTER ROLE {other} BYPASSRLS",
    "ALTER DATABASE {database} OWNER TO {role}",
    "GRANT {other} TO {role}; ALTER DATABASE {database} OWNER TO {other}",
    "ALTER SCHEMA public OWNER TO {role}",
    "GRANT {other} TO {role}; ALTER TABLE team OWNER TO {other}",
    "ALTER FUNCTION refuse_change() OWNER TO {role}",
    *(f"GRANT {name} TO {{role}}" for name in ("pg_write_all_data", "pg_execute_server_program")),
)
#: Rights that stay with others when the role's own are taken.
MORE = (
    "GRANT {other} TO {role}; GRANT TRUNCATE ON event TO {other}",
    "GRANT {other} TO {role}; GRANT TRIGGER ON sealed_day TO {other}",
    "GRANT {other} TO {role}; GRANT UPDATE (about) ON event TO {other}",
    "GRANT {other} TO {role}; GRANT UPDATE ON SEQUENCE event_id_seq TO {other}",
    "GRANT {other} TO {role}; GRANT CREATE ON SCHEMA public TO {other}",
    "GRANT CREATE ON DATABASE {database} TO {role}",
)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("given", "reason"),
    [*((one, "too_mighty") for one in MIGHTY), *((o, "may_more") for o in MORE)],
)
def test_a_role_that_could_take_the_rights_is_refused(
    bare: tuple[Engine, str, str], given: str, reason: str
) -> None:
    owner, role, other = bare
    set_up_role(owner, role)
    names = {"owner": owner.url.username, "database": owner.url.database}
    told = given.format(role=role, other=other, **names)
    with owner.begin() as db:
        for statement in told.split(";"):
            db.execute(text(statement))
    with pytest.raises(RoleRefused, match=reason) as refused:
        set_up_role(owner, role)
    assert refused.value.through in {role, other, str(owner.url.username), told.split()[1]}


@pytest.fixture
def bare(postgres_engine: Engine) -> Iterator[tuple[Engine, str, str]]:
    """An empty database, a role for the product, and another that it may become."""
    role = f"outreach_bare_{os.getpid()}_{next(_roles)}"
    other = f"{role}_other"
    with postgres_engine.begin() as db:
        for one in (role, other):
            db.execute(text(f"CREATE ROLE {one} LOGIN"))
    yield postgres_engine, role, other
    with postgres_engine.begin() as db:
        db.execute(text(f"ALTER DATABASE {postgres_engine.url.database} OWNER TO CURRENT_USER"))
        for one in (role, other):
            db.execute(text(f"REASSIGN OWNED BY {one} TO CURRENT_USER"))
            db.execute(text(f"DROP OWNED BY {one}"))
        db.execute(text(f"DROP ROLE {role}, {other}"))


@pytest.mark.postgres
def test_rights_that_were_given_to_the_role_itself_are_taken_away(
    bare: tuple[Engine, str, str],
) -> None:
    owner, role, _ = bare
    with owner.begin() as db:
        for kind in ("TABLES", "SEQUENCES"):
            db.execute(text(f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {role}"))
    set_up_role(owner, role)
    with owner.connect() as db:
        may_set = text(f"SELECT has_sequence_privilege('{role}', 'event_id_seq', 'UPDATE')")
        assert db.scalar(may_set) is False


def test_sqlite_knows_no_roles(sqlite_engine: Engine) -> None:
    with pytest.raises(RoleRefused, match="not_postgresql"):
        set_up_role(sqlite_engine, "outreach")

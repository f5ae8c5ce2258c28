"""The database of a command: opened by the settings, closed again, and what is wrong with it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from getpass import getuser
from typing import TYPE_CHECKING

import click

from outreach.cli.say import say
from outreach.config import make_private, read_settings
from outreach.errors import UnsafeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@contextmanager
def own_engine() -> Iterator[Engine]:
    """Open the database that the settings name, for as long as the command runs."""
    from outreach.db import make_engine

    settings = read_settings()
    if settings.embedded_database:
        make_private(settings.var_dir)
    engine = make_engine(settings.database)
    try:
        yield engine
    finally:
        engine.dispose()


def require_registry(engine: Engine) -> None:
    """Refuse to go on without villages: what is made of them would fail halfway."""
    from outreach.db import reading
    from outreach.villages.reading import count_villages

    with reading(engine) as db:
        if not count_villages(db):
            raise click.ClickException(
                say("There are no villages yet. Load them first: outreach villages load")
            )


def is_newest(engine: Engine) -> bool:
    """Whether the tables are those that this version works with."""
    from outreach import migrations
    from outreach.safekeeping.dumps import migration_of
    from outreach.safekeeping.refused import BackupRefused

    try:
        with engine.connect() as connection:
            return migration_of(connection) == migrations.steps()[-1]
    except BackupRefused:
        return False


def unreachable(error: Exception) -> UnsafeSettings:
    """Name what the database, or the way to it, said when it could not be used."""
    from outreach.db import lacks_rights

    detail = str(error.__cause__ or error).strip().splitlines()[0]
    if lacks_rights(error):
        return _refused(error, detail)
    missing = re.search('no such table|relation ".*" does not exist', detail)
    problem = "no_tables" if missing else "database_unreachable"
    return UnsafeSettings(setting="DATABASE_URL", problem=problem, detail=detail)


def _refused(error: Exception, detail: str) -> UnsafeSettings:
    """Tell what the product's role lacks from what the owner alone does: make tables, give rights.

    Where the address names no role, the server takes the name of the user.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import OperationalError

    role = make_url(read_settings().database).username or getuser()
    # Who is not let in at all was denied the database, too.
    is_in = not isinstance(error, OperationalError)
    is_owners = is_in and re.search("denied for (schema|database|column)|must be owner", detail)
    problem = "owner_alone" if is_owners else "rights_missing"
    return UnsafeSettings(setting="DATABASE_URL", problem=problem, detail=detail, role=role)

"""Roles of PostgreSQL that own nothing, as the one that runs the product beside its owner."""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

_numbers = itertools.count(1)


@contextmanager
def role_beside(owner: Engine) -> Iterator[tuple[str, str]]:
    """Make a role without any rights; give its name, and the database's address with it."""
    role = f"outreach_beside_{os.getpid()}_{next(_numbers)}"
    with owner.begin() as db:
        db.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'for-this-test'"))
    address = owner.url.set(username=role, password="for-this-test")
    yield role, address.render_as_string(hide_password=False)
    with owner.begin() as db:
        db.execute(text(f"DROP OWNED BY {role}"))
        db.execute(text(f"DROP ROLE {role}"))

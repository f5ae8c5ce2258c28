"""The demonstration: make it once, and tell how to log in to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from sqlmodel import col, select

from outreach.cli.addresses import own_address
from outreach.cli.database import own_engine, require_registry
from outreach.cli.dates import moment
from outreach.cli.say import own_command, say, step
from outreach.config import Settings, read_settings
from outreach.db import reading, unit_of_work
from outreach.demonstration.logins import LOGINS, demo_password
from outreach.demonstration.phone import demo_code
from outreach.people.enrolment import address_of, key_of
from outreach.people.tables import Account, Role
from outreach.villages.tables import Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from outreach.demonstration.tales import Tale


def has_demonstration(engine: Engine) -> bool:
    """Say whether the demonstration's accounts are there."""
    with reading(engine) as db:
        return db.exec(select(Account.id).where(col(Account.is_demo))).first() is not None


def seed_if_empty(engine: Engine, settings: Settings, others: Sequence[Tale] | None = None) -> bool:
    """Make the demonstration; False when it, or anybody's real account, is there already.

    *others* are the branches told of beside Surakarta; None are all that there are.
    """
    with reading(engine) as db:
        if db.exec(select(Account.id)).first() is not None:
            return False
    require_registry(engine)
    from outreach.demonstration.branches import OTHERS
    from outreach.demonstration.story import tell_story

    told = OTHERS if others is None else others
    step("Demonstration: nine branches in mid-wave, Surakarta in depth")
    with unit_of_work(engine) as db:
        tell_story(db, secret=settings.secret, now=datetime.now(UTC), tell=_indent, others=told)
    return True


def _indent(text: str, **facts: object) -> None:
    click.echo(f"    {say(text, **facts)}")


def print_logins(engine: Engine, settings: Settings) -> None:
    """Print the logins that are there, one or two for each role, or that there are none."""
    if not has_demonstration(engine):
        click.echo(
            say(
                "No demonstration here. Make an account: %(command)s accounts add",
                command=own_command(),
            )
        )
        return
    click.echo(say("Demonstration logins:"))
    roles, kept = _roles(), _kept(engine)
    # A demonstration that an older version made has fewer.
    for person in (one for one in LOGINS if one.login in kept):
        password = demo_password(settings.secret, person.login)
        click.echo(f"  {roles[person.role]:<22} {person.login:<24} {password}")
    _print_phone_link(engine, settings)


def _kept(engine: Engine) -> set[str]:
    with reading(engine) as db:
        return set(db.exec(select(Account.login).where(col(Account.is_demo))))


def _print_phone_link(engine: Engine, settings: Settings) -> None:
    """Print the link that connects a phone; once it was used or soon runs out, a new one."""
    now = datetime.now(UTC)
    with unit_of_work(engine) as db:
        code = demo_code(db, now=now, today=Zone.WIB.day(now))
        if code is None:
            return
        link = address_of(code, key_of(settings.secret), own_address(settings))
        until = moment(code.expires_at)
    click.echo(say("Try the official's phone, no login needed: %(link)s", link=link))
    click.echo(
        say(
            "It connects one phone, once, until %(when)s. For another: %(command)s demo logins",
            command=own_command(),
            when=until,
        )
    )


def _roles() -> dict[Role, str]:
    return {
        Role.COORDINATOR: say("Field coordinator"),
        Role.OFFICIAL: say("Village official"),
        Role.MANAGER: say("Manager"),
        Role.ADMIN: say("Administrator"),
    }


@click.group()
def demo() -> None:
    """Make the demonstration and tell how to log in to it."""


@demo.command("seed")
def seed() -> None:
    """Make the demonstration in an installation without accounts."""
    with own_engine() as engine:
        if not seed_if_empty(engine, read_settings()):
            click.echo(say("There are accounts here already: nothing was changed."))


@demo.command("logins")
def logins() -> None:
    """Print the logins of the demonstration, one for each role."""
    with own_engine() as engine:
        print_logins(engine, read_settings())

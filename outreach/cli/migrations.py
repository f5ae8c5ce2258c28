"""Bring the tables up to date and check that nothing is missing."""

from __future__ import annotations

import tempfile

import click

from outreach import migrations as steps
from outreach.cli.database import own_engine
from outreach.cli.say import say
from outreach.db import make_engine


@click.group()
def migrations() -> None:
    """Look after the shape of the database."""


@migrations.command("upgrade")
def upgrade() -> None:
    """Bring the tables of DATABASE_URL up to date."""
    with own_engine() as engine:
        steps.upgrade(engine)
    click.echo(say("The tables are up to date."))


@migrations.command("check")
def check() -> None:
    """Check on an empty database that the migrations make the tables the code describes."""
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/empty.sqlite")
        steps.upgrade(engine)
        complete = steps.is_complete(engine)
        engine.dispose()
    if not complete:
        raise click.ClickException("The migrations do not make the tables the code describes.")


@migrations.command("draft")
@click.argument("message")
def draft(message: str) -> None:
    """Write a new migration from what DATABASE_URL lacks; read and correct it."""
    with own_engine() as engine:
        steps.draft(engine, message)

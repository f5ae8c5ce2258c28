"""`outreach database`: whether the data are as they must be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from outreach.cli.database import is_newest, own_engine
from outreach.cli.say import number, say, step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from outreach.safekeeping.checking import Finding
    from outreach.safekeeping.roles import RoleRefused

_MOST_TOLD = 10


@click.group()
def database() -> None:
    """Look after the data themselves."""


@database.command("check")
def check() -> None:
    """Hold all rows against the rules of the data; nothing is changed. Exit code 1 if any broke."""
    from outreach.safekeeping.checking import check_database

    with own_engine() as engine:
        _require_newest(engine)
        step("Database: checking all rows")
        findings = check_database(engine)
    sys.exit(1 if tell_findings(findings) else 0)


@database.command("role")
@click.argument("role")
def set_up(role: str) -> None:
    """Give a role of PostgreSQL what the running product needs; DATABASE_URL names the owner."""
    from outreach.safekeeping.roles import RoleRefused, set_up_role

    with own_engine() as engine:
        _require_newest(engine)
        try:
            set_up_role(engine, role)
        except RoleRefused as error:
            raise click.ClickException(_why_not(error)) from error
    click.echo(
        say("%(role)s may run Outreach, and only add to the history. It owns nothing.", role=role)
    )


def _why_not(error: RoleRefused) -> str:
    words = {
        "not_postgresql": say("SQLite knows no roles: whoever reads the file may change it."),
        "no_such_role": say("The server has no role of this name. First: CREATE ROLE … LOGIN"),
        "too_mighty": say(
            "This role could change the history: it is, or may become, %(through)s, which is a "
            "superuser, makes roles, replicates, may write everything, or owns the database, its "
            "schema or something in it. Take another one.",
            through=error.through,
        ),
        "may_more": say(
            "This role could change the history by rights that were given to %(through)s by hand. "
            "Take them away, or take another role. Nothing was changed.",
            through=error.through,
        ),
    }
    return words[error.reason]


def _require_newest(engine: Engine) -> None:
    if not is_newest(engine):
        raise click.ClickException(
            say("The tables are not up to date. First: outreach migrations upgrade")
        )


def tell_findings(findings: Sequence[Finding]) -> int:
    """Print every rule with what breaks it; tell how many things are wrong."""
    from outreach.cli.backup_words import rule_words

    words = rule_words()
    for one in findings:
        click.echo(f"    {number(len(one.broken)):>7}  {words[one.rule]}")
        for place in one.broken[:_MOST_TOLD]:
            click.echo(f"{'':15}{place}")
        if len(one.broken) > _MOST_TOLD:
            more = number(len(one.broken) - _MOST_TOLD)
            click.echo(f"{'':15}" + say("and %(more)s more", more=more))
    wrong = sum(len(one.broken) for one in findings)
    click.echo(
        say("Something is wrong: see above.") if wrong else say("All zeros: nothing is wrong.")
    )
    return wrong

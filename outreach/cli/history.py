"""`outreach history`: whether what was written down is still what was written down."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from outreach.cli.database import own_engine
from outreach.cli.dates import day
from outreach.cli.say import number, say

if TYPE_CHECKING:
    from outreach.history.tables import SealedDay


@click.group()
def history() -> None:
    """Look after the history, which is only ever added to."""


@history.command("close")
def close() -> None:
    """Close the days (UTC) that are over, each with a digest; the sweeper does so by itself."""
    from datetime import UTC, datetime

    from outreach.db import reading
    from outreach.safekeeping.chain import seal_days, stands_still

    now = datetime.now(UTC)
    with own_engine() as engine:
        closed = seal_days(engine, now)
        with reading(engine) as db:
            is_stuck = stands_still(db, now)
    click.echo(say("Days closed: %(days)s.", days=number(closed)))
    if is_stuck:
        raise click.ClickException(
            say(
                "The days that are over cannot be closed: somebody is writing all the time, or a "
                "day is closed that is not over. outreach history check"
            )
        )


@history.command("check")
@click.option("--had", default="", help="A digest that was kept elsewhere: it must stand there.")
def check(had: str) -> None:
    """Reckon every digest anew; exit code 1 and the first day that does not agree, if any."""
    from datetime import date

    from outreach.db import reading
    from outreach.safekeeping.chain import first_broken_day, is_digest, newest_seal, was_closed_with

    if had and not is_digest(had):
        raise click.ClickException(
            say("This is no digest: it has 64 signs, digits and the letters a to f.")
        )
    with own_engine() as engine, reading(engine) as db:
        broken, newest = first_broken_day(db), newest_seal(db)
        is_other = bool(had) and not was_closed_with(db, had)
    if broken:
        when = day(date.fromisoformat(broken))
        click.echo(say("The history was changed after it was closed: %(day)s.", day=when))
    if is_other:
        click.echo(say("No day was closed with this digest: it is another history."))
    if broken or is_other:
        sys.exit(1)
    _tell(newest)


def _tell(newest: SealedDay | None) -> None:
    from outreach.safekeeping.chain import in_fours

    if newest is None:
        click.echo(say("No day is closed yet."))
        return
    click.echo(
        say(
            "Nothing was changed. Closed until %(day)s (UTC), digest %(digest)s",
            day=day(newest.day),
            digest=in_fours(newest.digest),
        )
    )

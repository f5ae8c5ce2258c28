"""`outreach plan nation`: the plans of all branches asked for in one go, and watched together."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import click

from outreach.cli.database import own_engine
from outreach.cli.numbers import WholeNumber
from outreach.cli.say import number, say, step
from outreach.config import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.nation import Hindrance, OfBranch, Together

#: Asking is work of the processor; beyond these the database has the most of it.
MOST_HANDS = 8
#: For fewer branches no further process is worth its start.
BRANCHES_PER_HAND = 10
#: Between two branches, for whoever else has to write where one may at a time: phones above all.
SECONDS_FOR_OTHERS = 0.2
#: How often progress is told where nobody's screen is rewritten.
TOLD_EVERY_SECONDS = 15.0
SECONDS_BETWEEN = 2.0
#: From so many packages on their pace says something about those to come.
PACKAGES_FOR_PACE = 3
#: Branches named for each reason; all are counted.
MOST_NAMED = 10


@click.command()
@click.option("--campaign", required=True, help="Name of the campaign whose stages are planned.")
@click.option("--by", "login", required=True, help="Login of the manager who asks.")
@click.option(
    "--hands",
    type=WholeNumber(1, 64),
    help="Processes that ask at the same time; by default one for each core, at most 8. "
    "With SQLite, where one writes at a time, always one.",
)
@click.option("--no-wait", is_flag=True, help="Return once all are asked for.")
@click.option("--watch", is_flag=True, help="Ask for nothing, only tell how far the plans are.")
def nation(campaign: str, login: str, hands: int | None, *, no_wait: bool, watch: bool) -> None:
    """Ask for the plan of the next stage of every branch in the manager's area, and watch them.

    A branch that has a plan, or cannot have one, is left as it is and told with its reason: the
    command can be called again. Ctrl-C ends the watching, not the planning. The exit code is 1
    where a branch failed or parts of a plan were given up.
    """
    if watch and no_wait:
        words = say("--watch and --no-wait contradict each other: leave one of them out.")
        raise click.UsageError(words)
    with own_engine() as engine:
        campaign_id, by = _told(engine, campaign, login)
        failed = 0 if watch else _ask_all(engine, campaign_id, by, hands)
        if not no_wait:
            failed += _watch(engine, campaign_id, by)
    sys.exit(1 if failed else 0)


def _told(engine: Engine, campaign: str, login: str) -> tuple[int, Person]:
    """Find the campaign and the manager."""
    from sqlmodel import col, select

    from outreach.campaigns.tables import Campaign
    from outreach.db import reading
    from outreach.people.access import person_of
    from outreach.people.accounts import account_by_login
    from outreach.people.tables import Role

    with reading(engine) as db:
        account = account_by_login(db, login)
        by = person_of(db, account.id or 0)
        if by is None or by.role is not Role.MANAGER:
            raise click.ClickException(
                say("%(login)s is no manager: only managers plan all branches.", login=login)
            )
        found = db.exec(select(col(Campaign.id)).where(col(Campaign.name) == campaign)).first()
        if found is None:
            raise click.ClickException(_no_campaign(db, campaign, by))
    return found, by


def _no_campaign(db: Session, campaign: str, by: Person) -> str:
    """Say that there is none of this name, and which are open in the manager's area."""
    from outreach.campaigns.campaigns import list_campaigns
    from outreach.campaigns.tables import Status

    none = say("There is no campaign with the name %(campaign)s.", campaign=campaign)
    names = [one.name for one in list_campaigns(db, by) if one.status is Status.OPENED]
    if not names:
        return f"{none} {say('No campaign is open.')}"
    return f"{none} {say('Open campaigns: %(names)s', names=_shortened(names))}"


def _ask_all(engine: Engine, campaign_id: int, by: Person, hands: int | None) -> int:
    """Ask for all plans, tell what hindered which branch; return how many failed."""
    from outreach.db import reading
    from outreach.errors import Conflict, NotFound
    from outreach.visits.nation import Hindrance, branches_to_plan

    try:
        with reading(engine) as db:
            found = branches_to_plan(db, campaign_id, by)
    except NotFound as error:
        raise click.ClickException(say("The manager does not see this campaign.")) from error
    except Conflict as error:
        words = say("The campaign is not open: nothing is planned.")
        raise click.ClickException(words) from error
    ready = [one for one in found if one.stage_id is not None]
    step("Nation: %(ready)s of %(all)s branches can be planned", ready=len(ready), all=len(found))
    hindered: dict[Hindrance, list[str]] = defaultdict(list)
    for one in found:
        if one.hindrance is not None:
            hindered[one.hindrance].append(one.branch)
    for one, why in _asked(engine, ready, by, hands):
        if why is not None:
            hindered[why].append(one.branch)
    _tell_hindered(hindered)
    asked = len(found) - sum(map(len, hindered.values()))
    step("Nation: the plans of %(asked)s branches are asked for", asked=number(asked))
    return len(hindered[Hindrance.FAULT])


def _asked(
    engine: Engine, ready: Sequence[OfBranch], by: Person, hands: int | None
) -> Iterator[tuple[OfBranch, Hindrance | None]]:
    """Ask for the plans of all branches; tell each as it is done."""
    told = _Line()
    answers = _answers(engine, ready, hands, by=by, request_id=secrets.token_hex(8))
    for done, answered in enumerate(zip(ready, answers, strict=True), start=1):
        yield answered
        told.tell(_asked_so_far(done, len(ready)), is_last=done == len(ready))


def _answers(
    engine: Engine, ready: Sequence[OfBranch], hands: int | None, **asking: Any
) -> Iterator[Hindrance | None]:
    """Ask for one branch after another, or several at a time."""
    from outreach.visits.nation import plan_branch

    takes_one_writer = engine.dialect.name == "sqlite"
    most = 1 if takes_one_writer else hands or min(MOST_HANDS, os.cpu_count() or 1)
    most = min(most, -(-len(ready) // BRANCHES_PER_HAND))
    if most > 1:
        with ProcessPoolExecutor(most, mp_context=get_context("spawn")) as pool:
            yield from pool.map(partial(_ask_in_process, **asking), ready)
        return
    for one in ready:
        yield plan_branch(engine, one, now=datetime.now(UTC), **asking)
        if takes_one_writer:
            time.sleep(SECONDS_FOR_OTHERS)


def _ask_in_process(one: OfBranch, **asking: Any) -> Hindrance | None:
    from outreach.visits.nation import plan_branch

    return plan_branch(_engine_of_process(), one, now=datetime.now(UTC), **asking)


@cache
def _engine_of_process() -> Engine:
    from outreach.db import make_engine

    return make_engine(read_settings().database)


def _asked_so_far(done: int, of: int) -> str:
    return say("Asking: %(done)s of %(all)s branches", done=number(done), all=number(of))


def _tell_hindered(hindered: Mapping[Hindrance, Sequence[str]]) -> None:
    for why, names in hindered.items():
        if not names:
            continue
        click.echo(f"{_hindrance_words(why)} ({number(len(names))}): {_shortened(names)}")


def _shortened(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    if len(names) <= MOST_NAMED:
        return shown
    return say("%(names)s and %(more)s more", names=shown, more=len(names) - MOST_NAMED)


def _hindrance_words(why: Hindrance) -> str:
    return {
        "no_stage": say("No open stage in this campaign"),
        "stage_drafted": say("The stage is only drafted; its coordinator opens it"),
        "no_teams": say("No team"),
        "no_free_day": say("No team has a free day within the stage"),
        "nothing_to_visit": say("Nothing left to visit"),
        "run_open": say("A plan of the branch is being made already"),
        "planned_already": say("Planned already"),
        "called_off": say("The coordinator called the plan off"),
        "fault": say("Failed; the log tells why, call the command again"),
    }[why.value]


def _watch(engine: Engine, campaign_id: int, by: Person) -> int:
    """Tell how far the plans are until all are ready; return how many branches lack a part."""
    from sqlalchemy.exc import OperationalError

    line, pace = _Line(), _Pace()
    try:
        while True:
            try:
                told, workers = _look(engine, campaign_id, by)
            except OperationalError:  # an hour's watching ends with no server that starts anew
                line.tell(say("the database does not answer; asked again"), is_last=False)
            else:
                pace.note(told, time.monotonic())
                line.tell(_progress(told, pace, workers), is_last=told.is_over)
                if told.is_over:
                    return _sum_up(told)
            time.sleep(SECONDS_BETWEEN)
    except KeyboardInterrupt:
        click.echo("")
        click.echo(say("The planning goes on; --watch tells how far it is."))
        return 0


def _look(engine: Engine, campaign_id: int, by: Person) -> tuple[Together, int]:
    """Read how far the plans are, and how many workers live."""
    from outreach.db import reading
    from outreach.visits.nation import together
    from outreach.watch.beating import living
    from outreach.watch.tables import ProcessKind

    with reading(engine) as db:
        told = together(db, campaign_id, by)
        return told, living(db, datetime.now(UTC))[ProcessKind.WORKER]


def _progress(told: Together, pace: _Pace, workers: int) -> str:
    words = say(
        "%(ready)s of %(branches)s branches ready, %(settled)s of %(villages)s villages",
        ready=number(told.ready),
        branches=number(told.branches),
        settled=number(told.settled),
        villages=number(told.villages),
    )
    if told.is_over:
        return words
    if not workers:
        return f"{words}; {say('no worker is running: the plans wait')}"
    seconds = pace.seconds_left(told)
    if seconds is None:
        return f"{words}; {say('nobody can tell yet how long it takes')}"
    return f"{words}; {say('about %(minutes)s min more', minutes=number(_minutes(seconds)))}"


def _minutes(seconds: float) -> int:
    return max(1, round(seconds / 60))


def _sum_up(told: Together) -> int:
    if told.placed == told.villages:
        step("Nation: all %(villages)s villages have a visit", villages=number(told.villages))
    else:
        step(
            "Nation: %(placed)s of %(villages)s villages have a visit, the others a reason",
            placed=number(told.placed),
            villages=number(told.villages),
        )
    if told.dead_in:
        names = ", ".join(told.dead_in)
        click.echo(say("Parts were given up and can be tried again: %(names)s", names=names))
    return len(told.dead_in)


@dataclass
class _Pace:
    """How fast villages are settled since the watching began."""

    begun: tuple[float, Together] | None = None
    seconds: float = field(default=0.0)

    def note(self, told: Together, now: float) -> None:
        if self.begun is None:
            self.begun = (now, told)
        self.seconds = now - self.begun[0]

    def seconds_left(self, told: Together) -> float | None:
        """Tell how long the rest takes at this pace; None while too little was seen of it."""
        if self.begun is None or told.closed - self.begun[1].closed < PACKAGES_FOR_PACE:
            return None
        settled = told.settled - self.begun[1].settled
        return None if settled <= 0 else self.seconds * (told.villages - told.settled) / settled


@dataclass
class _Line:
    """One line that is written over and over, or where nobody watches a new one now and then."""

    told_at: float | None = None
    longest: int = 0

    def tell(self, words: str, *, is_last: bool) -> None:
        if sys.stderr.isatty():
            self.longest = max(self.longest, len(words))
            click.echo(f"\r{words:<{self.longest}}", nl=is_last, err=True)
            return
        now = time.monotonic()
        if is_last or self.told_at is None or now - self.told_at >= TOLD_EVERY_SECONDS:
            self.told_at = now
            click.echo(words, err=True)

"""The planner by itself: a problem read from a file, its plan written to another."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from outreach.cli.numbers import ROW
from outreach.cli.plan_nation import nation
from outreach.cli.say import decimal, say
from outreach.planning.problem_file import NotAProblem, read_problem
from outreach.planning.problem_form import MOST_BYTES, ProblemFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from outreach.planning.model import Plan, Problem
    from outreach.planning.problem_faults import Fault
    from outreach.planning.problem_file import TravelNotes

# More than these tell nobody anything new.
MOST_FAULTS = 200
EXAMPLE_AREA = "33.72"


class Refused(click.ClickException):
    """The file cannot be planned: nothing was written."""

    exit_code = 2


@click.group()
def plan() -> None:
    """Plan a problem from a file, without a database, or all branches of the country at once."""


plan.add_command(nation)


@plan.command("solve")
@click.argument("problem", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan to this file."
)
@click.option("--bound", is_flag=True, help="Say how far from the best possible it is at most.")
def solve(problem: Path, out: Path | None, *, bound: bool) -> None:
    """Plan the villages of PROBLEM (- reads the input) and write the plan as JSON.

    `outreach plan schema` describes both files, `outreach plan example` writes a problem to try.
    """
    if out is not None and not out.absolute().parent.is_dir():
        raise Refused(say("There is no such folder: %(folder)s", folder=out.absolute().parent))
    asked, notes = _read(problem)
    from outreach.planning.assign import assign
    from outreach.planning.plan_file import plan_file

    made = assign(asked, _progress())
    certificate = _certificate(asked, made) if bound else None
    written = plan_file(asked, made, notes, certificate).model_dump_json(indent=1)
    _write(written, out)
    _tell(asked, made, notes)
    if certificate is not None and certificate["gap"] is not None:
        gap = decimal(100 * certificate["gap"])
        words = say("Proven: at most %(gap)s %% above the best possible plan.", gap=gap)
        click.echo(words, err=True)


@plan.command("schema")
@click.option("--of", "of", type=click.Choice(["problem", "plan"]), default="problem")
def schema(of: str) -> None:
    """Print the JSON Schema of a problem, or of a plan, with what each field means."""
    from outreach.planning.plan_file import PlanFile

    model = ProblemFile if of == "problem" else PlanFile
    click.echo(json.dumps(model.model_json_schema(), indent=1, ensure_ascii=False))


@plan.command("example")
@click.option("--area", default=EXAMPLE_AREA, help="Code of a region with up to 400 villages.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def example(area: str, out: Path | None) -> None:
    """Write a problem of real villages: two teams, two weeks from next Monday."""
    from outreach.cli.plan_example import example_of
    from outreach.errors import Invalid
    from outreach.villages.codes import parse
    from outreach.villages.tables import Zone

    today = Zone.WIB.day(datetime.now(UTC))
    try:
        told = example_of(parse(area), _monday_after(today))
    except Invalid as error:
        raise Refused(
            say("No region with 1 to 400 villages has the code %(area)s.", area=area)
        ) from error
    _write(told.model_dump_json(indent=1, exclude_unset=True), out)


@plan.command("export")
@click.argument("batch", type=ROW)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def export(batch: int, out: Path | None) -> None:
    """Write the problem of a work package, by its number, as it was put to the planner."""
    from outreach.cli.database import own_engine
    from outreach.db import reading
    from outreach.errors import NotFound
    from outreach.planning.problem_file import file_of
    from outreach.visits.batches import problem_of_batch

    with own_engine() as engine, reading(engine) as db:
        try:
            asked = problem_of_batch(db, batch)
        except NotFound as error:
            words = say("No work package has the number %(number)s.", number=batch)
            raise Refused(words) from error
    _write(file_of(asked).model_dump_json(indent=1, exclude_defaults=True), out)


def _monday_after(today: date) -> date:
    return today + timedelta(days=7 - today.weekday())


def _read(file: Path) -> tuple[Problem, TravelNotes]:
    try:
        # One byte above the limit is enough to refuse it.
        with click.open_file(str(file), "rb") as opened:
            return read_problem(opened.read(MOST_BYTES + 1))
    except NotAProblem as error:
        raise Refused(_sentences(error.faults)) from error
    except OSError as error:
        raise Refused(
            say("%(file)s cannot be read: %(why)s", file=file, why=error.strerror)
        ) from error


def _sentences(faults: Sequence[Fault]) -> str:
    from outreach.cli.plan_words import fault_words

    lines = [f"{fault.path}: {fault_words(fault)}".removeprefix(": ") for fault in faults]
    shown = lines[:MOST_FAULTS]
    if len(lines) > MOST_FAULTS:
        shown.append(say("… and %(more)s more.", more=len(lines) - MOST_FAULTS))
    return "\n".join([say("The problem cannot be planned; nothing was written:"), *shown])


def _progress() -> Callable[[int, int], None] | None:
    """Tell of the rounds on one line, where somebody watches."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, rounds: int) -> None:
        text = say("Planning: %(share)s %%", share=100 * done // max(1, rounds))
        click.echo(f"\r{text}", nl=done >= rounds, err=True)

    return tell


def _certificate(problem: Problem, made: Plan) -> dict[str, Any]:
    from outreach.planning.certificate import certificate_of

    return certificate_of(problem, made)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text)
        return
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_text(f"{text}\n", encoding="utf-8")
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Refused(
            say("%(file)s cannot be written: %(why)s", file=out, why=error.strerror)
        ) from error


def _tell(problem: Problem, made: Plan, notes: TravelNotes) -> None:
    """Sum the plan up where it does not get into the way of the plan itself."""
    from outreach.cli.plan_words import broken_words, note_words
    from outreach.planning.check import violations

    for words in (*note_words(notes), *broken_words(violations(problem, made))):
        click.echo(words, err=True)
    click.echo(
        say(
            "%(visits)s of %(villages)s villages in %(team_days)s team-days, %(hours)s h travel;"
            " %(left)s without a visit, each with its reason.",
            visits=len(made.visits),
            villages=len(problem.sites),
            team_days=made.team_days_used,
            hours=decimal(made.travel_minutes / 60),
            left=len(made.unplaced),
        ),
        err=True,
    )

"""A backup made by command while all work and faults come, restored by command and checked.

What is promised of the copy: whatever somebody had been told is taken before the backup was begun
is in it, each once; so is the newest closed day of the history, with the digest that it had.
What was told since may be in it or not: but all that is in it was sent so, has its lines of
history, its sums, its slot for itself, as if the work had ended at the moment that it holds.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url, select
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from outreach.config import ROOT
from outreach.db import make_engine, reading
from outreach.safekeeping.chain import newest_seal, was_closed_with
from outreach.visits.tables import PlanRun
from tests.acceptance.many import PROGRAMS
from tests.chaos.checker import Verdict, check_rows
from tests.chaos.history import History

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from tests.chaos.nemesis import Nemesis
    from tests.chaos.servers import Postgres
    from tests.chaos.world import Asked

#: The backup is begun when so many of the faults have come.
_IN_THE_MIDDLE = 0.5
_LOOKS_SECONDS = 0.2
#: A fault may end the server that is being saved; so often it is begun anew.
_MOST_TRIES = 20
_PATIENCE_SECONDS = 900.0


@dataclass
class Saved:
    """A backup, and what had been sworn to when it was begun; `wrong` is what nobody should see."""

    file: Path
    sworn: History = field(default_factory=History)
    #: Of the day that was closed last by then; empty if none was.
    digest: str = ""
    is_made: bool = False
    tries: int = 0
    seconds: float = 0.0
    #: Answers that came while it was made.
    meanwhile: int = 0
    #: The last words of the command.
    said: str = ""
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where the product's commands are called: the addresses of the database and of the copy."""

    folder: Path
    database: str
    copy: str
    environment: dict[str, str]

    @classmethod
    def of(cls, postgres: Postgres, folder: Path) -> Place:
        """Speak straight to the server, as backups do that are made beside it."""
        database = postgres.url(by_wire=False)
        copy = make_url(database).set(database="restored").render_as_string(hide_password=False)
        programs = str(Path(postgres.program.command[0]).parent)
        environment = {**postgres.program.environment, "POSTGRES_BIN": programs}
        return cls(folder, database, copy, environment)

    def settings(self, address: str) -> dict[str, str]:
        """Tell a program of ours which database it is to open."""
        return {
            **self.environment,
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": address,
            "SECRET_KEY": "chaos-" * 8,
            "VAR_DIR": str(self.folder / "saved"),
            "LOCALE": "en",
        }

    def call(self, address: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Call the command line as an operator does."""
        return subprocess.run(
            [str(PROGRAMS / "outreach"), *words],
            env=self.settings(address),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )


def as_sworn(history: History) -> History:
    """Write down what has been told until now, while others go on telling."""
    told = {key: set(said) for key, said in dict(history.told).items()}
    runs = {stage: set(named) for stage, named in dict(history.runs).items()}
    sworn = History(sent=history.sent, strays=history.strays)
    sworn.told.update(told)
    sworn.runs.update(runs)
    return sworn


def save_meanwhile(
    place: Place, nemesis: Nemesis, history: History, over: threading.Event
) -> Saved:
    """Wait for the middle of the faults, then make a backup; anew if a fault ends it."""
    saved = Saved(place.folder / "meanwhile.outreach")
    while nemesis.share < _IN_THE_MIDDLE and not over.wait(_LOOKS_SECONDS):
        pass
    until = time.monotonic() + _PATIENCE_SECONDS
    while not saved.is_made and saved.tries < _MOST_TRIES and time.monotonic() < until:
        over.wait(_LOOKS_SECONDS)
        with suppress(OperationalError):  # the server is away: nothing is begun
            save(place, saved, history)
    return saved


def save(place: Place, saved: Saved, history: History) -> None:
    """Make the backup once, after all that has been told until then was written down."""
    saved.digest = _newest_digest(place.database)
    saved.sworn, saved.tries = as_sworn(history), saved.tries + 1
    answers, begun = history.statuses.total(), time.monotonic()
    done = place.call(place.database, "backup", "make", str(saved.file))
    saved.seconds = time.monotonic() - begun
    saved.meanwhile = history.statuses.total() - answers
    saved.is_made = done.returncode == 0
    saved.said = (done.stderr or done.stdout)[-300:]
    saved.wrong += _astonishing(done)
    if not saved.is_made and saved.file.exists():
        saved.wrong.append("a backup that failed has left a file")


def _newest_digest(address: str) -> str:
    with opened(address) as engine, reading(engine) as db:
        newest = newest_seal(db)
        return newest.digest if newest else ""


@contextmanager
def opened(address: str) -> Iterator[Engine]:
    engine = make_engine(address)
    try:
        yield engine
    finally:
        engine.dispose()


def _astonishing(done: subprocess.CompletedProcess[str]) -> Iterator[str]:
    """Whatever befalls a command, it says so in a sentence."""
    told = done.stdout + done.stderr
    if "Traceback" in told or (done.returncode and not done.stderr.strip()):
        yield f"{' '.join(map(str, done.args[1:3]))} ended with {done.returncode}: {told[-900:]}"


def bring_back(saved: Saved, place: Place, asked: Sequence[Asked], verdict: Verdict) -> str:
    """Restore it into a second database, add what is wrong there, and tell the figures."""
    verdict.add("other", saved.wrong)
    if not saved.is_made:
        verdict.add("other", [f"no backup in {saved.tries} tries: {saved.said}"])
        return "no backup"
    begun = time.monotonic()
    done = place.call(place.copy, "backup", "restore", str(saved.file))
    restored = time.monotonic() - begun
    verdict.add("other", _astonishing(done))
    if done.returncode:
        verdict.add("lost", [f"the backup does not come back: {done.stderr[-300:]}"])
        return "backup that does not come back"
    with opened(place.copy) as engine:
        reports = check_copy(engine, saved, asked, verdict)
    return (
        f"backup of {reports} reports in {saved.seconds:.1f} s beside {saved.meanwhile} sendings "
        f"(try {saved.tries}), back in {restored:.1f} s"
    )


def check_copy(engine: Engine, saved: Saved, asked: Sequence[Asked], verdict: Verdict) -> int:
    """Hold the copy against what had been sworn to; answer how many reports are in it."""
    found = Verdict()
    with reading(engine) as db:
        reports = check_rows(db, saved.sworn, asked, found)
        runs = set(db.scalars(select(col(PlanRun.id))))
        named = {run_id for each in saved.sworn.runs.values() for run_id in each}
        found.add("lost", (f"run {one} is not there" for one in sorted(named - runs)))
        if saved.digest and not was_closed_with(db, saved.digest):
            found.add("audit", ["the newest closed day is not there as it was closed"])
    for kind, lines in found.found.items():
        verdict.add(kind, (f"in the restored copy: {line}" for line in lines))
    return reports

"""One seed: a product, people who work with it, faults meanwhile, and what the checker says."""

from __future__ import annotations

import time
from collections import Counter  # noqa: TC003 - dataclass fields are read at run time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.broken import OF_TABLES
from tests.chaos.checker import Verdict, check
from tests.chaos.faults import DISK_FULL
from tests.chaos.history import History
from tests.chaos.kept import Place, bring_back, save_meanwhile
from tests.chaos.nemesis import Nemesis
from tests.chaos.phones import VISITS, Network, make_phones, send_everything
from tests.chaos.planners import Patience, keep_planning
from tests.chaos.product import product, servers
from tests.chaos.world import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.chaos.kept import Saved
    from tests.chaos.phones import Phone
    from tests.chaos.product import Product
    from tests.chaos.world import World

#: As many branches plan beside each other where each has at least so many villages, and at most
#: so many: more than one part of a plan.
BRANCHES, FEWEST_VILLAGES, MOST_VILLAGES = 20, 50, 1000
#: With one report in ten corrected.
_ITEMS_OF_A_PHONE = VISITS * 1.1


@dataclass(frozen=True)
class Size:
    """How much is planned and sent, by how many workers, under which faults how close together."""

    branches: int
    villages: int
    officials: int
    workers: int
    faults: tuple[str, ...]
    pause_seconds: float

    @classmethod
    def of(
        cls,
        assignments: int,
        items: int,
        *,
        workers: int,
        faults: tuple[str, ...],
        pause_seconds: float,
        villages: int = 0,
    ) -> Size:
        """Share so many villages to visit and reports to send among branches and phones.

        Branches have so many `villages` each, or where 0 as many as their number asks for.
        """
        fitting = min(MOST_VILLAGES, max(FEWEST_VILLAGES, assignments // BRANCHES))
        villages = min(assignments, villages or fitting)
        branches = max(1, round(assignments / villages))
        return cls(
            branches=branches,
            villages=max(1, assignments // branches),
            officials=max(2, round(items / _ITEMS_OF_A_PHONE)),
            workers=workers,
            faults=faults,
            pause_seconds=pause_seconds,
        )


@dataclass(frozen=True)
class Outcome:
    """What became of one seed."""

    seed: int
    verdict: Verdict
    history: History
    faults: Counter[str]
    missed: Counter[str]
    assignments: int
    seconds: float
    logs: str
    #: What became of the backup that was made meanwhile.
    kept: str

    def line(self) -> str:
        told = ", ".join(f"{kind} {n}" for kind, n in self.verdict.counts().items())
        answers = sum(self.history.statuses.values())
        failed = answers - self.history.statuses[200]
        return (
            f"seed {self.seed}: {told} | {self.assignments} assignments, "
            f"{len(self.history.sent)} items, {sum(self.faults.values())} faults, "
            f"{failed} of {answers} sendings failed, {self.history.retried_batches} parts of plans "
            f"taken up by hand, {self.missed.total()} faults hit nothing, "
            f"{self.kept}, {self.seconds:.0f} s"
        )


def run_seed(seed: int, size: Size, folder: Path, *, broken: str = "") -> Outcome:
    """Bring the product up, let people work under faults, and check all that is left.

    `broken` names a wall of the product that is taken away first, to see the checker find it out.
    """
    started = time.monotonic()
    history = History()
    with servers(folder, own_disk=DISK_FULL in size.faults) as (postgres, redis):
        engine = postgres.engine
        world = make_world(
            engine, branches=size.branches, villages=size.villages, officials=size.officials
        )
        phones = make_phones(engine, world, seed, history)
        if broken in OF_TABLES:
            OF_TABLES[broken](engine)
        with product(folder, postgres, redis, workers=size.workers, broken=broken) as made:
            can_fill = postgres.disk.is_own
            names = [name for name in size.faults if name != DISK_FULL or can_fill]
            with Nemesis(made, seed, names, size.pause_seconds) as nemesis:
                saved = _work(made, world, nemesis, phones, history)
            made.heal()
            logs = made.logs()
        history.astonishing += filter(None, [nemesis.failed])
        verdict = check(engine, history, world.asked)
        kept = bring_back(saved, Place.of(postgres, folder), world.asked, verdict)
        assignments = _assignments(engine)
    seconds = time.monotonic() - started
    done, missed = nemesis.done, nemesis.missed
    return Outcome(seed, verdict, history, done, missed, assignments, seconds, logs, kept)


def _work(
    made: Product, world: World, nemesis: Nemesis, phones: list[Phone], history: History
) -> Saved:
    """Let all plan and send while faults happen, until everybody is through; save it meanwhile."""
    patience = Patience.of(len(world.asked))
    network = Network(made.ports, history, nemesis, nemesis.pause)
    with ThreadPoolExecutor(len(world.asked) + 1) as people:
        place = Place.of(made.postgres, made.folder)
        saving = people.submit(save_meanwhile, place, nemesis, history, patience.over)
        try:
            plans = {
                one.login: people.submit(keep_planning, one, made, nemesis, history, patience)
                for one in world.asked
            }
            gave_up = [f"phone {number}" for number in send_everything(phones, network)]
            gave_up += [login for login, done in plans.items() if not done.result()]
        finally:
            patience.over.set()
    history.astonishing += [f"{one} gave up" for one in gave_up]
    return saving.result()


def _assignments(engine: Engine) -> int:
    """Count the visits that plans have made."""
    with engine.connect() as connection:
        query = "SELECT count(*) FROM visit WHERE run_id IS NOT NULL"
        return int(connection.exec_driver_sql(query).scalar_one())

"""One seed: a product, people who work with it, faults meanwhile, and what the checker says."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.tables import StageVillage
from outreach.db import reading
from outreach.visits.tables import ACTIVE, Visit
from tests.chaos.broken import OF_TABLES
from tests.chaos.checker import Verdict, check
from tests.chaos.faults import DISK_FULL
from tests.chaos.history import History
from tests.chaos.kept import Place, bring_back, save_meanwhile
from tests.chaos.logs import astonishing, forget
from tests.chaos.nemesis import Nemesis
from tests.chaos.phones import VISITS, Network, make_phones, send_everything
from tests.chaos.planners import Patience, keep_planning
from tests.chaos.product import product, servers
from tests.chaos.world import make_world

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.chaos.kept import Saved
    from tests.chaos.phones import Phone
    from tests.chaos.product import Product
    from tests.chaos.world import Asked, World

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
class Planned:
    """How many villages were to be planned, and what stands of them at the end."""

    asked: int
    visits: int
    reasons: int


@dataclass(frozen=True)
class Outcome:
    """What became of one seed."""

    seed: int
    verdict: Verdict
    history: History
    faults: Counter[str]
    missed: Counter[str]
    idle: Counter[str]
    planned: Planned
    seconds: float
    logs: str
    #: What became of the backup that was made meanwhile.
    kept: str
    #: Faults that this machine does not let us do.
    left_out: tuple[str, ...] = ()

    @classmethod
    def ended_by(cls, error: BaseException, seed: int, seconds: float) -> Outcome:
        """Tell of a seed that came to no end: whatever ended it, it proves nothing."""
        verdict, none = Verdict(), Counter[str]()
        verdict.add("other", ["".join(traceback.format_exception(error))])
        nothing = Planned(0, 0, 0)
        return cls(seed, verdict, History(), none, none, none, nothing, seconds, "", "no backup")

    def line(self) -> str:
        told = ", ".join(f"{kind} {n}" for kind, n in self.verdict.counts().items())
        answers = sum(self.history.statuses.values())
        failed = answers - self.history.statuses[200]
        return (
            f"seed {self.seed}: {told} | {self.planned.visits} villages with a visit and "
            f"{self.planned.reasons} with a reason of {self.planned.asked} to plan, "
            f"{len(self.history.sent)} items, {sum(self.faults.values())} faults, "
            f"{failed} of {answers} sendings failed, {self.history.retried_batches} parts of plans "
            f"taken up by hand, {self.missed.total()} faults hit nothing, {self.idle.total()} had "
            f"nothing to break, {self.kept}, {self.seconds:.0f} s{self._told_of_left_out()}"
        )

    def _told_of_left_out(self) -> str:
        left = ", ".join(self.left_out)
        return f" | left out, for this machine does not let us: {left}" if left else ""


def run_seed(seed: int, size: Size, folder: Path, *, broken: str = "") -> Outcome:
    """Bring the product up, let people work under faults, and check all that is left.

    `broken` names a wall of the product that is taken away first, to see the checker find it out.
    """
    started = time.monotonic()
    history = History()
    forget(folder)
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
            left_out = tuple(one for one in size.faults if one == DISK_FULL and not can_fill)
            names = [name for name in size.faults if name not in left_out]
            with Nemesis(made, seed, names, size.pause_seconds) as nemesis:
                saved = _work(made, world, nemesis, phones, history)
            made.heal()
            logs = made.logs()
        history.astonishing += [*filter(None, [nemesis.failed]), *astonishing(folder)]
        verdict = check(engine, history, world.asked)
        kept = bring_back(saved, Place.of(postgres, folder), world.asked, verdict)
        planned = _planned(engine, world.asked)
    return Outcome(
        seed=seed,
        verdict=verdict,
        history=history,
        faults=nemesis.done,
        missed=nemesis.missed,
        idle=nemesis.idle,
        planned=planned,
        seconds=time.monotonic() - started,
        logs=logs,
        kept=kept,
        left_out=left_out,
    )


def _work(
    made: Product, world: World, nemesis: Nemesis, phones: list[Phone], history: History
) -> Saved:
    """Let all plan and send while faults happen, until everybody is through; save it meanwhile."""
    patience = Patience.of(len(world.asked), history)
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


def _planned(engine: Engine, asked: Sequence[Asked]) -> Planned:
    """Count the villages whose visit stands, not those of plans that were replaced, and reasons."""
    stages = [one.stage_id for one in asked]
    visits = select(func.count(col(Visit.village_code).distinct())).where(
        col(Visit.stage_id).in_(stages), col(Visit.work).in_(ACTIVE), col(Visit.run_id).is_not(None)
    )
    reasons = select(func.count()).where(
        col(StageVillage.stage_id).in_(stages), col(StageVillage.reason).is_not(None)
    )
    with reading(engine) as db:
        told = [db.execute(query).scalar_one() for query in (visits, reasons)]
    return Planned(sum(len(one.codes) for one in asked), *told)

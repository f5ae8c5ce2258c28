"""What 1,000,000 villages and 500 workers need: on paper, and simulated from measured costs.

It prints where each cost is from, the reckoning on paper, the simulation beside the product as it
was (one process asked, 64 messages waited at most, every worker kept a connection) and with twice
of each, and holds both against what `bench_nation` measured. `--villages`,
`--workers`, `--hands` and `--database-cores` ask for others; `--costs=FILE` takes what
`bench_nation_tables --costs=FILE` measured on the machine at hand.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.nation_costs import Costs, Setting
from tests.benchmarks.nation_on_paper import database_seconds, least_seconds, on_paper
from tests.benchmarks.nation_simulated import simulated

if TYPE_CHECKING:
    from tests.benchmarks.nation_simulated import Nation

#: Villages and worker processes, and the seconds `bench_nation` took for them on two quiet cores.
MEASURED = (
    (20_140, 1, 757.0),
    (20_140, 2, 386.0),
    (83_762, 1, 3209.0),
    (83_762, 2, 1637.0),
)
CORES_MEASURED = 2
#: Seconds of processor that PostgreSQL took for a village, all in all.
DATABASE_MEASURED = 0.0011


def as_measured(villages: int, workers: int, costs: Costs | None = None) -> Setting:
    """Describe the machine of `bench_nation`, on which all programs share two cores."""
    return Setting(
        villages,
        workers,
        hands=CORES_MEASURED,
        shared_cores=CORES_MEASURED,
        worker_children=workers,
        costs=costs or Costs(),
    )


def before(one: Setting) -> Setting:
    """Describe the product as it was before the nation was planned in one go."""
    return replace(one, hands=1, keeps_connections=True, fixed_depth=64)


def main() -> None:
    one = _given()
    _tell_costs(one.costs)
    _tell_paper(one)
    _tell("simulated", one)
    _tell("simulated as it was before", before(one))
    _tell("with twice the workers", replace(one, workers=2 * one.workers))
    _tell("with twice the hands", replace(one, hands=2 * one.hands))
    _tell("with twice the database", replace(one, database_cores=2 * one.database_cores))
    both = replace(one, hands=2 * one.hands, database_cores=2 * one.database_cores)
    _tell("with twice of both", both)
    _tell("with twice of both and a queue of 64 messages", replace(both, fixed_depth=64))
    _hold_against_reality(one.costs)


def _given() -> Setting:
    words = argparse.ArgumentParser()
    usual = Setting()
    words.add_argument("--villages", type=int, default=usual.villages)
    words.add_argument("--workers", type=int, default=usual.workers)
    words.add_argument("--hands", type=int, default=usual.hands)
    words.add_argument("--database-cores", type=int, default=usual.database_cores)
    words.add_argument("--costs", type=Path, help="What bench_nation_tables has measured.")
    told = vars(words.parse_args())
    measured = told.pop("costs")
    costs = json.loads(measured.read_text(encoding="utf-8")) if measured else {}
    return Setting(**told, costs=Costs(**costs))


def _tell_costs(costs: Costs) -> None:
    print("costs (seconds of one core, bytes) and where they are from")
    for name, (value, source) in costs.sources().items():
        print(f"  {name:26} {value:<12.6g} {source}")


def _tell_paper(one: Setting) -> None:
    print(f"\non paper: {one.villages:,} villages, {one.workers} workers")
    for line in on_paper(one):
        digits = 0 if line.result >= 100 else 2
        print(f"  {line.what:15} {line.reckoning} = {line.result:,.{digits}f} {line.unit}")
    print(f"  so it takes at least {least_seconds(one):,.0f} s")


def _tell(title: str, one: Setting) -> None:
    print(
        f"\n{title}: {one.villages:,} villages, {one.branches:,} branches, {one.workers} workers,"
        f" {one.hands} hands, {one.database_cores} cores of the database"
    )
    _tell_nation(simulated(one))


def _tell_nation(made: Nation) -> None:
    one, seconds, shares = made.set, made.over_at, made.shares()
    told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
    rates = {"claims": made.claims, "renewals": made.renewals, "beats": made.beats}
    print(
        f"  {seconds:,.0f} s, {one.villages / seconds:,.0f} villages/s;"
        f" asked for by {made.asked_at:,.0f} s\n"
        f"  busy: {told}; so {max(shares, key=lambda name: shares[name])} saturates first\n"
        f"  connections at once {made.connections()}, of {one.connections_bound} on paper\n  "
        + ", ".join(f"{done / seconds:.1f} {name}/s" for name, done in rates.items())
        + f"; Redis: {made.most_queue} messages wait at most\n"
        f"  a statement waits {made.database.longest_wait:.2f} s at most,"
        f" a sweep takes {made.longest_sweep:.2f} s at most"
    )


def _hold_against_reality(costs: Costs) -> None:
    print(f"\nheld against bench_nation, {CORES_MEASURED} cores shared by all programs")
    for villages, workers, measured in MEASURED:
        seconds = simulated(as_measured(villages, workers, costs)).over_at
        print(
            f"  {villages:,} villages, {workers} worker(s): simulated {seconds:,.0f} s, measured"
            f" {measured:,.0f} s, {100 * (seconds / measured - 1):+.0f} %"
        )
    seconds = database_seconds(Setting(costs=costs))
    print(
        f"  database for a village: on paper {1000 * seconds:.2f} ms, measured"
        f" {1000 * DATABASE_MEASURED:.2f} ms"
    )


if __name__ == "__main__":
    main()

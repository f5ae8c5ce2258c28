"""What a plan of the nation needs, reckoned on paper: each line with its formula and numbers.

Seconds on paper are those in which the thing is busy if it never waits for another; whatever takes
longest is what the plan takes at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.db import SWEEPER, WEB, WORKER
from tasks.depth import MOST_PLANS_SENT

if TYPE_CHECKING:
    from tests.benchmarks.nation_costs import Setting


@dataclass(frozen=True)
class Line:
    """One thing that is needed: how it is reckoned, and how much of it, in its unit."""

    what: str
    reckoning: str
    result: float
    unit: str


def on_paper(one: Setting) -> list[Line]:
    """Reckon workers, asking, database, Redis, connections, memory, rows and disk."""
    return [*_seconds(one), _sweeping(one), _connections(one), *_bytes(one)]


def least_seconds(one: Setting) -> float:
    """Tell how long the plan takes at least: as long as the busiest of all."""
    return max(line.result for line in _seconds(one))


def database_seconds(one: Setting) -> float:
    """Tell how long one core of the database is busy for a village, its part of a branch with it.

    Three connections are made for each batch: to claim it, to read it, to save its plan.
    """
    cost = one.costs
    a_branch = cost.ask_a_branch_in_database + cost.claim_and_read + 3 * cost.connect
    return one.branches * a_branch / one.villages + cost.save_a_village


def _seconds(one: Setting) -> list[Line]:
    cost = one.costs
    thinking = one.villages * cost.think_a_village / one.workers
    asking = one.branches * cost.ask_a_branch / one.hands
    told = f"{one.branches:,} branches × {_ms(cost.ask_a_branch)} / {one.hands} hands"
    return [
        Line(
            "workers",
            f"{one.villages:,} villages × {_ms(cost.think_a_village)} / {one.workers} workers",
            thinking,
            "s",
        ),
        Line("asking", told, asking, "s"),
        _database(one),
        _redis(one),
    ]


def _database(one: Setting) -> Line:
    cost = one.costs
    asked, read, connect = cost.ask_a_branch_in_database, cost.claim_and_read, cost.connect
    told = (
        f"({one.branches:,} branches × (ask {_ms(asked)} + claim and read {_ms(read)}"
        f" + 3 × connect {_ms(connect)}) + {one.villages:,} villages"
        f" × save {_ms(cost.save_a_village)}) / {one.database_cores} cores"
    )
    seconds = one.villages * database_seconds(one) / one.database_cores
    return Line("database", told, seconds, "s")


def _redis(one: Setting) -> Line:
    told = f"{one.branches:,} messages × 2 × {_ms(one.costs.queue_operation)}"
    return Line("Redis", told, one.branches * 2 * one.costs.queue_operation, "s")


def _sweeping(one: Setting) -> Line:
    """Reckon what goes on all the time, whatever is planned, as a part of one core."""
    cost = one.costs
    told = (
        f"{one.worker_machines} workers × beat {_ms(cost.beat)} / {one.beat_every:.0f} s + sweep"
        f" {_ms(cost.sweep)} / {one.sweep_every:.0f} s + tidy {_ms(cost.tidy)} /"
        f" {one.tidy_every:.0f} s + watch {_ms(cost.watch)} / {one.watch_every:.0f} s"
    )
    beating = one.worker_machines * cost.beat / one.beat_every
    looking = cost.sweep / one.sweep_every + cost.tidy / one.tidy_every
    watching = cost.watch / one.watch_every
    return Line("at all times", told, beating + looking + watching, "cores")


def _connections(one: Setting) -> Line:
    told = (
        f"{one.workers} children × {WORKER.connections} + {one.worker_machines} workers"
        f" + {one.web_processes} webs × {WEB.connections} + {one.sweepers} sweepers ×"
        f" {SWEEPER.connections} + {one.hands} hands + 1"
    )
    return Line("connections", told, one.connections_bound, "at most")


def _bytes(one: Setting) -> list[Line]:
    cost = one.costs
    message, row, worker = cost.queue_message_bytes, cost.bytes_a_village, cost.worker_bytes
    messages = MOST_PLANS_SENT + one.workers
    return [
        Line(
            "Redis's memory",
            f"({MOST_PLANS_SENT:,} waiting + {one.workers} taken) × {message:,.0f} bytes",
            messages * message / 1e6,
            "MB",
        ),
        Line(
            "workers' memory",
            f"{one.workers} workers × {worker / 1e6:,.0f} MB",
            one.workers * worker / 1e9,
            "GB",
        ),
        Line(
            "disk for rows",
            f"{one.villages:,} villages × {row:,.0f} bytes",
            one.villages * row / 1e9,
            "GB",
        ),
    ]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"

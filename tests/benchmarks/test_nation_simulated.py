"""The simulation of the nation: all is planned, in the order of time, and as it was measured."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from outreach.config import ROOT
from tests.benchmarks.bench_nation_needs import DATABASE_MEASURED, MEASURED, as_measured, before
from tests.benchmarks.nation_costs import Setting
from tests.benchmarks.nation_on_paper import database_seconds, least_seconds, on_paper
from tests.benchmarks.nation_simulated import Clock, Nation, Server, simulated

SMALL = Setting(villages=50_000, workers=400, hands=2)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_plans_every_branch_and_the_same_again() -> None:
    one, again = simulated(SMALL), simulated(SMALL)
    assert one.done == SMALL.branches == one.claims
    assert not one.waiting
    assert not one.queue
    assert (one.over_at, one.most_connected) == (again.over_at, again.most_connected)


def test_more_of_what_saturates_makes_it_faster_and_more_of_the_rest_does_not() -> None:
    slow = simulated(SMALL).over_at
    assert simulated(replace(SMALL, hands=8)).over_at < 0.6 * slow  # asking was what it waited for
    assert simulated(replace(SMALL, workers=800)).over_at > 0.9 * slow


def test_what_comes_first_is_served_first_and_no_core_waits_for_what_is_still_to_come() -> None:
    clock, served = Clock(), list[tuple[str, float]]()
    server = Server(clock, 1)

    def note(name: str) -> None:
        served.append((name, clock.now))

    clock.after(5.0, lambda: server.serve(1.0, partial(note, "asked at five")))
    clock.after(1.0, lambda: server.serve(2.0, partial(note, "asked at one")))
    clock.after(2.0, lambda: server.serve(2.5, partial(note, "asked at two")))
    _run(clock)
    assert served == [("asked at one", 3.0), ("asked at two", 5.5), ("asked at five", 6.5)]
    assert (server.busy, server.longest_wait) == (5.5, 1.0)


def test_who_shares_cores_gets_as_much_as_the_others() -> None:
    clock, ended = Clock(), list[float]()
    machine = Server(clock, 2, slice_seconds=0.01)
    for _ in range(4):
        machine.serve(1.0, lambda: ended.append(clock.now))
    _run(clock)
    assert ended == pytest.approx([2.0] * 4, abs=0.05)


@pytest.mark.parametrize(("villages", "workers", "seconds"), MEASURED)
def test_it_takes_as_long_as_was_measured(villages: int, workers: int, seconds: float) -> None:
    assert simulated(as_measured(villages, workers)).over_at == pytest.approx(seconds, rel=0.15)


def test_the_database_is_busy_as_long_as_was_measured() -> None:
    assert database_seconds(Setting()) == pytest.approx(DATABASE_MEASURED, rel=0.2)


def test_nobody_is_faster_or_takes_more_connections_than_on_paper() -> None:
    for setting in (SMALL, Setting(), before(Setting())):
        made = simulated(setting)
        assert made.over_at > least_seconds(setting)
        assert made.connections() <= setting.connections_bound


def test_beats_and_renewals_come_as_often_as_they_are_due() -> None:
    slow = replace(SMALL, villages_a_branch=1000)  # 34 seconds of thought, renewed every ten
    made = simulated(slow)
    assert made.renewals == 3 * slow.branches
    per_second = slow.worker_machines / slow.beat_every
    assert made.beats / made.over_at == pytest.approx(per_second, rel=0.05)


def test_every_cost_tells_where_it_is_from_and_every_line_reckons_with_numbers() -> None:
    assert all(source for _, source in Setting().costs.sources().values())
    lines = on_paper(Setting())
    assert all(line.result > 0 and "×" in line.reckoning for line in lines)
    assert {"workers", "asking", "database", "Redis", "connections", "disk for rows"} <= {
        line.what for line in lines
    }


def test_the_readme_tells_what_comes_out() -> None:
    now, was = simulated(Setting()), simulated(before(Setting()))
    row = next(line for line in README.splitlines() if "1,000,000 villages and 500 workers" in line)
    for made in (now, was):
        assert f"{made.over_at:.0f} s, {made.connections()} connections" in row
    assert f"database busy to {100 * _share(now, 'database'):.0f} %" in row
    assert f"workers to {100 * _share(now, 'workers'):.0f} %" in row


def _share(made: Nation, name: str) -> float:
    return made.shares()[name]


def _run(clock: Clock) -> None:
    """Let happen what is to happen, to the end."""
    while not clock.is_over:
        clock.step()

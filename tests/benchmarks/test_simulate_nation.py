"""The simulation of the nation: every village is planned, the same again, and by more sooner."""

from __future__ import annotations

from dataclasses import replace

from tests.benchmarks.simulate_nation import Setting, simulated

SMALL = Setting(villages=50_000, workers=400, hands=2)


def test_it_plans_every_branch_and_the_same_again() -> None:
    one, again = simulated(SMALL), simulated(SMALL)
    assert one.done == SMALL.branches == one.claims
    assert not one.waiting
    assert not one.queue
    assert (one.over_at, one.most_connected) == (again.over_at, again.most_connected)
    # Nobody plans faster than all workers together think.
    assert one.over_at > one.thought / SMALL.workers


def test_more_of_what_saturates_makes_it_faster_and_more_of_the_rest_does_not() -> None:
    slow = simulated(SMALL).over_at
    assert simulated(replace(SMALL, hands=8)).over_at < 0.6 * slow  # asking was what it waited for
    assert simulated(replace(SMALL, workers=800)).over_at > 0.9 * slow

"""Goals 1 to 3: near the bound, ahead of the rivals, most value where time is scarce."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.map_goals import Goal
from tests.benchmarks.planning.by_hand import BY_VALUE, CAREFUL
from tests.benchmarks.planning.rivals import ORTOOLS, VROOM
from tests.benchmarks.planning.windows import Room

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.benchmarks.planning.branch_rows import Proof, Row
    from tests.benchmarks.planning.judged import Judged

#: Above the bound, in sum and at worst.
MOST_GAP = {Room.AMPLE: (0.005, 0.02), Room.SCARCE: (0.01, 0.03)}
MOST_CHEAP_GAP = 0.004
#: Each of the two stops within a ten-thousandth of what it could prove.
MOST_APART = 0.0005
#: Our cost against a rival's in sum, and on any one branch.
MOST_OF_RIVAL = {VROOM: 0.98, ORTOOLS: 0.985}
MOST_ON_A_BRANCH = 1.005
LEAST_OF_BY_HAND = {CAREFUL: 1.3, BY_VALUE: 1.1}


def goals_of(rows: Sequence[Row], wanted: frozenset[int]) -> list[Goal]:
    """Judge the goals of these that are wanted."""
    goals: list[Goal] = []
    if 1 in wanted:
        goals += bound_goals(rows)
    if 2 in wanted:
        goals += [rival_goal(rows, rival) for rival in MOST_OF_RIVAL]
    if 3 in wanted:
        goals += value_goals(rows)
    return goals


def bound_goals(rows: Sequence[Row]) -> list[Goal]:
    """Goal 1: how far the plans are at most from the best possible ones."""
    by_room = {room: [row for row in rows if row.room is room] for room in Room}
    goals = [_gap_goal(room, found) for room, found in by_room.items() if found]
    cheap = [row.cheap for found in by_room.values() for row in found if row.cheap]
    if cheap:
        total = in_sum(cheap)
        told = f"travel and team-days alone at most {MOST_CHEAP_GAP:.1%} over the bound in sum"
        goals.append(Goal(1, told, f"{total:.2%}", total <= MOST_CHEAP_GAP))
    return [*goals, *_agreement(rows)]


def _agreement(rows: Iterable[Row]) -> list[Goal]:
    """Hold the product's bound against another programme's of the same questions."""
    proofs = [row.proof for row in rows if row.proof] + [row.cheap for row in rows if row.cheap]
    apart = [abs(one.bound_s / one.other_s - 1) for one in proofs if one.other_s]
    if not apart:
        return []
    told = f"two bounds of a question differ by at most {MOST_APART:.2%}"
    measured = f"{max(apart):.3%} at most, in {len(apart)} questions"
    return [Goal(1, told, measured, max(apart) <= MOST_APART)]


def _gap_goal(room: Room, rows: Iterable[Row]) -> Goal:
    proofs = {row.name: row.proof for row in rows if row.proof}
    total = in_sum(proofs.values())
    worst = max(proofs, key=lambda name: proofs[name].gap)
    most, most_at_worst = MOST_GAP[room]
    return Goal(
        1,
        f"{room}: at most {most:.1%} over the bound in sum, {most_at_worst:.0%} at worst",
        f"{total:.2%} in sum, {proofs[worst].gap:.2%} at worst ({worst})",
        total <= most and proofs[worst].gap <= most_at_worst,
    )


def in_sum(proofs: Iterable[Proof]) -> float:
    """How far all plans together are above all bounds together."""
    found = list(proofs)
    return sum(one.cost_s for one in found) / sum(one.bound_s for one in found) - 1


def rival_goal(rows: Sequence[Row], rival: str) -> Goal:
    """Goal 2: what our plans cost against a rival's best setting, the same time for each."""
    most = MOST_OF_RIVAL[rival]
    sums = {room: _of_rival([row for row in rows if row.room is room], rival) for room in Room}
    each = {f"{row.name}, {row.room}": _of_rival([row], rival) for row in rows}
    worst = max(each, key=lambda name: each[name])
    told = ", ".join(f"{room} {share:.3f}" for room, share in sums.items() if share)
    return Goal(
        2,
        f"at most {most} of the cost of {rival} in sum, {MOST_ON_A_BRANCH} on any branch",
        f"{told}; at worst {each[worst]:.3f} ({worst})",
        max(sums.values()) <= most and each[worst] <= MOST_ON_A_BRANCH,
    )


def _of_rival(rows: Sequence[Row], rival: str) -> float:
    theirs = sum(row.rivals[rival][1].total_s for row in rows)
    return sum(row.ours.total_s for row in rows) / theirs if theirs else 0.0


def value_goals(rows: Iterable[Row]) -> list[Goal]:
    """Goal 3: value reached in scarce time, and nobody left behind in ample time."""
    found = list(rows)
    scarce = [row for row in found if row.room is Room.SCARCE]
    left = {row.name: row.ours.left for row in found if row.room is Room.AMPLE}
    goals = []
    if scarce:
        ours = _reached(scarce, [row.ours for row in scarce])
        shares = {
            way: ours / _reached(scarce, [row.by_hand[way] for row in scarce])
            for way in LEAST_OF_BY_HAND
        }
        asked = ", ".join(f"{least} x {way}" for way, least in LEAST_OF_BY_HAND.items())
        goals.append(
            Goal(
                3,
                f"scarce: value reached at least {asked}",
                f"{ours:.1%}: "
                + ", ".join(f"{share:.2f} x {way}" for way, share in shares.items()),
                all(shares[way] >= least for way, least in LEAST_OF_BY_HAND.items()),
            )
        )
    if left:
        behind = {name: count for name, count in left.items() if count}
        told = ", ".join(f"{name} {count}" for name, count in behind.items())
        goals.append(Goal(3, "with 8 % to spare no village is left", told or "none", not behind))
    return goals


def _reached(rows: Sequence[Row], judged: Iterable[Judged]) -> float:
    """Share of the value reached: branches weigh as many as their villages are."""
    villages = [len(row.problem.sites) for row in rows]
    shares = [one.reached for one in judged]
    return sum(share * many for share, many in zip(shares, villages, strict=True)) / sum(villages)

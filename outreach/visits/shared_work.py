"""How fairly the planner shared the trips of a stage among its teams, and what that cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from outreach.visits.latest_figures import latest_figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlmodel import Session

PRICES_OF_HANDING = ("handed", "travel_minutes", "cost_minutes")


@dataclass(frozen=True, slots=True)
class SharedWork:
    """What sharing the trips of a plan has brought.

    Attributes
    ----------
    fallen_minutes, shared_minutes
        From the lowest load of a team to the highest, as the trips fell and as they were shared,
        each beyond what the team is due by its working days.
    strangers
        Villages whose team has no other trip in their district, because of it.
    handed
        Trips that teams of another base make because of it.
    travel_minutes, cost_minutes
        What those cost more: on the road (less where below 0), and by the bill with all waiting.
    """

    fallen_minutes: int
    shared_minutes: int
    strangers: int
    handed: int = 0
    travel_minutes: int = 0
    cost_minutes: int = 0


def shared_work(db: Session, stage_id: int) -> SharedWork | None:
    """Read what the latest run of a stage tells; None where no trips were shared.

    It answers whoever asks: the caller has read the stage as the person may see it.
    """
    told = [figures["shares"] for figures in latest_figures(db, stage_id, "shares")]
    if not told:
        return None
    due = _due(told)
    return SharedWork(
        _apart([one["fallen"] for one in told], due),
        _apart([one["shared"] for one in told], due),
        sum(one["strangers"] for one in told),
        # A run of an earlier version handed no trips to other bases.
        *(sum(one.get(name, 0) for one in told) for name in PRICES_OF_HANDING),
    )


def _due(told: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Share what all teams carry by the working days of each; a run of before knew no days."""
    days: Counter[str] = Counter()
    for one in told:
        days.update(one.get("days", {}))
    whole = sum(sum(one["fallen"].values()) for one in told)
    return {team: whole * count // days.total() for team, count in days.items()}


def _apart(parts: Sequence[Mapping[str, int]], due: Mapping[str, int]) -> int:
    """Sum what each team carries in all parts of the run, and compare what is beyond its due."""
    loads: Counter[str] = Counter()
    for part in parts:
        loads.update(part)
    beyond = [minutes - due.get(team, 0) for team, minutes in loads.items()]
    return max(beyond, default=0) - min(beyond, default=0)

"""A plan as a file: the form of ``outreach-plan``, version 1, and how it is made of a plan."""

from __future__ import annotations

from collections import defaultdict
from datetime import date  # noqa: TC003 - read by pydantic at run time
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from outreach.planning.bill import bill_of
from outreach.planning.check import Rule, violations
from outreach.planning.model import Reason, Remedy  # noqa: TC001 - as above
from outreach.planning.problem_file import TravelNotes, parameters_in
from outreach.planning.problem_form import (
    Clock,
    ParametersIn,
    TeamId,
    VillageCode,
    Written,
    clock_of,
)

if TYPE_CHECKING:
    from outreach.planning.bill import Bill
    from outreach.planning.model import Plan, PlannedVisit, Problem, Stay

FORMAT: Literal["outreach-plan"] = "outreach-plan"
VERSION: Literal[1] = 1

#: No table of travel, or one that could be taken as it was.
UNTOUCHED = TravelNotes()

type Amount = Annotated[int, Field(ge=0)]


class VisitOut(Written):
    """One village, one team, one date and time."""

    code: VillageCode
    team: TeamId
    day: date
    slot: Annotated[int, Field(ge=1, description="1 is the first session of the team's day.")]
    starts: Clock
    ends: Clock
    travel_minutes: Annotated[Amount, Field(description="From the stop before, or from the base.")]
    return_minutes: Annotated[Amount, Field(description="Back to the base after the last.")]


class StayOut(Written):
    """A team that stays at a hub village and makes day-trips from there."""

    team: TeamId
    hub: VillageCode
    travel_days: Annotated[list[date], Field(description="On the way there and back.")]
    session_days: list[date]
    access_minutes: Annotated[Amount, Field(description="From the base to the hub, one way.")]


class UnplacedOut(Written):
    """A village without a visit, the one reason, and the cheapest cure."""

    code: VillageCode
    reason: Reason
    remedy: Remedy
    amount: Annotated[Amount, Field(description="Days, teams, minutes or an ISO weekday.")]


class BillOut(Written):
    """What the plan costs by the planner's own price list, in seconds of travel."""

    travel_s: float
    team_days_s: float
    delay_s: float
    soft_s: float
    apart_s: float
    left_out_s: float
    total_s: float


class FiguresOut(Written):
    """The plan summed up; `value` are the sign-ups expected."""

    villages: Amount
    visits: Amount
    unplaced: Amount
    team_days_used: Amount
    travel_minutes: Amount
    value: float
    value_visited: float
    value_by_day: dict[date, float]
    bill: BillOut


class NotesOut(Written):
    """What was done to the table of travel, see `TravelIn`; all 0 without one."""

    evened_pairs: Amount
    most_apart_s: float
    shortened_pairs: Amount


class ViolationOut(Written):
    """A rule that a visit that stood already breaks."""

    rule: Rule
    code: str
    team: TeamId | None
    day: date | None


class PlanFile(Written):
    """The answer: every village is in `visits` or in `unplaced`, never in both.

    `seed`, `parameters`, `rounds` and `solver` make the same plan again: put `rounds` into the
    problem's parameters in place of `cpu_seconds`.
    """

    format: Literal["outreach-plan"]
    version: Literal[1]
    solver: str
    seed: int
    rounds: tuple[int, int]
    parameters: ParametersIn
    visits: list[VisitOut]
    stays: list[StayOut]
    unplaced: list[UnplacedOut]
    violations: Annotated[
        list[ViolationOut], Field(description="Empty, unless visits that stand break a rule.")
    ]
    figures: FiguresOut
    notes: NotesOut
    certificate: Annotated[
        dict[str, Any] | None, Field(description="How far from the best possible at most.")
    ] = None


def plan_file(
    problem: Problem,
    plan: Plan,
    notes: TravelNotes = UNTOUCHED,
    certificate: dict[str, Any] | None = None,
) -> PlanFile:
    """Write a plan of the problem down."""
    minutes = {site.code: site.session_minutes for site in problem.sites}
    return PlanFile(
        format=FORMAT,
        version=VERSION,
        solver=plan.solver,
        seed=plan.seed,
        rounds=plan.rounds,
        parameters=parameters_in(problem.parameters),
        visits=[_visit(one, minutes[one.code]) for one in plan.visits],
        stays=[_stay(one) for one in plan.stays],
        unplaced=[
            UnplacedOut(code=one.code, reason=one.reason, remedy=one.remedy, amount=one.amount)
            for one in plan.unplaced
        ],
        violations=[
            ViolationOut(rule=one.rule, code=one.code, team=one.team_id, day=one.day)
            for one in violations(problem, plan)
        ],
        figures=_figures(problem, plan),
        notes=NotesOut(
            evened_pairs=notes.evened_pairs,
            most_apart_s=notes.most_apart_s,
            shortened_pairs=notes.shortened_pairs,
        ),
        certificate=certificate,
    )


def _visit(visit: PlannedVisit, session_minutes: int) -> VisitOut:
    return VisitOut(
        code=visit.code,
        team=visit.team_id,
        day=visit.day,
        slot=visit.slot,
        starts=clock_of(visit.starts_minute),
        ends=clock_of(visit.starts_minute + session_minutes),
        travel_minutes=visit.travel_minutes,
        return_minutes=visit.return_minutes,
    )


def _stay(stay: Stay) -> StayOut:
    return StayOut(
        team=stay.team_id,
        hub=stay.hub_code,
        travel_days=list(stay.travel_days),
        session_days=list(stay.session_days),
        access_minutes=stay.access_minutes,
    )


def _figures(problem: Problem, plan: Plan) -> FiguresOut:
    value = {site.code: site.value for site in problem.sites}
    by_day: dict[date, float] = defaultdict(float)
    for visit in plan.visits:
        by_day[visit.day] += value[visit.code]
    return FiguresOut(
        villages=len(problem.sites),
        visits=len(plan.visits),
        unplaced=len(plan.unplaced),
        team_days_used=plan.team_days_used,
        travel_minutes=plan.travel_minutes,
        value=round(sum(value.values()), 6),
        value_visited=round(sum(by_day.values()), 6),
        value_by_day={day: round(by_day[day], 6) for day in sorted(by_day)},
        bill=_bill(bill_of(problem, plan)),
    )


def _bill(bill: Bill) -> BillOut:
    parts = ("travel_s", "team_days_s", "delay_s", "soft_s", "apart_s", "left_out_s", "total_s")
    return BillOut(**{name: round(float(getattr(bill, name)), 3) for name in parts})

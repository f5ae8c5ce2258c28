"""What the planner refuses to be asked."""

from __future__ import annotations

import math

import pytest

from outreach.planning.model import Parameters
from tests.planning.builders import problem, site, team_day


@pytest.mark.parametrize("wrong", [{"day_price": math.nan}, {"day_price": -0.1}])
def test_parameters_refuse_a_price_that_is_no_amount(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="price"):
        Parameters(**wrong)  # type: ignore[arg-type]


def test_parameters_refuse_rounds_that_never_end() -> None:
    with pytest.raises(ValueError, match="rounds"):
        Parameters(rounds=-1)


@pytest.mark.parametrize(
    ("value", "session_minutes"), [(math.nan, 120), (math.inf, 120), (-1.0, 120), (1.0, 0)]
)
def test_a_problem_refuses_sites_no_plan_could_serve(value: float, session_minutes: int) -> None:
    with pytest.raises(ValueError, match="must"):
        problem([site(0, value=value, session_minutes=session_minutes)], [])


def test_a_problem_refuses_doubles() -> None:
    with pytest.raises(ValueError, match="village stands twice"):
        problem([site(0), site(0)], [])
    with pytest.raises(ValueError, match="team stands twice"):
        problem([], [team_day(), team_day(sessions=1)])


def test_a_problem_refuses_a_day_that_holds_nothing() -> None:
    with pytest.raises(ValueError, match="at least a session"):
        problem([site(0)], [team_day(sessions=0)])

"""A report has the same signs whether it came alone or with others in one envelope."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from outreach.db import unit_of_work
from outreach.logbook.sending import Sending
from outreach.logbook.sync import take_in
from outreach.people.tables import Role, Team
from outreach.visits.tables import Visit
from tests.field import NOW, Field, account, make_field, told
from tests.logbook.judged import HONEST
from tests.logbook.sending import forget, outcomes, reports, send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from outreach.people.access import Person

FAR = {"latitude": -7.75, "longitude": 110.7}
NOT_MET = {"met": "not_met", "men": 0, "women": 0, "signups": 0}

#: Of which visit, by whom, when, how many men, how many had paid, whether met, whether far away.
type Line = tuple[int, bool, str, int, int | None, bool, bool]
LINES = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2]),
        st.booleans(),
        st.sampled_from(["09:00", "09:10", "15:00"]),
        st.sampled_from([19, 19, 30]),
        st.sampled_from([None, 0, 1]),
        st.sampled_from([True, True, True, False]),
        st.booleans(),
    ),
    max_size=8,
)


@pytest.fixture(scope="module")
def villages(shared: Engine) -> tuple[Field, Person]:
    """Three visits, the third of another team, and an official of all of them."""
    with unit_of_work(shared) as db:
        at = make_field(db, 3)
        team = db.get_one(Team, at.team_id)
        base, branch = team.base_village_code, team.branch_id
        other = Team(branch_id=branch, name="Tim B", base_village_code=base, weekdays=[1])
        db.add(other)
        db.flush()
        db.get_one(Visit, at.visits[at.codes[2]]).team_id = other.id or 0
        return at, account(db, "camat", Role.OFFICIAL, ("33.72",))


def items_of(at: Field, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """A second report of a visit corrects the one before."""
    last: dict[int, str] = {}
    items = []
    for number, (which, _official, hour, men, paid, is_met, is_far) in enumerate(lines, start=1):
        item = told(at.visits[at.codes[which]], id=str(uuid.UUID(int=number)), held_at=hour)
        counts = {**HONEST, "men": men, "paid": paid} if is_met else NOT_MET
        item |= {**counts, **(FAR if is_far else {}), "corrects_id": last.get(which)}
        last[which] = item["id"]
        items.append(item)
    return items


def signs(
    engine: Engine,
    villages: tuple[Field, Person],
    lines: Sequence[Line],
    cuts: set[int],
) -> dict[str, set[str]]:
    """The signs of what counts in the end; whoever sends begins an envelope of his own."""
    at, official = villages
    items = items_of(at, lines)
    edges = {0, len(lines), *(cut for cut in cuts if cut < len(lines))}
    edges |= {n for n in range(1, len(lines)) if lines[n][1] != lines[n - 1][1]}
    for first, last in itertools.pairwise(sorted(edges)):
        by = official if lines[first][1] else at.coordinator
        sent = send(engine, by, *items[first:last])
        assert set(outcomes(sent)) == {"accepted"}
    found = {one.id: set(one.flags) for one in reports(engine) if one.corrected_by is None}
    forget(engine)
    return found


A, B = (0, False, "09:00", 19, None, True, False), (1, False, "15:00", 19, None, True, False)
NEAR_IN_TIME = (1, False, "09:10", 30, None, True, True)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=LINES, cuts=st.sets(st.integers(1, 7)), others=st.sets(st.integers(1, 7)))
@example(lines=[A, (0, False, "15:00", 19, 1, True, False), NEAR_IN_TIME], cuts={1}, others={1, 2})
@example(lines=[A, NEAR_IN_TIME, (0, *A[1:2], "15:00", *A[3:])], cuts=set(), others={1, 2})
@example(lines=[A, (0, False, "09:00", 30, None, True, False), B], cuts=set(), others={1, 2})
@example(lines=[A, B, (0, False, "09:00", 30, None, True, False)], cuts=set(), others={2})
def test_the_signs_of_what_counts_do_not_depend_on_the_envelopes(
    shared: Engine,
    villages: tuple[Field, Person],
    lines: list[Line],
    cuts: set[int],
    others: set[int],
) -> None:
    assert signs(shared, villages, lines, cuts) == signs(shared, villages, lines, others)


def sent(engine: Engine, at: Field, *items: dict[str, Any], skew: int | None = None) -> None:
    with unit_of_work(engine) as db:
        answers = take_in(db, items, at.coordinator, NOW, Sending(skew_seconds=skew))
    assert set(outcomes(answers)) == {"accepted"}


def current(engine: Engine) -> dict[str, list[str]]:
    return {one.id: one.flags for one in reports(engine) if one.corrected_by is None}


def of(at: Field, number: int, **other: Any) -> dict[str, Any]:
    return told(at.visits[at.codes[number]], **{**HONEST, "men": 19 + number, **other})


def test_a_correction_relieves_the_other_report_and_its_own(engine: Engine, at: Field) -> None:
    first, second = of(at, 0), of(at, 1, held_at="09:10")
    sent(engine, at, first)
    sent(engine, at, second)
    fast = ["impossible_travel"]
    assert current(engine) == {first["id"]: fast, second["id"]: fast}
    right = of(at, 0, held_at="15:00", corrects_id=first["id"])
    sent(engine, at, right)
    assert current(engine) == {right["id"]: [], second["id"]: []}


def test_a_sign_stays_while_a_third_report_gives_reason_for_it(engine: Engine, at: Field) -> None:
    first, second, third = of(at, 0), of(at, 1, held_at="09:10"), of(at, 2, held_at="09:20")
    sent(engine, at, first, second, third)
    right = of(at, 0, held_at="15:00", corrects_id=first["id"])
    sent(engine, at, right)
    fast = ["impossible_travel"]
    assert current(engine) == {right["id"]: [], second["id"]: fast, third["id"]: fast}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_visit_where_nobody_was_met_is_no_part_of_a_journey(
    engine: Engine, at: Field, order: tuple[int, int]
) -> None:
    items = [of(at, 0, **NOT_MET), of(at, 1, held_at="09:10")]
    for number in order:
        sent(engine, at, items[number])
    assert current(engine) == {one["id"]: [] for one in items}


@pytest.mark.parametrize(
    ("paid", "wanted"),
    [((0, None), True), ((None, 3), True), ((3, 3), True), ((0, 3), False)],
)
def test_who_has_paid_is_compared_where_both_know_it(
    engine: Engine, at: Field, paid: tuple[int | None, int | None], wanted: bool
) -> None:
    items = [
        of(at, n, men=19, held_at=hour, paid=one)
        for n, (hour, one) in enumerate(zip(("09:00", "15:00"), paid, strict=True))
    ]
    sent(engine, at, *items)
    copied = ["copied_counts"] if wanted else []
    assert current(engine) == {one["id"]: copied for one in items}


def test_what_a_correction_cannot_answer_stays_said_of_the_report_before(
    engine: Engine, at: Field
) -> None:
    first = of(at, 0, latitude=-6.2, longitude=106.8)
    sent(engine, at, first, skew=900_000)
    assert set(current(engine)[first["id"]]) == {"far_from_village", "clock_wrong"}
    by_hand = of(at, 0, men=22, corrects_id=first["id"])
    again = of(at, 0, men=23, corrects_id=by_hand["id"])
    remains = ["was_far_from_village", "clock_was_wrong"]
    sent(engine, at, by_hand)
    assert current(engine) == {by_hand["id"]: remains}
    sent(engine, at, again)
    assert current(engine) == {again["id"]: remains}
    by_phone = of(at, 0, men=24, corrects_id=again["id"])
    sent(engine, at, by_phone, skew=0)
    assert current(engine) == {by_phone["id"]: ["was_far_from_village"]}

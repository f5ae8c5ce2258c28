"""A problem as a file: every error at once with its path, and nothing lost on the way."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.planning.model import Hours, Pin, Problem
from outreach.planning.problem_file import (
    NotAProblem,
    read_problem,
    row_point,
    shortest_ways,
)
from outreach.planning.problem_form import MOST_BYTES
from tests.planning.builders import FRIDAY, MONDAY

TUESDAY, WEEK = MONDAY + timedelta(days=1), timedelta(weeks=1)
SMALL: dict[str, Any] = {
    "format": "outreach-problem",
    "version": 1,
    "villages": [
        {
            "code": "33.72.01.1001",
            "place": {"latitude": -7.57, "longitude": 110.8},
            "value": 20,
            "closed_days": ["2027-01-12"],
            "hours": {"opens": "08:00", "closes": "15:00"},
            "hours_on": {"2027-01-15": {"closes": "11:00"}},
            "day_costs": {"2027-01-13": 45},
            "pin": {"team": 1, "day": "2027-01-11", "starts": "09:30"},
        },
        {"code": "33.72.01.1002", "value": 5.5, "open_days": ["2027-01-11"]},
    ],
    "teams": [
        {
            "id": 1,
            "base": {"latitude": -7.5, "longitude": 110.8, "region_code": "33.72"},
            "period": {"first": "2027-01-11", "last": "2027-01-17"},
            "leave": ["2027-01-14"],
        }
    ],
}
TABLE: dict[str, Any] = {
    "format": "outreach-problem",
    "version": 1,
    "travel": {"source": "stopwatch", "seconds": [[0, 61, 600], [59, 0, 120], [600, 120, 0]]},
    "villages": [
        {"code": "33.72.01.1001", "row": 1, "value": 1},
        {"code": "33.72.01.1002", "row": 2, "value": 1},
    ],
    "teams": [{"id": 3, "base_row": 0, "days": ["2027-01-11"], "sessions": 2, "ends": "16:00"}],
}


def read(told: object) -> Problem:
    return read_problem(json.dumps(told).encode())[0]


def faults(content: bytes) -> list[tuple[str, str]]:
    with pytest.raises(NotAProblem) as refused:
        read_problem(content)
    return [(fault.path, fault.problem) for fault in refused.value.faults]


def changed(told: dict[str, Any], *changes: tuple[str, Any]) -> bytes:
    """Write a problem with the fields at dotted paths set, or taken out where the value is ..."""
    copy = deepcopy(told)
    for path, value in changes:
        steps = [int(one) if one.isdigit() else one for one in path.split(".")]
        at: Any = copy
        for step in steps[:-1]:
            at = at[step]
        if value is ...:
            del at[steps[-1]]
        else:
            at[steps[-1]] = value
    return json.dumps(copy).encode()


def test_a_small_problem_is_read_as_it_is_written() -> None:
    problem = read(SMALL)
    first, second = problem.sites
    assert first.closed_days == {TUESDAY}
    assert (first.hours, first.hours_of(FRIDAY)) == (Hours(480, 900), Hours(0, 660))
    assert first.day_costs == {date(2027, 1, 13): 45}
    assert first.pin == Pin(1, MONDAY, 570)
    assert first.point.region_code == "33.72"
    assert math.isnan(second.point.latitude)
    # Friday the 15th, not Sunday the 17th, and not the day of leave.
    assert [one.day.day for one in problem.team_days] == [11, 12, 13, 15, 16]
    assert second.closed_days == {one.day for one in problem.team_days} - {MONDAY}
    assert {(one.starts_minute, one.ends_minute, one.sessions) for one in problem.team_days} == {
        (480, 1020, 3)
    }


def test_a_table_of_travel_is_made_whole_even_and_without_ways_round() -> None:
    problem, notes = read_problem(json.dumps(TABLE).encode())
    assert problem.travel is not None
    assert problem.travel.minutes.tolist() == [[0, 2, 4], [2, 0, 2], [4, 2, 0]]
    assert (notes.evened_pairs, notes.most_apart_s, notes.shortened_pairs) == (0, 2.0, 1)
    assert [one.point for one in problem.sites] == [row_point(1), row_point(2)]
    seconds = [[0, 600], [1200, 0]]
    uneven = changed(
        TABLE, ("travel.seconds", seconds), ("villages.0.row", 0), ("villages.1.row", 1)
    )
    problem, notes = read_problem(uneven)
    assert problem.travel is not None
    assert problem.travel.minutes.tolist() == [[0, 20], [20, 0]]
    assert (notes.evened_pairs, notes.most_apart_s) == (1, 600.0)


@given(st.integers(1, 7), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_minutes_of_a_table_are_never_shorter_than_the_shortest_way(n: int, draw: Any) -> None:
    seconds = [[0 if a == b else draw.randrange(9_000) for b in range(n)] for a in range(n)]
    told = changed(TABLE, ("travel.seconds", seconds), ("villages", []), ("teams", []))
    travel = read(json.loads(told)).travel
    assert travel is not None
    minutes = travel.minutes
    assert (minutes == minutes.T).all()
    assert (np.diag(minutes) == 0).all()
    for a in range(n):
        for b in range(n):
            assert all(minutes[a, b] <= minutes[a, c] + minutes[c, b] for c in range(n))
    ways = shortest_ways(np.array(seconds, dtype=np.int64))
    assert (minutes * 60 >= ways).all()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("version", 2)], [("version", "literal_error")]),
        ([("villages.0.value", math.nan)], [("villages[0].value", "finite_number")]),
        ([("villages.0.value", "20")], [("villages[0].value", "float_type")]),
        ([("villages.0.priority", 1)], [("villages[0].priority", "extra_forbidden")]),
        (
            [("villages.0.hours.closes", "8:00")],
            [("villages[0].hours.closes", "string_pattern_mismatch")],
        ),
        (
            [("villages.0.hours.closes", "07:00")],
            [
                ("villages[0].hours", "ends_before_it_starts"),
                ("villages[0].pin.starts", "outside_hours"),
            ],
        ),
        ([("villages.1.code", "33.72.01.1001")], [("villages[1].code", "double")]),
        ([("villages.1.row", 1)], [("villages[1].row", "row_without_table")]),
        (
            [("villages.1.open_days", ["2027-01-11", "2027-01-11"])],
            [("villages[1].open_days[1]", "double")],
        ),
        (
            [("villages.0.open_days", ["2027-01-11", "2027-01-12"])],
            [("villages[0].open_days[1]", "open_and_closed")],
        ),
        ([("villages.0.pin.team", 7)], [("villages[0].pin.team", "unknown_team")]),
        ([("villages.0.pin.day", "2027-01-14")], [("villages[0].pin.day", "team_does_not_work")]),
        ([("villages.0.pin.day", "2027-01-12")], [("villages[0].pin.day", "village_is_closed")]),
        ([("villages.0.place", None)], [("villages[0].pin", "pin_without_place")]),
        (
            [("teams.0.period", ...)],
            [("teams[0].days", "no_working_day"), ("villages[0].pin.day", "team_does_not_work")],
        ),
        (
            [("teams.0.period.last", "2027-01-10")],
            [
                ("teams[0].period.last", "ends_before_it_starts"),
                ("villages[0].pin.day", "team_does_not_work"),
            ],
        ),
        ([("teams.0.base", ...)], [("teams[0].base", "missing")]),
        ([("teams.0.base.region_code", ...)], [("teams[0].base.region_code", "missing")]),
        (
            [("teams.0.days", ["2027-01-11", "2027-01-11"])],
            [("teams[0].days", "team_twice_on_a_day")],
        ),
        ([("parameters", {"rounds": [1]})], [("parameters.rounds[1]", "missing")]),
        ([("teams", 3)], [("teams", "list_type")]),
    ],
)
def test_what_is_wrong_is_told_with_its_path(changes: Any, expected: Any) -> None:
    assert faults(changed(SMALL, *changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("travel.seconds.1", [1, 0])], [("travel.seconds[1]", "not_square")]),
        ([("travel.seconds.1.1", 5)], [("travel.seconds[1][1]", "not_zero")]),
        ([("travel.seconds.1.2", math.nan)], [("travel.seconds[1][2]", "finite_number")]),
        ([("travel.seconds.1.2", None)], [("travel.seconds[1][2]", "float_type")]),
        ([("villages.0.row", 3)], [("villages[0].row", "no_such_row")]),
        (
            [("villages.0.place", SMALL["villages"][0]["place"])],
            [("villages[0].place", "place_beside_table")],
        ),
        ([("teams.0.base_row", ...)], [("teams[0].base_row", "missing")]),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_path(changes: Any, expected: Any) -> None:
    assert faults(changed(TABLE, *changes)) == expected


def test_all_faults_are_told_in_one_go() -> None:
    wrong = changed(
        SMALL,
        ("seed", 1.5),
        ("villages.0.place.latitude", 91),
        ("villages.1.code", "33.72.01.1001"),
        ("teams.0.leave", ["2027-02-30"]),
        ("travel", {"source": "x", "seconds": [[0, 1]]}),
    )
    assert faults(wrong) == [
        ("seed", "int_type"),
        ("villages[0].place.latitude", "less_than_equal"),
        ("teams[0].leave[0]", "date_parsing"),
        ("travel.seconds[0]", "not_square"),
        ("villages[1].code", "double"),
        ("villages[0].place", "place_beside_table"),
        ("teams[0].base", "place_beside_table"),
    ]


def test_what_two_fields_make_of_each_other_is_told_beside_what_is_wrong_with_a_third() -> None:
    wrong = changed(
        SMALL,
        ("villages.0.value", -1),
        ("villages.0.hours", {"opens": "12:00", "closes": "09:00"}),
        ("villages.0.hours_on", {"soon": {}, "2027-01-16": {"opens": "9:00", "closes": "08:00"}}),
        ("villages.0.hours_on.2027-01-18", {"opens": "09:00", "closes": "08:00"}),
        ("villages.0.open_days", ["2027-01-12", "tomorrow", "2027-01-12"]),
        ("villages.1.code", 5),
        ("villages.1.pin", {"team": 1, "day": "2027-01-12", "starts": "09:30"}),
        ("teams.0.sessions", 9),
        ("teams.0.starts", "18:00"),
        ("teams.0.base.region_code", ...),
    )
    assert faults(wrong) == [
        ("villages[0].value", "greater_than_equal"),
        ("villages[0].open_days[1]", "date_parsing"),
        ("villages[0].hours_on.soon", "date_parsing"),
        ("villages[0].hours_on.2027-01-16.opens", "string_pattern_mismatch"),
        ("villages[1].code", "string_type"),
        ("teams[0].sessions", "less_than_equal"),
        ("villages[0].hours", "ends_before_it_starts"),
        ("villages[0].hours_on.2027-01-18", "ends_before_it_starts"),
        ("villages[0].open_days[2]", "double"),
        ("villages[0].open_days[0]", "open_and_closed"),
        ("villages[0].open_days[2]", "open_and_closed"),
        ("teams[0].base.region_code", "missing"),
        ("teams[0].ends", "ends_before_it_starts"),
        ("villages[1].pin", "pin_without_place"),
        ("villages[1].pin.day", "village_is_closed"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        [("villages.0.place.latitude", 91)],
        [("villages.0.hours_on.2027-01-11", {"opens": "9:00"}), ("villages.0.hours", {})],
        [("villages.0.service_minutes", 0), ("villages.0.hours.closes", "10:00")],
        [("villages.0.open_days", ["11 January"])],
        [("teams.0.period.first", "soon")],
        [("teams.0.days", ["soon"])],
        [("teams.0.id", "first")],
        [("teams.0.base.latitude", 91)],
        [("teams.0.ends", "5 pm"), ("teams.0.starts", "20:00")],
        [("villages.0.code", "\ud800")],
    ],
)
def test_nothing_is_made_of_what_cannot_be_read(changes: Any) -> None:
    assert len(faults(changed(SMALL, *changes))) == 1


def test_every_name_that_stands_twice_is_told_with_its_path_and_the_rest_too() -> None:
    told = changed(SMALL, ("seed", 1.5)).decode()
    for once, twice in (
        ('"version": 1', '"version": 1, "version": 1, "version": 1'),
        ('"value": 5.5', '"value": {"a": 1, "a": 2}, "value": 5.5'),
        ('"closes": "11:00"', '"closes": "11:00", "closes": "12:00"'),
    ):
        assert told.count(once) == 1
        told = told.replace(once, twice)
    assert faults(told.encode()) == [
        ("version", "name_twice"),
        ("villages[0].hours_on.2027-01-15.closes", "name_twice"),
        ("villages[1].value", "name_twice"),
        ("villages[1].value.a", "name_twice"),
        ("seed", "int_type"),
    ]
    deep = b'{"a": ' + b"[" * 900 + b'{"b": 1, "b": 2}' + b"]" * 900 + b"}"
    assert ("a" + "[0]" * 900 + ".b", "name_twice") in faults(deep)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not_json"),
        (json.dumps(SMALL).encode()[:-9], "not_json"),
        (b"\xff\xfe{", "not_utf8"),
        (b"[" * 100_000, "no_sensible_json"),
        (b"9" * 5_000, "no_sensible_json"),
        (b" " * (MOST_BYTES + 1), "too_large"),
        (b"[]", "model_type"),
        (b"null", "model_type"),
    ],
)
def test_what_is_no_problem_at_all_is_told_in_one_sentence(content: bytes, problem: str) -> None:
    assert faults(content) == [("", problem)]


def test_a_byte_order_mark_does_no_harm() -> None:
    assert len(read_problem(b"\xef\xbb\xbf" + json.dumps(SMALL).encode())[0].sites) == 2

"""The road service over real HTTP: what it says is used, and whatever it does wrong is noticed."""

from __future__ import annotations

from datetime import timedelta
from math import ceil, inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from outreach.planning.model import Access, Point
from outreach.planning.travel import travel_matrix_minutes, travel_minutes
from outreach.villages.roads import PATIENCE, NoRoads, RoadService, RoadTrouble, closed, measure
from tasks.app import CONFIGURATION
from tests.road_service import road_server, seconds_between

if TYPE_CHECKING:
    from outreach.planning.model import TravelTable
    from tests.road_service import Place, RoadServer

QUICK = urllib3.Timeout(connect=1.0, read=0.3)


def village(number: int, **changes: Any) -> Point:
    """Place villages in a row, two kilometres from each other."""
    facts: dict[str, Any] = {
        "latitude": -7.5 - number * 0.001,
        "longitude": 110.0 + number * 0.02,
        "region_code": f"33.11.01.{2001 + number}",
        "island": 1,
    }
    return Point(**(facts | changes))


ROW = [village(number) for number in range(5)]


def measured(server: RoadServer, places: list[Point], patience_s: float = 20) -> TravelTable:
    service = RoadService(server.url, timedelta(seconds=patience_s), QUICK)
    return measure(places, service).table


def by_road(here: Point, there: Point) -> int:
    ends = (here.longitude, here.latitude), (there.longitude, there.latitude)
    both = seconds_between(*ends) + seconds_between(*reversed(ends))
    return ceil(round(both / 2 / 60 + 5, 6))


def test_minutes_are_the_mean_of_both_directions_and_the_overhead() -> None:
    with road_server() as server:
        table = measured(server, ROW)
    assert table.places == tuple(ROW)
    assert table.source == "127.0.0.1"
    for here in ROW:
        for there in ROW:
            told = travel_minutes(here, there, table)
            assert told == (5 if here is there else by_road(here, there))
    assert table.minutes.tolist() != travel_matrix_minutes(ROW).tolist()


def test_no_question_holds_more_than_a_hundred_places_and_every_pair_is_asked() -> None:
    places = [village(number) for number in range(120)]
    with road_server() as server:
        table = measured(server, places)
    assert len(server.asked) == 3
    assert max(len(asked) for asked in server.asked) == 100
    estimates = travel_matrix_minutes(places)
    pairs = ((here, there) for here in range(120) for there in range(here))
    assert all(table.minutes[pair] < estimates[pair] for pair in pairs)


def test_boats_flights_and_other_islands_are_estimated_and_not_asked_for() -> None:
    apart = [
        village(10, island=2),
        village(11, access=Access.BOAT),
        village(12, access=Access.AIR),
        village(13, island=2),
    ]
    with road_server() as server:
        table = measured(server, [*ROW, *apart])
    assert sorted(len(asked) for asked in server.asked) == [2, 5]
    assert travel_minutes(ROW[0], apart[0], table) == travel_minutes(ROW[0], apart[0])
    assert travel_minutes(apart[1], apart[2], table) == travel_minutes(apart[1], apart[2])
    assert travel_minutes(apart[0], apart[3], table) == by_road(apart[0], apart[3])


def test_a_place_twice_or_alone_asks_nothing_needless() -> None:
    with road_server() as server:
        assert measured(server, [ROW[0], ROW[0]]).places == (ROW[0],)
        assert measured(server, []).minutes.shape == (0, 0)
    assert server.asked == []


def test_where_the_service_knows_no_road_the_estimate_holds() -> None:
    def answer(places: list[Place]) -> list[list[float | None]]:
        table: list[list[float | None]] = [
            [seconds_between(here, there) for there in places] for here in places
        ]
        table[0][4] = None
        return table

    with road_server(answer=answer) as server:
        table = measured(server, ROW)
    round_about = min(by_road(ROW[0], one) + by_road(one, ROW[4]) for one in ROW[1:4])
    assert table.minutes[0, 4] == min(travel_minutes(ROW[0], ROW[4]), round_about)
    assert table.minutes[0, 3] == by_road(ROW[0], ROW[3])


def test_an_impossibly_quick_answer_is_one_of_another_place() -> None:
    def answer(places: list[Place]) -> list[list[float]]:
        table = [[seconds_between(here, there) for there in places] for here in places]
        table[0][1:] = [0.0] * 4
        return table

    with road_server(answer=answer) as server:
        found = measure(ROW, RoadService(server.url, timeout=QUICK))
    assert found.table.minutes[0, 1] == travel_minutes(ROW[0], ROW[1])
    assert found.share == 16 / 20


@pytest.mark.parametrize("seconds", [0, -1, None, nan, inf], ids=str)
def test_a_service_of_another_country_measures_nothing_and_that_is_told(seconds: Any) -> None:
    with (
        road_server(answer=lambda places: [[seconds] * len(places) for _ in places]) as server,
        pytest.raises(NoRoads) as error,
    ):
        measured(server, ROW)
    assert error.value.trouble is RoadTrouble.ELSEWHERE


@pytest.mark.parametrize(
    ("manner", "trouble"),
    [
        ("refuse", RoadTrouble.REFUSED),
        ("redirect", RoadTrouble.REFUSED),
        ("slow", RoadTrouble.TOO_SLOW),
        ("cut", RoadTrouble.UNREACHABLE),
        ("endless", RoadTrouble.UNREADABLE),
        ("words", RoadTrouble.UNREADABLE),
    ],
)
def test_whatever_it_does_wrong_is_tried_once_more_and_then_told(
    manner: str, trouble: RoadTrouble
) -> None:
    with road_server(manner=manner) as server, pytest.raises(NoRoads) as told:
        measured(server, ROW)
    assert told.value.trouble is trouble
    assert len(server.asked) == 2
    assert all(path.startswith("/table/") for path in server.paths)


@pytest.mark.parametrize("manner", ["refuse", "slow", "cut", "words"])
def test_what_fails_once_may_work_the_second_time(manner: str) -> None:
    with road_server(manner=manner, fails_first=1) as server:
        table = measured(server, ROW)
    assert table.minutes[0, 1] == by_road(ROW[0], ROW[1])


@pytest.mark.parametrize(
    "table",
    [
        [],
        [[0.0] * 4] * 5,
        [[0.0] * 5] * 4,
        [["soon"] * 5] * 5,
        "none",
        None,
    ],
)
def test_a_table_of_another_shape_is_no_answer(table: Any) -> None:
    with road_server(answer=lambda _: table) as server, pytest.raises(NoRoads) as told:
        measured(server, ROW)
    assert told.value.trouble is RoadTrouble.UNREADABLE


def test_an_answer_that_trickles_in_ends_with_the_patience() -> None:
    with road_server(manner="trickle") as server, pytest.raises(NoRoads) as told:
        measured(server, ROW, patience_s=0.5)
    assert told.value.trouble is RoadTrouble.TOO_SLOW


def test_nobody_there_is_told_too() -> None:
    with road_server() as server:
        pass
    with pytest.raises(NoRoads) as told:
        measured(server, ROW)
    assert told.value.trouble is RoadTrouble.UNREACHABLE


def test_between_questions_whoever_waits_is_heard() -> None:
    heard: list[int] = []
    with road_server() as server:
        service = RoadService(server.url)
        measure(ROW, service, lambda: heard.append(len(server.asked)))
    assert heard[0] == 0


def test_while_an_answer_trickles_in_whoever_waits_is_heard() -> None:
    """Else a lease would run out meanwhile, and the next worker would wait as long."""

    class Heard(Exception):
        pass

    def hear() -> None:
        if server.asked:
            raise Heard

    with road_server(manner="trickle") as server:
        service = RoadService(server.url, timeout=QUICK)
        with pytest.raises(Heard):
            measure(ROW, service, hear)
    assert len(server.asked) == 1


def test_planning_by_estimates_fits_into_a_task_whose_questions_took_all_patience() -> None:
    assert PATIENCE.total_seconds() * 2 < CONFIGURATION["task_soft_time_limit"]


seconds = arrays(
    np.float64,
    (6, 6),
    elements=st.floats(0, 30_000) | st.just(nan) | st.just(1e9),
    fill=st.nothing(),
)


@given(seconds, st.integers(1, 400))
@settings(max_examples=80)
def test_a_closed_table_is_symmetric_whole_and_has_no_short_cut(
    told: np.ndarray[Any, Any], estimate: int
) -> None:
    estimated = np.full((6, 6), estimate, dtype=np.int64)
    minutes = closed(told, estimated)
    assert minutes.dtype == np.int64
    assert (minutes == minutes.T).all()
    assert (np.diag(minutes) == 0).all()
    assert (minutes[~np.eye(6, dtype=bool)] >= 1).all()
    for middle in range(6):
        assert (minutes <= minutes[:, middle, None] + minutes[None, middle, :]).all()

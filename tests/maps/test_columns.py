"""The columns say the same after the trip to the browser as before it."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.maps import columns
from outreach.maps.columns import Counts, MapScope, Places, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_places(data: bytes) -> tuple[list[tuple[str, int]], NDArray[np.float64], list[bool]]:
    """Read as the browser does: runs, places in degrees, marks of approximate places."""
    assert data[:4] == b"OMP2"
    n, regencies = struct.unpack_from("<II", data, 4)
    west, south, east, north = struct.unpack_from("<4f", data, 12)
    runs = [struct.unpack_from("<HH", data, 28 + 4 * i) for i in range(regencies)]
    at = 28 + 4 * regencies
    x0, x1, y0, y1 = np.frombuffer(data, np.uint8, 4 * n, at).reshape(4, n).astype(np.int64)
    lon = west + (x0 | x1 << 8) * (east - west) / 65_535
    lat = south + (y0 | y1 << 8) * (north - south) / 65_535
    bits = np.unpackbits(np.frombuffer(data, np.uint8, -1, at + 4 * n), bitorder="little")[:n]
    named = [(f"{code // 100:02d}.{code % 100:02d}", count) for code, count in runs]
    return named, np.column_stack([lon, lat]), bits.astype(bool).tolist()


def test_places_arrive_where_they_were(places: Places) -> None:
    runs, at, rough = read_places(columns.encode_places(places))
    assert runs == [("33.11", 60), ("33.72", 60), ("34.03", 60), ("34.71", 60)]
    # A step of the grid is the span of the land by 65,535: here under 4 m.
    assert np.abs(at[:, 0] - places.longitudes).max() < 2 / 65_535
    assert np.abs(at[:, 1] - places.latitudes).max() < 2 / 65_535
    assert rough == places.approximate.tolist()


def test_a_scope_keeps_its_rows_and_no_other(places: Places, progress: Progress) -> None:
    scope = columns.scope_of(places.codes, ["33.72", "34.03.02"])
    mine = places.only(scope)
    assert set(columns.parents(mine.codes, 8).tolist()) == {"33.72.01", "33.72.02", "34.03.02"}
    runs, _, _ = read_places(columns.encode_places(mine))
    assert runs == [("33.72", 60), ("34.03", 30)]
    stats = json.loads(columns.encode_stats(4, mine, progress.only(scope)))
    assert set(stats["regencies"]) == {"33.72", "34.03"}
    assert sum(stats["regencies"]["34.03"][:4]) == 30


@pytest.mark.parametrize(
    ("prefixes", "rows"),
    [
        ([""], 240),
        ([], 0),
        (["33"], 120),
        (["3"], 0),
        (["33.72.01.2001"], 1),
        (["33", "33.72"], 120),
    ],
)
def test_a_scope_is_what_its_prefixes_hold(places: Places, prefixes: list[str], rows: int) -> None:
    assert len(columns.scope_of(places.codes, prefixes).rows) == rows


def test_nobody_s_map_is_empty_but_whole(places: Places, progress: Progress) -> None:
    nothing = MapScope(np.array([], dtype=np.int64))
    runs, at, rough = read_places(columns.encode_places(places.only(nothing)))
    assert (runs, len(at), rough) == ([], 0, [])
    assert columns.encode_state(9, progress.only(nothing)) == b"OMS1" + struct.pack("<Q", 9)


def test_counts_add_up(places: Places, progress: Progress) -> None:
    counts = columns.regency_counts(places, progress)
    assert sum(one.villages for one in counts.values()) == len(places)
    assert sum(one.sign_ups for one in counts.values()) == progress.sign_ups.sum()
    assert counts["33.11"] == Counts(42, 10, 8, 0, 0)
    surakarta = counts["33.72"]
    assert surakarta == Counts(5, 0, 0, 55, sum(range(60, 115)))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**6)), min_size=1, max_size=50))
def test_a_byte_holds_the_state_and_the_order_of_sign_ups(rows: list[tuple[int, int]]) -> None:
    states, sign_ups = (np.array(column) for column in zip(*rows, strict=True))
    packed = columns.state_bytes(Progress(states.astype(np.uint8), sign_ups.astype(np.int64)))
    assert (packed >> 6).tolist() == states.tolist()
    order = np.argsort(sign_ups, kind="stable")
    assert np.all(np.diff((packed[order] & 63).astype(int)) >= 0)


@given(st.integers(1, 1_400))
def test_a_size_is_right_to_six_per_cent(sign_ups: int) -> None:
    packed = columns.state_bytes(Progress(np.array([3], np.uint8), np.array([sign_ups])))
    assert 2 ** ((int(packed[0]) & 63) / 6) == pytest.approx(sign_ups, rel=0.06)


def test_changes_carry_rows_and_their_regencies_only(places: Places, progress: Progress) -> None:
    told = json.loads(columns.encode_changes(7, [61, 61, 3], places, progress))
    assert told["version"] == 7
    assert [row[0] for row in told["rows"]] == [3, 61]
    assert told["rows"][1] == [61, int(columns.state_bytes(progress)[61]), 61]
    assert told["regencies"] == {"33.11": [42, 10, 8, 0, 0], "33.72": [5, 0, 0, 55, 4785]}
    assert json.loads(columns.encode_reload(8)) == {"version": 8, "reload": True}


def test_details_follow_the_scope_s_order(places: Places, progress: Progress) -> None:
    names = [f"Desa {row}" for row in range(len(places))]
    regency = columns.Regency("33.72", "Kota Surakarta", {"33.72.01": "Laweyan"})
    told = json.loads(columns.encode_details(regency, places, names, progress))
    assert told["name"] == "Kota Surakarta"
    assert [row[0] for row in told["villages"]] == places.codes[60:120].tolist()
    first = told["villages"][0]
    assert first[1] == "Desa 60"
    assert first[2:4] == pytest.approx([places.latitudes[60], places.longitudes[60]], abs=1e-5)
    assert first[4] == 60


@pytest.mark.parametrize(
    ("codes", "latitudes"),
    [
        (["33.72.01.1002", "33.72.01.1001"], [-7.5, -7.5]),
        (["33.72.01.1001", "33.72.01.1001"], [-7.5, -7.5]),
        (["33.72.01.1001", "33.72.01.1002"], [-7.5, float("nan")]),
        (["33.72.01.1001"], [-7.5, -7.5]),
    ],
)
def test_columns_that_do_not_fit_are_refused(codes: list[str], latitudes: list[float]) -> None:
    n = len(latitudes)
    with pytest.raises(ValueError, match=r"place|columns"):
        Places(np.array(codes), np.array(latitudes), np.full(n, 110.8), np.zeros(n, dtype=bool))

"""The layers as columns: what is encoded can be read again; colours keep their order for all."""

from __future__ import annotations

import json
import re
import struct
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from outreach.maps import figures
from outreach.maps.assets import _OURS
from outreach.maps.columns import VILLAGE
from outreach.progress.layers import COLUMNS, EPOCH, Layer, LayerSums

TODAY = date(2026, 11, 21)
TODAY_NUMBER = (TODAY - EPOCH).days


def sums(**columns: list[int]) -> LayerSums:
    n = len(next(iter(columns.values())))
    table = np.zeros((n, len(COLUMNS)), dtype=np.int64)
    for name, values in columns.items():
        table[:, COLUMNS.index(name)] = values
    return LayerSums(np.array([f"33.72.01.{1001 + i}" for i in range(n)]), table)


def test_a_class_changes_exactly_at_its_break() -> None:
    limits = figures.BREAKS[Layer.SIGNUPS][VILLAGE]
    below = sums(informal=[1000] * 6, signups=[int(limit) - 1 for limit in limits])
    there = sums(informal=[1000] * 6, signups=[int(limit) for limit in limits])
    assert figures.classes(below, Layer.SIGNUPS, TODAY).tolist() == [0, 1, 2, 3, 4, 5]
    assert figures.classes(there, Layer.SIGNUPS, TODAY).tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("layer", [Layer.SIGNUPS, Layer.GAP, Layer.PAID, Layer.CONFIRMED])
def test_nothing_to_divide_by_is_no_data_and_not_the_lowest_class(layer: Layer) -> None:
    assert figures.classes(sums(signups=[3]), layer, TODAY).tolist() == [figures.NO_DATA]


def test_silence_tells_long_ago_from_never() -> None:
    told = sums(last_day=[0, TODAY_NUMBER, TODAY_NUMBER - 7, TODAY_NUMBER - 400])
    assert figures.classes(told, Layer.SILENCE, TODAY).tolist() == [figures.NEVER, 0, 1, 6]


def test_classes_are_one_byte_per_village_behind_their_version() -> None:
    told = sums(informal=[100, 0, 100], signups=[0, 0, 100])
    body = figures.encode_classes(9, told, Layer.SIGNUPS, TODAY)
    assert body == b"OML1" + struct.pack("<Q", 9) + bytes([0, figures.NO_DATA, 6])


def read_weeks(body: bytes) -> tuple[date, int, list[int]]:
    assert body[:4] == b"OMW1"
    _version, start, count = struct.unpack("<QiI", body[4:20])
    n = (len(body) - 20) // 2
    planes = np.frombuffer(body[20:], dtype=np.uint8).astype(int)
    return EPOCH + timedelta(days=start), count, (planes[:n] | planes[n:] << 8).tolist()


def test_every_village_comes_back_with_the_week_of_its_first_session() -> None:
    days = [date(2026, 8, 26), date(2026, 8, 30), date(2026, 8, 31), TODAY]
    numbers = np.array([0, *((day - EPOCH).days for day in days)])
    start, count, weeks = read_weeks(figures.encode_weeks(3, numbers, TODAY))
    assert start == date(2026, 8, 24)  # the Monday of the first
    assert weeks == [0, 1, 1, 2, 13]
    assert count == 13


def test_more_weeks_than_a_byte_holds_come_back_too() -> None:
    numbers = np.array([TODAY_NUMBER - 7 * 300, TODAY_NUMBER])
    assert read_weeks(figures.encode_weeks(3, numbers, TODAY))[1:] == (301, [1, 301])


def test_a_land_where_nothing_was_held_has_this_week_only() -> None:
    start, count, weeks = read_weeks(figures.encode_weeks(3, np.zeros(4, dtype=int), TODAY))
    assert (start, count, weeks) == (date(2026, 11, 16), 1, [0] * 4)


def test_the_sums_of_regencies_come_with_breaks_and_sources() -> None:
    told = LayerSums(np.array(["33.72"]), sums(informal=[100], signups=[3]).table)
    body = json.loads(figures.encode_layers(5, told, TODAY, {Layer.SIGNUPS: "Reports."}))
    row = dict(zip(body["columns"], body["regencies"]["33.72"], strict=True))
    assert (row["informal"], row["signups"], row["told"]) == (100, 3, 0)
    assert body["notes"] == {"signups": "Reports."}
    assert body["today"] == TODAY_NUMBER
    assert all(len(limits) == 6 for levels in body["breaks"].values() for limits in levels.values())


# How people with normal sight, without green cones and without red cones see a colour (linear RGB).
SIGHT = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
#: A difference between two fields of colour beside each other that is plain to see.
PLAIN = 6.0


def lab(colour: str, sight: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(SIGHT[sight] @ linear, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ramps() -> dict[str, list[str]]:
    core, lens = ((_OURS / name).read_text() for name in ("core.js", "lens.js"))
    found = {
        "more": re.search(r"Outreach\.ramp = (\[.*?\])", core, re.DOTALL),
        "worse": re.search(r"worse: (\[.*?\])", lens, re.DOTALL),
    }
    return {name: json.loads(match[1]) for name, match in found.items() if match}


def test_both_scales_of_colour_are_looked_at() -> None:
    assert {name: len(colours) for name, colours in ramps().items()} == {"more": 7, "worse": 7}


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("name", ["more", "worse"])
def test_each_step_is_darker_than_the_one_before_and_plain_to_tell_from_it(
    name: str, sight: str
) -> None:
    steps = [lab(colour, sight) for colour in ramps()[name]]
    lightness = [float(step[0]) for step in steps]
    assert lightness == sorted(lightness, reverse=True)
    apart = [float(np.linalg.norm(a - b)) for a, b in pairwise(steps)]
    assert min(apart) >= PLAIN, apart
    assert lightness[0] - lightness[-1] > 50

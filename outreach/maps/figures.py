"""The layers of the map as columns: sums by regency, a class and a first week per village.

The classes of a layer are the same for everybody and every day, so that two maps can be compared;
only the gap, a number of people, has classes of its own for every level.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from outreach.maps.columns import DISTRICT, REGENCY, VILLAGE
from outreach.progress.layers import COLUMNS, EPOCH, Layer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from outreach.progress.layers import LayerSums

#: Classes beyond those between the breaks.
NO_DATA, NEVER = 7, 8
DAYS_PER_WEEK = 7
#: 1 January 1970 was a Thursday.
_EPOCH_WEEKDAY = 3
_SHARES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)
_PER_THOUSAND = (1, 3, 6, 10, 15, 25)
_SILENT_DAYS = (7, 14, 30, 60, 90, 180)

#: Upper limits of the first six of seven classes, by layer and by the length of the code.
BREAKS: dict[Layer, dict[int, tuple[float, ...]]] = {
    Layer.SIGNUPS: dict.fromkeys((REGENCY, DISTRICT, VILLAGE), _PER_THOUSAND),
    Layer.GAP: {
        REGENCY: (20_000, 40_000, 70_000, 120_000, 240_000, 450_000),
        DISTRICT: (1_500, 3_000, 5_000, 8_000, 14_000, 25_000),
        VILLAGE: (150, 250, 400, 700, 1_200, 2_500),
    },
    Layer.PAID: dict.fromkeys((REGENCY, DISTRICT, VILLAGE), _SHARES),
    Layer.CONFIRMED: dict.fromkeys((REGENCY, DISTRICT, VILLAGE), _SHARES),
    Layer.SILENCE: dict.fromkeys((REGENCY, DISTRICT, VILLAGE), _SILENT_DAYS),
}


def encode_layers(version: int, sums: LayerSums, today: date, notes: Mapping[Layer, str]) -> bytes:
    """Encode the sums of every regency; `notes` name each layer's sources and their dates."""
    rows = zip(sums.codes.tolist(), sums.table.tolist(), strict=True)
    return _json(
        {
            "version": version,
            "today": (today - EPOCH).days,
            "columns": COLUMNS,
            "breaks": BREAKS,
            "notes": dict(notes),
            "regencies": dict(rows),
        }
    )


def encode_district_layers(sums: LayerSums) -> bytes:
    """Encode the sums of a province's districts by code."""
    return _json({"rows": dict(zip(sums.codes.tolist(), sums.table.tolist(), strict=True))})


def encode_village_layers(sums: LayerSums) -> bytes:
    """Encode the sums of a regency's villages, in the order of their codes."""
    return _json({"rows": sums.table.tolist()})


def classes(sums: LayerSums, layer: Layer, today: date) -> NDArray[np.uint8]:
    """Tell the class of every village: 0 to 6 between the breaks, `NO_DATA` or `NEVER`."""
    figures = sums.figures(layer, today)
    found = np.searchsorted(BREAKS[layer][VILLAGE], figures, side="right").astype(np.uint8)
    found[np.isnan(figures)] = NEVER if layer is Layer.SILENCE else NO_DATA
    return found


def encode_classes(version: int, sums: LayerSums, layer: Layer, today: date) -> bytes:
    """Encode the class of every village of a scope as one byte."""
    return b"OML1" + struct.pack("<Q", version) + classes(sums, layer, today).tobytes()


def encode_weeks(version: int, first_days: NDArray[np.int64], today: date) -> bytes:
    """Encode in which week people were first met in each village: 1 is the first week, 0 never.

    After the version come the first Monday (days from 1970), how many weeks there are up to that
    of *today*, and two planes of bytes, low and high.
    """
    met = first_days > 0
    now = _monday((today - EPOCH).days)
    start = min(_monday(int(first_days[met].min())), now) if met.any() else now
    weeks = np.where(met, (first_days - start) // DAYS_PER_WEEK + 1, 0)
    count = max((now - start) // DAYS_PER_WEEK + 1, int(weeks.max(initial=0)))
    planes = (weeks & 255).astype(np.uint8), (weeks >> 8).astype(np.uint8)
    head = struct.pack("<QiI", version, start, count)
    return b"".join([b"OMW1", head, *(plane.tobytes() for plane in planes)])


def _monday(day: int) -> int:
    return day - (day + _EPOCH_WEEKDAY) % DAYS_PER_WEEK


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

"""The real nation as columns, read from the registry's package, with a made-up campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from outreach.maps.columns import PROVINCE, REACHED, REGENCY, Places, Progress, parents
from outreach.villages.registry import read_registry
from outreach.villages.tables import District, Province, Regency, Village


@dataclass(frozen=True, slots=True)
class Nation:
    """Columns of all villages and the names of everything above them."""

    places: Places
    names: list[str]
    region_names: dict[str, str]


def read_nation() -> Nation:
    tables = read_registry().tables
    villages: list[dict[str, Any]] = tables[Village]
    places = Places(
        np.array([row["code"] for row in villages]),
        np.array([row["latitude"] for row in villages]),
        np.array([row["longitude"] for row in villages]),
        np.array([row["place_is_approximate"] for row in villages]),
    )
    regions = [row for table in (Province, Regency, District) for row in tables[table]]
    names = {row["code"]: row["name"] for row in regions}
    return Nation(places, [row["name"] for row in villages], names)


def simulate(places: Places, seed: int = 7) -> Progress:
    """Make up a campaign in mid-wave: a share reached that differs by province and regency."""
    rng = np.random.default_rng(seed)
    _, province = np.unique(parents(places.codes, PROVINCE), return_inverse=True)
    _, regency = np.unique(parents(places.codes, REGENCY), return_inverse=True)
    ahead = rng.beta(1.2, 1.6, province.max() + 1)[province]
    share = np.clip(0.9 * ahead + rng.normal(0, 0.2, regency.max() + 1)[regency], 0, 0.98)
    luck = rng.random(len(places))
    states = np.digitize(share + 0.16 - luck, [0.0, 0.1, 0.16]).astype(np.uint8)
    sign_ups = np.where(states == REACHED, rng.gamma(1.6, 22, len(places)), 0).astype(np.int64)
    return Progress(states, sign_ups)

"""Where villages and regencies stand, also those whose source names no place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from outreach.villages.source import RegistryFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    type Degrees = NDArray[np.float64]
    type Numbers = NDArray[np.int64]

#: Indonesia with its seas; a place outside is a fault of the source.
SOUTH, NORTH, WEST, EAST = -11.5, 6.5, 94.5, 141.5


def check_inside(codes: list[str], places: Degrees) -> None:
    """Refuse places, rows of (latitude, longitude), outside Indonesia; nan is no place and passes.

    Raises
    ------
    RegistryFault
        With the first few regions at fault.
    """
    low, high = np.array([SOUTH, WEST]), np.array([NORTH, EAST])
    outside = ((places < low) | (places > high)).any(axis=1)
    if outside.any():
        raise RegistryFault(
            problem="outside_indonesia", regions=[codes[i] for i in np.flatnonzero(outside)[:5]]
        )


def medians(groups: list[str], places: Degrees) -> dict[str, tuple[float, float]]:
    """Find each group's median latitude and longitude over its members that have a place."""
    return {
        name: (float(middle[0]), float(middle[1]))
        for name, members in _members(groups, places).items()
        for middle in [np.median(places[members], axis=0)]
    }


def fill_places(
    districts: list[str], places: Degrees, district_places: Mapping[str, tuple[float, float]]
) -> tuple[Degrees, Numbers]:
    """Place every village that has none; also say beside which village each one stands.

    A village without a place gets the mean of its district's others (measured by leaving one out:
    median error 4.0 km, 95 % under 15.6 km; the district's own place: 4.2 and 17.4 km), or the
    district's place where no other has one. The second answer is the index of the located village
    nearest to it, of whose island it is taken to be; every other village stands beside itself.
    """
    filled, beside = places.copy(), np.arange(len(places))
    known = _members(districts, places)
    for i in np.flatnonzero(np.isnan(places).any(axis=1)):
        members = known.get(districts[i])
        if members is None:
            filled[i] = district_places[districts[i]]
            continue
        filled[i] = places[members].mean(axis=0)
        beside[i] = members[np.square(places[members] - filled[i]).sum(axis=1).argmin()]
    return filled, beside


def _members(groups: list[str], places: Degrees) -> dict[str, Numbers]:
    located = np.flatnonzero(np.isfinite(places).all(axis=1))
    names, at = np.unique(np.array(groups)[located], return_inverse=True)
    order = np.argsort(at, kind="stable")
    parts = np.split(located[order], np.cumsum(np.bincount(at))[:-1])
    return {str(name): part for name, part in zip(names, parts, strict=True)}

"""The data of the maps as columns: places once, one byte of state per village, few words.

Pure functions over numpy arrays; the shapes of the answers stand in `outreach.maps`.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

NOT_PLANNED, PLANNED, CONFIRMED, REACHED = range(4)

PROVINCE, REGENCY, DISTRICT, VILLAGE = 2, 5, 8, 13
"""Length of a dotted code at each level."""


@dataclass(frozen=True, slots=True)
class MapScope:
    """The rows of the national columns a person may see, ascending."""

    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the villages are: columns of one length, sorted by dotted code, every place given.

    Raises ValueError for columns of different lengths, codes out of order or missing places.
    """

    codes: NDArray[np.str_]
    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]
    approximate: NDArray[np.bool_]

    def __post_init__(self) -> None:
        lengths = {
            len(self.codes),
            len(self.latitudes),
            len(self.longitudes),
            len(self.approximate),
        }
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        if np.any(self.codes[1:] <= self.codes[:-1]):
            raise ValueError("places must be sorted by code, each code once")
        if not (np.isfinite(self.latitudes).all() and np.isfinite(self.longitudes).all()):
            raise ValueError("a place is missing; give an approximate one and mark it")

    def __len__(self) -> int:
        return len(self.codes)

    def only(self, scope: MapScope) -> Places:
        """Keep the rows of a scope."""
        rows = scope.rows
        return Places(
            self.codes[rows], self.latitudes[rows], self.longitudes[rows], self.approximate[rows]
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far each village is (`NOT_PLANNED` to `REACHED`) and how many signed up there."""

    states: NDArray[np.uint8]
    sign_ups: NDArray[np.int64]

    def only(self, scope: MapScope) -> Progress:
        """Keep the rows of a scope."""
        return Progress(self.states[scope.rows], self.sign_ups[scope.rows])


class Counts(NamedTuple):
    """Villages by state and their sign-ups; the four states add up to all villages."""

    not_planned: int
    planned: int
    confirmed: int
    reached: int
    sign_ups: int

    @property
    def villages(self) -> int:
        """All villages of the region."""
        return self.not_planned + self.planned + self.confirmed + self.reached


@dataclass(frozen=True, slots=True)
class Regency:
    """A regency with the names of its districts, by dotted code."""

    code: str
    name: str
    districts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """One answer to a search: a region of any level; `where` names what it lies in."""

    code: str
    name: str
    where: str
    latitude: float
    longitude: float


def scope_of(codes: NDArray[np.str_], prefixes: Iterable[str]) -> MapScope:
    """Find the rows within the regions *prefixes*; "" is the nation, no prefix is nothing."""
    wanted = tuple(prefixes)
    if "" in wanted:
        return MapScope(np.arange(len(codes)))
    keep = np.zeros(len(codes), dtype=bool)
    for prefix in wanted:
        # As in `people.access.within`: in ASCII the slash follows the dot.
        first, last = np.searchsorted(codes, [f"{prefix}.", f"{prefix}/"])
        keep[first:last] = True
        keep |= codes == prefix
    return MapScope(np.flatnonzero(keep))


def parents(codes: NDArray[np.str_], level: int) -> NDArray[np.str_]:
    """Shorten every code to a level: PROVINCE, REGENCY or DISTRICT."""
    return codes.astype(f"<U{level}")


def regency_runs(codes: NDArray[np.str_]) -> tuple[list[str], NDArray[np.int64]]:
    """List the regencies of sorted village codes and where each begins, plus the end."""
    regencies, first = np.unique(parents(codes, REGENCY), return_index=True)
    return regencies.tolist(), np.r_[first, len(codes)].astype(np.int64)


def encode_places(places: Places) -> bytes:
    """Encode the places: u16 within their own bounds, in byte planes that compress well."""
    regencies, starts = regency_runs(places.codes)
    bounds = _bounds(places)
    west, south, east, north = struct.unpack("<4f", struct.pack("<4f", *bounds))
    x, y = _spread(places.longitudes, west, east), _spread(places.latitudes, south, north)
    runs = b"".join(
        struct.pack("<HH", int(code.replace(".", "")), count)
        for code, count in zip(regencies, np.diff(starts).tolist(), strict=True)
    )
    planes = [(part & 255, part >> 8) for part in (x, y)]
    return b"".join(
        [
            b"OMP2",
            struct.pack("<II4f", len(places), len(regencies), *bounds),
            runs,
            *(plane.astype(np.uint8).tobytes() for pair in planes for plane in pair),
            np.packbits(places.approximate, bitorder="little").tobytes(),
        ]
    )


def _bounds(places: Places) -> tuple[float, float, float, float]:
    if not len(places):
        return (0.0, 0.0, 1.0, 1.0)
    lon, lat = places.longitudes, places.latitudes
    margin = 0.001  # so that rounding the bounds to f32 leaves nobody outside
    return (
        float(lon.min()) - margin,
        float(lat.min()) - margin,
        float(lon.max()) + margin,
        float(lat.max()) + margin,
    )


def _spread(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint16]:
    return np.round((values - low) / (high - low) * 65_535).astype(np.uint16)


def state_bytes(progress: Progress) -> NDArray[np.uint8]:
    """Pack each village into a byte: state above, six bits of log sign-ups below."""
    sizes = np.round(6 * np.log2(np.maximum(progress.sign_ups, 1)))
    low: NDArray[np.uint8] = np.minimum(sizes, 63).astype(np.uint8)
    packed: NDArray[np.uint8] = (progress.states.astype(np.uint8) << np.uint8(6)) | low
    return packed


def encode_state(version: int, progress: Progress) -> bytes:
    """Encode the state of every place of a scope as of *version*."""
    return b"OMS1" + struct.pack("<Q", version) + state_bytes(progress).tobytes()


def regency_counts(places: Places, progress: Progress) -> dict[str, Counts]:
    """Count villages by state and sign-ups per regency."""
    regions, at = np.unique(parents(places.codes, REGENCY), return_inverse=True)
    cells = np.bincount(at * 4 + progress.states, minlength=4 * len(regions)).reshape(-1, 4)
    sign_ups = np.zeros(len(regions), dtype=np.int64)
    np.add.at(sign_ups, at, progress.sign_ups)
    table = np.column_stack([cells, sign_ups]).tolist()
    return {code: Counts(*row) for code, row in zip(regions.tolist(), table, strict=True)}


def encode_stats(version: int, places: Places, progress: Progress) -> bytes:
    """Encode the counts of every regency of a scope as of *version*."""
    return _json({"version": version, "regencies": regency_counts(places, progress)})


def encode_changes(
    version: int, rows: Sequence[int] | NDArray[np.int64], places: Places, progress: Progress
) -> bytes:
    """Encode what changed up to *version*: the rows of the scope, and their regencies' counts."""
    changed = np.unique(np.asarray(rows, dtype=np.int64))
    packed = state_bytes(progress)[changed].tolist()
    sign_ups = progress.sign_ups[changed].tolist()
    touched = np.isin(parents(places.codes, REGENCY), parents(places.codes[changed], REGENCY))
    inside = MapScope(np.flatnonzero(touched))
    return _json(
        {
            "version": version,
            "rows": list(zip(changed.tolist(), packed, sign_ups, strict=True)),
            "regencies": regency_counts(places.only(inside), progress.only(inside)),
        }
    )


def encode_reload(version: int) -> bytes:
    """Tell a map whose version is too old to read state and stats afresh."""
    return _json({"version": version, "reload": True})


def encode_details(
    regency: Regency, places: Places, names: Sequence[str], progress: Progress
) -> bytes:
    """Encode one regency's villages with names, exact places and sign-ups, in the scope's order.

    The columns are those of the whole scope or of the regency alone; `names` is of one length
    with `places`.
    """
    first, last = np.searchsorted(places.codes, [f"{regency.code}.", f"{regency.code}/"])
    villages = [
        (code, name, round(latitude, 5), round(longitude, 5), sign_ups)
        for code, name, latitude, longitude, sign_ups in zip(
            places.codes[first:last].tolist(),
            names[first:last],
            places.latitudes[first:last].tolist(),
            places.longitudes[first:last].tolist(),
            progress.sign_ups[first:last].tolist(),
            strict=True,
        )
    ]
    return _json(
        {
            "code": regency.code,
            "name": regency.name,
            "districts": dict(regency.districts),
            "villages": villages,
        }
    )


def encode_texts(words: Mapping[str, str], names: Mapping[str, str]) -> bytes:
    """Encode the words of the maps, and the names of provinces and regencies by code."""
    return _json({"words": dict(words), "names": dict(names)})


def encode_results(results: Iterable[Found]) -> bytes:
    """Encode the answers of a search, best first."""
    return _json(
        {
            "results": [
                {
                    "code": found.code,
                    "name": found.name,
                    "where": found.where,
                    "lat": round(found.latitude, 5),
                    "lon": round(found.longitude, 5),
                }
                for found in results
            ]
        }
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

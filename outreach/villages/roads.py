"""Asks a table service, as OSRM answers it, how long the roads between places take.

The address comes from the operator's settings alone. What it answers is believed only where it is
whole and possible; everything else stays an estimate. Only places on one island that are reached by
road are asked for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from itertools import batched, combinations
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
import urllib3
from pydantic import BaseModel, ValidationError
from urllib3.exceptions import HTTPError, ReadTimeoutError

from outreach.planning.model import Access, TravelTable
from outreach.planning.travel import OVERHEAD_MINUTES, distance_matrix_m, travel_matrix_minutes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from outreach.planning.model import Point

#: An OSRM server takes no more coordinates in one question unless it is told to.
MOST_COORDINATES = 100
HALF = MOST_COORDINATES // 2

#: For a connection, and for an answer's next bytes.
TIMEOUT = urllib3.Timeout(connect=3.0, read=5.0)
MOST_TRIES = 2
#: A plan does not wait longer than this for better minutes: what a task may take at all has to be
#: enough for planning by estimates afterwards.
PATIENCE = timedelta(seconds=30)
#: A hundred times a hundred figures take a tenth of this.
LARGEST_ANSWER_BYTES = 2_000_000
PIECE_BYTES = 65_536

#: No road is quicker as the crow flies: so quick an answer is one of another place, because the
#: service knows no road near this one.
FASTEST_KM_H = 110.0
LONGEST_MINUTES = 7 * 24 * 60


class RoadTrouble(StrEnum):
    """Why the road service was of no use."""

    UNREACHABLE = "unreachable"
    TOO_SLOW = "too_slow"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    ELSEWHERE = "elsewhere"


class NoRoads(Exception):
    """The road service gave no answer, or none that could be used; whoever asks has estimates."""

    def __init__(self, trouble: RoadTrouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class _Answer(BaseModel):
    code: str
    durations: list[list[float | None]]


@dataclass(frozen=True, slots=True)
class RoadService:
    """Where a table service answers; `patience` is for all questions of one table together."""

    url: str
    patience: timedelta = PATIENCE
    timeout: urllib3.Timeout = TIMEOUT

    @property
    def name(self) -> str:
        """Name of the host, for people."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A table of travel, and the share of the ways asked for that the service could tell."""

    table: TravelTable
    share: float


def measure(
    places: Iterable[Point], service: RoadService, between: Callable[[], None] = lambda: None
) -> Measured:
    """Measure the ways between places with a position; what the service cannot tell is estimated.

    Minutes are the mean of both directions and the overhead of a leg, rounded up; among the roads
    of an island no way round is shorter. `between` is called before every question and while an
    answer comes in.

    Raises
    ------
    NoRoads
        If any question stays without a usable answer, or no way at all can be told; `trouble` says
        why.
    """
    known = tuple(dict.fromkeys(places))
    minutes = np.minimum(travel_matrix_minutes(known), LONGEST_MINUTES)
    until = monotonic() + service.patience.total_seconds()
    ways = told = 0
    with urllib3.PoolManager(retries=False, timeout=service.timeout) as http:
        for rows in _islands(known):
            asked = _Asking(http, service, [known[row] for row in rows], until, between)
            seconds = asked.seconds()
            minutes[np.ix_(rows, rows)] = closed(seconds, minutes[np.ix_(rows, rows)])
            ways += len(rows) * (len(rows) - 1)
            told += _told(seconds)
    if ways and not told:
        raise NoRoads(RoadTrouble.ELSEWHERE)
    return Measured(TravelTable(known, minutes, service.name), told / ways if ways else 1.0)


def _told(seconds: NDArray[np.float64]) -> int:
    """Count the ways, by direction, that are told; from a place to itself is none."""
    return int(np.count_nonzero(~np.isnan(seconds) & ~np.eye(len(seconds), dtype=bool)))


def closed(seconds: NDArray[np.float64], estimated: NDArray[np.int64]) -> NDArray[np.int64]:
    """Make a table of a service symmetric, whole and free of short cuts; NaN gives the estimate.

    Both have the shape (n, n); `seconds` may differ by direction, `estimated` are minutes.
    """
    there = (seconds + seconds.T) / 2
    legs = np.ceil(np.round(there / 60 + OVERHEAD_MINUTES, 6))
    minutes = np.where(np.isnan(legs), estimated, np.minimum(legs, LONGEST_MINUTES))
    np.fill_diagonal(minutes, 0)
    for middle in range(len(minutes)):
        np.minimum(minutes, minutes[:, middle, None] + minutes[None, middle, :], out=minutes)
    return minutes.astype(np.int64)


def _islands(places: Sequence[Point]) -> Iterator[list[int]]:
    """Rows of the places of each island between which there may be a road."""
    rows: dict[int, list[int]] = defaultdict(list)
    for row, place in enumerate(places):
        if place.access is Access.ROAD:
            rows[place.island].append(row)
    yield from (some for some in rows.values() if len(some) > 1)


@dataclass(frozen=True, slots=True)
class _Asking:
    """The questions about the roads between some places, until a moment of the monotonic clock."""

    http: urllib3.PoolManager
    service: RoadService
    places: Sequence[Point]
    until: float
    between: Callable[[], None]

    def seconds(self) -> NDArray[np.float64]:
        """Seconds of all legs, shape (n, n); NaN where there is no believable answer."""
        found = np.full((len(self.places),) * 2, np.nan)
        for rows in _blocks(len(self.places)):
            found[np.ix_(rows, rows)] = self._asked(rows)
        fastest = distance_matrix_m(self.places) / (FASTEST_KM_H / 3.6)
        return np.where(found < fastest, np.nan, found)

    def _asked(self, rows: Sequence[int]) -> NDArray[np.float64]:
        for tries_left in reversed(range(MOST_TRIES)):
            self.between()
            self._keep_patience()
            try:
                return _durations(self._answer(rows), len(rows))
            except NoRoads:
                if not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _answer(self, rows: Sequence[int]) -> bytes:
        at = ";".join(f"{self.places[r].longitude:.6f},{self.places[r].latitude:.6f}" for r in rows)
        url = f"{self.service.url}/table/v1/driving/{at}?annotations=duration"
        try:
            answer = self.http.request("GET", url, redirect=False, preload_content=False)
            try:
                if answer.status != HTTPStatus.OK:
                    raise NoRoads(RoadTrouble.REFUSED)
                return self._whole(answer)
            finally:
                answer.close()
        except ReadTimeoutError as error:
            raise NoRoads(RoadTrouble.TOO_SLOW) from error
        except HTTPError as error:
            raise NoRoads(RoadTrouble.UNREACHABLE) from error

    def _whole(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        """Read an answer, but not one without end, and not after the patience is over."""
        body = bytearray()
        while part := answer.read1(PIECE_BYTES):
            body += part
            self.between()
            self._keep_patience()
            if len(body) > LARGEST_ANSWER_BYTES:
                raise NoRoads(RoadTrouble.UNREADABLE)
        return bytes(body)

    def _keep_patience(self) -> None:
        if monotonic() > self.until:
            raise NoRoads(RoadTrouble.TOO_SLOW)


def _blocks(places: int) -> Iterator[list[int]]:
    """Split so many places into questions that hold every pair of them at least once."""
    if places <= MOST_COORDINATES:
        yield list(range(places))
        return
    halves = [list(some) for some in batched(range(places), HALF)]
    for one, other in combinations(halves, 2):
        yield one + other


def _durations(body: bytes, places: int) -> NDArray[np.float64]:
    """Read an answer of the service.

    Raises
    ------
    NoRoads
        If it is not a table of so many places.
    """
    try:
        told = _Answer.model_validate_json(body)
    except ValidationError as error:
        raise NoRoads(RoadTrouble.UNREADABLE) from error
    rows = told.durations
    if told.code != "Ok" or [len(row) for row in rows] != [places] * places:
        raise NoRoads(RoadTrouble.UNREADABLE)
    seconds = np.array(rows, dtype=np.float64)
    return np.where(np.isfinite(seconds) & (seconds >= 0), seconds, np.nan)

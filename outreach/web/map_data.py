"""What the maps of one process remember: places, rows and states, each until it changes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from flask import current_app
from sqlalchemy import func, select
from sqlmodel import col

from outreach.maps.artefacts import Store, forget_old_places, keep_places, keep_texts
from outreach.maps.columns import MapScope, Places, Progress, scope_of
from outreach.progress.changes import Change, changes_since, latest_change
from outreach.progress.scope import Scope
from outreach.progress.totals import Totals, VillageStates, totals_by, village_codes, village_states
from outreach.villages.tables import Province, Regency, Village
from outreach.web.database import running

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from sqlmodel import Session

    from outreach.villages.codes import Level

#: How long the registry and a campaign's villages are taken as unchanged, in seconds.
GROUND_SECONDS = 30.0
#: After this long all states are read again, should something have changed without a history line.
REREAD_SECONDS = 300.0
#: How many scopes are remembered; a person has one, a filter adds one.
MOST_KEPT = 48


@dataclass(frozen=True, slots=True)
class Ground:
    """What a map of one scope stands on: its villages' places, and the file that holds them."""

    scope: Scope
    places: Places
    file: str

    def rows_of(self, codes: list[str]) -> list[int]:
        """Rows of the codes that are there, ascending as they are."""
        return rows_of(self.places.codes, np.array(codes, dtype="<U13"))


def rows_of(among: NDArray[np.str_], wanted: NDArray[np.str_]) -> list[int]:
    """Find where the *wanted* codes stand among ascending ones; those that do not are left out."""
    if not len(among):
        return []
    at = np.minimum(np.searchsorted(among, wanted), len(among) - 1)
    rows: list[int] = at[among[at] == wanted].tolist()
    return rows


class Memory[T]:
    """The values made last, each under its key."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, T] = OrderedDict()

    def get(self, key: object) -> T | None:
        """Return the value and keep it longer than those not asked for."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: object, value: T) -> T:
        """Keep a value; the one not asked for longest goes."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return value


class MapData:
    """Answers from memory as long as nothing has changed; safe for the threads of a process."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self._clock = clock
        self._lock = threading.RLock()
        self._nation: tuple[object, Places] | None = None
        self._names: tuple[Places, dict[str, str]] | None = None
        self._checked_at = float("-inf")
        self._grounds: Memory[tuple[float, object, Ground]] = Memory()
        self._states: Memory[tuple[Change, VillageStates]] = Memory()
        self._totals: Memory[Totals] = Memory()
        self._bodies: Memory[bytes] = Memory()

    def ground(self, db: Session, scope: Scope) -> Ground:
        """Give the villages of a scope and where they are."""
        with self._lock:
            nation = self._national_places(db)
            kept = self._grounds.get(scope)
            if kept and kept[1] is nation and self._clock() < kept[0]:
                return kept[2]
            places = nation.only(_rows(db, scope, nation))
            made = Ground(scope, places, keep_places(self.store, places))
            if kept and kept[2].file != made.file:
                forget_old_places(self.store, datetime.now(UTC))
            self._grounds.put(scope, (self._clock() + GROUND_SECONDS, nation, made))
            return made

    def texts_file(self, db: Session, words: Mapping[str, str]) -> str:
        """Name the file with the maps' words, and the names of provinces and regencies."""
        with self._lock:
            nation = self._national_places(db)
            if self._names is None or self._names[0] is not nation:
                self._names = (nation, _region_names(db))
            return keep_texts(self.store, words, self._names[1])

    def _national_places(self, db: Session) -> Places:
        if self._nation and self._clock() - self._checked_at < GROUND_SECONDS:
            return self._nation[1]
        stamp = _stamp(db)
        if self._nation is None or self._nation[0] != stamp:
            self._nation = (stamp, read_places(db))
        self._checked_at = self._clock()
        return self._nation[1]

    def progress(self, db: Session, ground: Ground, now: datetime) -> tuple[Change, Progress]:
        """Give the state of every village of a ground, and how far the history was read."""
        with self._lock:
            key = (ground.scope, ground.file, int(self._clock() // REREAD_SECONDS))
            change, kept = latest_change(db, now), self._states.get(key)
            if kept is None or kept[0] != change:
                states = _newer(db, ground, kept, now)
                kept = self._states.put(key, (change, states))
            return change, Progress(kept[1].states, kept[1].signups)

    def totals(self, db: Session, scope: Scope, level: Level, now: datetime) -> Totals:
        """Add up a scope by the regions of a level."""
        with self._lock:
            # The registry and a campaign's villages change without a line in the history.
            period = int(self._clock() // GROUND_SECONDS)
            key = (scope, level, latest_change(db, now), period)
            return self._totals.get(key) or self._totals.put(key, totals_by(db, scope, level))

    def body(self, key: object, make: Callable[[], bytes]) -> bytes:
        """Give the bytes of an answer, made once."""
        with self._lock:
            period_key = (key, int(self._clock() // REREAD_SECONDS))
            kept = self._bodies.get(period_key)
            return self._bodies.put(period_key, make()) if kept is None else kept


def map_data() -> MapData:
    """Return what this process remembers for its maps."""
    kept: MapData | None = current_app.extensions.get("map_data")
    if kept is None:
        kept = MapData(Store(running().settings.var_dir / "maps"))
        # Two threads may come here at once; one of the two is kept.
        kept = current_app.extensions.setdefault("map_data", kept)
    return kept


def _rows(db: Session, scope: Scope, nation: Places) -> MapScope:
    if scope == Scope(scope.prefixes):
        return scope_of(nation.codes, scope.prefixes)
    return MapScope(np.array(rows_of(nation.codes, village_codes(db, scope)), dtype=np.int64))


def _stamp(db: Session) -> tuple[object, ...]:
    query = select(func.count(), func.sum(col(Village.latitude)), func.sum(col(Village.longitude)))
    return tuple(db.execute(query.select_from(Village)).one())


def read_places(db: Session) -> Places:
    """Read where all villages of the nation are, in the order of their codes."""
    query = select(
        col(Village.code),
        col(Village.latitude),
        col(Village.longitude),
        col(Village.place_is_approximate),
    ).order_by(col(Village.code))
    rows = db.execute(query).all()
    codes, latitudes, longitudes, approximate = zip(*rows, strict=True) if rows else ([],) * 4
    return Places(
        np.array(codes, dtype="<U13"),
        np.array(latitudes, dtype=np.float64),
        np.array(longitudes, dtype=np.float64),
        np.array(approximate, dtype=np.bool_),
    )


def _region_names(db: Session) -> dict[str, str]:
    rows = [
        row
        for table in (Province, Regency)
        for row in db.execute(select(col(table.code), col(table.name)).order_by(col(table.code)))
    ]
    return {row.code: row.name for row in rows}


def _newer(
    db: Session, ground: Ground, kept: tuple[Change, VillageStates] | None, now: datetime
) -> VillageStates:
    """Read all states, or only those that changed since what was kept."""
    if kept is None:
        return village_states(db, ground.scope, ground.places.codes)
    change, old = kept
    changed = changes_since(db, ground.scope, change.settled, now)[1]
    if changed is None:
        return village_states(db, ground.scope, ground.places.codes)
    rows = ground.rows_of(changed)
    fresh = village_states(db, ground.scope, ground.places.codes[rows])
    states, signups = old.states.copy(), old.signups.copy()
    states[rows], signups[rows] = fresh.states, fresh.signups
    return VillageStates(old.codes, states, signups)

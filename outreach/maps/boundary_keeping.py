"""Keeps borders that were brought in beside the derived ones, and puts either onto the map.

All of it lies below the folder of the maps. The manifest names the files that the map loads, the
derived ones (`derived`) and what was brought in (`borders`): it is written as a whole, so a map
never shows the shapes of one state under the source of another.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import itertools
import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from outreach.errors import Conflict
from outreach.maps.artefacts import write_whole
from outreach.maps.borders import draw_within, join
from outreach.maps.boundaries import Refused, Report
from outreach.maps.shapes import Regions, build_shapes, keep_regions
from outreach.villages.codes import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from outreach.maps.artefacts import Store
    from outreach.maps.columns import Places
    from outreach.maps.shapes import OnProgress


@dataclass(frozen=True, slots=True)
class Borders:
    """Borders of one level as they were brought in: whose they are, of when, and how they fit."""

    source: str
    as_of: date
    file_name: str
    report: Report

    @property
    def level(self) -> Level:
        """The level that was brought in."""
        return self.report.level


@dataclass(frozen=True, slots=True)
class Draft:
    """Borders that were read and matched and wait for a yes; `stamp` tells one from another."""

    borders: Borders
    stamp: str


def keep_draft(store: Store, borders: Borders, regions: Regions) -> Draft:
    """Keep what was read until somebody says yes; it takes the place of an earlier draft."""
    data = _packed(borders, regions)
    write_whole(store.folder / "boundaries" / "draft.bin", data)
    return Draft(borders, hashlib.sha256(data).hexdigest()[:16])


def draft_of(store: Store) -> Draft | None:
    """Return the draft that waits, if there is one."""
    try:
        data = (store.folder / "boundaries" / "draft.bin").read_bytes()
    except FileNotFoundError:
        return None
    return Draft(_unpacked(data)[0], hashlib.sha256(data).hexdigest()[:16])


def require_draft(store: Store, stamp: str) -> Draft:
    """Return the draft that was looked at.

    Raises
    ------
    Conflict
        If another one waits meanwhile, or none.
    """
    draft = draft_of(store)
    if draft is None or draft.stamp != stamp:
        raise Conflict(problem="borders_other_draft")
    return draft


def drop_draft(store: Store) -> None:
    """Throw the draft away."""
    (store.folder / "boundaries" / "draft.bin").unlink(missing_ok=True)


def apply_draft(
    store: Store, stamp: str, places: Places, coast: shapely.MultiPolygon, on_progress: OnProgress
) -> None:
    """Draw the map with the draft's borders, in place of earlier ones of its level.

    Raises
    ------
    Conflict
        If another draft waits meanwhile, or the map is being drawn at this moment.
    """
    with drawing(store):
        draft = require_draft(store, stamp)
        data = (store.folder / "boundaries" / "draft.bin").read_bytes()
        name = f"boundaries/{draft.borders.level.name.lower()}-{stamp}.bin"
        write_whole(store.folder / name, data)
        level = draft.borders.level.name.lower()
        others = [one for one in store.manifest().get("borders", []) if one["level"] != level]
        told = {"level": level, "file": name, **_facts(draft.borders)}
        _draw(store, [*others, told], places, coast, on_progress)
        drop_draft(store)


def build(
    store: Store, places: Places, coast: shapely.MultiPolygon, on_progress: OnProgress
) -> bool:
    """Draw the derived borders anew and the kept ones into them; say whether there are any kept.

    Raises
    ------
    Conflict
        If the map is being drawn at this moment.
    """
    with drawing(store):
        build_shapes(places, coast, store.folder, on_progress)
        kept = store.manifest().get("borders", [])
        if kept:
            _draw(store, kept, places, coast, on_progress)
        return bool(kept)


def forget(store: Store) -> bool:
    """Go back to the derived borders; say whether there was anything to forget."""
    with drawing(store):
        known = store.manifest()
        kept = known.get("borders", [])
        if kept:
            store.note(**known["derived"], borders=[])
        for one in kept:
            (store.folder / one["file"]).unlink(missing_ok=True)
        return bool(kept)


def kept_borders(store: Store) -> list[Borders]:
    """List the borders that the map shows, coarsest level first."""
    told = store.manifest().get("borders", [])
    kept = [_unpacked((store.folder / one["file"]).read_bytes())[0] for one in told]
    return sorted(kept, key=lambda one: one.level)


def _facts(borders: Borders) -> dict[str, Any]:
    return {
        "source": borders.source,
        "as_of": borders.as_of.isoformat(),
        "regions": borders.report.matched,
        "missing": len(borders.report.missing),
    }


def _draw(
    store: Store,
    kept: list[dict[str, Any]],
    places: Places,
    coast: shapely.MultiPolygon,
    on_progress: OnProgress,
) -> None:
    read = [_unpacked((store.folder / one["file"]).read_bytes()) for one in kept]
    known = store.manifest()
    # A folder of before the first borders names the derived files in the first place only.
    derived = known.get("derived") or {key: known[key] for key in ("areas", "districts")}
    borders = {int(one.level): regions for one, regions in read}
    regencies, districts = join(draw_within(places, coast, borders, on_progress), on_progress)
    on_progress("write", 7, 8)
    store.note(**keep_regions(store, regencies, districts), derived=derived, borders=kept)
    on_progress("write", 8, 8)


@contextmanager
def drawing(store: Store) -> Iterator[None]:
    """Hold the folder while the map is drawn; the system lets go should the process end.

    Raises
    ------
    Conflict
        If another process holds it.
    """
    folder = store.folder / "boundaries"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(problem="borders_being_drawn") from None
        yield


def _packed(borders: Borders, regions: Regions) -> bytes:
    shapes = [shapely.to_wkb(shape) for shape in regions.shapes]
    head = {
        "source": borders.source,
        "as_of": borders.as_of.isoformat(),
        "file_name": borders.file_name,
        "report": dataclasses.asdict(borders.report),
        "codes": regions.codes,
        "lengths": [len(shape) for shape in shapes],
    }
    return json.dumps(head).encode() + b"\n" + b"".join(shapes)


def _unpacked(data: bytes) -> tuple[Borders, Regions]:
    line, _, body = data.partition(b"\n")
    head = json.loads(line)
    report = head["report"]
    told = Report(
        **{
            **report,
            "level": Level(report["level"]),
            "refused": tuple(Refused(**one) for one in report["refused"]),
            "twice": tuple((code, times) for code, times in report["twice"]),
            "missing": tuple(report["missing"]),
            "elsewhere": tuple(report["elsewhere"]),
        }
    )
    stops = np.cumsum([0, *head["lengths"]]).tolist()
    shapes = [body[a:b] for a, b in itertools.pairwise(stops)]
    regions = Regions(head["codes"], shapely.from_wkb(np.array(shapes, dtype=object)))
    as_of = date.fromisoformat(head["as_of"])
    return Borders(head["source"], as_of, head["file_name"], told), regions

"""What is said about borders that were brought in: on the map, on their page, at the command line.

Only words: the shapes stay where they are, so that no page loads what it need not.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from outreach.saying import lazy as _lazy
from outreach.web.i18n import number, short_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from outreach.errors import OutreachError

LEVELS = {
    "province": _lazy("%(regions)s of %(of)s provinces"),
    "regency": _lazy("%(regions)s of %(of)s regencies and cities"),
    "district": _lazy("%(regions)s of %(of)s districts"),
}
#: Why a file of borders cannot be used.
FILES = {
    "missing": _lazy("Please choose a file."),
    "borders_empty": _lazy("This file is empty."),
    "borders_unknown_file": _lazy(
        "This is neither GeoJSON nor a GeoPackage nor a zipped shapefile. Export the borders as one"
        " of these."
    ),
    "borders_damaged": _lazy("This file is damaged. Export it anew and send it again."),
    "borders_not_features": _lazy(
        "This is JSON, but no GeoJSON with features. Export the borders as a FeatureCollection."
    ),
    "borders_too_large": _lazy(
        "This file is larger than %(most)s MB. Simplify the borders, or send one level alone."
    ),
    "borders_too_heavy": _lazy(
        "This file unpacks to far too much, or takes too long to read. Simplify the borders."
    ),
    "borders_too_many_rows": _lazy("At most %(most)s rows at once."),
    "borders_too_many_points": _lazy("At most %(most)s points. Simplify the borders."),
    "borders_unsafe_zip": _lazy(
        "This zip holds links or names that lead out of it. Pack the shapefile anew."
    ),
    "borders_locked_zip": _lazy("This zip is locked by a password. Pack it without one."),
    "borders_one_shapefile": _lazy(
        "The zip must hold one shapefile (.shp with .shx, .dbf and .prj); this one holds %(found)s."
    ),
    "borders_not_tables": _lazy(
        "This GeoPackage shows queries in place of tables. Export the layer as a table of its own."
    ),
    "borders_no_areas": _lazy("No layer of this file holds areas."),
    "borders_choose_layer": _lazy("Say which layer to read: %(layers)s."),
    "borders_no_system": _lazy(
        "The file does not say which coordinate system it is in, or names one that is unknown."
        " Export it in WGS 84 (EPSG:4326)."
    ),
    "borders_not_degrees": _lazy(
        "The coordinates are no degrees, although the file says so. Export it in WGS 84"
        " (EPSG:4326)."
    ),
    "borders_no_such_column": _lazy("There is no such column. The file has: %(columns)s."),
    "borders_no_code_column": _lazy(
        "No column holds region codes such as 33.72 or 3372. The file has: %(columns)s."
    ),
    "borders_no_match": _lazy(
        "No code of this file is in the registry. Columns read: %(columns)s."
    ),
    "borders_mixed_levels": _lazy(
        "The codes in column %(column)s are of several levels. Send one level at a time, or name"
        " the column."
    ),
    "borders_nothing_left": _lazy("No row of this file can be used: %(reasons)s."),
    "borders_other_draft": _lazy(
        "Another file was uploaded meanwhile. Look at what it brings, then confirm that."
    ),
    "borders_being_drawn": _lazy("The map is being drawn right now. Please wait for it."),
}
ROWS = {
    "no_code": _lazy("no region code"),
    "not_in_registry": _lazy("not in the registry"),
    "other_level": _lazy("a region of another level"),
    "no_area": _lazy("no area"),
    "broken": _lazy("shape that cannot be read, such as a ring that is not closed"),
    "outside": _lazy("outside Indonesia"),
}


def shown_borders(manifest: Mapping[str, Any]) -> str | None:
    """Say which borders the map shows; none while all are derived from the villages."""
    kept = manifest.get("borders") or []
    if not kept:
        return None
    told = "; ".join(_one(borders) for borders in kept)
    return str(_("%(borders)s; all others are approximate", borders=told))


def _one(borders: Mapping[str, Any]) -> str:
    regions, missing = borders["regions"], borders["missing"]
    counts = {"regions": number(regions), "of": number(regions + missing)}
    words = LEVELS[borders["level"]]
    count = _(words, **counts)
    day = short_date(date.fromisoformat(borders["as_of"]))
    return f"{borders['source']}, {day} ({count})"


def file_facts(error: OutreachError, tell: Callable[[str], str]) -> dict[str, object]:
    """Gather what the words of `FILES` are filled in with; reasons of rows are told as words."""
    facts: dict[str, Any] = {**error.facts}
    if "reasons" in facts:
        facts["reasons"] = [tell(ROWS[reason]) for reason in facts["reasons"]]
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in facts.items()
    }


def file_problem(error: OutreachError) -> str:
    """Say why a file of borders cannot be used."""
    return str(_(FILES[str(error.facts["problem"])], **file_facts(error, _)))

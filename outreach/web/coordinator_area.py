"""The picture of a branch's districts from which the area of a stage is picked."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean, quantiles
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from outreach.maps.outlines import district_outlines
from outreach.progress.scope import Scope
from outreach.progress.totals import totals_by
from outreach.villages.codes import Level
from outreach.web.i18n import number, percent
from outreach.web.map_data import map_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from outreach.maps.outlines import Outlines
    from outreach.progress.totals import Total
    from outreach.web.coordinator_views import RegencyChoice

#: Shares up to which a shade goes; the last shade has no limit.
REACHED_UP_TO = (0.0, 0.25, 0.5, 0.75)
SHADES = 5


@dataclass(frozen=True, slots=True)
class AreaShape:
    """A district on the picture: its path, its two shades from 0 to 4, what it says of itself."""

    code: str
    name: str
    path: str
    reached: int
    gap: int
    told: str


@dataclass(frozen=True, slots=True)
class AreaLabel:
    """The name of a regency, in the middle of its districts."""

    words: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class AreaMap:
    """The whole picture; the legends tell each shade's range, the palest first."""

    width: int
    height: int
    shapes: tuple[AreaShape, ...]
    labels: tuple[AreaLabel, ...]
    reached_legend: tuple[str, ...]
    gap_legend: tuple[str, ...]


def area_map(db: Session, regions: Sequence[RegencyChoice]) -> AreaMap | None:
    """Draw the districts of a branch; None where the shapes have not been built."""
    codes = [district.code for regency in regions for district in regency.districts]
    drawn = district_outlines(map_data().store, codes)
    if drawn is None:
        return None
    scope = Scope(tuple(regency.code for regency in regions))
    totals = {row.code: row for row in totals_by(db, scope, Level.DISTRICT).rows}
    limits = _gap_limits([row.gap for row in totals.values()])
    shapes = tuple(
        _shape(totals[district.code], regency, drawn.paths[district.code], limits)
        for regency in regions
        for district in regency.districts
        if district.code in drawn.paths and district.code in totals
    )
    labels = _labels(drawn, regions)
    return AreaMap(drawn.width, drawn.height, shapes, labels, _reached_legend(), _legend(limits))


def _shape(row: Total, regency: RegencyChoice, path: str, limits: Sequence[int]) -> AreaShape:
    share = row.reached_share or 0.0
    told = _(
        "%(district)s, %(regency)s: %(villages)s villages, %(reached)s reached (%(share)s),"
        " gap %(gap)s (estimate)",
        district=row.name,
        regency=regency.name,
        villages=number(row.villages),
        reached=number(row.reached),
        share=percent(share, 0),
        gap=number(row.gap),
    )
    shade, gap = bisect_left(REACHED_UP_TO, share), bisect_left(limits, row.gap)
    return AreaShape(row.code, row.name, path, shade, gap, told)


def _gap_limits(gaps: Sequence[int]) -> list[int]:
    """Fifths of the districts, in round hundreds; fewer where they are alike."""
    if len(gaps) < SHADES:
        return sorted(set(gaps))[:-1]
    return sorted({max(100, round(limit, -2)) for limit in map(int, quantiles(gaps, n=SHADES))})


def _reached_legend() -> tuple[str, ...]:
    limits = [percent(limit, 0) for limit in REACHED_UP_TO]
    return (_("none"), *_ranges(limits))


def _legend(limits: Sequence[int]) -> tuple[str, ...]:
    if not limits:
        return (_("all alike"),)
    written = [number(limit) for limit in limits]
    return (_("up to %(limit)s", limit=written[0]), *_ranges(written))


def _ranges(limits: Sequence[str]) -> list[str]:
    """From each limit to the next, the last without an end."""
    between = [_("to %(limit)s", limit=limit) for limit in limits[1:]]
    return [*between, _("above %(limit)s", limit=limits[-1])]


def _labels(drawn: Outlines, regions: Sequence[RegencyChoice]) -> tuple[AreaLabel, ...]:
    middles: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for code, middle in drawn.middles.items():
        middles[code[:5]].append(middle)
    return tuple(
        AreaLabel(
            regency.name.removeprefix("Kabupaten "),
            round(fmean(x for x, _y in middles[regency.code])),
            round(fmean(y for _x, y in middles[regency.code])),
        )
        for regency in regions
        if regency.code in middles
    )

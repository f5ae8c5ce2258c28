"""What the map is coloured by, as columns, words and looks of the files that show it."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from flask import request
from flask_babel import gettext as _

from outreach.errors import NotFound
from outreach.maps.figures import BREAKS
from outreach.maps.qgis_styles import Classes, Looks
from outreach.progress.layers import EPOCH, SHARES, Layer, first_days, layer_sums, village_sums
from outreach.villages.codes import Level
from outreach.villages.tables import Figure
from outreach.web.coordinator_pages import today
from outreach.web.i18n import number, short_date
from outreach.web.map_layers import layer_notes
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlmodel import Session

    from outreach.progress.layers import LayerSums
    from outreach.progress.scope import Scope
    from outreach.progress.totals import Total

    type Columns = dict[str, list[Any]]

REACHED_SHARE = "persen_terjangkau"
#: In percent of the villages; the first layer's classes are the same at every level.
_REACHED_LIMITS = (10, 25, 40, 55, 70, 85)
#: The column of each further layer. Shares stand in percent.
COLUMNS = {
    Layer.SIGNUPS: "pendaftaran_per_1000_pekerja_informal_perkiraan",
    Layer.GAP: "pekerja_informal_belum_terlindungi_dan_belum_mendaftar_perkiraan",
    Layer.PAID: "persen_pendaftaran_dibayar",
    Layer.CONFIRMED: "persen_kunjungan_terkonfirmasi",
    Layer.SILENCE: "hari_sejak_sosialisasi_terakhir",
}
#: What shares are made from, by the names of the sums.
PARTS = {
    "paid": "pendaftaran_dibayar",
    "told": "pendaftaran_diketahui_bayarnya",
    "confirmed": "kunjungan_mendatang_terkonfirmasi",
    "coming": "kunjungan_mendatang",
}
#: The columns of the estimates.
ESTIMATES = {
    Figure.INFORMAL: "pekerja_informal_perkiraan",
    Figure.COVERED: "sudah_terlindungi_perkiraan",
    Figure.VULNERABLE: "pekerja_rentan_perkiraan",
}
_TO_BE_DONE = (Layer.GAP, Layer.SILENCE)
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file shows beside codes and names: columns of regions and villages, looks, words."""

    regions: Columns
    villages: Columns
    looks: Looks
    about: dict[str, str] = field(default_factory=dict)


def seen_now(regions: Sequence[Total], villages: Sequence[Total]) -> Seen:
    """Show the state of every village and the share of each region that is reached."""
    words = _state_words()
    states = [words[3 * row.reached or 2 * row.confirmed or row.planned] for row in villages]
    counts: Columns = {
        "terjangkau": [row.reached for row in regions],
        "terkonfirmasi": [row.confirmed for row in regions],
        "terencana": [row.planned for row in regions],
        "belum_terencana": [row.not_planned for row in regions],
        REACHED_SHARE: [_percent(row.reached, row.villages) for row in regions],
    }
    return Seen(
        {**counts, **_brought(regions)},
        {"status": states, **_brought(villages)},
        Looks({words[state]: state for state in range(4)}, reached_classes()),
    )


def _state_words() -> list[str]:
    return [_("Not planned"), _("Planned"), _("Confirmed"), _("Reached")]


def _brought(rows: Sequence[Total]) -> Columns:
    return {
        "sesi": [row.sessions for row in rows],
        "hadir_laki_laki": [row.men for row in rows],
        "hadir_perempuan": [row.women for row in rows],
        "pendaftaran": [row.signups for row in rows],
        ESTIMATES[Figure.INFORMAL]: [row.informal for row in rows],
        ESTIMATES[Figure.COVERED]: [row.covered for row in rows],
        ESTIMATES[Figure.VULNERABLE]: [row.vulnerable for row in rows],
    }


def reached_classes() -> Classes:
    """Part regions by the share of their villages that is reached."""
    labels = _labels(_REACHED_LIMITS, " %")
    return Classes(REACHED_SHARE, _REACHED_LIMITS, labels, "more", _("No village counts"))


def seen_in_layer(
    db: Session, scope: Scope, layer: Layer, level: Level, now: Seen, codes: Sequence[str]
) -> Seen:
    """Add the figures of a layer to what is seen now, and colour by them."""
    regions = now.regions | _columns(layer_sums(db, scope, level), layer)
    villages = now.villages
    if codes:
        of_villages = village_sums(db, scope, np.array(codes, dtype="<U13"), layer)
        villages = villages | _columns(of_villages, layer)
    looks = Looks(now.looks.states, _classes(layer, level), _classes(layer, Level.VILLAGE))
    told = {"warna": f"{word(layer)}. {layer_notes(db, scope)[layer]}"}
    return Seen(regions, villages, looks, told)


def _columns(sums: LayerSums, layer: Layer) -> Columns:
    """Give the layer's figures, and before those of a share what it is made from."""
    parts: Columns = {PARTS[name]: sums.column(name).tolist() for name in SHARES.get(layer, ())}
    return {**parts, COLUMNS[layer]: _figures(sums, layer)}


def _figures(sums: LayerSums, layer: Layer) -> list[float | None]:
    by = 100 if layer in SHARES else 1
    values = np.round(by * sums.figures(layer, today()), 4).tolist()
    return [None if np.isnan(value) else value for value in values]


def _classes(layer: Layer, level: Level) -> Classes:
    by, unit = (100, " %") if layer in SHARES else (1, "")
    limits = [round(by * limit, 4) for limit in BREAKS[layer][level]]
    nothing = {
        Layer.PAID: _("No payment told"),
        Layer.CONFIRMED: _("No visit to come"),
        Layer.SILENCE: _("Never visited"),
    }.get(layer, _("No informal workers estimated"))
    ramp = "worse" if layer in _TO_BE_DONE else "more"
    return Classes(COLUMNS[layer], limits, _labels(limits, unit), ramp, nothing)


def _labels(limits: Sequence[float], unit: str) -> list[str]:
    told = [number(limit) for limit in limits]
    between = [f"{low}–{high}{unit}" for low, high in itertools.pairwise(told)]
    return [f"< {told[0]}{unit}", *between, f"≥ {told[-1]}{unit}"]


@dataclass(frozen=True, slots=True)
class Weeks:
    """The last days of the weeks that the map shows; `beside` that of its right side, if any.

    The last day of this week is today.
    """

    until: date
    beside: date | None = None


def asked_weeks() -> Weeks | None:
    """Read which weeks the map shows; none while it shows today.

    Raises
    ------
    NotFound
        If one is no day.
    """
    until, beside = (_week_end(request.args.get(name, "")) for name in ("week", "beside"))
    return Weeks(until, beside) if until else None


def _week_end(given: str) -> date | None:
    if not given:
        return None
    try:
        day = date.fromisoformat(given) if _DAY.fullmatch(given) else None
    except ValueError:
        day = None
    if day is None:
        raise NotFound(week=given[:20])
    return min(day + timedelta(days=6 - day.weekday()), today())


def seen_in_weeks(
    db: Session,
    scope: Scope,
    weeks: Weeks,
    regions: Sequence[Total],
    villages: Sequence[str],
) -> Seen:
    """Show which villages had been reached by the end of a week, or of two."""
    days = first_days(db, scope, np.array(villages, dtype="<U13"))
    words = [_("Not reached by then"), _("Reached by then")]
    of_regions, of_villages = _by(weeks.until, days, regions, villages, words)
    if weeks.beside is not None:
        more = _by(weeks.beside, days, regions, villages, words)
        of_regions |= {f"{name}_pembanding": column for name, column in more[0].items()}
        of_villages |= {f"{name}_pembanding": column for name, column in more[1].items()}
    looks = Looks({words[0]: 0, words[1]: 3}, reached_classes())
    rule = _("By the reports that count today, and by all villages of today.")
    told = {"pekan": f"{_('Until %(day)s.', day=short_date(weeks.until))} {rule}"}
    if weeks.beside is not None:
        told["pekan_pembanding"] = _("Until %(day)s.", day=short_date(weeks.beside))
    return Seen(of_regions, of_villages, looks, told)


def _by(
    until: date,
    days: NDArray[np.int64],
    regions: Sequence[Total],
    villages: Sequence[str],
    words: Sequence[str],
) -> tuple[Columns, Columns]:
    is_reached = (days > 0) & (days <= (until - EPOCH).days)
    count = dict.fromkeys((row.code for row in regions), 0)
    length = len(regions[0].code) if regions else 0
    for code, reached in zip(villages, is_reached.tolist(), strict=True):
        count[code[:length]] += reached
    shares = [_percent(count[row.code], row.villages) for row in regions]
    of_regions: Columns = {"terjangkau": list(count.values()), REACHED_SHARE: shares}
    return of_regions, {"status": [words[reached] for reached in is_reached.tolist()]}


def _percent(part: int, of: int) -> float | None:
    return round(100 * part / of, 4) if of else None

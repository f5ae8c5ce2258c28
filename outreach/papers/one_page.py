"""One page about an area for the head of its government: what is done, what comes, what is asked.

Indonesian, as all papers. It names no person and no telephone number, so it may be handed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from babel.numbers import format_decimal, format_percent
from sqlalchemy import func, or_, select
from sqlmodel import col

from outreach.papers.wording import KINDS, PAPUA, day_words
from outreach.progress.scope import visits_in
from outreach.villages.codes import Level
from outreach.villages.tables import District, Figure, Village, Zone
from outreach.visits.tables import Visit, Work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.progress.denominators import Denominator
    from outreach.progress.scope import Scope
    from outreach.progress.totals import Total

TITLE = "Ringkasan wilayah"
#: As many as leave room for the rest of the page.
MOST_VISITS = 8
#: So many villages without a plan are named; of more, only their number is told.
MOST_NAMED = 12
#: Levels that somebody governs to whom the page is handed.
LEVELS = (Level.PROVINCE, Level.REGENCY, Level.DISTRICT)
#: Visits that were approved and asked for; what is only proposed may still change.
ASKED_FOR = (Work.AWAITING, Work.CONFIRMED)
STATES = ("Belum direncanakan", "Direncanakan", "Terkonfirmasi", "Terjangkau")
_VISIT_WORDS = {Work.AWAITING: "menunggu jawaban desa", Work.CONFIRMED: "terkonfirmasi"}
_FIGURES = {
    Figure.INFORMAL: "pekerja informal (perkiraan)",
    Figure.VULNERABLE: "pekerja rentan, desil 1–4 (perkiraan)",
    Figure.COVERED: "pekerja informal yang sudah aktif (perkiraan)",
}


@dataclass(frozen=True, slots=True)
class Area:
    """What the page is about; `part` says of what it is only a part, `address` may be empty."""

    code: str
    name: str
    above: Sequence[str]
    part: str
    filters: Sequence[str]
    head: Mapping[str, Any]
    address: str


@dataclass(frozen=True, slots=True)
class NextVisits:
    """The first of the visits to come, and how many there are in all."""

    rows: Sequence[Mapping[str, str]]
    count: int


def next_visits(db: Session, scope: Scope, now: datetime) -> NextVisits:
    """Read the visits not begun yet that villages have been asked for, the earliest first."""
    held = (visits_in(scope), col(Visit.work).in_(ASKED_FOR), _not_begun(now))
    count = db.execute(select(func.count()).select_from(Visit).where(*held)).scalar() or 0
    query = (
        select(Visit, col(Village.name), col(Village.kind), col(District.name))
        .join(Village, col(Village.code) == col(Visit.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .where(*held)
        .order_by(col(Visit.day), col(Visit.starts_at), col(Visit.id))
        .limit(MOST_VISITS)
    )
    return NextVisits([_visit(*row) for row in db.execute(query)], count)


def _not_begun(now: datetime) -> ColumnElement[bool]:
    """Keep the visits that begin later than *now* by the clock of their village."""
    later = []
    for zone in Zone:
        here = zone.clock(now)
        today = (col(Visit.day) == here.date()) & (col(Visit.starts_at) > here.time())
        later.append((col(Visit.zone) == zone) & ((col(Visit.day) > here.date()) | today))
    return or_(*later)


def _visit(visit: Visit, village: str, kind: str, district: str) -> dict[str, str]:
    ends = datetime.combine(visit.day, visit.starts_at) + timedelta(minutes=visit.session_minutes)
    return {
        "day": day_words(visit.day, weekday=True),
        "hours": f"{visit.starts_at:%H.%M}–{ends:%H.%M} {visit.zone.name}",
        "place": f"{KINDS[kind]} {village}",
        "district": district,
        "work": _VISIT_WORDS[visit.work],
    }


def one_page(
    area: Area,
    whole: Total,
    rates: Sequence[tuple[Denominator, str]],
    visits: NextVisits,
    unplanned: Sequence[str],
    picture: str,
    signs: Sequence[str],
    *,
    as_of: str,
    borders: str,
    today: date,
) -> dict[str, Any]:
    """Put the page into the words that the typesetter sets.

    Parameters
    ----------
    rates
        What the sign-ups are told as a share of, each with the words of its source.
    unplanned
        The names of the villages without a plan; none where they are too many.
    picture, signs
        The sketch of the area, and the sign of each state, as SVG.
    """
    counts = (whole.not_planned, whole.planned, whole.confirmed, whole.reached)
    return {
        **_heading(area, today),
        "reached": _number(whole.reached),
        "villages": _number(whole.villages),
        "share": _percent(whole.reached_share),
        "signups": _number(whole.signups),
        "sessions": _number(whole.sessions),
        "people": _number(whole.men + whole.women),
        "rates": [_rate(of, whole.signups) for of, _source in rates],
        "sources": [f"{_FIGURES[of.figure].capitalize()}: {source}." for of, source in rates],
        "as_of": as_of,
        "borders": borders,
        "map": picture,
        "legend": [
            {"sign": sign, "words": f"{words}: {_number(count)}"}
            for sign, words, count in zip(signs, STATES, counts, strict=True)
        ],
        "visits": list(visits.rows),
        "visit_count": visits.count,
        "asked": _asked(whole, visits, unplanned),
        "address": area.address,
    }


def _heading(area: Area, today: date) -> dict[str, Any]:
    """Say what the page is, of which area, for whom and of when."""
    return {
        "kind": "one_page",
        "title": TITLE,
        "number": area.name,
        "edition": 1,
        "revised": "",
        "dated": day_words(today),
        "dated_iso": today.isoformat(),
        "head": dict(area.head),
        "area": area.name,
        "above": ", ".join(area.above),
        "to": _head_of(area),
        "part": area.part,
        "filters": list(area.filters),
    }


def _head_of(area: Area) -> str:
    match len(area.code):
        case Level.PROVINCE:
            return f"Gubernur {area.name}"
        case Level.REGENCY:
            is_city = area.name.casefold().startswith("kota ")
            place = area.name.partition(" ")[2] if is_city or " " in area.name else area.name
            return f"{'Wali Kota' if is_city else 'Bupati'} {place}"
        case _:
            papuan = area.code.startswith(PAPUA)
            return f"{'Kepala Distrik' if papuan else 'Camat'} {area.name}"


def _rate(of: Denominator, signups: int) -> dict[str, str]:
    rate = of.rate(signups)
    return {"share": _percent(rate, 2), "of": f"dari {_number(of.total)} {_FIGURES[of.figure]}"}


def _asked(whole: Total, visits: NextVisits, unplanned: Sequence[str]) -> list[str]:
    """Say what the head of the area can do now; nothing that is done already is asked for."""
    asked = []
    if visits.count:
        asked.append(
            "Mengingatkan desa/kelurahan yang akan dikunjungi agar menyiapkan tempat dan mengundang"
            f" warga yang bekerja mandiri ({_number(visits.count)} kunjungan akan datang)."
        )
    if whole.not_planned:
        named = f" ({'; '.join(unplanned)})" if unplanned else ""
        asked.append(
            f"Mendorong {_number(whole.not_planned)} desa/kelurahan yang belum direncanakan{named}"
            " agar menyampaikan hari yang cocok untuk sosialisasi kepada kantor cabang mereka."
        )
    if whole.gap:
        asked.append(
            "Membantu menemukan pekerja rentan yang belum terlindungi dan sumber yang dapat"
            " membayari iurannya, misalnya APBD atau dana desa sesuai ketentuan."
        )
    return asked


def _number(value: float) -> str:
    return str(format_decimal(value, format="#,##0", locale="id"))


def _percent(share: float | None, decimals: int = 1) -> str:
    if share is None:
        return "–"
    return str(format_percent(share, format=f"#,##0.{'0' * decimals}%", locale="id"))

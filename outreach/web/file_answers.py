"""What every table that goes out as a file tells of itself, and how it is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, request

from outreach.campaigns.campaigns import campaign_of
from outreach.errors import NotFound
from outreach.progress.totals import estimate_sources, newest_report
from outreach.sheets.exporting import About, Separator, Table, text_file, workbook
from outreach.villages.reading import names_of
from outreach.web.addresses import public_url
from outreach.web.auth import person
from outreach.web.coordinator_pages import now, today
from outreach.web.i18n import moment, short_date
from outreach.web.paper_files import plain_name
from outreach.web.words import source_words, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlmodel import Session

    from outreach.progress.scope import Scope
    from outreach.villages.tables import Figure
    from outreach.web.map_filters import Filters

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: The page that shows what each file holds.
_PAGES = {
    "/board/table": "/board",
    "/map/table": "/map",
    "/ledger/areas": "/ledger",
    "/ledger/pairs": "/ledger",
    "/ledger/dues": "/ledger",
    "/sponsorships/list": "/sponsorships",
    "/outlook/branches": "/outlook",
    "/follow-ups/list": "/follow-ups",
}


def about_area(db: Session, what: str, filters: Filters, extra: Iterable[tuple[str, str]]) -> About:
    """Tell of a table of the place that the filters look at."""
    name = names_of(db, [filters.area])[filters.area] if filters.area else "Indonesia"
    if filters.part:
        name = filters.part.name
    scope = filters.scope(person())
    return about_place(db, f"{what} {name}", name, filters, scope, extra, filters.is_cut(person()))


def about_place(
    db: Session,
    title: str,
    name: str,
    filters: Filters,
    scope: Scope,
    extra: Iterable[tuple[str, str]],
    is_part: bool,
) -> About:
    """Tell what was asked for, of which place, and how new it is."""
    newest = newest_report(db, scope)
    campaign = filters.campaign_id and campaign_of(db, person(), filters.campaign_id).name
    where = f"{name} ({filters.area})" if filters.area else name
    zone = person().zone
    return About(
        title=title,
        filters=(
            ("Wilayah", f"{where}, hanya bagian wilayah Anda" if is_part else where),
            ("Kampanye", campaign or "semua kampanye"),
            ("Jenis desa", word(filters.kind) if filters.kind else "semua jenis"),
            *extra,
        ),
        sources=("Laporan sosialisasi yang berlaku.",),
        as_of=moment(newest, zone) if newest else "",
        made_at=moment(now(), zone),
        address=page_address(filters.place()),
        newest=newest,
    )


def estimates_told(db: Session, *figures: Figure) -> list[str]:
    """Tell where the estimates come from that stand in a table."""
    known = estimate_sources(db)
    return [
        f"{word(one)}: {source_words(known[one].source)}, {short_date(known[one].as_of)}."
        for one in figures
        if one in known
    ]


def page_address(place: Mapping[str, str]) -> str:
    """Write the address of the page that shows this; how the file is written is none of it.

    The place stands in it also where the reader's own was meant: others open the file too.
    """
    path = request.path.rpartition(".")[0]
    page = _PAGES[path]
    query = request.query_string.decode()
    kept = [part for part in query.split("&") if part and not part.startswith(("sep=", "hxl="))]
    if not any(request.args.get(name) for name in place):
        kept += [f"{name}={value}" for name, value in place.items() if value]
    return f"{public_url()}{page}" + (f"?{'&'.join(kept)}" if kept else "")


def file_answer(table: Table, about: About, more_sources: Iterable[str] = ()) -> Response:
    """Send a table the way its address ends: as a workbook or as text."""
    about = replace(about, sources=(*about.sources, *more_sources))
    ending, tags = request.path.rpartition(".")[2], request.args.get("hxl") == "1"
    if ending == "xlsx":
        answer = Response(workbook(table, about, tags=tags), mimetype=XLSX)
    else:
        body = text_file(table, about, _separator(), tags=tags)
        answer = Response(body, content_type="text/csv; charset=utf-8")
    name = f"{plain_name(about.title)}-{today().isoformat()}.{ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _separator() -> Separator:
    given = request.args.get("sep", "")
    try:
        return Separator(given) if given else Separator.SEMICOLON
    except ValueError:
        raise NotFound(separator=given[:20]) from None

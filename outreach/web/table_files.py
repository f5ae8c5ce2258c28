"""The tables of the manager's pages as workbooks and as text: what the page shows, by its address.

Each view asks the function that feeds the page, with the same address, so there is no second way
to a figure. What goes out is Indonesian, whatever language the screens are in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, request
from flask_babel import force_locale

from outreach.campaigns.campaigns import campaign_of
from outreach.errors import NotFound
from outreach.papers.one_page import STATES as WORDS
from outreach.people.tables import Role
from outreach.progress.layers import Layer
from outreach.progress.sponsorships import sponsorships_in
from outreach.progress.totals import estimate_sources, newest_report
from outreach.sheets.exporting import About, Separator, Table, text_file, workbook
from outreach.sheets.seen_board import board_table
from outreach.sheets.seen_tables import (
    LayerFigures,
    follow_up_table,
    ledger_table,
    map_table,
    sponsorship_table,
)
from outreach.villages.codes import Level, cut
from outreach.villages.reading import names_of
from outreach.villages.tables import Figure
from outreach.web.addresses import public_url
from outreach.web.auth import person
from outreach.web.board import asked_of, cost_of, local_today, named, targets_of
from outreach.web.board_memory import board_memory
from outreach.web.board_place import read_place
from outreach.web.coordinator_pages import now, today
from outreach.web.database import reading_db
from outreach.web.follow_up_words import case_words, rule_words, unknown_words
from outreach.web.follow_ups import asked_list, cases_of
from outreach.web.i18n import moment, number, short_date
from outreach.web.ledger import areas_below
from outreach.web.manager import STATES, state_of, table_of
from outreach.web.map_filters import Filters, home_of, read_filters, read_filters_of_part
from outreach.web.paper_files import plain_name
from outreach.web.routing import allow
from outreach.web.sponsorships import terms_to_run
from outreach.web.words import source_words, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.follow_up import FollowUp, FollowUpList, Rules
    from outreach.progress.scope import Scope

pages = Blueprint("table_files", __name__)
READERS = (Role.COORDINATOR, Role.MANAGER)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: The states of a village by the names of the map, in the words of papers.
STATE_WORDS = dict(zip(STATES, WORDS, strict=True))
#: What the shares among the layers are shares of.
SHARE_OF = {
    Layer.PAID: "dari pendaftaran yang diketahui bayarnya",
    Layer.CONFIRMED: "dari kunjungan mendatang",
}


@pages.get("/board/table.xlsx")
@pages.get("/board/table.csv")
@allow(*READERS)
def board() -> ResponseReturnValue:
    """Send the rows of the board."""
    with reading_db() as db, force_locale("id"):
        place = read_place(db, person())
        _refuse_village(place.filters)
        day = local_today()
        targets = targets_of(db, place, day)
        found = board_memory().board(db, asked_of(place), targets, today=day, now=now())
        rows = named(db, place, found)
        names = {one.row.key: (one.name, one.hint) for one in rows}
        table = board_table(found, names, lambda f: word(f.schedule), cost_of)
        extra = [("Baris", word(place.by)), ("Hari ini", short_date(day))]
        name = place.name or "Indonesia"
        about = _about(db, f"Papan {name}", name, place.filters, place.scope, extra, place.is_part)
        about = replace(about, address=_page_address(place.asked()))
        told = {one.source for one in targets.targets.values()}
        goals = sorted(f"Target: {source_words(one).rstrip('.')}." for one in told if one)
        estimates = _estimates(db, Figure.INFORMAL, Figure.VULNERABLE, Figure.COVERED)
        return _file(table, about, more_sources=[*estimates, *goals])


@pages.get("/map/table.xlsx")
@pages.get("/map/table.csv")
@allow(*READERS)
def map_() -> ResponseReturnValue:
    """Send the rows of the table beside the map."""
    with reading_db() as db, force_locale("id"):
        filters = read_filters(db, person(), home=home_of(person()))
        _refuse_village(filters)
        shown = table_of(db, filters)
        layer, level = _layer(shown), Level[shown["level"].upper()]
        table = map_table(
            shown["rows"], shown["whole"], level, lambda row: STATE_WORDS[state_of(row)], layer
        )
        extra = [("Warna peta", layer.name)] if layer else []
        about = _about_area(db, "Peta", filters, extra)
        estimates = _estimates(db, Figure.INFORMAL, Figure.COVERED)
        notes = [f"{layer.name}: {shown['layer_note']}"] if layer else []
        return _file(table, about, more_sources=[*estimates, *notes])


@pages.get("/ledger/areas.xlsx")
@pages.get("/ledger/areas.csv")
@allow(*READERS)
def ledger() -> ResponseReturnValue:
    """Send the ledger by area."""
    with reading_db() as db, force_locale("id"):
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        _refuse_village(filters)
        below = areas_below(db, filters.scope(person()), filters)
        table = ledger_table(below["areas"], below["names"], Level[below["level"].upper()])
        extra = [("Sampai dengan", short_date(today()))]
        about = _about_area(db, "Buku pendaftaran", filters, extra)
        return _file(table, about, more_sources=[CONFIRMED])


@pages.get("/follow-ups/list.xlsx")
@pages.get("/follow-ups/list.csv")
@allow(*READERS)
def follow_ups() -> ResponseReturnValue:
    """Send a list of villages to go to again, all of it."""
    kind, rules, problems = asked_list()
    if kind is None or problems:  # the page tells what is wrong
        return redirect(_page_address({}).removeprefix(public_url()), 303)
    with reading_db() as db, force_locale("id"):
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        found = cases_of(db, filters, kind, rules)
        table = follow_up_table(
            found.cases,
            _names_around(db, found),
            lambda case: case_words(kind, case),
            lambda case: word(case.work) if case.work else "",
        )
        about = _about_area(db, word(kind), filters, _told_of(kind, rules, found))
        return _file(
            table,
            about,
            more_sources=["Kunjungan, buku pendaftaran, dan kepesertaan yang dibayari."],
        )


@pages.get("/sponsorships/list.xlsx")
@pages.get("/sponsorships/list.csv")
@allow(*READERS)
def sponsorships() -> ResponseReturnValue:
    """Send who pays for workers until when, all that has not ended."""
    with reading_db() as db, force_locale("id"):
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        filters = replace(filters, campaign_id=None, kind=None)  # which the page does not ask for
        rows = terms_to_run(sponsorships_in(db, filters.scope(person())))
        names = names_of(db, {row[0].region_code for row in rows})
        until = [("Belum berakhir per", short_date(today()))]
        about = _about_area(db, "Kepesertaan yang dibayari", filters, until)
        # It comes from no report: what is noted is what counts at this moment.
        about = replace(about, sources=(NOTED,), as_of=about.made_at, newest=now())
        return _file(sponsorship_table(rows, names, word), about)


def _told_of(kind: FollowUp, rules: Rules, found: FollowUpList) -> list[tuple[str, str]]:
    told = [
        ("Aturan", rule_words(kind, rules)),
        ("Desa yang dapat dinilai", number(found.looked_at)),
        ("Desa di daftar", number(len(found.cases))),
        ("Tidak dimuat: sudah ada rencana", number(found.planned)),
    ]
    unknown = unknown_words(kind, found.unknown)
    return [*told, ("Tidak dinilai", unknown)] if unknown else told


def _names_around(db: Session, found: FollowUpList) -> dict[str, str]:
    codes = [case.code for case in found.cases]
    around = {cut(code, level) for code in codes for level in (Level.REGENCY, Level.DISTRICT)}
    return names_of(db, {*codes, *around})


def _layer(shown: dict[str, Any]) -> LayerFigures | None:
    layer: Layer | None = shown["layer"]
    if layer is None:
        return None
    return LayerFigures(word(layer), layer.value, shown["layer_values"], SHARE_OF.get(layer, ""))


def _refuse_village(filters: Filters) -> None:
    """Refuse a village: its page has no such table."""
    if len(filters.area) == Level.VILLAGE:
        raise NotFound(region=filters.area)


def _about_area(
    db: Session, what: str, filters: Filters, extra: Iterable[tuple[str, str]]
) -> About:
    name = names_of(db, [filters.area])[filters.area] if filters.area else "Indonesia"
    if filters.part:
        name = filters.part.name
    scope = filters.scope(person())
    return _about(db, f"{what} {name}", name, filters, scope, extra, filters.is_cut(person()))


def _about(
    db: Session,
    title: str,
    name: str,
    filters: Filters,
    scope: Scope,
    extra: Iterable[tuple[str, str]],
    is_part: bool,
) -> About:
    newest = newest_report(db, scope)
    campaign = filters.campaign_id and campaign_of(db, person(), filters.campaign_id).name
    where = f"{name} ({filters.area})" if filters.area else name
    zone = ZoneInfo(person().zone).key
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
        address=_page_address(filters.place()),
        newest=newest,
    )


def _estimates(db: Session, *figures: Figure) -> list[str]:
    """Tell where the estimates come from that stand in a table."""
    known = estimate_sources(db)
    return [
        f"{word(one)}: {source_words(known[one].source)}, {short_date(known[one].as_of)}."
        for one in figures
        if one in known
    ]


#: What the confirmed steps of the ledger come from.
CONFIRMED = "Langkah terkonfirmasi: hitungan yang diunggah, dengan tanggalnya di tiap baris."
#: What the list of sponsorships comes from.
NOTED = "Catatan kantor cabang tentang kepesertaan yang dibayari, dengan sumbernya di tiap baris."
#: The page that shows what each file holds.
_PAGES = {
    "/board/table": "/board",
    "/map/table": "/map",
    "/ledger/areas": "/ledger",
    "/follow-ups/list": "/follow-ups",
    "/sponsorships/list": "/sponsorships",
}


def _page_address(place: Mapping[str, str]) -> str:
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


def _file(table: Table, about: About, more_sources: Iterable[str] = ()) -> Response:
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

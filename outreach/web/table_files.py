"""The tables of the manager's pages as workbooks and as text: what the page shows, by its address.

Each view asks the function that feeds the page, with the same address, so there is no second way
to a figure. What goes out is Indonesian, whatever language the screens are in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect
from flask_babel import force_locale

from outreach.errors import NotFound
from outreach.papers.one_page import STATES as WORDS
from outreach.people.tables import Role
from outreach.progress.layers import Layer
from outreach.progress.sponsorships import sponsorships_in
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
from outreach.web.board import asked_of, cost_of, named, targets_of
from outreach.web.board_memory import board_memory
from outreach.web.board_place import read_place
from outreach.web.coordinator_pages import now, today
from outreach.web.database import reading_db
from outreach.web.file_answers import (
    about_area,
    about_place,
    estimates_told,
    file_answer,
    page_address,
)
from outreach.web.follow_up_words import case_words, rule_words, unknown_words
from outreach.web.follow_ups import asked_list, cases_of
from outreach.web.i18n import number, short_date
from outreach.web.ledger import areas_below
from outreach.web.manager import STATES, state_of, table_of
from outreach.web.map_filters import Filters, home_of, read_filters, read_filters_of_part
from outreach.web.routing import allow
from outreach.web.sponsorships import terms_to_run
from outreach.web.words import source_words, word

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.follow_up import FollowUp, FollowUpList, Rules

pages = Blueprint("table_files", __name__)
READERS = (Role.COORDINATOR, Role.MANAGER)
#: What the confirmed steps of the ledger come from.
CONFIRMED = "Langkah terkonfirmasi: hitungan yang diunggah, dengan tanggalnya di tiap baris."
#: What the list of sponsorships comes from.
NOTED = "Catatan kantor cabang tentang kepesertaan yang dibayari, dengan sumbernya di tiap baris."
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
        refuse_village(place.filters)
        day = today()
        targets = targets_of(db, place, day)
        found = board_memory().board(db, asked_of(place), targets, today=day, now=now())
        rows = named(db, place, found)
        names = {one.row.key: (one.name, one.hint) for one in rows}
        table = board_table(found, names, lambda f: word(f.schedule), cost_of)
        extra = [("Baris", word(place.by)), ("Hari ini", short_date(day))]
        name = place.name or "Indonesia"
        title = f"Papan {name}"
        about = about_place(db, title, name, place.filters, place.scope, extra, place.is_part)
        about = replace(about, address=page_address(place.asked()))
        told = {one.source for one in targets.targets.values()}
        goals = sorted(f"Target: {source_words(one).rstrip('.')}." for one in told if one)
        estimates = estimates_told(db, Figure.INFORMAL, Figure.VULNERABLE, Figure.COVERED)
        return file_answer(table, about, more_sources=[*estimates, *goals])


@pages.get("/map/table.xlsx")
@pages.get("/map/table.csv")
@allow(*READERS)
def map_() -> ResponseReturnValue:
    """Send the rows of the table beside the map."""
    with reading_db() as db, force_locale("id"):
        filters = read_filters(db, person(), home=home_of(person()))
        refuse_village(filters)
        shown = table_of(db, filters)
        layer, level = _layer(shown), Level[shown["level"].upper()]
        table = map_table(
            shown["rows"], shown["whole"], level, lambda row: STATE_WORDS[state_of(row)], layer
        )
        extra = [("Warna peta", layer.name)] if layer else []
        about = about_area(db, "Peta", filters, extra)
        estimates = estimates_told(db, Figure.INFORMAL, Figure.COVERED)
        notes = [f"{layer.name}: {shown['layer_note']}"] if layer else []
        return file_answer(table, about, more_sources=[*estimates, *notes])


@pages.get("/ledger/areas.xlsx")
@pages.get("/ledger/areas.csv")
@allow(*READERS)
def ledger() -> ResponseReturnValue:
    """Send the ledger by area."""
    with reading_db() as db, force_locale("id"):
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        refuse_village(filters)
        below = areas_below(db, filters.scope(person()), filters)
        table = ledger_table(below["areas"], below["names"], Level[below["level"].upper()])
        extra = [("Sampai dengan", short_date(today()))]
        about = about_area(db, "Buku pendaftaran", filters, extra)
        return file_answer(table, about, more_sources=[CONFIRMED])


@pages.get("/follow-ups/list.xlsx")
@pages.get("/follow-ups/list.csv")
@allow(*READERS)
def follow_ups() -> ResponseReturnValue:
    """Send a list of villages to go to again, all of it."""
    kind, rules, problems = asked_list()
    if kind is None or problems:  # the page tells what is wrong
        return redirect(page_address({}).removeprefix(public_url()), 303)
    with reading_db() as db, force_locale("id"):
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        found = cases_of(db, filters, kind, rules)
        table = follow_up_table(
            found.cases,
            _names_around(db, found),
            lambda case: case_words(kind, case),
            lambda case: word(case.work) if case.work else "",
        )
        about = about_area(db, word(kind), filters, _told_of(kind, rules, found))
        return file_answer(
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
        about = about_area(db, "Kepesertaan yang dibayari", filters, until)
        # It comes from no report: what is noted is what counts at this moment.
        about = replace(about, sources=(NOTED,), as_of=about.made_at, newest=now())
        return file_answer(sponsorship_table(rows, names, word), about)


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


def refuse_village(filters: Filters) -> None:
    """Refuse a village: its page has no such table."""
    if len(filters.area) == Level.VILLAGE:
        raise NotFound(region=filters.area)

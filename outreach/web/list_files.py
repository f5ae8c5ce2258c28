"""The lists of the manager's pages as workbooks and as text, whole where the page shows a part.

Like the tables (`table_files`): the same address, the functions that feed the page, Indonesian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint
from flask_babel import force_locale

from outreach.logbook.tariff import tariff_sources
from outreach.progress.reconciling import reconcile
from outreach.sheets.seen_lists import (
    branches_table,
    dues_table,
    pairs_table,
)
from outreach.villages.tables import Figure
from outreach.web.auth import person
from outreach.web.coordinator_pages import READERS, today
from outreach.web.database import reading_db
from outreach.web.file_answers import about_area, estimates_told, file_answer
from outreach.web.i18n import short_date
from outreach.web.ledger import due_around
from outreach.web.map_filters import home_of, read_filters_of_part
from outreach.web.outlook import branches_beside
from outreach.web.routing import allow
from outreach.web.table_files import CONFIRMED, refuse_village
from outreach.web.words import word

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

pages = Blueprint("list_files", __name__)
#: A workbook holds a million rows; what needs looking at first comes first.
MOST_PAIRS = 200_000
BY_STEPS = (
    "Pekerja yang masih membayar: langkah terakhir buku pendaftaran, terkonfirmasi bila ada,"
    " selain itu menurut laporan."
)


@pages.get("/ledger/pairs.xlsx")
@pages.get("/ledger/pairs.csv")
@allow(*READERS)
def pairs() -> ResponseReturnValue:
    """Send what does not agree of claimed and confirmed, all of it."""
    with reading_db() as db, force_locale("id"):
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        refuse_village(filters)
        found = reconcile(db, filters.scope(person()), until=today(), most=MOST_PAIRS)
        told = [("Yang perlu dilihat", str(found.loud)), ("Sampai dengan", short_date(today()))]
        about = about_area(db, "Laporan dan konfirmasi", filters, told)
        return file_answer(pairs_table(found.differing, word), about, more_sources=[CONFIRMED])


@pages.get("/ledger/dues.xlsx")
@pages.get("/ledger/dues.csv")
@allow(*READERS)
def dues() -> ResponseReturnValue:
    """Send what is due by month and payer."""
    with reading_db() as db, force_locale("id"):
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        refuse_village(filters)
        found, now = due_around(db, filters.scope(person()))
        told = [("Bulan ini", short_date(found.months[now]))]
        about = about_area(db, "Iuran jatuh tempo", filters, told)
        sources = [BY_STEPS, *(f"Tarif: {source}" for source in tariff_sources())]
        return file_answer(dues_table(found, now, word), about, more_sources=sources)


@pages.get("/outlook/branches.xlsx")
@pages.get("/outlook/branches.csv")
@allow(*READERS)
def branches() -> ResponseReturnValue:
    """Send the branches against their targets."""
    with reading_db() as db, force_locale("id"):
        filters = read_filters_of_part(db, person())
        rows, gaps = branches_beside(db, filters)
        about = about_area(db, "Perkiraan akhir", filters, [("Hari ini", short_date(today()))])
        return file_answer(
            branches_table(rows, gaps, word), about, more_sources=estimates_told(db, Figure.COVERED)
        )

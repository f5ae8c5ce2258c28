"""Phrases of the pages about spreadsheets, by what they stand for."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from outreach.sheets.tables import SheetKind

ABOUT = {
    SheetKind.TEAMS: _("Names, bases, members, working days and hours of the branch's teams."),
    SheetKind.OFFICIALS: _("Who hosts sessions, with term of office, phone and e-mail."),
    SheetKind.MARKET_DAYS: _("On which weekday or Javanese market day a region holds its market."),
    SheetKind.CLOSED_PERIODS: _("Days on which a region cannot host: harvest, planting, feasts."),
    SheetKind.VULNERABLE: _("Counts from the national socio-economic register, per village."),
    SheetKind.LEDGER: _(
        "What became of sign-ups: interested, form, registered, paid; per village and month."
    ),
    SheetKind.MEMBERS: _("How many informal workers are members already: where you start from."),
    SheetKind.SPONSORSHIPS: _("Who pays for how many workers of a region, and until when."),
}

#: Why a whole file cannot be used.
FILES = {
    "missing": _("Please choose a file."),
    "file_empty": _("This file is empty."),
    "no_rows": _("This sheet has headers and no rows below them."),
    "not_a_sheet": _("This is no spreadsheet. Please send an Excel file (.xlsx) or a CSV file."),
    "old_excel": _(
        "This is a file of an old Excel (.xls). Open it in Excel, choose Save as and take"
        " “Excel workbook (.xlsx)”."
    ),
    "open_document": _(
        "This is a LibreOffice file (.ods). Open it, choose Save as and take “Excel (.xlsx)”."
    ),
    "pdf_file": _("This is a PDF. Please send the Excel file (.xlsx) or a CSV file."),
    "image_file": _("This is a picture. Please send the Excel file (.xlsx) or a CSV file."),
    "password_protected": _(
        "This file is protected by a password. Take the password off in Excel and send it again."
    ),
    "file_damaged": _("This file is damaged. Open it in Excel, save it anew and send it again."),
    "file_too_heavy": _(
        "This file holds far more than its rows. Copy only the rows into a new workbook and send"
        " that."
    ),
    "too_many_rows": _("At most %(most)s rows at once. Please send it in parts."),
    "too_many_columns": _("At most %(most)s columns. Please take out what is not needed."),
    "header_missing": _(
        "These columns are missing: %(headers)s. The first row has to hold the headers of the"
        " template."
    ),
    "header_twice": _("The column “%(header)s” is there twice. Please take one out."),
}

#: Why a row was refused, where no other page has words for it.
ROWS = {
    "row_twice": _("Several rows are about this: rows %(rows)s. Keep one of them."),
    "not_a_choice": _("“%(value)s” is not among: %(choices)s"),
    "failed_formula": _("The formula in this cell has failed. Please type the value."),
    "text_too_long": _("This text is too long."),
    "code_became_date": _(
        "Excel has made a date of this code. Format the column as text and type it again."
    ),
    "date_parsing": _("“%(value)s” could not be read as a date. Please write it like 11/01/2027."),
    "month_parsing": _("“%(value)s” could not be read as a month. Please write it like 01/2027."),
    "time_parsing": _("“%(value)s” could not be read as a time. Please write it like 09.30."),
    "regency_exceeded": _(
        "The villages' own counts would come to more than the %(total)s of their regency. Send its"
        " new total along."
    ),
    "month_in_the_future": _("This month has not come yet."),
    "before_the_tariff": _("Our table of contributions begins in %(first)s."),
    "before_its_month": _("The counts cannot be older than their month."),
    "older_than_what_stands": _(
        "Counts of %(standing)s stand here, which are newer. Write “ya” in the column Ganti yang"
        " lebih baru if these are to replace them."
    ),
    "counts_without_day": _(
        "These counts differ from what stands: please tell the day that they are of."
    ),
    "told_too_early": _(
        "This can be told %(months)s months after the month of signing up at the earliest."
    ),
    "above_estimate": _(
        "More than the %(estimate)s informal workers estimated there. If it is right, import the"
        " rows once more with --above-estimate."
    ),
    "more_than_before": _("More than the step before it, which has %(most)s."),
    "team_inactive": _("This team is not active. Please choose another one."),
    "not_in_stage": _("This village is not one of the stage's."),
    "stage_not_open": _("Only an open stage can be changed."),
    "far_from_stage": _("This day lies more than a year after the stage."),
    "wrong_status": _("The session was reported already, so the visit stays where it is."),
    "confirmed": _(
        "The village has confirmed this visit. Write “ya” in the column Izinkan if it may change."
    ),
    "day_full": _("The team already has three visits on that day."),
    "day_too_long": _("The last session of that day would not start before midnight."),
}

#: What to do where villages that have confirmed would start at another time.
ALLOW_THERE = _("Write “ya” in the column Izinkan of their own rows if they may.")

#: What to know about a change.
NOTES = {
    "village_is_told": _("The village knows of this visit and has to be told."),
    "shared_again": _(
        "The total of %(total)s stays: the villages without a count of their own share the rest"
        " anew."
    ),
    "more_forms_than_interested": _(
        "More forms than people interested: some filled one in without being counted before."
    ),
    "more_than_informal": _("More than the %(estimate)s informal workers estimated there."),
    "all_counted": _("All of its villages have counted for themselves; their sum is its total."),
}

HEADERS = {
    "code": _("Code"),
    "team": _("Team"),
    "day": _("Day"),
    "slot": _("Session"),
    "starts": _("Starts"),
    "status": _("Status"),
    "note": _("Note"),
    "name": _("Name"),
    "phone": _("Phone"),
}

"""Writes the form of a session as a workbook, for servers of ODK or Kobo that others run."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import xlsxwriter

from outreach.logbook.xlsform import headers

if TYPE_CHECKING:
    from outreach.logbook.xlsform import Sheets

_WIDTHS = {"type": 28, "name": 16, "label": 44, "hint": 36, "constraint_message": 44}


def xlsform_workbook(form: Sheets) -> bytes:
    """Write the sheets of the form as they are: every cell is text, and none is a formula."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        bold, plain = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        for name, rows in form.items():
            sheet = book.add_worksheet(name)
            for place, header in enumerate(headers(rows)):
                sheet.set_column(place, place, _WIDTHS.get(header, 20))
                sheet.write_string(0, place, header, bold)
                for line, row in enumerate(rows, start=1):
                    sheet.write_string(line, place, row.get(header, ""), plain)
            sheet.freeze_panes(1, 0)
    return out.getvalue()

"""Vulnerable workers per village as a spreadsheet: counts of the socio-economic register."""

from __future__ import annotations

from outreach.sheets.counted import Counted
from outreach.sheets.kinds import Cell, Column
from outreach.sheets.tables import SheetKind
from outreach.villages.codes import Level
from outreach.villages.tables import Figure

VULNERABLE = Counted(
    SheetKind.VULNERABLE,
    "Pekerja rentan",
    Figure.VULNERABLE,
    Column(
        "counted",
        "Pekerja rentan",
        Cell.WHOLE,
        help="Jumlah pekerja Desil 1-4 menurut DTSEN. Kosong berarti tetap seperti semula.",
        example="412",
    ),
    (Level.VILLAGE,),
    "Kode desa atau kelurahan di wilayah kantor cabang Anda.",
    "DTSEN",
).as_kind()

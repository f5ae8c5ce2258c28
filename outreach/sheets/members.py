"""Members at the start as a spreadsheet: active informal workers, per village or per regency.

A regency's members are shared by its villages without a count of their own, by their informal
workers; such a share stays an estimate.
"""

from __future__ import annotations

from outreach.sheets.counted import Counted
from outreach.sheets.kinds import Cell, Column
from outreach.sheets.tables import SheetKind
from outreach.villages.codes import Level
from outreach.villages.tables import Figure

MEMBERS = Counted(
    SheetKind.MEMBERS,
    "Peserta awal",
    Figure.COVERED,
    Column(
        "counted",
        "Peserta aktif",
        Cell.WHOLE,
        help="Jumlah peserta BPU aktif. Angka satu kabupaten/kota dibagi ke desa-desanya menurut"
        " jumlah pekerja informal. Kosong berarti tetap seperti semula.",
        example="187",
    ),
    (Level.VILLAGE, Level.REGENCY),
    "Kode desa/kelurahan, atau kode kabupaten/kota, di wilayah kantor cabang Anda.",
    "Kepesertaan BPJS Ketenagakerjaan",
).as_kind()

"""The Indonesian words of a report's choices on papers and in forms for phones.

The pages say the same in Indonesian: an official meets one word for one thing.
"""

from __future__ import annotations

from outreach.logbook.record import Met
from outreach.logbook.tables import Package, Payer, Sector

SECTORS = {
    Sector.FARMER: "Petani",
    Sector.FISHER: "Nelayan",
    Sector.TRADER: "Pedagang",
    Sector.DRIVER: "Ojek dan sopir",
    Sector.DOMESTIC: "Asisten rumah tangga (ART)",
    Sector.CONSTRUCTION: "Buruh bangunan",
    Sector.CRAFT: "Perajin dan usaha kecil (UMKM)",
    Sector.OTHER: "Lainnya",
}
PACKAGES = {Package.JKK_JKM: "JKK + JKM", Package.JKK_JKM_JHT: "JKK + JKM + JHT"}
PAYERS = {
    Payer.SELF: "Pekerja sendiri",
    Payer.SERTAKAN: "Donatur SERTAKAN",
    Payer.APBD: "Anggaran daerah (APBD)",
    Payer.APBDES: "Anggaran desa (APBDes)",
    Payer.PBI: "Negara (PBI)",
    Payer.CSR: "Perusahaan (CSR)",
}
MET = {
    Met.HELD: "Sosialisasi terlaksana",
    Met.NOT_MET: "Tidak ada yang ditemui",
    Met.REFUSED: "Desa menolak",
}

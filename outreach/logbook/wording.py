"""The Indonesian words of a report's choices, as they stand on papers and in forms for phones."""

from __future__ import annotations

from outreach.logbook.record import Met
from outreach.logbook.tables import Package, Payer, Sector

SECTORS = {
    Sector.FARMER: "Petani",
    Sector.FISHER: "Nelayan",
    Sector.TRADER: "Pedagang",
    Sector.DRIVER: "Ojek dan sopir",
    Sector.DOMESTIC: "Pekerja rumah tangga",
    Sector.CONSTRUCTION: "Pekerja bangunan",
    Sector.CRAFT: "Perajin dan usaha kecil",
    Sector.OTHER: "Lainnya",
}
PACKAGES = {Package.JKK_JKM: "JKK + JKM", Package.JKK_JKM_JHT: "JKK + JKM + JHT"}
PAYERS = {
    Payer.SELF: "Pekerja sendiri",
    Payer.SERTAKAN: "Program SERTAKAN",
    Payer.APBD: "APBD",
    Payer.APBDES: "APBDes",
    Payer.PBI: "Pemerintah (PBI)",
    Payer.CSR: "Perusahaan (CSR)",
}
MET = {
    Met.HELD: "Sosialisasi terlaksana",
    Met.NOT_MET: "Tidak ada yang ditemui",
    Met.REFUSED: "Desa menolak",
}

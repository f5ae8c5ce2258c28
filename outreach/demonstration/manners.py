"""What sessions are like in parts of the country far from Surakarta, and what people are called."""

from __future__ import annotations

from outreach.demonstration.sessions import Manner
from outreach.demonstration.surroundings import Names
from outreach.logbook.tables import Payer, Sector

_TOWN = {
    Sector.TRADER: 34,
    Sector.DRIVER: 22,
    Sector.CRAFT: 16,
    Sector.CONSTRUCTION: 12,
    Sector.DOMESTIC: 10,
    Sector.OTHER: 6,
}
_FIELDS = {
    Sector.FARMER: 52,
    Sector.TRADER: 14,
    Sector.CONSTRUCTION: 12,
    Sector.CRAFT: 10,
    Sector.DRIVER: 7,
    Sector.OTHER: 5,
}
_COAST = {
    Sector.FISHER: 46,
    Sector.FARMER: 22,
    Sector.TRADER: 16,
    Sector.CRAFT: 6,
    Sector.DRIVER: 5,
    Sector.OTHER: 5,
}
_BY_THEMSELVES = {Payer.SELF: 82, Payer.SERTAKAN: 9, Payer.APBDES: 5, Payer.CSR: 4}
_BY_VILLAGES = {Payer.SELF: 48, Payer.APBDES: 34, Payer.APBD: 12, Payer.SERTAKAN: 6}
_BY_REGENCY = {Payer.SELF: 42, Payer.APBD: 38, Payer.PBI: 12, Payer.SERTAKAN: 8}
_BY_COMPANIES = {Payer.SELF: 58, Payer.CSR: 26, Payer.SERTAKAN: 10, Payer.APBDES: 6}
_USUAL = ("", "", "", "Kelompok tani hadir lengkap.", "Beberapa warga menunggu iuran pertama.")
_AT_SEA = ("", "", "", "Nelayan baru pulang melaut sore hari.", "Mulai terlambat, air pasang.")

ACEH = Manner(_FIELDS, _TOWN, _BY_VILLAGES, ("Meunasah", "Kantor geuchik", "Balai gampong"), _USUAL)
PALEMBANG = Manner(
    _FIELDS, _TOWN, _BY_COMPANIES, ("Kantor lurah", "Gedung serbaguna", "Balai desa"), _USUAL, 46
)
PRIANGAN = Manner(
    _FIELDS, _TOWN, _BY_THEMSELVES, ("Bale desa", "Gedung serbaguna", "Madrasah"), _USUAL, 48
)
BANJAR = Manner(
    _FIELDS, _TOWN, _BY_THEMSELVES, ("Balai desa", "Kantor lurah", "Langgar"), _AT_SEA, 36
)
SULAWESI = Manner(
    _COAST, _TOWN, _BY_VILLAGES, ("Baruga desa", "Kantor lurah", "Balai pertemuan"), _AT_SEA, 44
)
TIMOR = Manner(_FIELDS, _TOWN, _BY_REGENCY, ("Kantor desa", "Aula gereja", "Lopo desa"), _USUAL, 34)
MALUKU = Manner(_COAST, _TOWN, _BY_REGENCY, ("Baileo", "Kantor negeri", "Balai desa"), _AT_SEA, 30)
PAPUA = Manner(
    _FIELDS, _TOWN, _BY_COMPANIES, ("Balai kampung", "Para-para adat", "Aula distrik"), _USUAL, 28
)

ACEHNESE = Names(
    ("Teuku Iskandar", "Cut Nurhayati", "Muhammad Daud", "Ibrahim", "Zulkifli", "Fatimah",
     "Marzuki"),
    ("Usman", "Hasballah", "Abdullah", "Ismail", "Yusuf"),
)  # fmt: skip
SOUTH_SUMATRAN = Names(
    ("Ahmad", "Nurlela", "Herman", "Yulia", "Rusdi", "Masayu", "Kemas"),
    ("Effendi", "Saleh", "Anwar", "Umar", "Rozali"),
)
SUNDANESE = Names(
    ("Asep", "Euis", "Dadang", "Neneng", "Ujang", "Iis", "Cecep"),
    ("Suryana", "Kurnia", "Hidayat", "Permana", "Sutisna"),
)
BANJARESE = Names(
    ("Akhmad", "Noor", "Syahrani", "Siti", "Masdar", "Rusmini", "Gusti"),
    ("Rahman", "Hasan", "Fauzi", "Jamal", "Arifin"),
)
MAKASSARESE = Names(
    ("Andi", "Daeng Ngalle", "Syamsuddin", "Hasnah", "Baso", "Rosmini", "Abdul"),
    ("Tahir", "Rauf", "Mappatoba", "Latif", "Salam"),
)
TIMORESE = Names(
    ("Yohanes", "Maria", "Petrus", "Yuliana", "Simon", "Martha", "Daniel"),
    ("Nenobais", "Tefa", "Manafe", "Bani", "Lakapu"),
)
MOLUCCAN = Names(
    ("Johanis", "Ona", "Abraham", "Welmince", "Ismail", "Jubaida", "Marthin"),
    ("Latuconsina", "Pattiasina", "Tuasikal", "Lekahena", "Siahaya"),
)
PAPUAN = Names(
    ("Yakob", "Dorce", "Frans", "Yosina", "Melkias", "Barbalina", "Ruben"),
    ("Ohee", "Yoku", "Wally", "Tabuni", "Nere"),
)

"""The branches of the demonstration beside Surakarta: eight, on six islands, in three time zones.

The places are real; people, teams, sponsors and how it went are made up.
"""

from __future__ import annotations

from outreach.demonstration import manners
from outreach.demonstration.cast import MONDAY_TO_SATURDAY
from outreach.demonstration.logins import AMBON_COORDINATOR, MAKASSAR_COORDINATOR, Login
from outreach.demonstration.tales import Crew, Idle, Patron, Tale, Wave
from outreach.logbook.tables import Package, Payer, Sector
from outreach.people.branches import BranchIn
from outreach.people.tables import Role

_TUESDAY, _WEDNESDAY, _THURSDAY = 2, 3, 4
_TWO_DAYS = (_TUESDAY, _THURSDAY)
#: Who is away for nights works whole weeks.
_WHOLE_WEEKS = tuple(MONDAY_TO_SATURDAY)
_ONE_DAY = (_WEDNESDAY,)

LHOKSEUMAWE = Tale(
    BranchIn(
        name="Kantor Cabang Lhokseumawe",
        regional_office="Kanwil Sumatera Bagian Utara",
        base_village_code="11.73.02.2003",
        regency_codes=["11.73", "11.08"],
    ),
    Login("koordinator.lhokseumawe", "Rizki Maulana", Role.COORDINATOR),
    (
        Crew("Tim Pase", "11.73.02.2003", ("Fadhil Anshari", "Cut Meutia Sari"), _TWO_DAYS),
        Crew("Tim Krueng", "11.73.02.2003", ("Munawar", "Nadia Safira"), _TWO_DAYS),
    ),
    (
        Wave("Tahap 1: Kota Lhokseumawe", ("11.73",), -98, -32),
        Wave("Tahap 2: Aceh Utara", ("11.08",), -24, 38, 60),
    ),
    manners.ACEH,
    manners.ACEHNESE,
    target=1_900,
    lost_every=5,
    doubts_from=2,
    phones=((16, 30, 1), (12, 9 * 24, 2)),
    patrons=(
        Patron("11.73", Payer.APBDES, "Gampong se-Kota Lhokseumawe", Sector.FARMER, 300, -150, 33),
    ),
)  # fmt: skip

PALEMBANG = Tale(
    BranchIn(
        name="Kantor Cabang Palembang",
        regional_office="Kanwil Sumatera Bagian Selatan",
        base_village_code="16.71.05.1001",
        regency_codes=["16.71", "16.74"],
    ),
    Login("koordinator.palembang", "Yunita Marpaung", Role.COORDINATOR),
    (
        Crew("Tim Musi", "16.71.05.1001", ("Rendra Saputra", "Fitri Handayani"), _TWO_DAYS),
        Crew("Tim Ampera", "16.71.05.1001", ("Ilham Kurniawan", "Desi Ratnasari"), _ONE_DAY),
        Crew("Tim Prabumulih", "16.74.02.1005", ("Hengki Irawan", "Mardiana"), _ONE_DAY),
    ),
    (Wave("Tahap 1: Palembang dan Prabumulih", (), -112, 37),),
    manners.PALEMBANG,
    manners.SOUTH_SUMATRAN,
    target=2_500,
    eager=1.1,
    doubts_from=10,
    phones=((30, 4, 0), (26, 20, 0), (9, 44, 1)),
    patrons=(
        Patron("16.71", Payer.CSR, "PT Pupuk Contoh", Sector.DRIVER, 250, -200, 165,
               Package.JKK_JKM_JHT),
    ),
)  # fmt: skip

TASIKMALAYA = Tale(
    BranchIn(
        name="Kantor Cabang Tasikmalaya",
        regional_office="Kanwil Jawa Barat",
        base_village_code="32.78.03.1001",
        regency_codes=["32.78", "32.18"],
    ),
    Login("koordinator.tasikmalaya", "Rina Nurjanah", Role.COORDINATOR),
    (
        Crew("Tim Galunggung", "32.78.03.1001", ("Deden Supriatna", "Ai Kurniasih"), _TWO_DAYS),
        Crew("Tim Pangandaran", "32.18.09.2004", ("Yayan Mulyana", "Lilis Suryani"), _TWO_DAYS),
    ),
    (
        Wave("Tahap 1: Kota Tasikmalaya", ("32.78",), -119, -50),
        Wave("Tahap 2: Pangandaran", ("32.18",), -42, 34, 80),
    ),
    manners.PRIANGAN,
    manners.SUNDANESE,
    target=1_500,
    eager=1.15,
    helped=10,
    phones=((33, 2, 0), (21, 11, 0)),
    patrons=(
        Patron("32.18", Payer.APBD, "Pemerintah Kabupaten Pangandaran", Sector.FISHER, 500,
               -290, 75),
    ),
)  # fmt: skip

BANJARMASIN = Tale(
    BranchIn(
        name="Kantor Cabang Banjarmasin",
        regional_office="Kanwil Kalimantan",
        base_village_code="63.71.05.1002",
        regency_codes=["63.71", "63.04"],
    ),
    Login("koordinator.banjarmasin", "Hairul Anwar", Role.COORDINATOR),
    (
        Crew("Tim Barito", "63.71.05.1002", ("Fahrul Razi", "Normalina"), _TWO_DAYS),
        Crew("Tim Martapura", "63.71.05.1002", ("Zainal Abidin", "Rusdiana"), _TWO_DAYS),
    ),
    (Wave("Tahap 1: Banjarmasin dan Barito Kuala", (), -91, 28, 125),),
    manners.BANJAR,
    manners.BANJARESE,
    target=2_000,
    eager=0.85,
    idle=Idle(34, 20, "Banjir, jalan desa tergenang"),
    doubts_from=2,
    phones=((15, 60, 2),),
)  # fmt: skip

MAKASSAR = Tale(
    BranchIn(
        name="Kantor Cabang Makassar",
        regional_office="Kanwil Sulawesi dan Maluku",
        base_village_code="73.71.09.1007",
        regency_codes=["73.71", "73.05"],
    ),
    MAKASSAR_COORDINATOR,
    (
        Crew("Tim Losari", "73.71.09.1007", ("Muh. Akbar", "Nurul Hikmah"), _TWO_DAYS),
        Crew("Tim Somba Opu", "73.71.09.1007", ("Ridwan Hamzah", "St. Aminah"), _TWO_DAYS),
        Crew("Tim Takalar", "73.05.07.1001", ("Sudirman", "Irmawati"), _TWO_DAYS),
    ),
    (
        Wave("Tahap 1: Kota Makassar", ("73.71",), -105, -37, 120),
        Wave("Tahap 2: Takalar", ("73.05",), -28, 42, 90),
    ),
    manners.SULAWESI,
    manners.MAKASSARESE,
    target=3_000,
    eager=1.2,
    helped=12,
    doubts_from=11,
    phones=((28, 1, 0), (24, 15, 0), (18, 26, 0), (14, 8 * 24, 1)),
    patrons=(
        Patron("73.05", Payer.APBDES, "Desa se-Kabupaten Takalar", Sector.FISHER, 900, -140, 41),
        Patron("73.71", Payer.APBD, "Pemerintah Kota Makassar", Sector.TRADER, 1_500, -320, -12),
    ),
)  # fmt: skip

KUPANG = Tale(
    BranchIn(
        name="Kantor Cabang Kupang",
        regional_office="Kanwil Bali, Nusa Tenggara dan Papua",
        base_village_code="53.71.04.1011",
        regency_codes=["53.71", "53.01"],
    ),
    Login("koordinator.kupang", "Yublina Adoe", Role.COORDINATOR),
    (
        Crew("Tim Sasando", "53.71.04.1011", ("Ferdinan Koroh", "Merlin Djami"), _TWO_DAYS),
        Crew("Tim Timau", "53.71.04.1011", ("Oktovianus Nome", "Adriana Lay"), _TWO_DAYS),
    ),
    (
        Wave("Tahap 1: Kabupaten Kupang", ("53.01",), -98, -36, 70),
        Wave("Tahap 2: Kota Kupang", ("53.71",), -29, 30),
    ),
    manners.TIMOR,
    manners.TIMORESE,
    silent_days=11,
    phones=((22, 10 * 24, 4), (20, 12 * 24, 3), (19, 9 * 24, 2)),
    patrons=(
        Patron("53.01", Payer.PBI, "Bantuan iuran (contoh)", Sector.FARMER, 600, -230, 135),
    ),
)  # fmt: skip

AMBON = Tale(
    BranchIn(
        name="Kantor Cabang Ambon",
        regional_office="Kanwil Sulawesi dan Maluku",
        base_village_code="81.71.02.1011",
        regency_codes=["81.71", "81.06"],
    ),
    AMBON_COORDINATOR,
    (
        Crew("Tim Pattimura", "81.71.02.1011", ("Jefry Sahetapy", "Fitria Wally"), _TWO_DAYS),
        Crew("Tim Seram", "81.06.01.2010", ("Ridwan Kaisupy", "Selvia Nanlohy"), _ONE_DAY),
        Crew("Tim Manipa", "81.71.02.1011", ("Abraham Tuhuteru", "Wa Ode Salma"),
             _WHOLE_WEEKS, joins=2),
    ),
    (
        Wave("Tahap 1: Ambon dan Seram Bagian Barat", (), -84, 40, 95),
        Wave("Tahap 2: Manipa dan Taniwel Timur", ("81.06.09", "81.06.10"), -5, 33),
    ),
    manners.MALUKU,
    manners.MOLUCCAN,
    target=1_100,
    eager=0.9,
    lost_every=9,
    idle=Idle(31, 11, "Gelombang tinggi, perahu tidak jalan"),
    phones=((25, 70, 1), (25, 15 * 24, 0)),
    patrons=(
        Patron("81.71", Payer.APBD, "Pemerintah Kota Ambon", Sector.FISHER, 400, -170, 12),
    ),
)  # fmt: skip

JAYAPURA = Tale(
    BranchIn(
        name="Kantor Cabang Jayapura",
        regional_office="Kanwil Bali, Nusa Tenggara dan Papua",
        base_village_code="91.71.03.1012",
        regency_codes=["91.71", "91.03", "91.11"],
    ),
    Login("koordinator.jayapura", "Selfina Mebri", Role.COORDINATOR),
    (
        Crew("Tim Cenderawasih", "91.71.03.1012", ("Elias Kambu", "Novita Rumbiak"), _TWO_DAYS),
        Crew("Tim Keerom", "91.71.03.1012", ("Yohanis Gusbager", "Rosalina Tuamis"),
             _WHOLE_WEEKS, joins=2),
    ),
    (
        Wave("Tahap 1: Jayapura dan Sentani", ("91.71", "91.03.01", "91.03.02"), -91, 15),
        Wave("Tahap 2: Keerom", ("91.11",), 20, 69, 40, approved=False),
    ),
    manners.PAPUA,
    manners.PAPUAN,
    target=520,
    phones=((40, 3, 0), (17, 40, 0)),
    patrons=(
        Patron("91.11", Payer.CSR, "PT Sawit Contoh", Sector.FARMER, 350, -60, 305),
    ),
)  # fmt: skip

OTHERS = (
    LHOKSEUMAWE, PALEMBANG, TASIKMALAYA, BANJARMASIN, MAKASSAR, KUPANG, AMBON, JAYAPURA,
)  # fmt: skip

"""The form of a session as an XLSForm: what ODK Collect and KoboCollect ask, in plain Indonesian.

One definition, as the rows of the three sheets. Its limits are those of `logbook.record`, so that
a phone refuses at once what we would refuse later, when nobody stands in the hall any more.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING

from outreach.logbook.record import (
    LONGEST_PLACE,
    MOST_DETAILS,
    MOST_MINUTES,
    MOST_PEOPLE,
    Met,
)
from outreach.logbook.tables import EvidenceKind
from outreach.logbook.wording import MET, PACKAGES, PAYERS, SECTORS
from outreach.people.free_text import LONGEST_REMARK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORM_ID = "laporan_sesi"
TITLE = "Laporan sosialisasi"
#: The file beside the form that lists the visits of the official; its name stands in the form.
VISITS_FILE = "visits.csv"
#: Written by the form where details are given.
YES, NO = "yes", "no"
#: The longer side of a photo: enough to see who sat there, and little to send.
PHOTO_PIXELS = 1024

type Row = dict[str, str]
type Sheets = dict[str, list[Row]]

_HELD = f"${{met}} = '{Met.HELD}'"
_DETAILED = f"{_HELD} and ${{signups}} > 0 and ${{has_details}} = '{YES}'"
_VISIT = "instance('visits')/root/item[name=${visit_id}]"

#: What an identity number looks like, whatever signs stand between its digits; O, l and I are typed
#: for 0 and 1. It takes in somewhat more than `people.identity`, for it knows no telephone numbers,
#: and of what is typed in plain digits nothing less: what passes on the phone passes here.
_BETWEEN = "[^0-9A-Za-z]*"

_NOT_0, _ANY = "[1-9Il]", "[0-9OoIl]"
_PROVINCE = (
    f"([19Il]{_BETWEEN}{_NOT_0}|2{_BETWEEN}[1Il]|[37]{_BETWEEN}[1-6Il]|5{_BETWEEN}[1-4Il]"
    f"|6{_BETWEEN}[1-5Il]|8{_BETWEEN}[12Il])"
)
_REGENCY = f"([07Oo]{_BETWEEN}{_NOT_0}|[1-3Il]{_BETWEEN}{_ANY})"
_DISTRICT = f"([0Oo]{_BETWEEN}{_NOT_0}|[1-5Il]{_BETWEEN}{_ANY})"
_DAY = f"([04Oo]{_BETWEEN}{_NOT_0}|[1256Il]{_BETWEEN}{_ANY}|[37]{_BETWEEN}[01OoIl])"
_MONTH = f"([0Oo]{_BETWEEN}{_NOT_0}|[1Il]{_BETWEEN}[0-2OoIl])"
_LIKE_NIK = _BETWEEN.join((_PROVINCE, _REGENCY, _DISTRICT, _DAY, _MONTH, *[_ANY] * 6))
IDENTITY_NUMBER = f"((^|[^0-9]){_LIKE_NIK}([^0-9]|$)|{_ANY}{{16}})"
# Collect matches a text as a whole, other programs look for a part of it: this serves both.
_NO_IDENTITY = rf"not(regex(., '[\s\S]*{IDENTITY_NUMBER}[\s\S]*'))"


@cache
def form(*, with_photo: bool) -> Sheets:
    """Write the form: the rows of its sheets `survey`, `choices` and `settings`.

    The version is made of the content, so that phones fetch the form anew when it has changed,
    and only then.
    """
    survey = [*_first(), *_counts(), *_details(), *_rest()]
    survey += [_photo(), _signature()] if with_photo else [_signature()]
    choices = _choices()
    settings = {
        "form_title": TITLE,
        "form_id": FORM_ID,
        "instance_name": "concat(${village}, ' ', ${held_on})",
        "client_editable": "yes",
    }
    version = _version([survey, choices, settings])
    return {
        "survey": survey,
        "choices": choices,
        "settings": [settings | {"version": version}],
    }


def version_of(sheets: Mapping[str, Sequence[Row]]) -> str:
    """Read the version of a form."""
    return sheets["settings"][0]["version"]


def headers(rows: Sequence[Row]) -> list[str]:
    """List the columns of a sheet: all that any of its rows uses."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _version(content: object) -> str:
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _first() -> list[Row]:
    return [
        # The phone's clock: kept, and trusted for nothing.
        {"type": "end", "name": "saved_at"},
        {
            "type": f"select_one_from_file {VISITS_FILE}",
            "name": "visit_id",
            "label": "Kunjungan yang mana?",
            "required": YES,
            "required_message": "Pilih kunjungannya dahulu.",
        },
        {"type": "calculate", "name": "village", "calculation": f"{_VISIT}/village"},
        {
            "type": "select_one met",
            "name": "met",
            "label": "Apakah sosialisasi terlaksana?",
            "default": Met.HELD.value,
            "required": YES,
        },
        {
            "type": "date",
            "name": "held_on",
            "label": "Tanggal kunjungan",
            "hint": "Menurut rencana; ubah bila harinya lain.",
            "trigger": "${visit_id}",
            "calculation": f"{_VISIT}/day",
            "required": YES,
        },
        {
            "type": "time",
            "name": "held_at",
            "label": "Jam mulai (waktu setempat)",
            "trigger": "${visit_id}",
            "calculation": f"{_VISIT}/starts_at",
            "required": YES,
        },
    ]


def _counts() -> list[Row]:
    too_many = f"Isi angka dari 0 sampai {_number(MOST_PEOPLE)}."
    up_to = f". >= 0 and . <= {MOST_PEOPLE}"
    asked = {"type": "integer", "relevant": _HELD, "required": YES}
    return [
        asked
        | {
            "name": "men",
            "label": "Jumlah laki-laki yang hadir",
            "constraint": up_to,
            "constraint_message": too_many,
        },
        asked
        | {
            "name": "women",
            "label": "Jumlah perempuan yang hadir",
            "constraint": f"{up_to} and . + ${{men}} > 0",
            "constraint_message": f"{too_many} Bila tidak ada yang hadir, kembali dan pilih"
            f" “{MET[Met.NOT_MET]}”.",
        },
        asked
        | {
            "name": "signups",
            "label": "Jumlah pendaftaran",
            "hint": "Pekerja yang mendaftar menjadi peserta. Tanpa nama, tanpa NIK.",
            "constraint": up_to,
            "constraint_message": too_many,
        },
        {
            "type": "integer",
            "name": "paid",
            "label": "Di antaranya sudah bayar",
            "hint": "Kosongkan bila belum diketahui.",
            "relevant": f"{_HELD} and ${{signups}} > 0",
            "constraint": ". >= 0 and . <= ${signups}",
            "constraint_message": "Tidak boleh lebih banyak dari jumlah pendaftaran.",
        },
    ]


def _details() -> list[Row]:
    return [
        {
            "type": "select_one yes_no",
            "name": "has_details",
            "label": "Isi rincian pendaftaran sekarang?",
            "hint": "Menurut pekerjaan, paket program, dan pembayar iuran. Boleh dilewati.",
            "relevant": f"{_HELD} and ${{signups}} > 0",
            "default": NO,
        },
        {
            "type": "begin repeat",
            "name": "details",
            "label": "Rincian pendaftaran",
            "relevant": _DETAILED,
        },
        _choice("sector", "Pekerjaan"),
        _choice("package", "Paket program"),
        _choice("payer", "Pembayar iuran"),
        {
            "type": "integer",
            "name": "workers",
            "label": "Jumlah pekerja",
            "required": YES,
            "constraint": f". >= 1 and . <= {MOST_PEOPLE}",
            "constraint_message": f"Isi angka dari 1 sampai {_number(MOST_PEOPLE)}.",
        },
        {"type": "end repeat", "name": "details"},
        {
            "type": "calculate",
            "name": "detailed",
            "relevant": _DETAILED,
            "calculation": "sum(${workers})",
        },
        {
            "type": "acknowledge",
            "name": "details_agree",
            "label": "Rincian: ${detailed} pekerja. Jumlah pendaftaran: ${signups}.",
            "relevant": _DETAILED,
            "required": YES,
            "required_message": "Periksa, lalu beri tanda di sini.",
            "constraint": f"${{detailed}} = ${{signups}} and count(${{details}}) <= {MOST_DETAILS}",
            "constraint_message": "Jumlah rincian harus sama dengan jumlah pendaftaran. Kembali"
            " dan perbaiki salah satunya.",
        },
    ]


def _choice(name: str, label: str) -> Row:
    return {"type": f"select_one {name}", "name": name, "label": label, "required": YES}


def _rest() -> list[Row]:
    return [
        {
            "type": "integer",
            "name": "minutes",
            "label": "Lamanya (menit)",
            "hint": "Boleh dikosongkan.",
            "relevant": _HELD,
            "constraint": f". >= 1 and . <= {MOST_MINUTES}",
            "constraint_message": f"Isi angka dari 1 sampai {_number(MOST_MINUTES)}.",
        },
        _text("place", "Tempat", "Misalnya: Balai desa. Boleh dikosongkan.", LONGEST_PLACE),
        {
            "type": "geopoint",
            "name": "location",
            "label": "Lokasi",
            "hint": "Boleh dilewati. Yang disimpan hanya perkiraan, sekitar 100 meter.",
            "relevant": _HELD,
        },
        _text("remarks", "Catatan", "Jangan menulis NIK atau nama peserta.", LONGEST_REMARK)
        | {"appearance": "multiline"},
    ]


def _text(name: str, label: str, hint: str, longest: int) -> Row:
    return {
        "type": "text",
        "name": name,
        "label": label,
        "hint": hint,
        "constraint": f"string-length(.) <= {longest} and {_NO_IDENTITY}",
        "constraint_message": f"Paling banyak {_number(longest)} huruf, dan tanpa nomor induk"
        " (NIK, KK).",
    }


def _photo() -> Row:
    return {
        **_picture(EvidenceKind.PHOTO),
        "label": "Foto kegiatan",
        "hint": "Boleh dilewati.",
    }


def _signature() -> Row:
    return {
        **_picture(EvidenceKind.SIGNATURE),
        "label": "Tanda tangan kepala desa/lurah",
        "hint": "Boleh dilewati.",
        "appearance": "signature",
    }


def _picture(kind: EvidenceKind) -> Row:
    return {
        "type": "image",
        "relevant": _HELD,
        "parameters": f"max-pixels={PHOTO_PIXELS}",
        "name": kind.value,
    }


def _choices() -> list[Row]:
    lists: dict[str, Mapping[str, str]] = {
        "met": {one.value: label for one, label in MET.items()},
        "sector": {one.value: label for one, label in SECTORS.items()},
        "package": {one.value: label for one, label in PACKAGES.items()},
        "payer": {one.value: label for one, label in PAYERS.items()},
        "yes_no": {YES: "Ya", NO: "Tidak"},
    }
    return [
        {"list_name": list_name, "name": name, "label": label}
        for list_name, labels in lists.items()
        for name, label in labels.items()
    ]


def _number(number: int) -> str:
    return f"{number:,}".replace(",", ".")

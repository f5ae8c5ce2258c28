"""How papers say it, in official Indonesian: from facts to the words that stand on the page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from babel.dates import format_date

from outreach.logbook.wording import PACKAGES, PAYERS, SECTORS
from outreach.papers.tables import PaperKind
from outreach.papers.tariff_words import talking_points
from outreach.planning.workdays import days_between
from outreach.visits.tables import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from outreach.papers.reading import PrintedPaper

ROWS_TO_SIGN = 40
TITLES = {
    PaperKind.ASSIGNMENT_LETTER: "Surat tugas",
    PaperKind.NOTICE: "Surat pemberitahuan",
    PaperKind.ATTENDANCE_LIST: "Daftar hadir",
    PaperKind.MINUTES: "Berita acara",
    PaperKind.ROUTE_SHEET: "Lembar perjalanan",
}
KINDS = {"desa": "Desa", "kelurahan": "Kelurahan", "desa_adat": "Desa Adat"}
HEADS = {"desa": "Kepala Desa", "kelurahan": "Lurah", "desa_adat": "Kepala Desa Adat"}
#: Provinces of Papua, where a district is a distrik and has a kepala distrik.
PAPUA = ("91", "92", "93", "94", "95", "96")
#: Why a session did not take place: there is no attendance and no sign-up to certify.
NOT_HELD: dict[str | None, str] = {
    Result.NOT_MET: "petugas tidak dapat menemui perangkat desa/kelurahan maupun warga",
    Result.REFUSED: "pihak desa/kelurahan tidak bersedia menerima kegiatan",
}
_ONES = "nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom a team asks for in a village."""

    name: str
    position: str
    phone: str


def shown(
    paper: PrintedPaper,
    page_of: Callable[[int], str],
    contacts: Mapping[str, Sequence[Contact]],
) -> dict[str, Any]:
    """Put a paper into the words that its template sets; `page_of` makes a visit's address."""
    content = paper.content
    plan, head = content["plan"], content["head"]
    made = {
        "kind": paper.kind.value,
        "title": TITLES[paper.kind],
        "number": paper.number,
        "edition": paper.edition,
        "dated": day_words(date.fromisoformat(content["dated"])),
        "dated_iso": content["dated"],
        "revised": _day_or_none(content["revised"]),
        "head": head,
        "campaign": plan.get("campaign", ""),
        "stage": plan.get("stage", ""),
    }
    match paper.kind:
        case PaperKind.ASSIGNMENT_LETTER:
            return made | _assignment(plan)
        case PaperKind.ROUTE_SHEET:
            return made | _route_sheet(plan, page_of, contacts)
        case PaperKind.MINUTES:
            return made | session_words(plan) | _minutes(plan["visit"], content["report"])
        case _:
            return made | session_words(plan) | {"rows": ROWS_TO_SIGN}


def day_words(day: date, *, weekday: bool = False) -> str:
    """Write a day for a letter: `11 Januari 2027`, or `Senin, 11 Januari 2027`."""
    return format_date(day, "EEEE, d MMMM y" if weekday else "d MMMM y", locale="id")


def _day_or_none(iso: str) -> str:
    return day_words(date.fromisoformat(iso)) if iso else ""


def number_words(number: int) -> str:
    """Spell a whole number below ten thousand: `dua ribu dua puluh tujuh`."""
    if number < 12:
        return _ONES[number]
    if number < 20:
        return f"{_ONES[number - 10]} belas"
    for size, name, one in ((1000, "ribu", "seribu"), (100, "ratus", "seratus"), (10, "puluh", "")):
        many, rest = divmod(number, size)
        if many:
            start = one if many == 1 else f"{number_words(many)} {name}"
            return f"{start} {number_words(rest)}" if rest else start
    raise ValueError("not a positive number")


def place_words(visit: Mapping[str, Any]) -> str:
    """Name a village with its kind: `Desa Gentan`."""
    return f"{KINDS[visit['village_kind']]} {visit['village']}"


def _is_papuan(village_code: str) -> bool:
    return village_code.startswith(PAPUA)


def district_words(village_code: str, district: str) -> str:
    """Name a village's district with its kind: `Kecamatan Baki`, in Papua `Distrik Baki`."""
    return f"{'Distrik' if _is_papuan(village_code) else 'Kecamatan'} {district}"


def _district_words(visit: Mapping[str, Any]) -> str:
    return district_words(visit["village_code"], visit["district"])


def _until(visit: Mapping[str, Any]) -> str:
    starts = datetime.fromisoformat(f"{visit['day']}T{visit['starts_at']}")
    return f"{starts + timedelta(minutes=visit['minutes']):%H.%M}"


def hours_words(visit: Mapping[str, Any]) -> str:
    """Write from when to when: `09.00–11.00 WIB`."""
    return f"{visit['starts_at'].replace(':', '.')}–{_until(visit)} {visit['zone']}"


def _visit(visit: Mapping[str, Any]) -> dict[str, str]:
    day = date.fromisoformat(visit["day"])
    return {
        "place": place_words(visit),
        "code": visit["village_code"],
        "district": _district_words(visit),
        "regency": visit["regency"],
        "day": day_words(day, weekday=True),
        "hours": hours_words(visit),
    }


def _assignment(plan: Mapping[str, Any]) -> dict[str, Any]:
    stays = plan.get("stays", ())
    days = _days_out(plan["visits"], stays)
    return {
        "team": plan["team"],
        "members": plan["members"],
        "visits": [_visit(one) for one in plan["visits"]],
        "span": _span_words(min(days), max(days)),
        "stays": [_stay(one) for one in stays],
        "duty": _duty_words(len(days), stays) if stays else "",
    }


def _days_out(visits: Sequence[Mapping[str, Any]], stays: Sequence[Mapping[str, Any]]) -> set[date]:
    """Days on which the team has visits or is away from home, days of rest at a hub included."""
    days = {date.fromisoformat(one["day"]) for one in visits}
    for one in stays:
        days.update(days_between(*(date.fromisoformat(one[end]) for end in ("starts", "ends"))))
    return days


def _duty_words(days: int, stays: Sequence[Mapping[str, Any]]) -> str:
    """Tell what the daily allowance is reckoned by: `4 (empat) hari, termasuk 2 (dua) hari …`."""
    nights = sum(one["nights"] for one in stays)
    travel = sum(len(one["travel_days"]) for one in stays)
    included = f", termasuk {_counted(travel)} hari perjalanan" if travel else ""
    slept = f", dengan {_counted(nights)} malam menginap" if nights else ""
    return f"{_counted(days)} hari{included}{slept}"


def _counted(number: int) -> str:
    return f"{number} ({number_words(number)})"


def _span_words(first: date, last: date) -> str:
    return day_words(first) if first == last else f"{day_words(first)} s.d. {day_words(last)}"


def _stay(stay: Mapping[str, Any]) -> dict[str, Any]:
    starts, ends = (date.fromisoformat(stay[end]) for end in ("starts", "ends"))
    travel = (day_words(date.fromisoformat(day), weekday=True) for day in stay["travel_days"])
    return {
        "place": place_words(stay),
        "district": _district_words(stay),
        "regency": stay["regency"],
        "span": _span_words(starts, ends),
        "nights": stay["nights"],
        "travel": list(travel),
    }


def session_words(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Tell a session in the words of its papers: the visit, who goes, the heads of the place."""
    visit = plan["visit"]
    return {
        "team": plan["team"],
        "visit": _visit(visit),
        "village_head": f"{HEADS[visit['village_kind']]} {visit['village']}",
        "district_head": (
            f"{'Kepala Distrik' if _is_papuan(visit['village_code']) else 'Camat'}"
            f" {visit['district']}"
        ),
    }


def _minutes(visit: Mapping[str, Any], report: Mapping[str, Any] | None) -> dict[str, Any]:
    """Tell the counts of the report as they were logged; without one, lines to fill in by hand."""
    day = date.fromisoformat(report["held_on"] if report else visit["day"])
    starts = (report["held_at"] if report else visit["starts_at"]).replace(":", ".")
    return {
        "opening": {
            "weekday": format_date(day, "EEEE", locale="id"),
            "day": number_words(day.day),
            "month": format_date(day, "MMMM", locale="id"),
            "year": number_words(day.year),
            "figures": f"{day:%d-%m-%Y}",
            "starts": f"{starts} {visit['zone']}",
        },
        "not_held": NOT_HELD.get(report.get("result"), "") if report else "",
        "hall": report["place"] if report else "",
        "counts": _counts(report) if report else None,
        "sectors": _by_sector(report),
        "payers": _by_payer(report),
        "packages": list(PACKAGES.values()),
    }


def _counts(report: Mapping[str, Any]) -> dict[str, int]:
    men, women = report["men"], report["women"]
    return {"men": men, "women": women, "people": men + women, "signups": report["signups"]}


def _by_sector(report: Mapping[str, Any] | None) -> list[list[str]]:
    """Rows of the table of sign-ups: the sector, then one figure per package."""
    found: Counter[tuple[str, str]] = Counter()
    for one in report["details"] if report else ():
        found[one["sector"], one["package"]] += one["workers"]
    return [
        [name, *(str(found[sector, package]) if report else "" for package in PACKAGES)]
        for sector, name in SECTORS.items()
    ]


def _by_payer(report: Mapping[str, Any] | None) -> list[list[str]]:
    found: Counter[str] = Counter()
    for one in report["details"] if report else ():
        found[one["payer"]] += one["workers"]
    return [[name, str(found[payer]) if report else ""] for payer, name in PAYERS.items()]


def _route_sheet(
    plan: Mapping[str, Any],
    page_of: Callable[[int], str],
    contacts: Mapping[str, Sequence[Contact]],
) -> dict[str, Any]:
    stops = plan["stops"]
    return {
        "team": plan["team"],
        "day": day_words(date.fromisoformat(plan["day"]), weekday=True),
        "leaves": _leaves(stops[0]),
        "stops": [_stop(one, page_of, contacts) for one in stops],
        "back": _back(stops[-1]),
        "travel": sum(one["travel_minutes"] + one["return_minutes"] for one in stops),
        "tariff": talking_points(date.fromisoformat(plan["day"])),
    }


def _stop(
    stop: Mapping[str, Any],
    page_of: Callable[[int], str],
    contacts: Mapping[str, Sequence[Contact]],
) -> dict[str, Any]:
    people = contacts.get(stop["village_code"], ())
    return _visit(stop) | {
        "travel": stop["travel_minutes"],
        "link": page_of(stop["visit_id"]),
        "contacts": [[one.name, one.position, phone_words(one.phone)] for one in people],
    }


def phone_words(phone: str) -> str:
    """Write a stored number as people dial it: `0812-3456-7890`."""
    national = f"0{phone[3:]}" if phone.startswith("+62") else phone
    return "-".join(filter(None, (national[:4], national[4:8], national[8:])))


def _leaves(stop: Mapping[str, Any]) -> str:
    starts = datetime.fromisoformat(f"{stop['day']}T{stop['starts_at']}")
    return f"{starts - timedelta(minutes=stop['travel_minutes']):%H.%M} {stop['zone']}"


def _back(stop: Mapping[str, Any]) -> dict[str, Any]:
    starts = datetime.fromisoformat(f"{stop['day']}T{stop['starts_at']}")
    back = starts + timedelta(minutes=stop["minutes"] + stop["return_minutes"])
    return {"travel": stop["return_minutes"], "at": f"{back:%H.%M} {stop['zone']}"}

"""The sections of the weekly digest: what each says, where it is from, where more is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.logbook.tables import Payer
from outreach.logbook.wording import PAYERS
from outreach.papers.digest_words import (
    FIGURES,
    Section,
    changed,
    day,
    moment,
    month,
    number,
    percent,
    rupiah,
)
from outreach.papers.one_page import LEVELS
from outreach.papers.source_words import source_words
from outreach.progress.board import OF_BRANCHES
from outreach.progress.board_rows import By, Schedule
from outreach.progress.outlook import Prospect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from outreach.planning.forecast import TooThin
    from outreach.progress.board_rows import Figures
    from outreach.progress.outlook import Course
    from outreach.progress.week_figures import Behind, EndingTerm, WeekCounts, WeekFigures
    from outreach.villages.tables import Zone

_SCHEDULES = {
    Schedule.AHEAD: "lebih cepat dari rencana",
    Schedule.ON_SCHEDULE: "sesuai rencana",
    Schedule.BEHIND: "tertinggal dari rencana",
}
_PROSPECTS = {
    Prospect.MADE: "sudah tercapai",
    Prospect.LIKELY: "kemungkinan besar tercapai",
    Prospect.OPEN: "belum pasti",
    Prospect.UNLIKELY: "kemungkinan kecil tercapai",
    Prospect.MISSED: "tidak tercapai",
}
_REGIONS = {
    By.REGENCY: "kabupaten/kota",
    By.DISTRICT: "kecamatan",
    By.VILLAGE: "desa/kelurahan",
}


def sections(figures: WeekFigures, zone: Zone) -> tuple[Section, ...]:
    """Put the figures into sections, in the order in which a manager asks for them."""
    return (
        _week(figures, zone),
        _so_far(figures, zone),
        _behind(figures, zone),
        _outlook(figures),
        _dues(figures),
        _ending(figures),
        _waiting(figures, zone),
    )


def _reports(figures: WeekFigures, zone: Zone) -> str:
    """Say which reports are counted."""
    as_of = figures.board.as_of
    newest = f"yang terbaru {moment(as_of, zone)}" if as_of else "belum ada yang masuk"
    return f"Laporan sosialisasi yang berlaku, {newest}"


def _at(figures: WeekFigures, path: str) -> str:
    return f"{path}?area={figures.area}" if figures.area else path


def _week(figures: WeekFigures, zone: Zone) -> Section:
    this, before = figures.this, figures.before
    of_villages = f" dari {number(figures.board.whole.figures.villages)} desa/kelurahan"
    return Section(
        "Pekan yang lalu",
        (
            f"Baru terjangkau{of_villages}: {changed(this.reached, before.reached)}",
            f"Sosialisasi: {changed(this.sessions, before.sessions)}",
            f"Pendaftaran: {changed(this.signups, before.signups)}",
            f"Diketahui sudah membayar: {_paid_of(this)} (pekan sebelumnya {_paid_of(before)})",
        ),
        (_reports(figures, zone),),
        {"Papan": _at(figures, "/board")},
    )


def _paid_of(week: WeekCounts) -> str:
    return f"{number(week.paid)} dari {number(week.signups)} pendaftaran"


def _so_far(figures: WeekFigures, zone: Zone) -> Section:
    whole = figures.board.whole.figures
    lines = [_reached(whole), _planned(whole), *_aim(figures), _paid(whole), *_rates(figures)]
    sources = [_reports(figures, zone)]
    sources += [f"target: {source_words(one)}" for one in figures.target_sources if one]
    sources += [
        f"{FIGURES[of.figure]}: {source_words(of.source)}, {day(of.as_of)}"
        for of in figures.rates
        if of.as_of
    ]
    pages = {"Peta": _at(figures, "/map")}
    if len(figures.region) in LEVELS:
        pages["Satu halaman untuk kepala wilayah (PDF)"] = _at(figures, "/map/onepage.pdf")
    return Section("Sejauh ini", tuple(lines), tuple(sources), pages)


def _reached(whole: Figures) -> str:
    share = f" ({percent(whole.reached / whole.villages)})" if whole.villages else ""
    return (
        f"Terjangkau: {number(whole.reached)} dari {number(whole.villages)} desa/kelurahan{share}"
    )


def _planned(whole: Figures) -> str:
    if whole.schedule is Schedule.NO_PLAN:
        return "Belum ada desa/kelurahan dalam rencana"
    return (
        f"Menurut rencana: {number(whole.expected)} dari {number(whole.planned)} desa/kelurahan"
        f" harinya sudah lewat: {_SCHEDULES[whole.schedule]}"
    )


def _aim(figures: WeekFigures) -> Iterator[str]:
    whole, aim = figures.board.whole.figures, figures.board.whole.aim
    yield f"Pendaftaran: {number(whole.signups)} dalam {number(whole.sessions)} sosialisasi"
    if aim and aim.share is not None:
        yield (
            f"Target {day(aim.starts)} – {day(aim.ends)}: {number(aim.done)} dari"
            f" {number(aim.signups)} pendaftaran ({percent(aim.share)}),"
            f" kurang {number(aim.missing)}"
        )


def _paid(whole: Figures) -> str:
    if whole.paid_share is None:
        return "Membayar: belum ada laporan yang menyebutkannya"
    return (
        f"Membayar: {number(whole.paid)} dari {number(whole.told)} pendaftaran yang diketahui"
        f" ({percent(whole.paid_share)})"
    )


def _rates(figures: WeekFigures) -> Iterator[str]:
    signups = figures.board.whole.figures.signups
    for of in figures.rates:
        rate = of.rate(signups)
        if rate is not None:
            told = f"{percent(rate, 2)} dari {number(of.total)} {FIGURES[of.figure]}"
            yield f"Pendaftaran dibanding: {told}"


def _behind(figures: WeekFigures, zone: Zone) -> Section:
    of_branches = figures.by in OF_BRANCHES
    told = [_branch(row) if of_branches else _region(row) for row in figures.behind]
    more = figures.behind_count - len(told)
    what = "cabang" if of_branches else _REGIONS[figures.by]
    if more:
        told.append(f"dan {number(more)} {what} lain")
    if not told:
        nothing = "dengan kekurangan yang masih dapat dikejar" if of_branches else "yang tertinggal"
        told = [f"Tidak ada {what} {nothing}"]
    title = "Paling banyak yang masih dapat dikejar" if of_branches else "Paling tertinggal"
    of_region = f"area={figures.region}&" if figures.region else ""
    pages = {"Papan": f"/board?{of_region}by={figures.by}"}
    return Section(title, tuple(told), (_reports(figures, zone),), pages)


def _branch(row: Behind) -> str:
    until = f" sampai {day(row.ends)}" if row.ends else ""
    return (
        f"{row.name}: {number(row.recoverable)} dari {number(row.missing)} pendaftaran"
        f" yang kurang ke target{until} (perkiraan)"
    )


def _region(row: Behind) -> str:
    return (
        f"{row.name}: {number(row.reached)} terjangkau dari {number(row.expected)} desa/kelurahan"
        " yang harinya sudah lewat"
    )


def _outlook(figures: WeekFigures) -> Section:
    course, period = figures.outlook.signups, figures.outlook.period
    newest = figures.outlook.as_of
    so_far = f"sosialisasi terbaru {day(newest)}" if newest else "belum ada sosialisasi"
    return Section(
        "Perkiraan akhir",
        (f"{day(period.starts)} – {day(period.ends)}: {_range(course)}",),
        (f"Perkiraan dari laju kampanye sendiri, {so_far}",),
        {"Perkiraan akhir": _at(figures, "/outlook")},
    )


def _range(course: Course) -> str:
    if course.thin:
        return f"data masih terlalu sedikit untuk perkiraan ({_thin(course.thin)})"
    if course.ends_low is None or course.ends_high is None:
        return f"{number(course.done)} pendaftaran, masa itu sudah lewat"
    told = (
        f"{number(course.ends_low)} sampai {number(course.ends_high)} pendaftaran"
        " jika laju bertahan (perkiraan)"
    )
    if course.target and course.prospect:
        told += f"; target {number(course.target)}: {_PROSPECTS[course.prospect]}"
    return told


def _thin(thin: TooThin) -> str:
    """Say of what there is too little."""
    told = (
        (thin.weeks, thin.weeks_needed, "pekan dengan hari tim"),
        (thin.sessions, thin.sessions_needed, "sosialisasi"),
    )
    return ", ".join(
        f"baru {number(is_)} dari {number(needed)} {what}"
        for is_, needed, what in told
        if is_ < needed
    )


def _dues(figures: WeekFigures) -> Section:
    rows = sorted(figures.dues.items(), key=lambda one: -one[1].rupiah)
    workers = sum(due.workers for _, due in rows)
    claimed = sum(due.claimed_workers for _, due in rows)
    whole = (
        f"Seluruhnya {rupiah(sum(due.rupiah for _, due in rows))} untuk {number(workers)} pekerja"
        f" yang dihitung membayar, {number(claimed)} di antaranya hanya menurut laporan"
    )
    lines = [f"{PAYERS[payer]}: {rupiah(due.rupiah)}" for payer, due in rows]
    return Section(
        f"Iuran {month(figures.month)}",
        (whole, *lines),
        (f"Buku pendaftaran dan tarif iuran, per {day(figures.today)} (perkiraan)",),
        {"Buku pendaftaran": _at(figures, "/ledger")},
    )


def _ending(figures: WeekFigures) -> Section:
    lines = [
        f"{_sponsor(one)}, {one.region}: paling banyak {number(one.workers)} pekerja sampai"
        f" {day(one.ends)}"
        for one in figures.ending
    ]
    more = figures.ending_count - len(lines)
    if more:
        lines.append(
            f"dan {number(more)} lainnya; seluruhnya {number(figures.ending_workers)} pekerja"
        )
    sources = dict.fromkeys(source_words(one.source) for one in figures.ending if one.source)
    return Section(
        "Kepesertaan dibayari yang segera berakhir",
        tuple(lines) or ("Tidak ada",),
        (f"Daftar kepesertaan yang dibayari, per {day(figures.today)}", *sources),
        {"Kepesertaan dibayari": _at(figures, "/sponsorships")},
    )


def _sponsor(term: EndingTerm) -> str:
    """Name who pays, but nobody who pays for workers around them: that is a private person."""
    return PAYERS[term.payer] if term.payer is Payer.SERTAKAN else term.sponsor


def _waiting(figures: WeekFigures, zone: Zone) -> Section:
    whole, plans = figures.board.whole.figures, figures.plans
    all_plans = f", dari {number(plans.all)} seluruhnya" if plans.all > plans.here else ""
    told = (
        (plans.here, f"rencana menunggu persetujuan Anda{all_plans}"),
        (whole.flagged, "laporan bertanda yang belum disetujui"),
        (whole.disputed, "kunjungan dengan dua laporan yang berbeda"),
        (whole.unsent, f"laporan belum terkirim di {number(whole.held)} HP"),
        (whole.silent, f"dari {number(whole.phones)} HP lama tidak terhubung"),
    )
    lines = tuple(f"{number(count)} {what}" for count, what in told if count)
    pages = {"Persetujuan": "/approvals"} if plans.here else {}
    return Section(
        "Menunggu",
        lines or ("Tidak ada",),
        (f"Rencana, laporan dan HP, per {moment(figures.as_of, zone)}",),
        {**pages, "Papan": _at(figures, "/board")},
    )

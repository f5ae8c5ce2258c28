"""Made-up books: reports and confirmed counts of two branches, over villages, months, channels."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, time
from random import Random
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.campaigns.tables import Campaign, Ecosystem, Purpose, Stage, Status
from outreach.logbook.tables import (
    LedgerEntry,
    Package,
    Payer,
    Sector,
    SessionReport,
    SignUp,
    SignupChannel,
)
from outreach.people.tables import Branch, BranchRegency, Team
from outreach.villages.tables import Village, VillageKind
from outreach.visits.tables import Result, Visit, Work
from tests.builders import load_small_registry
from tests.field import NOW, add_visit, make_field

if TYPE_CHECKING:
    from sqlmodel import Session

TODAY = date(2026, 11, 20)
MONTHS = [date(2026, month, 1) for month in (3, 4, 8, 9, 10, 11)]
STEPS = ("interested", "forms", "registered", "first_paid", "paid_1", "paid_3", "paid_6")
SURAKARTA, SUKOHARJO = "33.72", "33.11"


@dataclass(frozen=True)
class Books:
    """The villages in which something happened, and the campaign of the second half of the year."""

    codes: tuple[str, ...]
    campaign_id: int
    later_campaign_id: int
    account_id: int


def write_books(db: Session, seed: int = 5) -> Books:
    """Keep two campaigns in ten villages of two branches, and what the agency counted."""
    load_small_registry(db, (SURAKARTA, "33.11.12"))
    at, random = make_field(db, 0), Random(seed)
    codes = tuple(
        code
        for start, number in ((SURAKARTA, 6), (SUKOHARJO, 4))
        for code in [one for one in at.codes if one.startswith(start)][:number]
    )
    team_id, stage_id, later_id = _second_branch(db, codes[-1])
    books = Books(codes, at.campaign_id, later_id, at.coordinator.account_id)
    for number, code in enumerate(codes):
        mine = code.startswith(SURAKARTA)
        first = add_visit(
            db, at.stage_id, at.team_id if mine else team_id, code, number, Work.CONFIRMED
        )
        second = add_visit(db, stage_id, at.team_id, code, number + 30, Work.CONFIRMED)
        for visit_id in (first, second):
            if random.random() < 0.9:
                _tell(db, random, books, visit_id, code)
        _confirm(db, random, code)
    db.flush()
    return books


def _second_branch(db: Session, base: str) -> tuple[int, int, int]:
    """Return the numbers of a team, a stage and a campaign from September on."""
    branch = Branch(name="Sukoharjo", regional_office="Jateng", base_village_code=base)
    campaign = Campaign(
        name="Semester dua",
        purpose=Purpose.ACQUIRE,
        ecosystem=Ecosystem.VILLAGE,
        starts=date(2026, 9, 10),
        ends=date(2026, 12, 31),
        status=Status.OPENED,
    )
    db.add_all([branch, campaign])
    db.flush()
    db.add(BranchRegency(regency_code=SUKOHARJO, branch_id=branch.id or 0))
    team = Team(branch_id=branch.id or 0, name="B", base_village_code=base, weekdays=[1])
    stage = Stage(
        campaign_id=campaign.id or 0,
        branch_id=branch.id or 0,
        name="Tahap 2",
        starts=campaign.starts,
        ends=campaign.ends,
        area_codes=[SUKOHARJO],
        kinds=list(VillageKind),
        status=Status.OPENED,
    )
    db.add_all([team, stage])
    db.flush()
    return team.id or 0, stage.id or 0, campaign.id or 0


def _tell(db: Session, random: Random, books: Books, visit_id: int, code: str) -> None:
    """Report a session; every third report is corrected, and only its correction counts."""
    first = report(db, books, visit_id, code, random.choice(MONTHS), random.randint(0, 30))
    _sign_up(db, random, first)
    if random.random() < 0.35:
        number, month = random.randint(0, 30), random.choice(MONTHS)
        second = report(db, books, visit_id, code, month, number, corrects_id=first.id)
        first.corrected_by = second.id
        _sign_up(db, random, second)


def report(
    db: Session,
    books: Books,
    visit_id: int,
    code: str,
    month: date,
    signups: int,
    corrects_id: str | None = None,
) -> SessionReport:
    """Write a report as it is stored."""
    made = SessionReport(
        id=str(uuid.uuid4()),
        visit_id=visit_id,
        village_code=code,
        held_on=month.replace(day=1 + signups % 20),
        held_at=time(9),
        zone=db.get_one(Village, code).zone,
        men=signups,
        women=5,
        signups=signups,
        paid=None if signups % 5 == 0 else signups // 2,
        result=Result.SIGNED_UP if signups else Result.ATTENDED,
        reported_by=books.account_id,
        received_at=NOW,
        fingerprint="",
        corrects_id=corrects_id,
    )
    db.add(made)
    db.flush()
    return made


def _sign_up(db: Session, random: Random, told: SessionReport) -> None:
    """Part the sign-ups among sectors, packages and payers; one report in four tells none."""
    if random.random() < 0.25:
        return
    parts: dict[tuple[Sector, Package, Payer], int] = {}
    for _ in range(told.signups):
        key = (
            random.choice(list(Sector)[:4]),
            random.choice(list(Package)),
            random.choice([Payer.SELF, Payer.SELF, Payer.APBDES, Payer.SERTAKAN]),
        )
        parts[key] = parts.get(key, 0) + 1
    for (sector, package, payer), workers in parts.items():
        db.add(
            SignUp(report_id=told.id, sector=sector, package=package, payer=payer, workers=workers)
        )


def _confirm(db: Session, random: Random, code: str) -> None:
    """Count some months and channels of a village; not every step is told."""
    for month in MONTHS:
        for channel in SignupChannel:
            if random.random() < 0.7:
                continue
            workers, told = random.randint(3, 40), dict[str, Any]()
            for step in STEPS:
                workers = random.randint(0, workers) if random.random() < 0.6 else workers
                told[step] = None if random.random() < 0.3 else workers
            db.add(
                LedgerEntry(
                    village_code=code,
                    month=month,
                    channel=channel,
                    as_of=random.choice([date(2026, 10, 31), date(2026, 11, 15)]),
                    source="Rekap",
                    **told,
                )
            )


@dataclass(frozen=True)
class Rows:
    """All that was told, as plain rows: the current reports, their details, what was confirmed."""

    villages: list[Village]
    reports: list[SessionReport]
    details: list[tuple[SessionReport, SignUp]]
    entries: list[LedgerEntry]

    def within(
        self, prefix: str = "", kind: VillageKind | None = None, *, until: date = TODAY
    ) -> Rows:
        """Narrow them as a scope would."""

        def counts(code: str) -> bool:
            return code.startswith(prefix) and (kind is None or kinds[code] is kind)

        kinds = {one.code: one.kind for one in self.villages}
        return Rows(
            [one for one in self.villages if counts(one.code)],
            [one for one in self.reports if counts(one.village_code) and one.held_on <= until],
            [(a, b) for a, b in self.details if counts(a.village_code) and a.held_on <= until],
            [one for one in self.entries if counts(one.village_code) and one.month <= until],
        )


def rows_of(db: Session, campaign_id: int | None = None) -> Rows:
    """Read every row; of a campaign the villages it chose, its reports and its months."""
    villages, visits = list(db.exec(select(Village))), list(db.exec(select(Visit)))
    campaign = None if campaign_id is None else db.get_one(Campaign, campaign_id)
    stages = {one.id: one.campaign_id for one in db.exec(select(Stage)) if campaign_id is not None}
    if campaign is not None:
        visits = [one for one in visits if stages[one.stage_id] == campaign_id]
        chosen = {one.village_code for one in visits}
        villages = [one for one in villages if one.code in chosen]
    codes, numbers = {one.code for one in villages}, {one.id for one in visits}
    reports = [
        one
        for one in db.exec(select(SessionReport))
        if one.corrected_by is None and one.visit_id in numbers
    ]
    by_id = {one.id: one for one in reports}
    entries = [
        one
        for one in db.exec(select(LedgerEntry).order_by(col(LedgerEntry.village_code)))
        if one.village_code in codes
        and (
            campaign is None
            or campaign.starts.replace(day=1) <= one.month <= campaign.ends.replace(day=1)
        )
    ]
    details = [
        (by_id[one.report_id], one) for one in db.exec(select(SignUp)) if one.report_id in by_id
    ]
    return Rows(villages, reports, details, entries)

"""Two branches side by side, so that what is one's own and what is foreign can be told apart."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, update
from sqlmodel import col, select

from outreach.campaigns.tables import Campaign, Ecosystem, Purpose, Stage, StageVillage, Status
from outreach.db import unit_of_work
from outreach.logbook.record import content_of, fingerprint, read_report
from outreach.logbook.releasing import waiting_id
from outreach.logbook.sync import Outcome, take_in
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    Package,
    Payer,
    Sector,
    SessionReport,
    WaitingPicture,
)
from outreach.messages.tables import Matter, Medium, Message
from outreach.papers import addresses, form_codes
from outreach.papers.tables import CalendarOwner
from outreach.people.access import Person
from outreach.people.tables import (
    Account,
    Official,
    Role,
    TeamLeave,
)
from outreach.progress.tables import Sponsorship
from outreach.villages.tables import (
    ClosedPeriod,
    Closure,
    MarketDay,
    MarketRhythm,
    VillageKind,
    Zone,
)
from outreach.visits.tables import (
    Visit,
    Work,
)
from tests import builders
from tests.builders import load_small_registry
from tests.web.world_keys import (
    SECRET,
    answered_link,
    api_token,
    asked_digest,
    enrolled_phone,
    odk_key,
    open_code,
)
from tests.web.world_outlook import aimed_and_asked, kept_view
from tests.web.world_plans import (
    approved_plan,
    assignment_letter,
    drafted_replan,
    finished_run,
    read_sheet,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

__all__ = [
    "FOREIGN_REGENCY",
    "FOREIGN_VILLAGE",
    "OWN_REGENCY",
    "OWN_VILLAGE",
    "SECRET",
    "World",
    "_visit",
    "build",
]

OWN_REGENCY, FOREIGN_REGENCY = "33.72", "33.11"
OWN_VILLAGE, FOREIGN_VILLAGE = "33.72.01.1001", "33.11.01.2001"


@dataclass(slots=True)
class World:
    """Ids of what stands in the database, by the name the routes use for it.

    `own` lies in the area of every role (33.72), `foreign` in another branch's (33.11); `of_role`
    belongs to the person of that role alone.
    """

    own: dict[str, Any] = field(default_factory=dict)
    foreign: dict[str, Any] = field(default_factory=dict)
    accounts: dict[Role, tuple[int, str]] = field(default_factory=dict)
    of_role: dict[Role, dict[str, Any]] = field(default_factory=dict)


def build(engine: Engine) -> World:
    """Fill an empty database."""
    load_small_registry(engine, (OWN_REGENCY, FOREIGN_REGENCY))
    world = World()
    with unit_of_work(engine) as db:
        _branch(db, world.own, "Surakarta", OWN_VILLAGE, OWN_REGENCY)
        _branch(db, world.foreign, "Sukoharjo", FOREIGN_VILLAGE, FOREIGN_REGENCY)
        for role, told in {
            Role.ADMIN: {},
            Role.COORDINATOR: {"branch_id": world.own["branch_id"]},
            Role.MANAGER: {"area_codes": [OWN_REGENCY]},
            Role.OFFICIAL: {"area_codes": [OWN_VILLAGE]},
        }.items():
            made = builders.account(db, role, **told)
            world.accounts[role] = (_id(made), made.password_stamp)
        for ids in (world.own, world.foreign):
            _work_of_a_branch(db, world, ids)
        world.own["feed_token"] = addresses.token_of(
            db, CalendarOwner.TEAM, str(world.own["team_id"]), addresses.key_of(SECRET)
        )
        world.own["account_id"] = world.accounts[Role.OFFICIAL][0]
        world.own["enrol_code"] = open_code(db, world)
        world.own["answer_token"] = answered_link(db, world.own["visit_id"])
        world.own["odk_key"] = odk_key(db, world.accounts[Role.OFFICIAL][0])
        _what_people_keep(db, world)
    return world


def _work_of_a_branch(db: Session, world: World, ids: dict[str, Any]) -> None:
    ids["report_id"] = _report(db, ids, world.accounts[Role.COORDINATOR][0])
    ids["evidence_id"] = _evidence(db, ids, world.accounts[Role.COORDINATOR][0])
    ids["dispute_id"] = _dispute(db, ids, world.accounts[Role.OFFICIAL][0])
    ids["waiting_id"] = _waiting(db, ids["dispute_id"])
    ids["regency_code"] = ids["code"][:5]
    ids.update(finished_run(db, ids, world.accounts[Role.COORDINATOR][0]))
    ids["upload_id"] = read_sheet(db, ids, world.accounts[Role.COORDINATOR][0])
    ids["submission_id"] = approved_plan(db, ids, world)
    ids["replan_id"] = drafted_replan(db, ids, world.accounts[Role.COORDINATOR][0])
    ids["message_id"] = _message(db, ids)
    ids.update(aimed_and_asked(db, ids, world.accounts[Role.MANAGER][0]))
    ids["device_id"] = enrolled_phone(db, ids)
    ids["form_code"] = form_codes.code_of(ids["visit_id"], ids["code"], form_codes.key_of(SECRET))
    ids["paper_id"] = assignment_letter(db, ids, world.accounts[Role.COORDINATOR][0])


def _what_people_keep(db: Session, world: World) -> None:
    """Give each role tokens, views and codes of its own; a stranger's are an administrator's."""
    world.of_role = {role: {} for role in Role}
    for role in (Role.COORDINATOR, Role.MANAGER):
        number = api_token(db, world.accounts[role][0], OWN_REGENCY)
        world.of_role[role]["token_id"] = number
        world.of_role[role]["view_id"] = kept_view(db, world.accounts[role][0])
        world.of_role[role]["digest_code"] = asked_digest(db, world.accounts[role][0])
    world.own["token_id"] = world.of_role[Role.MANAGER]["token_id"]
    world.own["digest_code"] = world.of_role[Role.MANAGER]["digest_code"]
    world.foreign["digest_code"] = asked_digest(db, world.accounts[Role.ADMIN][0])
    world.own["view_id"] = world.of_role[Role.MANAGER]["view_id"]
    world.foreign["view_id"] = kept_view(db, world.accounts[Role.ADMIN][0])
    world.foreign["token_id"] = api_token(db, world.accounts[Role.ADMIN][0], FOREIGN_REGENCY)


def _branch(db: Session, ids: dict[str, Any], name: str, village: str, regency: str) -> None:
    branch = builders.branch(db, name, village, regency)
    team = builders.team(db, branch.id or 0)
    leave = TeamLeave(team_id=team.id or 0, starts=date(2026, 12, 1), ends=date(2026, 12, 2))
    db.add(leave)
    db.flush()
    ids.update(branch_id=branch.id, team_id=team.id, leave_id=leave.id, code=village)
    ids.update(_surroundings(db, branch.id or 0, village))
    ids.update(_visit(db, branch.id or 0, team.id or 0, village, regency))


def _message(db: Session, ids: dict[str, Any]) -> int | None:
    """A message to the official that waits for a tap: told of the visit, and never by itself."""
    then = datetime(2026, 11, 16, 3, tzinfo=UTC)
    message = Message(
        dedupe_key=f"sample-{ids['visit_id']}",
        visit_id=ids["visit_id"],
        official_id=ids["official_id"],
        medium=Medium.WHATSAPP,
        matter=Matter.ASKED,
        next_try_at=then,
        created_at=then,
    )
    db.add(message)
    db.flush()
    return message.id


def _surroundings(db: Session, branch_id: int, village: str) -> dict[str, Any]:
    """Note an official of the village, a closed day, its market, and who pays for workers."""
    official = Official(village_code=village, name="Sri Lestari", position="Lurah")
    period = ClosedPeriod(
        region_code=village,
        starts=date(2026, 12, 7),
        ends=date(2026, 12, 8),
        closure=Closure.HARVEST,
    )
    market = MarketDay(region_code=village, rhythm=MarketRhythm.KLIWON)
    sponsorship = Sponsorship(
        branch_id=branch_id,
        region_code=village,
        payer=Payer.APBDES,
        sponsor="Desa",
        sector=Sector.FARMER,
        package=Package.JKK_JKM,
        quota=100,
        starts=date(2026, 7, 1),
        ends=date(2026, 12, 31),
    )
    db.add_all([official, period, market, sponsorship])
    db.flush()
    return {
        "official_id": official.id,
        "period_id": period.id,
        "market_id": market.id,
        "sponsorship_id": sponsorship.id,
    }


def _visit(
    db: Session,
    branch_id: int,
    team_id: int,
    village: str,
    regency: str,
    stage: str = "Tahap 1",
    day: date = date(2026, 11, 18),
) -> dict[str, Any]:
    of_branch = select(Campaign).where(Campaign.branch_id == branch_id)
    campaign = db.exec(of_branch).first() or Campaign(
        name=f"Desa terlindungi {regency}",
        branch_id=branch_id,
        purpose=Purpose.ACQUIRE,
        ecosystem=Ecosystem.VILLAGE,
        starts=date(2026, 10, 1),
        ends=date(2026, 12, 31),
        target_signups=500,
        status=Status.OPENED,
    )
    db.add(campaign)
    db.flush()
    tahap = Stage(
        campaign_id=campaign.id or 0,
        branch_id=branch_id,
        name=stage,
        starts=date(2026, 11, 2),
        ends=date(2026, 12, 18),
        area_codes=[regency],
        kinds=list(VillageKind),
        status=Status.OPENED,
    )
    db.add(tahap)
    db.flush()
    db.add(StageVillage(stage_id=tahap.id or 0, village_code=village, rank=1, score=1.0))
    visit = Visit(
        stage_id=tahap.id or 0,
        village_code=village,
        team_id=team_id,
        day=day,
        slot=1,
        starts_at=time(9),
        zone=Zone.WIB,
        work=Work.CONFIRMED,
    )
    db.add(visit)
    db.flush()
    return {"campaign_id": campaign.id, "stage_id": tahap.id, "visit_id": visit.id}


def _report(db: Session, ids: dict[str, Any], account_id: int) -> str:
    """Report a visit of an earlier stage, so that the one of the present stage is still open."""
    told = (ids["branch_id"], ids["team_id"], ids["code"], ids["code"][:5])
    visit = _visit(db, *told, stage="Tahap 0", day=date(2026, 11, 4))["visit_id"]
    everywhere = Person(account_id, "Siti", Role.COORDINATOR, ("",))
    report = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, ids["code"])),
        "visit_id": visit,
        "held_on": "2026-11-04",
        "held_at": "09:00",
        "place": "Balai kelurahan",
        "men": 18,
        "women": 24,
        "signups": 9,
        "details": [{"sector": "trader", "package": "jkk_jkm", "payer": "self", "workers": 9}],
    }
    (answer,) = take_in(db, [report], everywhere, datetime(2026, 11, 4, 9, tzinfo=UTC))
    assert answer.outcome is Outcome.ACCEPTED, answer
    return answer.id


def _evidence(db: Session, ids: dict[str, Any], account_id: int) -> str:
    """Add the signature of the village head to the report."""
    report = db.get_one(SessionReport, ids["report_id"])
    evidence = Evidence(
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"signature {ids['code']}")),
        report_id=report.id,
        visit_id=report.visit_id,
        village_code=report.village_code,
        kind=EvidenceKind.SIGNATURE,
        media_type="image/png",
        width=2,
        height=1,
        content=b"\x89PNG",
        sha256="0" * 64,
        account_id=account_id,
        received_at=datetime(2026, 11, 4, 9, tzinfo=UTC),
    )
    db.add(evidence)
    db.flush()
    return evidence.id


def _dispute(db: Session, ids: dict[str, Any], account_id: int) -> int:
    """Another report of the visit that has one, kept beside it."""
    stored = db.get_one(SessionReport, ids["report_id"])
    told = read_report(
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, ids["code"])),
            "visit_id": stored.visit_id,
            "held_on": "2026-11-04",
            "held_at": "09:30",
            "men": 20,
            "women": 24,
            "signups": 11,
        }
    )
    dispute = DisputedReport(
        report_id=str(told.id),
        visit_id=stored.visit_id,
        village_code=stored.village_code,
        content=content_of(told),
        fingerprint=fingerprint(told),
        reason="already_reported",
        account_id=account_id,
        received_at=datetime(2026, 11, 5, 3, tzinfo=UTC),
    )
    db.add(dispute)
    db.flush()
    return dispute.id or 0


def _waiting(db: Session, dispute_id: int) -> str:
    """Add the signature that came with the report that waits for a ruling."""
    dispute = db.get_one(DisputedReport, dispute_id)
    picture = WaitingPicture(
        id=waiting_id(dispute.report_id, dispute.fingerprint, EvidenceKind.SIGNATURE),
        report_id=dispute.report_id,
        fingerprint=dispute.fingerprint,
        visit_id=dispute.visit_id,
        village_code=dispute.village_code,
        kind=EvidenceKind.SIGNATURE,
        media_type="image/png",
        width=2,
        height=1,
        content=b"\x89PNG waits",
        sha256="1" * 64,
        account_id=dispute.account_id,
        received_at=dispute.received_at,
    )
    db.add(picture)
    db.flush()
    return picture.id


def _id(account: Account) -> int:
    assert account.id is not None
    return account.id


def keep_for_one_stage(db: Session, visit_id: int) -> Visit:
    """Let no other stage of the campaign have the village of a visit, so that it may wait."""
    own = db.get_one(Visit, visit_id)
    others = col(Visit.village_code) == own.village_code, col(Visit.id) != own.id
    db.execute(update(Visit).where(*others).values(work=Work.CANCELLED))
    chosen = col(StageVillage.village_code) == own.village_code
    db.execute(delete(StageVillage).where(chosen, col(StageVillage.stage_id) != own.stage_id))
    return own

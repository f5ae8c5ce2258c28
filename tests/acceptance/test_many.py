"""Many processes, no shared memory: the main job through two webs in turns, nothing twice.

Every worker has something to do: two share the plans of three branches, the others answer a what-if
and send a letter to a mail server.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.campaigns import create_campaign, open_campaign
from outreach.campaigns.stages import create_stage, open_stage
from outreach.campaigns.tables import StageVillage
from outreach.db import reading, unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.access import person_of
from outreach.people.officials import OfficialIn, add_official
from outreach.people.tables import Role
from outreach.villages.tables import Village
from outreach.visits.tables import ACTIVE, Batch, BatchState, PlanRun, Visit, VisitEvent, Work
from outreach.watch.tables import Heartbeat, ProcessKind
from tests.acceptance.many import Browser, Installation, installation, until
from tests.at_once import at_once
from tests.builders import PASSWORD, account, branch, load_small_registry, team
from tests.conftest import free_port
from tests.tasks.test_post import Received
from tests.visits.world import campaign_in, stage_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.campaigns.stages import StageIn

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

#: One official for each of these villages, of the 54 of Kota Surakarta; the first connects a phone
#: with a code, the others log in.
PHONES = tuple(f"33.72.01.10{number:02d}" for number in range(1, 6))

#: Towns with a branch of their own, whose plans are asked for in one go.
NEIGHBOURS = ("33.71", "33.73")
CAMPAIGN = "Desa terlindungi"
#: What each worker serves; by the first two every plan is made.
QUEUES = ("planning", "planning", "questions,post", "questions,post,celery")
ADDRESS = "rangga@kantor.example"


@pytest.fixture
def engine(postgres_engine: Engine) -> Engine:
    return postgres_engine


@pytest.fixture
def stage_id(engine: Engine) -> int:
    """A drafted stage of the weeks ahead, and the people who will plan, approve and hold it."""
    starts = datetime.now(UTC).date() + timedelta(days=2)
    with unit_of_work(engine) as db:
        load_small_registry(db, ("33.72", *NEIGHBOURS))
        own = branch(db)
        for name in ("Tim 1", "Tim 2"):
            team(db, own.id or 0, name)
        by = account(db, Role.COORDINATOR, "koordinator", branch_id=own.id)
        head = account(db, Role.MANAGER, "manajer", area_codes=["33"])
        for number, code in enumerate(PHONES[1:], start=1):
            account(db, Role.OFFICIAL, f"perangkat{number}", area_codes=[code])
        coordinator, manager = person_of(db, by.id or 0), person_of(db, head.id or 0)
        assert coordinator is not None
        assert manager is not None
        ends = starts + timedelta(days=40)
        told = campaign_in(CAMPAIGN, starts=starts, ends=ends)
        campaign = create_campaign(db, told, by=manager)
        open_campaign(db, campaign.id or 0, campaign.version, by=manager)
        given = stage_in(starts=starts, ends=ends)
        stage = create_stage(db, campaign.id or 0, given, by=coordinator)
        for town in NEIGHBOURS:
            _open_stage_beside(db, town, campaign.id or 0, given)
        official = {"village_code": PHONES[0], "name": "Sri Lestari", "position": "Lurah"}
        add_official(db, OfficialIn.model_validate(official), by=coordinator)
        return stage.id or 0


def _open_stage_beside(db: Session, town: str, campaign_id: int, given: StageIn) -> None:
    """Give a town a branch with two teams and an open stage."""
    code = col(Village.code)
    base = db.scalars(select(code).where(code.startswith(town)).order_by(code)).first()
    own = branch(db, f"Cabang {town}", base or "", town)
    for name in ("Tim 1", "Tim 2"):
        team(db, own.id or 0, name)
    made = account(db, Role.COORDINATOR, f"koordinator.{town}", branch_id=own.id)
    by = person_of(db, made.id or 0)
    assert by is not None
    stage = create_stage(db, campaign_id, given, by=by)
    open_stage(db, stage.id or 0, stage.version, by=by)


@pytest.fixture
def mail_server() -> Iterator[Controller]:
    controller = Controller(Received(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def running(
    engine: Engine, stage_id: int, redis_url: str, mail_server: Controller, tmp_path: Path
) -> Iterator[Installation]:
    del stage_id  # first: the webs warm up over what is there
    settings = {
        "DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "REDIS_URL": redis_url,
        "SECRET_KEY": "many-machines-" * 4,
        "DEMO": "0",
        "LOCALE": "en",
        "WEB_WORKERS": "1",
        "TASK_WORKERS": "1",
        "LOG_FORMAT": "json",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(mail_server.port),
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "Outreach <outreach@cabang.example>",
    }
    with installation(settings, tmp_path, webs=2, workers=QUEUES, sweepers=2) as made:
        until(lambda: _alive(engine) == len(QUEUES) + 2, made)
        yield made


def _alive(engine: Engine) -> int:
    """How many workers and sweepers have said that they live."""
    with reading(engine) as db:
        kinds = (ProcessKind.WORKER, ProcessKind.SWEEPER)
        return len(db.scalars(select(Heartbeat).where(col(Heartbeat.kind).in_(kinds))).all())


def test_the_main_job_through_two_webs_four_workers_and_two_sweepers(
    engine: Engine, stage_id: int, running: Installation, mail_server: Controller
) -> None:
    coordinator = Browser(running.webs).log_in("koordinator", PASSWORD)
    manager = Browser(running.webs).log_in("manajer", PASSWORD)
    running.command("plan", "nation", "--no-wait", f"--campaign={CAMPAIGN}", "--by=manajer")
    placed = _plan(coordinator, stage_id, running)
    assert placed == 54
    _ask_what_if(coordinator, stage_id, running)
    _get_a_letter(manager, mail_server.handler, running)
    _approve(coordinator, manager, stage_id)
    others = range(1, len(PHONES))
    phones = [_connect_a_phone(coordinator, running)]
    phones += [Browser(running.webs).log_in(f"perangkat{n}", PASSWORD) for n in others]
    asked = [_visit_of(phone) for phone in phones]
    _every_phone_twice(phones, asked, running)
    _approve_reports(coordinator)
    _look_at_board_and_map(manager, running)
    _require_whole(engine)
    _require_shared(engine, running)
    assert "Traceback" not in running.logs()


def _plan(coordinator: Browser, stage_id: int, running: Installation) -> int:
    """Open and plan the stage; answer how many villages have a day."""
    coordinator.get(f"/stages/{stage_id}")
    coordinator.submit(f"/stages/{stage_id}/open")
    coordinator.get(f"/stages/{stage_id}")
    page = coordinator.submit(f"/stages/{stage_id}/runs")
    _until_done(coordinator, re.findall(r"/runs/\d+/progress", page)[0], running)
    coordinator.get(f"/stages/{stage_id}/plan")
    return int(re.findall(r"<caption[^>]*>\s*(\d+)", coordinator.page)[0])


def _until_done(coordinator: Browser, progress: str, running: Installation) -> None:
    """Look at what tells how far something is, until it is done."""

    def is_done() -> bool:
        coordinator.get(progress)
        return coordinator.headers["Run-State"] == "done"

    # As often as a page looks by itself: on a busy machine more would use up a person's share.
    until(is_done, running, every_seconds=2.0)


def _ask_what_if(coordinator: Browser, stage_id: int, running: Installation) -> None:
    """Suppose a team more, and wait for what comes of it."""
    coordinator.get(f"/outlook/what-if/{stage_id}")
    page = coordinator.submit(rf"/what-if/{stage_id}$", extra_teams=1, most_villages=12)
    _until_done(coordinator, re.findall(r"/outlook/[^\"]+/progress", page)[0], running)


def _get_a_letter(manager: Browser, received: Received, running: Installation) -> None:
    """Ask for the weekly figures: the link to the address goes out at any hour, and confirms it."""
    manager.get("/digest")
    manager.submit(r"^/digest$", email=ADDRESS)
    until(lambda: received.letters, running)
    (letter,) = received.letters
    assert letter["To"] == ADDRESS
    (code,) = re.findall(r"^([\w-]+)\r?$", letter.get_content(), re.MULTILINE)
    manager.get("/digest")
    manager.submit(r"/digest/confirm$", code=code)
    assert "/digest/confirm" not in manager.get("/digest")


def _approve(coordinator: Browser, manager: Browser, stage_id: int) -> None:
    coordinator.get(f"/stages/{stage_id}/hand-in")
    coordinator.submit(r"/hand-in$", note="")
    manager.get("/approvals")
    manager.get(re.findall(r"/approvals/\d+", manager.page)[0])
    manager.submit(r"/approve$")


def _connect_a_phone(coordinator: Browser, running: Installation) -> Browser:
    """Give the only official a code; a browser without a login becomes their phone by it."""
    coordinator.get("/officials/phones?q=Sri+Lestari")
    (official,) = set(re.findall(r'href="/officials/(\d+)#', coordinator.page))
    coordinator.get(f"/officials/{official}")
    coordinator.submit(r"/code$")
    (code,) = set(re.findall(r'value="[^"]+/e/([a-z2-7-]+)"', coordinator.page))
    phone = Browser(running.webs)
    phone.get(f"/e/{code}")
    phone.submit(r"^/e/")
    return phone


def _approve_reports(coordinator: Browser) -> None:
    """Approve all at once, those too of which the page asks first whether they are right."""
    coordinator.get("/reviews")
    coordinator.submit(r"^/reviews", which="fitting", act="approved")
    if 'name="how" value="all"' in coordinator.page:
        coordinator.submit(r"^/reviews", how="all")


def _visit_of(phone: Browser) -> dict[str, Any]:
    phone.get("/api/v1/phone")
    (visit,) = json.loads(phone.page)["visits"]
    assert isinstance(visit, dict)
    return visit


def _every_phone_twice(
    phones: list[Browser], asked: list[dict[str, Any]], running: Installation
) -> None:
    """Confirm and report from all phones at once; each sends the same again, to the other web."""
    outcomes: list[str] = []

    def act(phone: Browser, visit: dict[str, Any]) -> None:
        report = {
            "id": str(uuid.uuid4()),
            "visit_id": visit["id"],
            "held_on": datetime.now(ZoneInfo("Asia/Jakarta")).date().isoformat(),
            "held_at": "00:05",
            "place": "Balai desa",
            "men": 20,
            "women": 22,
            "signups": 9,
        }
        given = {"id": str(uuid.uuid4()), "answer": "can"}
        given |= {"visit_id": visit["id"], "version": visit["version"]}
        for _ in range(2):
            told = phone.send("/api/v1/answers", {"answers": [given]})
            outcomes.extend(f"answer {one['outcome']}" for one in told["answers"])
        for _ in range(2):
            told = phone.send("/api/v1/reports", {"reports": [report]})
            outcomes.extend(f"report {one['outcome']}" for one in told["answers"])

    at_once(*[lambda p=p, v=v: act(p, v) for p, v in zip(phones, asked, strict=True)])
    each = ("answer accepted", "answer duplicate", "report accepted", "report duplicate")
    assert Counter(outcomes) == dict.fromkeys(each, len(phones)), running.logs()[-3000:]


def _look_at_board_and_map(manager: Browser, running: Installation) -> None:
    """Both webs tell the same, though each remembers its own boards and draws its own map."""
    for _ in running.webs:
        regencies = json.loads(manager.get("/map/stats"))["regencies"]
        # Villages that are reached, and sign-ups of their sessions.
        assert [sum(column) for column in zip(*regencies.values(), strict=True)][3:5] == [5, 45]
        page = manager.get("/board")
        told = dict(re.findall(r"<dt>([^<]+)</dt><dd>(\d+)", page))
        assert (told["Villages reached"], told["Sign-ups"]) == ("5", "45")


def _require_whole(engine: Engine) -> None:
    """Every village once; one run a stage, each of its batches planned in one attempt."""
    with reading(engine) as db:
        codes = Counter(
            db.scalars(select(col(Visit.village_code)).where(col(Visit.work).in_(ACTIVE)))
        )
        assert codes == dict.fromkeys(db.scalars(select(col(StageVillage.village_code))), 1)
        assert len(db.scalars(select(PlanRun)).all()) == 1 + len(NEIGHBOURS)
        tried = db.execute(select(col(Batch.state), col(Batch.attempts))).all()
        assert {tuple(row) for row in tried} == {(BatchState.DONE, 1)}
        reports = db.scalars(select(SessionReport)).all()
        assert len({report.visit_id for report in reports}) == len(reports) == len(PHONES)
        approved = select(col(Visit.id)).where(col(Visit.work) == Work.APPROVED)
        assert set(db.scalars(approved)) == {report.visit_id for report in reports}
        happenings = Counter(
            (event.visit_id, event.happening) for event in db.scalars(select(VisitEvent))
        )
        assert set(happenings.values()) == {1}


def _require_shared(engine: Engine, running: Installation) -> None:
    """Both workers that plan have planned, no batch twice; a worker of questions answered."""
    logs = [running.log_of_worker(number) for number, _ in enumerate(QUEUES)]
    answered = [re.findall(r"what-if \d+ in attempt 1 is done", log) for log in logs]
    assert [len(answered[0] + answered[1]), len(answered[2] + answered[3])] == [0, 1]
    planned = [re.findall(r"batch (\d+) in attempt 1 is done", log) for log in logs]
    assert all(planned[:2]), planned
    assert not any(planned[2:]), planned
    with reading(engine) as db:
        all_there_are = Counter(str(number) for number in db.scalars(select(col(Batch.id))))
    assert Counter(number for each in planned for number in each) == all_there_are

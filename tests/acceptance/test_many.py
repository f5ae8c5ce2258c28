"""Many processes, no shared memory: the main job through two webs in turns, nothing twice."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.campaigns import create_campaign, open_campaign
from outreach.campaigns.stages import create_stage
from outreach.campaigns.tables import StageVillage
from outreach.db import reading, unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.access import person_of
from outreach.people.officials import OfficialIn, add_official
from outreach.people.tables import Role
from outreach.visits.tables import ACTIVE, Batch, BatchState, PlanRun, Visit, VisitEvent, Work
from tests.acceptance.many import Browser, Installation, installation, until
from tests.at_once import at_once
from tests.builders import PASSWORD, account, branch, load_small_registry, team
from tests.visits.world import campaign_in, stage_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

#: One official for each of these villages, of the 54 of Kota Surakarta; the first connects a phone
#: with a code, the others log in.
PHONES = tuple(f"33.72.01.10{number:02d}" for number in range(1, 6))


@pytest.fixture
def engine(postgres_engine: Engine) -> Engine:
    return postgres_engine


@pytest.fixture
def stage_id(engine: Engine) -> int:
    """A drafted stage of the weeks ahead, and the people who will plan, approve and hold it."""
    starts = datetime.now(UTC).date() + timedelta(days=2)
    with unit_of_work(engine) as db:
        load_small_registry(db)
        own = branch(db)
        for name in ("Tim 1", "Tim 2"):
            team(db, own.id or 0, name)
        by = account(db, Role.COORDINATOR, "koordinator", branch_id=own.id)
        account(db, Role.MANAGER, "manajer", area_codes=["33"])
        for number, code in enumerate(PHONES[1:], start=1):
            account(db, Role.OFFICIAL, f"perangkat{number}", area_codes=[code])
        coordinator = person_of(db, by.id or 0)
        assert coordinator is not None
        ends = starts + timedelta(days=40)
        campaign = create_campaign(db, campaign_in(starts=starts, ends=ends), by=coordinator)
        open_campaign(db, campaign.id or 0, campaign.version, by=coordinator)
        stage = create_stage(
            db, campaign.id or 0, stage_in(starts=starts, ends=ends), by=coordinator
        )
        told = {"village_code": PHONES[0], "name": "Sri Lestari", "position": "Lurah"}
        add_official(db, OfficialIn.model_validate(told), by=coordinator)
        return stage.id or 0


@pytest.fixture
def running(
    engine: Engine, stage_id: int, redis_url: str, tmp_path: Path
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
    }
    queues = ("planning", "planning", "questions,post", "questions,post,celery")
    with installation(settings, tmp_path, webs=2, workers=queues, sweepers=2) as made:
        yield made


def test_the_main_job_through_two_webs_four_workers_and_two_sweepers(
    engine: Engine, stage_id: int, running: Installation
) -> None:
    coordinator = Browser(running.webs).log_in("koordinator", PASSWORD)
    manager = Browser(running.webs).log_in("manajer", PASSWORD)
    placed = _plan(coordinator, stage_id, running)
    assert placed == 54
    _approve(coordinator, manager, stage_id)
    others = range(1, len(PHONES))
    phones = [_connect_a_phone(coordinator, running)]
    phones += [Browser(running.webs).log_in(f"perangkat{n}", PASSWORD) for n in others]
    asked = [_visit_of(phone) for phone in phones]
    _every_phone_twice(phones, asked, running)
    _approve_reports(coordinator)
    _look_at_board_and_map(manager, running)
    _require_whole(engine, stage_id)
    assert "Traceback" not in running.logs()


def _plan(coordinator: Browser, stage_id: int, running: Installation) -> int:
    """Open and plan the stage; answer how many villages have a day."""
    coordinator.get(f"/stages/{stage_id}")
    coordinator.submit(f"/stages/{stage_id}/open")
    coordinator.get(f"/stages/{stage_id}")
    page = coordinator.submit(f"/stages/{stage_id}/runs")
    progress = re.findall(r"/runs/\d+/progress", page)[0]

    def is_planned() -> bool:
        coordinator.get(progress)
        return coordinator.headers["Run-State"] == "done"

    until(is_planned, running)
    coordinator.get(f"/stages/{stage_id}/plan")
    return int(re.findall(r"<caption[^>]*>\s*(\d+)", coordinator.page)[0])


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


def _require_whole(engine: Engine, stage_id: int) -> None:
    """Every village once; one run, each of its batches planned in one attempt."""
    with reading(engine) as db:
        codes = Counter(
            db.scalars(select(col(Visit.village_code)).where(col(Visit.work).in_(ACTIVE)))
        )
        chosen = db.scalars(
            select(col(StageVillage.village_code)).where(col(StageVillage.stage_id) == stage_id)
        )
        assert codes == dict.fromkeys(chosen, 1)
        assert len(db.scalars(select(PlanRun)).all()) == 1
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

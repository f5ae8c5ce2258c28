"""Who has an answer already is told so at once; whatever changes in it is told anew."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlmodel import delete, select

from outreach.campaigns.tables import Campaign, Stage, StageVillage
from outreach.db import unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.tables import AccountArea, Branch, Team
from outreach.villages.counts import Count, forget_counts, note_counts
from outreach.villages.tables import Figure, RegistryLoad
from outreach.visits.tables import Channel, Happening, Visit, VisitEvent
from tests.visits.world import NOW
from tests.web.api_read.test_narrowing import PATHS
from tests.web.world import OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from tests.web.reading_program import Api

SECOND_VILLAGE = "33.72.01.1002"


def versions(api: Api, token: str) -> dict[str, str]:
    return {path: api.ask(path, token).headers["ETag"] for path in PATHS}


def test_what_is_known_already_is_not_told_again(api: Api) -> None:
    token = api.token()
    for path, version in versions(api, token).items():
        answer = api.ask(path, token, If_None_Match=version)
        assert (answer.status_code, answer.data) == (304, b""), path
        assert answer.headers["ETag"] == version
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert api.ask(path, token, If_None_Match='W/"0"').status_code == 200


def test_each_question_and_area_has_a_version_of_its_own(api: Api) -> None:
    token, narrow = api.token(), api.token(OWN_REGENCY)
    given = [
        *versions(api, token).values(),
        *versions(api, narrow).values(),
        *(
            api.ask(path, token).headers["ETag"]
            for path in ("/villages?limit=5", "/villages?kind=desa", "/villages?area=33.72")
        ),
    ]
    assert len(given) == len(set(given))


def _event(db: Session) -> None:
    visit = db.exec(select(Visit)).first()
    assert visit is not None
    line = VisitEvent(
        visit_id=visit.id or 0,
        village_code=visit.village_code,
        happening=Happening.REPORTED,
        at=datetime.now(UTC),
        channel=Channel.PAGE,
    )
    db.add(line)
    db.get_one(SessionReport, db.exec(select(SessionReport.id)).first()).signups += 1


def _team_renamed(db: Session) -> None:
    for team in db.exec(select(Team)):
        team.name, team.version = f"{team.name} baru", team.version + 1


def _branch_renamed(db: Session) -> None:
    for branch in db.exec(select(Branch)):
        branch.name, branch.version = f"{branch.name} baru", branch.version + 1


def _campaign_changed(db: Session) -> None:
    for campaign in db.exec(select(Campaign)):
        campaign.target_signups, campaign.version = 600, campaign.version + 1


def _stage_changed(db: Session) -> None:
    for stage in db.exec(select(Stage)):
        stage.name, stage.version = f"{stage.name} baru", stage.version + 1


def _counted(db: Session) -> None:
    some = ((OWN_VILLAGE, 111), (SECOND_VILLAGE, 222))
    note_counts(
        db,
        [Count(code, Figure.VULNERABLE, number, NOW.date(), "Dinas") for code, number in some],
    )


def _counts_exchanged(db: Session) -> None:
    some = ((OWN_VILLAGE, 222), (SECOND_VILLAGE, 111))
    note_counts(
        db,
        [Count(code, Figure.VULNERABLE, number, NOW.date(), "Dinas") for code, number in some],
    )


def _counted_again(db: Session) -> None:
    """The same numbers, counted a year later."""
    some = ((OWN_VILLAGE, 222), (SECOND_VILLAGE, 111))
    day = NOW.date().replace(year=2027)
    note_counts(db, [Count(code, Figure.VULNERABLE, n, day, "Dinas") for code, n in some])


def _told_by_another(db: Session) -> None:
    some = ((OWN_VILLAGE, 222), (SECOND_VILLAGE, 111))
    day = NOW.date().replace(year=2027)
    note_counts(db, [Count(code, Figure.VULNERABLE, n, day, "Dinas Sosial") for code, n in some])


def _counts_forgotten(db: Session) -> None:
    forget_counts(db, [(code, Figure.VULNERABLE) for code in (OWN_VILLAGE, SECOND_VILLAGE)])


def _registry_loaded(db: Session) -> None:
    db.add(RegistryLoad(loaded_at=NOW, source="", inserted=0, changed=1))


def _chosen_otherwise(db: Session) -> None:
    for one in db.exec(select(StageVillage).where(StageVillage.village_code == OWN_VILLAGE)):
        db.delete(one)
        other = StageVillage(
            stage_id=one.stage_id, village_code=SECOND_VILLAGE, rank=one.rank, score=one.score
        )
        db.add(other)


CHANGES: dict[Callable[[Session], None], tuple[str, ...]] = {
    _event: ("/progress", "/sessions", "/villages?limit=500"),
    _team_renamed: ("/visits",),
    _branch_renamed: ("/campaigns", "/stages"),
    _campaign_changed: ("/campaigns",),
    _stage_changed: ("/stages",),
    _counted: ("/villages?limit=500", "/regions", "/progress"),
    _counts_exchanged: ("/villages?limit=500",),
    _counted_again: ("/villages?limit=500",),
    _told_by_another: ("/villages?limit=500",),
    _counts_forgotten: ("/villages?limit=500", "/regions", "/progress"),
    _registry_loaded: ("/villages?limit=500",),
    _chosen_otherwise: ("/villages?limit=500&campaign={campaign}", "/progress?campaign={campaign}"),
}


def test_whatever_changes_is_told_anew(api: Api) -> None:
    token = api.token()
    campaign = api.world.own["campaign_id"]
    for change, told in CHANGES.items():
        paths = [path.format(campaign=campaign) for path in told]
        before = {path: api.ask(path, token) for path in paths}
        with unit_of_work(api.engine) as db:
            change(db)
        for path, old in before.items():
            new = api.ask(path, token, If_None_Match=old.headers["ETag"])
            assert new.status_code == 200, (change.__name__, path)
            if change is not _registry_loaded:  # a load that moved nothing we look at
                assert new.get_json() != old.get_json(), (change.__name__, path)


def test_an_area_that_shrinks_is_told_anew(api: Api) -> None:
    token = api.token()
    version = api.ask("/villages", token).headers["ETag"]
    with unit_of_work(api.engine) as db:
        mine = AccountArea.account_id == api.account_id
        db.exec(delete(AccountArea).where(mine, AccountArea.code != OWN_REGENCY))  # type: ignore[arg-type]
    assert api.ask("/villages", token, If_None_Match=version).status_code == 200


def test_the_head_alone_can_be_asked_for(quick_api: Api) -> None:
    token = quick_api.token()
    whole = quick_api.ask("/villages", token)
    sent = {"Authorization": f"Bearer {token}"}
    head: Any = quick_api.app.test_client().head("/api/v1/read/villages", headers=sent)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


def test_large_answers_are_packed_and_keep_their_version(quick_api: Api) -> None:
    token = quick_api.token()
    plain = quick_api.ask("/villages", token)
    packed = quick_api.ask("/villages", token, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 4
    version = packed.headers["ETag"]
    again = quick_api.ask("/villages", token, If_None_Match=version, Accept_Encoding="gzip")
    assert again.status_code == 304

"""A plan on its way to approval: handed in, compared, approved or sent back, published."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.tables import Role
from outreach.visits.approval import (
    approve_plan,
    approved_of,
    difference_since_approval,
    send_back_plan,
    submission_of,
    submit_plan,
    withdraw_plan,
)
from outreach.visits.closing import wind_up
from outreach.visits.lifecycle import Author, ask, cancel, confirm, postpone
from outreach.visits.links import live_links
from outreach.visits.listing import history
from outreach.visits.openings import openings, place_visit
from outreach.visits.runs import request_run
from outreach.visits.snapshot import ChangeKind, places_of_stage
from outreach.visits.standing import Stand, count_waiting, standing_of_stage, waiting_for
from outreach.visits.tables import (
    ACTIVE,
    Happening,
    PlanSubmission,
    SubmissionState,
    Visit,
    VisitEvent,
    Work,
)
from tests.visits.world import NOW, QUICK, TODAY, World, account, plan, publish, work_off

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from outreach.people.access import Person


@pytest.fixture
def planned(engine: Engine, world: World) -> World:
    """The world with a planned stage of which nothing was ever approved."""
    plan(engine, world, approved=False)
    return world


def _submit(engine: Engine, world: World, **more: str) -> int:
    with unit_of_work(engine) as db:
        return submit_plan(db, world.stage_id, by=world.coordinator, now=NOW, **more).id or 0


def _approve(engine: Engine, submission_id: int, by: Person) -> tuple[int, ...]:
    with unit_of_work(engine) as db:
        return approve_plan(db, submission_id, by=by, now=NOW)


def _works(engine: Engine, stage_id: int) -> dict[Work, int]:
    with reading(engine) as db:
        query = select(col(Visit.work), func.count()).where(col(Visit.stage_id) == stage_id)
        return {row[0]: row[1] for row in db.execute(query.group_by(col(Visit.work)))}


def _some_visit(engine: Engine, world: World, work: Work = Work.PROPOSED) -> Visit:
    with reading(engine) as db:
        query = select(Visit).where(col(Visit.stage_id) == world.stage_id)
        query = query.where(col(Visit.work) == work).order_by(col(Visit.id))
        visit = db.scalars(query.limit(1)).one()
        db.expunge(visit)
        return visit


def _stand(engine: Engine, world: World) -> Stand:
    with reading(engine) as db:
        return standing_of_stage(db, world.coordinator, world.stage_id, TODAY).stand


def _problem(act: Callable[[], object]) -> object:
    with pytest.raises(Conflict) as refusal:
        act()
    return refusal.value.facts["problem"]


def test_approving_asks_every_official_once_and_gives_each_a_link(
    engine: Engine, planned: World
) -> None:
    before = _works(engine, planned.stage_id)
    asked = _approve(engine, _submit(engine, planned), planned.manager)
    assert len(asked) == before[Work.PROPOSED] > 40
    assert _works(engine, planned.stage_id) == {Work.AWAITING: len(asked)}
    with reading(engine) as db:
        query = select(VisitEvent).where(col(VisitEvent.happening) == Happening.ASKED)
        events = db.scalars(query).all()
        assert sorted(event.visit_id for event in events) == list(asked)
        assert {event.account_id for event in events} == {planned.manager.account_id}
        assert set(live_links(db, asked, NOW)) == set(asked)
        last = history(db, planned.coordinator, asked[0])[-1]
        assert (last.happening, last.before["work"], last.after["work"]) == (
            Happening.ASKED,
            Work.PROPOSED,
            Work.AWAITING,
        )
        assert {visit.version for visit in db.scalars(select(Visit))} == {2}


def test_nobody_is_asked_before_a_plan_of_the_stage_was_approved(
    engine: Engine, planned: World
) -> None:
    visit = _some_visit(engine, planned)
    for act in (ask, confirm):

        def try_it(act: Callable[..., Visit] = act) -> None:
            with unit_of_work(engine) as db:
                act(db, visit.id or 0, version=1, by=planned.coordinator, now=NOW)

        assert _problem(try_it) == "plan_not_approved"
    _submit(engine, planned)
    assert _problem(try_it) == "plan_not_approved"
    assert _works(engine, planned.stage_id).keys() == {Work.PROPOSED}
    with unit_of_work(engine) as db:  # what tells no village anything needs no manager
        postpone(db, visit.id or 0, version=1, by=planned.coordinator, now=NOW, reason="hajatan")


def test_after_an_approval_a_single_change_is_settled_without_another(
    engine: Engine, planned: World
) -> None:
    publish(engine, planned)
    visit = _some_visit(engine, planned, Work.AWAITING)
    with unit_of_work(engine) as db:
        by = planned.coordinator
        postpone(db, visit.id or 0, version=2, by=by, now=NOW, reason="panen")
        (place,) = openings(db, visit.id or 0, today=TODAY, most=1)
        moved = place_visit(db, visit.id or 0, place, Author(by, NOW))
        assert moved.work is Work.PROPOSED
        assert ask(db, visit.id or 0, version=moved.version, by=by, now=NOW).work is Work.AWAITING


def test_only_a_manager_of_the_whole_branch_decides(engine: Engine, planned: World) -> None:
    submission_id = _submit(engine, planned)
    with unit_of_work(engine) as db:
        part = account(db, "laweyan", Role.MANAGER, "33.72.01")
        elsewhere = account(db, "jatim", Role.MANAGER, "35")
        boss = account(db, "admin", Role.ADMIN, "")
    for person, error in (
        (planned.coordinator, NotAllowed),
        (boss, NotAllowed),
        (planned.official, NotFound),
        (part, NotFound),
        (elsewhere, NotFound),
        (planned.foreigner, NotFound),
    ):
        with pytest.raises(error), unit_of_work(engine) as db:
            approve_plan(db, submission_id, by=person, now=NOW)
        with pytest.raises(error), unit_of_work(engine) as db:
            send_back_plan(db, submission_id, by=person, now=NOW, reason="x")
    with pytest.raises(NotFound), unit_of_work(engine) as db:
        approve_plan(db, 999_999, by=planned.manager, now=NOW)
    assert _works(engine, planned.stage_id).keys() == {Work.PROPOSED}
    with reading(engine) as db:
        assert [line.id for line in waiting_for(db, planned.manager)] == [submission_id]
        assert waiting_for(db, part) == waiting_for(db, elsewhere) == []
        assert [count_waiting(db, one) for one in (planned.manager, part, elsewhere)] == [1, 0, 0]


def test_only_the_branchs_coordinator_hands_in_and_takes_back(
    engine: Engine, planned: World
) -> None:
    for person, error in ((planned.manager, NotAllowed), (planned.foreigner, NotFound)):
        with pytest.raises(error), unit_of_work(engine) as db:
            submit_plan(db, planned.stage_id, by=person, now=NOW)
    submission_id = _submit(engine, planned)
    for person, error in ((planned.manager, NotAllowed), (planned.foreigner, NotFound)):
        with pytest.raises(error), unit_of_work(engine) as db:
            withdraw_plan(db, submission_id, by=person, now=NOW)
    with unit_of_work(engine) as db:
        withdraw_plan(db, submission_id, by=planned.coordinator, now=NOW)
    assert _stand(engine, planned) is Stand.DRAFT
    assert _problem(lambda: _approve(engine, submission_id, planned.manager)) == "not_waiting"


def test_a_plan_sent_back_with_a_reason_is_handed_in_again(engine: Engine, planned: World) -> None:
    first = _submit(engine, planned, note="mohon disetujui")
    with pytest.raises(Invalid), unit_of_work(engine) as db:
        send_back_plan(db, first, by=planned.manager, now=NOW, reason="  ")
    with unit_of_work(engine) as db:
        send_back_plan(db, first, by=planned.manager, now=NOW, reason="Serengan dulu")
    with reading(engine) as db:
        standing = standing_of_stage(db, planned.coordinator, planned.stage_id, TODAY)
    assert standing.stand is Stand.SENT_BACK
    assert standing.latest is not None
    assert (standing.latest.reason, standing.latest.decided_by) == ("Serengan dulu", "Jateng")
    second = _submit(engine, planned)
    assert second != first
    assert _stand(engine, planned) is Stand.SUBMITTED
    assert _approve(engine, second, planned.manager)
    assert _stand(engine, planned) is Stand.APPROVED


def test_what_nobody_can_decide_on_is_not_handed_in(engine: Engine, world: World) -> None:
    assert _problem(lambda: _submit(engine, world)) == "nothing_to_hand_in"
    plan(engine, world, approved=False)
    submission_id = _submit(engine, world)
    assert _problem(lambda: _submit(engine, world)) == "already_handed_in"
    _approve(engine, submission_id, world.manager)
    assert _problem(lambda: _submit(engine, world)) == "plan_unchanged"
    with unit_of_work(engine) as db:
        request_run(db, world.stage_id, by=world.coordinator, now=NOW, parameters=QUICK)
        db.execute(update(Visit).values(work=Work.PROPOSED))
    assert _stand(engine, world) is Stand.CHANGED


def test_nothing_is_handed_in_while_the_planner_works(engine: Engine, planned: World) -> None:
    with unit_of_work(engine) as db:
        request_run(db, planned.stage_id, by=planned.coordinator, now=NOW, parameters=QUICK)
    assert _problem(lambda: _submit(engine, planned)) == "being_planned"


def test_an_identity_number_is_refused_wherever_text_comes_in(
    engine: Engine, planned: World
) -> None:
    number = "3372011212900001"
    with pytest.raises(Invalid):
        _submit(engine, planned, note=f"pak {number}")
    submission_id = _submit(engine, planned)
    with pytest.raises(Invalid), unit_of_work(engine) as db:
        send_back_plan(db, submission_id, by=planned.manager, now=NOW, reason=number)


@pytest.mark.parametrize("change", ["cancelled", "moved", "planned_anew"])
def test_a_plan_that_changed_since_it_was_handed_in_is_not_approved(
    engine: Engine, planned: World, change: str
) -> None:
    submission_id = _submit(engine, planned)
    visit = _some_visit(engine, planned)
    by = planned.coordinator
    with unit_of_work(engine) as db:
        if change == "cancelled":
            cancel(db, visit.id or 0, version=1, by=by, now=NOW, reason="banjir")
        elif change == "moved":
            db.execute(
                update(Visit)
                .where(col(Visit.id) == visit.id)
                .values(starts_at=visit.starts_at.replace(minute=visit.starts_at.minute ^ 1))
            )
        else:
            request_run(db, planned.stage_id, by=by, now=NOW, seed=5, parameters=QUICK)
    if change == "planned_anew":
        assert _problem(lambda: _approve(engine, submission_id, planned.manager)) == (
            "being_planned"
        )
        work_off(engine)
    assert _problem(lambda: _approve(engine, submission_id, planned.manager)) == "plan_changed"
    assert Work.AWAITING not in _works(engine, planned.stage_id)
    with reading(engine) as db:
        standing = standing_of_stage(db, by, planned.stage_id, TODAY)
        assert (standing.stand, standing.is_overtaken) == (Stand.SUBMITTED, True)
    again = _submit(engine, planned)  # takes the place of the one that was overtaken
    with reading(engine) as db:
        old = submission_of(db, by, submission_id)
        assert old.state is SubmissionState.WITHDRAWN
    assert _approve(engine, again, planned.manager)


def test_what_a_village_answers_meanwhile_does_not_hold_the_approval_up(
    engine: Engine, planned: World
) -> None:
    publish(engine, planned)
    first = _some_visit(engine, planned, Work.AWAITING)
    by = planned.coordinator
    with unit_of_work(engine) as db:
        postpone(db, first.id or 0, version=2, by=by, now=NOW, reason="panen")
    submission_id = _submit(engine, planned)
    second = _some_visit(engine, planned, Work.AWAITING)
    with unit_of_work(engine) as db:
        confirm(db, second.id or 0, version=2, by=by, now=NOW)
        third = db.scalars(select(Visit).where(col(Visit.work) == Work.AWAITING).limit(1)).one()
        postpone(db, third.id or 0, version=2, by=by, now=NOW, reason="hajatan")
    assert _approve(engine, submission_id, planned.manager) == ()


def test_the_next_difference_counts_from_what_was_approved(engine: Engine, planned: World) -> None:
    publish(engine, planned)
    lost = _some_visit(engine, planned, Work.AWAITING)
    with unit_of_work(engine) as db:
        by = planned.coordinator
        cancel(db, lost.id or 0, version=2, by=by, now=NOW, reason="banjir")
    submission_id = _submit(engine, planned)
    with reading(engine) as db:
        submission = submission_of(db, planned.manager, submission_id)
        told = difference_since_approval(db, submission)
        live = places_of_stage(db, planned.stage_id)
    (change,) = told.changes
    assert (change.kind, change.village_code) == (ChangeKind.DROPPED, lost.village_code)
    assert told.before.visits - told.after.visits == 1
    assert told.kept == told.after.visits == len(live)
    _approve(engine, submission_id, planned.manager)
    with reading(engine) as db:
        last = approved_of(db, planned.stage_id)
        assert last is not None
        assert last.id == submission_id


def test_of_two_managers_at_once_one_decides(engine: Engine, planned: World) -> None:
    submission_id = _submit(engine, planned)
    with unit_of_work(engine) as db:
        second = account(db, "nasional", Role.MANAGER, "")
    begin = threading.Barrier(2)
    outcomes: list[object] = []

    def decide(manager: Person, approves: bool) -> None:
        begin.wait()
        try:
            with unit_of_work(engine) as db:
                if approves:
                    approve_plan(db, submission_id, by=manager, now=NOW)
                else:
                    send_back_plan(db, submission_id, by=manager, now=NOW, reason="belum")
            outcomes.append(approves)
        except Conflict as error:
            outcomes.append(error.facts["problem"])

    threads = [
        threading.Thread(target=decide, args=(planned.manager, True)),
        threading.Thread(target=decide, args=(second, False)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(outcomes) == 2
    assert outcomes.count("not_waiting") == 1
    published = Work.AWAITING in _works(engine, planned.stage_id)
    with reading(engine) as db:
        state = submission_of(db, planned.manager, submission_id).state
    assert published == (True in outcomes) == (state is SubmissionState.APPROVED)


def test_two_submissions_never_wait_at_once(engine: Engine, planned: World) -> None:
    begin = threading.Barrier(2)
    outcomes: list[object] = []

    def hand_in() -> None:
        begin.wait()
        try:
            outcomes.append(_submit(engine, planned))
        except Conflict as error:
            outcomes.append(error.facts["problem"])

    threads = [threading.Thread(target=hand_in) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes.count("already_handed_in") == 1
    with reading(engine) as db:
        assert db.scalar(select(func.count()).select_from(PlanSubmission)) == 1


def test_a_closed_stage_waits_for_nobody(engine: Engine, planned: World) -> None:
    submission_id = _submit(engine, planned)
    with unit_of_work(engine) as db:
        wind_up(db, planned.stage_id, 2, by=planned.coordinator, now=NOW)
    with reading(engine) as db:
        assert waiting_for(db, planned.manager) == []
        assert count_waiting(db, planned.manager) == 0
    assert _problem(lambda: _approve(engine, submission_id, planned.manager)) == "not_waiting"


def test_a_day_that_has_passed_is_not_asked_for(engine: Engine, planned: World) -> None:
    submission_id = _submit(engine, planned)
    with reading(engine) as db:
        places = places_of_stage(db, planned.stage_id)
    days = sorted({place.day for place in places})
    later = NOW + (days[1] - TODAY)
    with unit_of_work(engine) as db:
        asked = approve_plan(db, submission_id, by=planned.manager, now=later)
    passed = {place.visit_id for place in places if place.day < days[1]}
    assert passed
    assert set(asked) == {place.visit_id for place in places} - passed
    with reading(engine) as db:
        left = db.scalars(select(col(Visit.id)).where(col(Visit.work) == Work.PROPOSED)).all()
        assert set(left) == passed
        assert db.scalar(select(func.count()).where(col(Visit.work).in_(ACTIVE))) == len(places)

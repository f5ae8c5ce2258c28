"""What the desk is made from: read once, used by several of its lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from outreach.campaigns.access import visible_branches
from outreach.logbook.answers_late import late_answers_to_see
from outreach.papers.outdated import outdated
from outreach.visits.agenda import runs_to_watch, stages_with_unplaced
from outreach.visits.at_zero import left_at_zero
from outreach.visits.calls import call_tasks
from outreach.visits.closures import visits_on_closed_days
from outreach.visits.leave import without_team
from outreach.visits.listing import (
    to_review,
    unplaced,
    visits_between,
    visits_by_id,
    visits_of_stage,
)
from outreach.visits.returns import returned_work
from outreach.visits.rows import VisitFilters
from outreach.visits.standing import open_standings
from outreach.visits.tables import Work

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.logbook.answers_late import LateAnswer
    from outreach.papers.outdated import PaperRow
    from outreach.people.access import Person
    from outreach.villages.calendar import Mark
    from outreach.visits.agenda import RunLine, UnplacedLine
    from outreach.visits.at_zero import AtZero
    from outreach.visits.calls import CallTask
    from outreach.visits.returns import ReturnedLine
    from outreach.visits.rows import UnplacedRow, VisitRow
    from outreach.visits.standing import Standing

#: Visits longer ago have ended in one way or another; their reports wait in a list of their own.
LOOK_BACK = timedelta(days=60)
TO_HEAR_OF = (Work.PROPOSED, Work.AWAITING)
#: Collisions of leave further ahead than this can still wait.
LOOK_AHEAD = timedelta(days=30)


@dataclass
class Around:
    """What the lists are made from; what several need is read once."""

    db: Session
    person: Person
    now: datetime
    day: date

    @property
    def monday(self) -> date:
        """First day of this week."""
        return self.day - timedelta(days=self.day.weekday())

    @property
    def sunday(self) -> date:
        """Last day of this week."""
        return self.monday + timedelta(days=6)

    @cached_property
    def visits(self) -> list[VisitRow]:
        """Visits that stand, from some weeks back until some weeks ahead."""
        return visits_between(
            self.db, self.person, self.day - LOOK_BACK, max(self.sunday, self.day + LOOK_AHEAD)
        )

    @property
    def unconfirmed(self) -> list[VisitRow]:
        """Visits of this week to which no village has said yes."""
        week = (visit for visit in self.visits if self.day <= visit.day <= self.sunday)
        return [visit for visit in week if visit.work in TO_HEAR_OF]

    @property
    def to_review(self) -> list[VisitRow]:
        """Visits whose report nobody has looked at, however old."""
        return to_review(self.db, self.person)

    @cached_property
    def standings(self) -> list[Standing]:
        """Where the plans of the open stages stand."""
        return open_standings(self.db, self.person, self.day)

    @cached_property
    def runs(self) -> list[RunLine]:
        """Runs that are on, or left something undone."""
        return runs_to_watch(self.db, self.person)

    @cached_property
    def calls(self) -> list[CallTask]:
        """Villages to call."""
        return call_tasks(self.db, self.person, self.now)

    @cached_property
    def late(self) -> list[tuple[VisitRow, LateAnswer]]:
        """Visits ahead whose village answered too late, the soonest first, with what it said."""
        answers = late_answers_to_see(self.db, self.person, self.day)
        visits = visits_by_id(self.db, self.person, [one.visit_id for one in answers])
        told = [(visits[one.visit_id], one) for one in answers if one.visit_id in visits]
        return sorted(told, key=lambda each: (each[0].day, each[0].starts_at, each[0].id))

    @cached_property
    def returned(self) -> list[ReturnedLine]:
        """Work that was given back."""
        return returned_work(self.db, self.person, self.now)

    @cached_property
    def unplaced(self) -> list[tuple[UnplacedLine, UnplacedRow]]:
        """Villages of open stages that lack a visit, each with its stage."""
        return [
            (stage, row)
            for stage in stages_with_unplaced(self.db, self.person)
            for row in unplaced(self.db, self.person, stage.stage_id)
        ]

    @cached_property
    def at_zero(self) -> tuple[AtZero, ...]:
        """Stages that leave districts or islands without a visit while nobody has said why."""
        return left_at_zero(self.db, self.person, self.person.areas, self.now).stages

    @cached_property
    def put_off(self) -> list[VisitRow]:
        """Postponed visits of villages that still wait for another day, the latest of each."""
        waiting = {
            (stage.stage_id, row.village_code)
            for stage, row in self.unplaced
            if row.ended is Work.POSTPONED
        }
        postponed = VisitFilters(work=Work.POSTPONED)
        latest = {
            (visit.stage_id, visit.village_code): visit
            for stage_id in sorted({stage_id for stage_id, _code in waiting})
            for visit in visits_of_stage(self.db, self.person, stage_id, postponed)
        }
        return [visit for key, visit in latest.items() if key in waiting]

    @cached_property
    def papers_left(self) -> list[PaperRow]:
        """Papers to make anew, or to set aside."""
        return outdated(self.db, self.person, self.day)

    @cached_property
    def closed(self) -> list[tuple[VisitRow, tuple[Mark, ...]]]:
        """Visits to come whose village is closed on their day, and why."""
        return visits_on_closed_days(self.db, self.person, self.day)

    @cached_property
    def colliding(self) -> list[VisitRow]:
        """Visits to come whose team is on leave on their day."""
        coming = [visit for visit in self.visits if visit.day >= self.day]
        collide = {
            visit_id
            for branch_id in visible_branches(self.db, self.person)
            for visit_id in without_team(self.db, branch_id, coming)
        }
        return [visit for visit in coming if visit.id in collide]

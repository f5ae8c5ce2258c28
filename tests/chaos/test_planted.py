"""Each thing that the checker looks for is planted by itself, and found as what it is."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.chaos.checker import COUNTED, Verdict, check_at_rest
from tests.chaos.test_checker import work
from tests.rewriting import unlock_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from tests.chaos.history import History, Key
    from tests.chaos.world import Asked

    type Sound = tuple[Engine, History, list[Asked]]

pytestmark = pytest.mark.postgres

_REPORT = "(SELECT min(id) FROM session_report WHERE corrects_id IS NULL)"
_CORRECTION = "(SELECT min(id) FROM session_report WHERE corrects_id IS NOT NULL)"
_DETAILED = "(SELECT min(report_id) FROM signup)"
_PLANNED = "(SELECT min(id) FROM visit WHERE run_id IS NOT NULL AND work = 'proposed')"
_OTHER_PLANNED = "(SELECT max(id) FROM visit WHERE run_id IS NOT NULL AND work = 'proposed')"
_OF_PLANNED = f"FROM visit WHERE id = {_PLANNED}"
_CHOSEN = f"village_code = (SELECT village_code {_OF_PLANNED})"
_SAME = "(SELECT min(visit_id) FROM visit_event WHERE happening = '{}')"

#: What is done to the tables, as what it is counted, and a part of what is said of it.
IN_TABLES = {
    "a report gone": (
        f"DELETE FROM session_report WHERE id = {_REPORT}",
        "lost",
        "is not stored",
    ),
    "a report twice": (
        (
            "ALTER TABLE session_report DROP CONSTRAINT pk_session_report CASCADE;"
            "DROP INDEX uq_session_report_first;"
            f"INSERT INTO session_report SELECT * FROM session_report WHERE id = {_REPORT}"
        ),
        "doubled",
        "stands 2 times",
    ),
    "a stage planned twice at a time": (
        (
            "INSERT INTO plan_run (id, stage_id, branch_id, state, seed, parameters, "
            "requested_by, requested_at, finished_at) "
            "SELECT id + 1, stage_id, branch_id, state, seed, parameters, "
            "requested_by, finished_at - interval '1 second', finished_at FROM plan_run"
        ),
        "doubled",
        "was planned twice at a time",
    ),
    "a village twice in a stage": (
        (
            "DROP INDEX uq_visit_stage_village;"
            f"UPDATE visit SET village_code = (SELECT village_code {_OF_PLANNED}) "
            f"WHERE id = {_OTHER_PLANNED}"
        ),
        "doubled",
        "doubled_visits",
    ),
    "a team twice at once": (
        (
            "DROP INDEX uq_visit_team_day_slot;"
            "UPDATE visit SET (team_id, day, slot, starts_at) = "
            f"(SELECT team_id, day, slot, starts_at {_OF_PLANNED}) WHERE id = {_OTHER_PLANNED}"
        ),
        "double-booked",
        "double_booked_teams",
    ),
    "a part that nobody planned": ("UPDATE batch SET state = 'ready'", "unsent", "is ready"),
    "a village that nobody chose": (
        f"DELETE FROM stage_village WHERE {_CHOSEN}",
        "missing",
        "is not in the plan",
    ),
    "a visit and a reason": (
        f"UPDATE stage_village SET reason = 'no_capacity' WHERE {_CHOSEN}",
        "missing",
        "has a visit and reason",
    ),
    "no visit and no reason": (
        f"UPDATE visit SET work = 'cancelled' WHERE id = {_PLANNED}",
        "missing",
        "has no visit and no reason",
    ),
    "a plan that is not done": ("UPDATE plan_run SET state = 'running'", "lost", "of stage"),
    "a part that counts wrongly": (
        "UPDATE batch SET placed = placed + 1",
        "sums",
        "visits and has",
    ),
    "a detail gone": (
        f"DELETE FROM signup WHERE report_id = {_DETAILED} AND sector = 'trader'",
        "sums",
        "details_do_not_add_up",
    ),
    "an official of elsewhere": ("DELETE FROM account_area", "foreign", "by account"),
    **{
        f"another number of {name}": (
            f"UPDATE session_report SET {name} = {name} + 1 WHERE id = {_REPORT}",
            "altered",
            "says otherwise",
        )
        for name in ("men", "women", "signups")
    },
    "another place": (
        f"UPDATE session_report SET place = 'elsewhere' WHERE id = {_REPORT}",
        "altered",
        "says otherwise",
    ),
    "another number in a detail": (
        f"UPDATE signup SET workers = workers + 1 WHERE report_id = {_DETAILED}",
        "altered",
        "says otherwise",
    ),
    **{
        f"a line of history gone: {one}": (
            f"DELETE FROM visit_event WHERE happening = '{one}' AND visit_id = {_SAME.format(one)}",
            "audit",
            said,
        )
        for one, said in (
            ("reported", "was reported 0 times by its history, 1 in truth"),
            ("corrected", "was corrected 0 times by its history, 1 in truth"),
        )
    },
    "a line of history for nothing": (
        f"DELETE FROM session_report WHERE id = {_CORRECTION}",
        "audit",
        "was corrected 1 times by its history, 0 in truth",
    ),
    "a plan without a line of history": (
        f"DELETE FROM visit_event WHERE visit_id = {_PLANNED}",
        "audit",
        "was planned 0 times by its history",
    ),
    "a plan with two lines of history": (
        (
            "INSERT INTO visit_event (visit_id, village_code, at, happening, reason, before, "
            "after) SELECT visit_id, village_code, at, happening, reason, before, after "
            "FROM visit_event "
            f"WHERE visit_id = {_PLANNED} AND happening = 'planned'"
        ),
        "audit",
        "was planned 2 times by its history",
    ),
}


def _a_taken(history: History) -> Key:
    return next(key for key, said in history.told.items() if said == {"accepted"})


def _a_stage(history: History) -> int:
    return next(iter(history.runs))


#: What is done to what phones and coordinators swear to, as above.
IN_HISTORY: dict[str, tuple[Callable[[History], Any], str, str]] = {
    "held and nowhere": (lambda h: h.told["of nobody", 1].add("held"), "lost", "is nowhere"),
    "a plan that a page named": (lambda h: h.runs[_a_stage(h)].add(77), "lost", "run 77"),
    "no plan at all": (lambda h: h.runs.clear(), "lost", "was never planned"),
    "no answer": (lambda h: h.told.pop(_a_taken(h)), "unsent", "was never answered"),
    "refused": (lambda h: h.told[_a_taken(h)].add("rejected"), "foreign", "was refused and is"),
    "of a stranger": (lambda h: h.strays.add(_a_taken(h)), "foreign", "is a stranger's"),
    "never sent": (lambda h: h.sent.pop(_a_taken(h)), "altered", "was never sent"),
    "a plan that was wrong once": (
        lambda h: h.of_plans.append(("missing", "then")),
        "missing",
        "then",
    ),
    "an astonishing answer": (lambda h: h.astonishing.append("500"), "other", "500"),
}


@pytest.fixture
def sound(postgres_engine: Engine) -> Sound:
    """All that was planned and sent, and nothing wrong with it."""
    return postgres_engine, *work(postgres_engine)


@contextmanager
def unhinged(engine: Engine) -> Iterator[Connection]:
    """A connection on which no trigger and no key holds, and of which nothing stays."""
    with engine.connect() as connection:
        unlock_history(connection)
        yield connection
        connection.rollback()


def _found(connection: Connection, history: History, asked: list[Asked]) -> Verdict:
    verdict = Verdict()
    with Session(connection, join_transaction_mode="create_savepoint") as db:
        check_at_rest(db, history, asked, verdict)
    return verdict


def test_whatever_is_planted_in_the_tables_is_found(sound: Sound) -> None:
    engine, history, asked = sound
    with unhinged(engine) as connection:
        assert _found(connection, history, asked).is_clean
        for name, (fault, kind, said) in IN_TABLES.items():
            with connection.begin_nested() as planted:
                connection.execute(text(fault))
                found = _found(connection, history, asked)
                planted.rollback()
            assert any(said in line for line in found.found[kind]), (name, found.lines())


def test_whatever_is_planted_in_the_history_is_found(sound: Sound) -> None:
    engine, history, asked = sound
    with unhinged(engine) as connection:
        for name, (swear, kind, said) in IN_HISTORY.items():
            sworn = deepcopy(history)
            swear(sworn)
            found = _found(connection, sworn, asked)
            assert any(said in line for line in found.found[kind]), (name, found.lines())


def test_everything_that_is_counted_is_planted() -> None:
    planted = [*IN_TABLES.values(), *IN_HISTORY.values()]
    assert {kind for _, kind, _ in planted} == set(COUNTED)

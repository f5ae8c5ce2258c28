"""A database of twelve years of national campaigns: a million visits, 20,000 batches, 6,000 runs.

The villages, branches and teams are those of the real registry, the visits are written by the
database itself. A third of the batches of the last run of every branch still waits, and every team
still has its last visits before it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from outreach.db import unit_of_work
from tests.benchmarks.nation_world import make_country

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.benchmarks.nation_world import Country

STAGES = 12
BATCHES_PER_RUN = 3

_STATEMENTS = (
    # The triggers that hold keys together check each row; these rows are right by construction.
    "SET LOCAL session_replication_role = replica",
    """INSERT INTO stage (id, campaign_id, branch_id, name, starts, ends, area_codes, kinds,
                          ordering, is_listed, status, version)
       SELECT 100000 + number * 1000 + id, campaign_id, branch_id, 'Tahap -' || number,
              starts - 180 * number, ends - 180 * number, '[]', '[]', 'score', false, 'closed', 1
       FROM stage, generate_series(1, {stages} - 1) number""",
    """INSERT INTO plan_run (id, stage_id, branch_id, state, seed, parameters, requested_by,
                             requested_at, request_id, finished_at)
       SELECT id, id, branch_id, CASE status WHEN 'opened' THEN 'running' ELSE 'done' END, id,
              '{{}}', {manager}, starts - interval '7 days', '',
              CASE status WHEN 'opened' THEN NULL ELSE starts - interval '7 days' END
       FROM stage""",
    """INSERT INTO batch (id, run_id, number, label, state, question, villages, fence, attempts,
                          error, placed, team_days, travel_minutes, rounds, solver, figures,
                          finished_at)
       SELECT plan_run.id * 10 + number, plan_run.id, number, 'Kecamatan',
              CASE WHEN plan_run.state = 'running' AND number = {batches} THEN 'ready'
                   ELSE 'done' END,
              json_build_object('villages', repeat('"33.72.01.1001",', 160), 'team_days',
                                repeat('[1,"2026-11-02"],', 400)),
              54, 1, 1, '', 54, 30, 3000, 5, '', '{{}}', now()
       FROM plan_run, generate_series(1, {batches}) number""",
    """INSERT INTO visit (stage_id, run_id, batch_id, village_code, team_id, day, slot, starts_at,
                          zone, session_minutes, travel_minutes, return_minutes, work, version)
       SELECT stage.id, stage.id, stage.id * 10 + 1 + of_team.number % {batches}, of_team.code,
              of_team.team_id, stage.starts + of_team.number / 3, 1 + of_team.number % 3, '09:00',
              of_team.zone, 120, 30, 0,
              CASE stage.status WHEN 'opened' THEN 'proposed' ELSE 'approved' END, 1
       FROM stage
       JOIN (SELECT village.code, village.zone, served.branch_id, one.team_id,
                    (row_number() OVER (PARTITION BY one.team_id ORDER BY village.code) - 1)::int
                      AS number
             FROM (SELECT code, zone, regency_code, row_number() OVER (PARTITION BY regency_code
                                                                    ORDER BY code) AS place
                   FROM village) village
             JOIN branch_regency served USING (regency_code)
             JOIN (SELECT id AS team_id, branch_id,
                          row_number() OVER (PARTITION BY branch_id ORDER BY id) - 1 AS place,
                          count(*) OVER (PARTITION BY branch_id) AS teams FROM team) one
               ON one.branch_id = served.branch_id AND village.place % one.teams = one.place
            ) of_team ON of_team.branch_id = stage.branch_id""",
    """INSERT INTO visit_event (visit_id, village_code, happening, at, account_id, before, after,
                                reason, channel)
       SELECT id, village_code, CASE number WHEN 1 THEN 'planned' ELSE 'approved' END,
              day - interval '7 days', {manager}, '{{}}', '{{}}', '', 'page'
       FROM visit, generate_series(1, 2) number WHERE number = 1 OR work = 'approved'""",
    *(
        f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"
        for name in ("stage", "plan_run", "batch")
    ),
)


def fill(engine: Engine, villages: int, now: datetime | None = None) -> Country:
    """Fill an empty PostgreSQL database; the villages are those of the last of its stages."""
    country = make_country(engine, villages, now or datetime.now(UTC))
    with unit_of_work(engine) as db:
        for statement in _STATEMENTS:
            told = statement.format(
                stages=STAGES, batches=BATCHES_PER_RUN, manager=country.manager.account_id
            )
            db.execute(text(told.replace(":", r"\:") if "::" not in told else told))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return country

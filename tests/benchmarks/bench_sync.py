"""Five hundred phones send 5 to 20 reports each when a network returns, to the product as it runs.

Two gunicorn processes, PostgreSQL and Redis on this machine, and the phones on the same cores. One
phone in ten loses the network once more before the answer is there and sends the same again. The
yardstick: the same reports written by one connection, a statement each and a commit per phone,
with no web, no checks, no history.

Answers that took reports are timed apart from those that only asked to come again, and each report
from its phone's first try until an answer named it as stored. A report that is lost, counted twice
or not through in the end stops the benchmark.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import SessionReport
from tests.benchmarks.databases import fresh_database
from tests.benchmarks.officials import forget_reports, make_officials, make_phones, make_stages
from tests.benchmarks.phones import AFTER_ONLINE_SECONDS, Phone, storm
from tests.benchmarks.serving import cpu_seconds, redis_server, web_server
from tests.builders import load_small_registry
from tests.field import make_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

PHONES = 500
SEED = 20261120
GOAL_SECONDS = 3.0
#: Kota Surakarta and the regencies around it: more than 500 villages.
REGIONS = ("33.72", "33.11", "33.13", "33.14")
RUNS = (("all at the same moment", 0.0), ("spread as the phones do", AFTER_ONLINE_SECONDS))


def main() -> None:
    try:
        with fresh_database("postgres") as engine, redis_server() as redis_url:
            _run(engine, redis_url)
    except ModuleNotFoundError as error:
        print(f"skipped, {error.name} is not installed")


def _run(engine: Engine, redis_url: str) -> None:
    load_small_registry(engine, REGIONS)
    with unit_of_work(engine) as db:
        field = make_field(db, 1)
        officials = make_officials(db, field.codes[1 : PHONES + 1])
        stages = make_stages(db, field.stage_id)
    assert len(officials) == PHONES
    for number, (words, within) in enumerate(RUNS):
        with unit_of_work(engine) as db:
            forget_reports(db)
            phones = make_phones(db, officials, stages, SEED + number)
        raw = _raw(engine, phones)
        with web_server(engine, redis_url) as (port, pid):
            before = cpu_seconds(pid)
            _measure(engine, phones, port, words, within, raw)
            accepted = sum(len(phone.accepted_seconds) for phone in phones)
            milliseconds = (cpu_seconds(pid) - before) / accepted * 1000
            print(f"  {milliseconds:.1f} ms of the web's processor for a request that was taken")


def _measure(
    engine: Engine, phones: Sequence[Phone], port: int, words: str, within: float, raw: float
) -> None:
    sent = [report for phone in phones for report in phone.reports]
    seconds = asyncio.run(storm(list(phones), port, within_seconds=within, seed=SEED))
    lost, doubled = _compare(engine, sent)
    unfinished = sum(bool(phone.reports) for phone in phones)
    taken = [took for phone in phones for took in phone.accepted_seconds]
    put_off = [took for phone in phones for took in phone.put_off_seconds]
    stored = [after for phone in phones for after in phone.stored_after]
    print(f"\n{words}: {len(phones)} phones, {len(sent)} reports")
    print(f"  reports taken, an answer: {_shares(taken)}  (goal: p95 < {GOAL_SECONDS:.0f} s)")
    print(f"  put off, an answer:       {_shares(put_off)}")
    print(f"  first try until stored:   {_shares(stored)}, for each report")
    print(f"  lost {lost}, doubled {doubled}, unfinished phones {unfinished}")
    print(
        f"  put off {len(put_off)} times, cut off or failed {sum(p.failed for p in phones)} times"
    )
    print(f"  all within {seconds:.1f} s; raw inserts {raw:.2f} s ({seconds / raw:.1f} x raw)")
    if lost or doubled or unfinished or len(stored) != len(sent):
        raise AssertionError(f"of {len(sent)} reports {len(stored)} were named as stored")


def _shares(times: Sequence[float]) -> str:
    if not times:
        return "none"
    ordered = sorted(times)
    at = {p: ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))] for p in (50, 95, 99)}
    return ", ".join(f"p{p} {seconds:.2f} s" for p, seconds in at.items())


def _compare(engine: Engine, sent: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Count the reports that are not stored, and what counts more often than it was sent."""
    with reading(engine) as db:
        stored = set(db.scalars(select(SessionReport.id)))
        current = col(SessionReport.corrected_by).is_(None)
        counted = db.scalars(select(SessionReport.visit_id).where(current)).all()
        signups = db.scalar(select(func.sum(SessionReport.signups)).where(current))
    last = {report["visit_id"]: report for report in sent}
    wanted = sum(line["workers"] for report in last.values() for line in report["details"])
    lost = sum(report["id"] not in stored for report in sent)
    doubled = len(counted) - len(set(counted))
    if not lost and signups != wanted:
        raise AssertionError(f"{signups} sign-ups are counted, {wanted} were told")
    return lost, doubled


def _raw(engine: Engine, phones: Sequence[Phone]) -> float:
    names = ("id", "visit_id", "held_on", "held_at", "place", "men", "women", "minutes", "remarks")
    statement = (
        f"INSERT INTO raw ({', '.join(names)}) VALUES ({', '.join(f'%({n})s' for n in names)})"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS raw")
        connection.exec_driver_sql("CREATE TABLE raw (LIKE session_report INCLUDING INDEXES)")
        for name in ("village_code", "zone", "signups", "result", "flags", "reported_by"):
            connection.exec_driver_sql(f"ALTER TABLE raw ALTER {name} DROP NOT NULL")
        for name in ("received_at", "fingerprint", "source"):
            connection.exec_driver_sql(f"ALTER TABLE raw ALTER {name} DROP NOT NULL")
        connection.exec_driver_sql("DROP INDEX raw_visit_id_idx1")
        connection.commit()
        started = time.perf_counter()
        for phone in phones:
            for report in phone.reports:
                connection.exec_driver_sql(statement, {name: report[name] for name in names})
            connection.commit()
        return time.perf_counter() - started


if __name__ == "__main__":
    main()

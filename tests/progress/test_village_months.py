"""What a village's months brought by channel: as a plain recount of the books tells it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import SignupChannel
from outreach.progress.ledger import CHANNEL_OF
from outreach.progress.village_months import months_of_village
from tests.progress.books import TODAY, Rows, rows_of, write_books

if TYPE_CHECKING:
    from sqlalchemy import Engine

type Key = tuple[date, SignupChannel]


def claimed_of(rows: Rows) -> Counter[Key]:
    """Go through the reports one by one."""
    found: Counter[Key] = Counter()
    for report in rows.reports:
        found[report.held_on.replace(day=1), SignupChannel.OWN] += report.signups
    for report, one in rows.details:
        month = report.held_on.replace(day=1)
        found[month, CHANNEL_OF[one.payer]] += one.workers
        found[month, SignupChannel.OWN] -= one.workers
    return +found


def test_months_agree_with_a_recount(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        books = write_books(db)
    seen: Counter[str] = Counter()
    with reading(engine) as db:
        every = rows_of(db)
        for code in books.codes:
            rows = every.within(code)
            claimed = claimed_of(rows)
            counts = {(one.month, one.channel): one for one in rows.entries}
            found = months_of_village(db, code, until=TODAY)
            told = {(one.month, one.channel): one for one in found}
            assert len(told) == len(found)
            forms = {key: one.claimed_forms for key, one in told.items()}
            assert +Counter(forms) == claimed
            assert {key: one.confirmed for key, one in told.items() if one.confirmed} == counts
            assert [one.month for one in found] == sorted(
                (one.month for one in found), reverse=True
            )
            seen["both"] += len(claimed.keys() & counts.keys())
            seen["claimed"] += len(claimed.keys() - counts.keys())
            seen["confirmed"] += len(counts.keys() - claimed.keys())
    assert len(+seen) == 3, seen


def test_what_comes_later_is_not_told(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        books = write_books(db)
    until = date(2026, 8, 31)
    with reading(engine) as db:
        for code in books.codes:
            assert all(one.month <= until for one in months_of_village(db, code, until=until))
        assert any(months_of_village(db, code, until=until) for code in books.codes)

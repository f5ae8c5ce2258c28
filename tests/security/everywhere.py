"""One text in every name, note and reason that stands in the database, whoever wrote it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import JSON, LargeBinary, text
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import outreach.schema
from outreach.db import reading, unit_of_work
from tests.rewriting import unlock_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Column, Engine

assert outreach.schema

#: Texts that no person writes: keys, digests, codes that words are chosen by, patterns.
OURS = {
    "account.password_hash", "account.password_stamp", "api_token.token_hash", "batch.error",
    "asked_bound.error", "asked_bound.request_id", "batch.solver", "calendar_address.key",
    "device.token_hash", "digest.error", "disputed_report.fingerprint", "disputed_report.reason",
    "disputed_report.report_id", "disputed_report.taken_as", "evidence.media_type",
    "evidence.sha256", "heartbeat.host", "heartbeat.key_fingerprint", "heartbeat.version",
    "held_report.fingerprint", "held_report.waits_for", "letterhead.number_pattern",
    "message.dedupe_key", "message.error", "omission.key", "paper.fingerprint",
    "paper.subject", "plan_run.request_id", "saved_view.address", "session_report.corrected_by",
    "session_report.fingerprint", "taken_item.fingerprint", "taken_item.outcome",
    "taken_item.reason",
    "waiting_picture.fingerprint", "waiting_picture.media_type", "waiting_picture.report_id",
    "waiting_picture.sha256", "what_if.error", "what_if.request_id",
    # Telephone numbers are digits when they come in, and are cut up when they are shown.
    "official.phone", "team.phone",
}  # fmt: skip


def columns() -> Iterator[Column[str]]:
    """Columns that hold what people wrote; a new one counts until it stands in `OURS`."""
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            is_key = column.primary_key or column.foreign_keys
            if type(column.type) is AutoString and not is_key and str(column) not in OURS:
                yield column


def write(engine: Engine, text_of: Callable[[int], str]) -> int:
    """Put a text into every column and row, with the row's number behind it; count the columns."""
    found = list(columns())
    with unit_of_work(engine) as db:
        unlock_history(db)
        for number, column in enumerate(found):
            table, name = column.table.name, column.name
            order = f"UPDATE {table} SET {name} = :told || ' ' || rowid WHERE {name} IS NOT NULL"
            db.execute(text(order), {"told": text_of(number)})
        members = text("UPDATE team SET members = json_array(:told || ' 1', :told || ' 2')")
        db.execute(members, {"told": text_of(0)})
    return len(found)


def all_texts(engine: Engine) -> Iterator[tuple[str, str]]:
    """Read everything in the database but pictures, as text."""
    with reading(engine) as db:
        for table in SQLModel.metadata.sorted_tables:
            told = [one for one in table.columns if not isinstance(one.type, LargeBinary)]
            for column in told:
                query = text(f"SELECT CAST({column.name} AS TEXT) FROM {table.name}")
                is_json = isinstance(column.type, JSON)
                for (value,) in db.execute(query):
                    if value:
                        yield str(column), _unescaped(value) if is_json else value


def _unescaped(value: str) -> str:
    return json.dumps(json.loads(value), ensure_ascii=False)

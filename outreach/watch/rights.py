"""How the log tells that the database refuses its role: in one sentence, and not each second.

Everything that asks the database fails then, at places that have nothing to do with it.
"""

from __future__ import annotations

import logging
import time

from outreach.db import lacks_rights

#: What gives a role its rights; the command says it with the name of the role.
REMEDY = "with the owner's address, outreach database role gives them"
EVERY_SECONDS = 60


class RightsOnce(logging.Filter):
    """Makes of each error about rights the same sentence, and lets one pass in a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._told_at = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool | logging.LogRecord:
        """Let a record pass, a sentence in its place, or nothing."""
        error = record.exc_info[1] if record.exc_info else None
        if not lacks_rights(error):
            return True
        if time.monotonic() - self._told_at < EVERY_SECONDS:
            return False
        self._told_at = time.monotonic()
        detail = next(iter(str(getattr(error, "orig", "")).splitlines()), "")
        return _sentence(record, detail)


def _sentence(record: logging.LogRecord, detail: str) -> logging.LogRecord:
    told = logging.makeLogRecord(vars(record))
    told.msg = "the database answers, but its role lacks rights (%s): %s"
    told.args, told.exc_info, told.exc_text = (detail, REMEDY), None, None
    return told

"""Why a backup cannot be made, read or restored: a reason and the facts, words at the edge."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from outreach.errors import OutreachError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


class BackupRefused(OutreachError):
    """What was asked of a backup was not done, and nothing was changed; `reason` says why.

    No page tells it: `outreach.cli.backup_words` has the sentences.
    """

    def __init__(self, reason: str, **facts: object) -> None:
        super().__init__(reason=reason, **facts)
        self.reason = reason


@contextmanager
def writing(place: object) -> Iterator[None]:
    """Turn what the system says of a file that cannot be written into a refusal.

    Raises
    ------
    BackupRefused
        `no_room` for a full disk or a limit on files, else `cannot_write`.
    """
    try:
        yield
    except OSError as error:
        reason = "no_room" if error.errno in _FULL else "cannot_write"
        raise BackupRefused(reason, place=place, detail=error.strerror or str(error)) from error

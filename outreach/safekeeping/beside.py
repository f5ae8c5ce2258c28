"""What an installation keeps beside its database and nobody could make again.

Of `VAR_DIR` that is the key that was made there, without which printed forms, calendars and links
lead nowhere, the ledger of who was erased, and the borders that were brought in. Region shapes,
scripts, styles and what Redis holds are made anew from the database and the program. Pictures stand
in the database.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.config import fingerprint
from outreach.maps.artefacts import Store, write_whole
from outreach.safekeeping.erasures import LEDGER, note, parse, read, written
from outreach.safekeeping.refused import BackupRefused, writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from outreach.safekeeping.archive import Archive
    from outreach.safekeeping.erasures import Erasure

SECRET = "secret"  # noqa: S105 - the name of a file
BORDERS = "borders.json"
#: Nothing is written outside the folder of the maps, whatever an archive says.
_BORDER_FILE = re.compile(r"boundaries/[a-z]+-[0-9a-f]{16}\.bin")
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Beside:
    """The folder of an installation and the key that its settings give it, if they do."""

    folder: Path
    given_key: str = ""

    @property
    def key(self) -> str:
        """The key that holds here: the one set, else the one kept; empty if there is none yet."""
        kept = self.folder / SECRET
        return self.given_key or (kept.read_text() if kept.is_file() else "")

    @property
    def _maps(self) -> Store:
        return Store(self.folder / "maps")

    def parts(self, erasures: Iterable[Erasure] = ()) -> Iterator[tuple[str, bytes]]:
        """Read what goes into the archive; a key that the settings give is not ours to keep."""
        if self.key and not self.given_key:
            yield SECRET, self.key.encode()
        if erasures:
            yield LEDGER, written(erasures)
        borders, files = self._borders()
        if borders:
            yield BORDERS, json.dumps(borders).encode()
            yield from files.items()

    def _borders(self) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
        """Read the borders and their files, which somebody may be changing at this moment."""
        for _ in range(_TRIES):
            told: list[dict[str, Any]] = self._maps.manifest().get("borders", [])
            try:
                return told, {
                    one["file"]: (self._maps.folder / one["file"]).read_bytes() for one in told
                }
            except FileNotFoundError:
                continue
        raise BackupRefused("borders_change")

    def erasures(self, archive: Archive, kept: Iterable[Erasure] = ()) -> list[Erasure]:
        """Read who was erased: from the ledgers here, in the archive and in the archive's folder.

        *kept* is what the database says that is replaced, wherever it was that somebody erased; on
        a new machine that is nothing, and there is no ledger here.

        Raises
        ------
        BackupRefused
            If one of them cannot be read.
        """
        inside = parse(archive.read(LEDGER), LEDGER) if LEDGER in archive else []
        return list(dict.fromkeys([*kept, *read(self.folder), *inside, *read(archive.folder)]))

    def has_other_key(self, archive: Archive) -> bool:
        """Whether what was signed before the backup would not be known here any more."""
        return bool(self.key) and fingerprint(self.key) != archive.manifest.key

    @contextmanager
    def laid_ready(self, archive: Archive, erasures: Iterable[Erasure]) -> Iterator[None]:
        """Write what the archive holds to where nobody looks yet: from then on there is room."""
        try:
            with writing(self.folder):
                self._lay(archive, erasures)
            yield
        finally:
            self._new_key.unlink(missing_ok=True)

    def _lay(self, archive: Archive, erasures: Iterable[Erasure]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        note(self.folder, erasures)
        if self._takes_key(archive):
            self._new_key.unlink(missing_ok=True)
            self._new_key.touch(mode=0o600)
            self._new_key.write_bytes(archive.read(SECRET))
        for name in _border_files(_borders_in(archive)):
            write_whole(self._maps.folder / name, archive.read(name))

    def put_back(self, archive: Archive, now: datetime) -> bool:
        """Let what lies ready hold from now on; tell whether the map has to be drawn anew.

        A key that was kept here until now stays beside under another name. An archive without
        borders may come from a machine that draws no maps: then those that are here stay.
        """
        if self._takes_key(archive):
            path = self.folder / SECRET
            if path.is_file() and path.read_bytes() != self._new_key.read_bytes():
                path.rename(path.with_name(f"{SECRET}.before-{now:%Y%m%d-%H%M%S-%f}"))
            self._new_key.replace(path)
        borders = _borders_in(archive)
        if not borders or borders == self._maps.manifest().get("borders", []):
            return False
        self._maps.note(borders=borders)
        return True

    def _takes_key(self, archive: Archive) -> bool:
        return SECRET in archive and not self.given_key

    @property
    def _new_key(self) -> Path:
        return self.folder / f".{SECRET}.restored"


def _borders_in(archive: Archive) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(archive.read(BORDERS)) if BORDERS in archive else []
    return told


def _border_files(borders: list[dict[str, Any]]) -> list[str]:
    names = [str(one["file"]) for one in borders]
    if not all(_BORDER_FILE.fullmatch(name) for name in names):
        raise BackupRefused("damaged", file=BORDERS)
    return names

"""A backup made while others write comes back as it was; nothing is changed until it stands."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from outreach import migrations
from outreach.db import make_engine, reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.safekeeping import backup, dumps
from outreach.safekeeping.archive import opened
from outreach.safekeeping.backup import Steps, make, restore, standing_beside
from outreach.safekeeping.beside import Beside
from outreach.safekeeping.checking import check_data
from outreach.safekeeping.refused import BackupRefused
from outreach.visits.tables import Visit, Work
from outreach.watch.beating import Process, beat, read_beats
from outreach.watch.tables import ProcessKind
from tests.field import NOW, add_visit, told
from tests.rewriting import unlock_history
from tests.safekeeping.conftest import KEY, STEPS, beside_names
from tests.safekeeping.season import all_but_the_restore, everything, write_confirmed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from outreach.safekeeping.dumps import Dump, Keeper
    from tests.safekeeping.conftest import Installation


def lose_something(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        unlock_history(db)
        db.execute(text("DELETE FROM visit_event"))
        db.execute(text("UPDATE team SET name = 'Tim Salah'"))


def delete_history(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        db.execute(text("DELETE FROM visit_event"))


def test_what_was_lost_comes_back_and_the_old_one_is_kept(installation: Installation) -> None:
    at = installation
    before = everything(at.engine)
    assert before["session_report"][0] == 4
    at.make()
    lose_something(at.engine)
    lost = everything(at.engine)
    done = at.restore()
    assert all_but_the_restore(at.engine) == before != lost
    assert done.came_from == STEPS.known[-1]
    assert not done.other_key
    with pytest.raises(IntegrityError, match="only ever added to"):
        delete_history(at.engine)
    kept = make_engine(at.url.replace(str(at.engine.url.database), done.kept))
    assert everything(kept) == lost
    kept.dispose()
    assert len(beside_names(at.url)) == 1


def test_who_ran_as_it_was_made_is_not_told_as_silent(installation: Installation) -> None:
    at = installation
    with unit_of_work(at.engine) as db:
        beat(db, Process(ProcessKind.WORKER, 4711, NOW), NOW)
    at.make()
    with unit_of_work(at.engine) as db:
        db.execute(text("DELETE FROM heartbeat"))
    at.restore()
    with reading(at.engine) as db:
        assert list(read_beats(db)) == []


def test_only_its_owner_reads_it_and_nothing_is_left_beside(installation: Installation) -> None:
    file = installation.make()
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in file.parent.iterdir() if "backup" in one.name) == []
    assert [one for one in file.parent.iterdir() if one.name.startswith(f".{file.name}")] == []


def test_a_backup_never_writes_over_a_file(installation: Installation) -> None:
    file = installation.make()
    was = file.read_bytes()
    with pytest.raises(BackupRefused, match="file_there"):
        installation.make()
    assert file.read_bytes() == was


class WhileOthersWrite:
    """A keeper whose dump begins only when others have written more than its moment holds."""

    def __init__(self, keeper: Keeper, rounds: threading.Semaphore) -> None:
        self._keeper, self._rounds = keeper, rounds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keeper, name)

    @contextmanager
    def dump(self, folder: Path) -> Iterator[Dump]:
        with self._keeper.dump(folder) as dump:
            for _ in range(5):
                assert self._rounds.acquire(timeout=60)
            yield dump


def test_made_while_others_write_it_holds_one_moment(installation: Installation) -> None:
    at = installation
    rounds, is_over = threading.Semaphore(0), threading.Event()
    failed: list[BaseException] = []

    def work_on() -> None:
        try:
            for number in range(20, 54):
                if is_over.is_set():
                    return
                write_a_visit(at, number)
                rounds.release()
        except BaseException as error:  # noqa: BLE001 - told at the end
            failed.append(error)

    writer = threading.Thread(target=work_on)
    writer.start()
    assert rounds.acquire(timeout=60)
    keeper: Any = WhileOthersWrite(at.keeper, rounds)
    manifest = make(keeper, at.beside, at.file, NOW)
    is_over.set()
    writer.join(60)
    assert not failed
    assert manifest.tables["visit"] < everything(at.engine)["visit"][0]
    # Every row of a moment: the counts of the archive are held against the manifest here.
    with opened(at.file) as archive, standing_beside(archive, at.keeper, STEPS) as copy:
        with reading(copy) as db:
            assert {one.rule: one.broken for one in check_data(db) if one.broken} == {}
        assert everything(copy)["visit"][0] == manifest.tables["visit"] > 8
    assert beside_names(at.url) == []


def write_a_visit(at: Installation, number: int) -> None:
    """Plan a visit, then have it held and corrected: all of it or nothing, as the product does."""
    with unit_of_work(at.engine) as db:
        visit = add_visit(
            db, at.field.stage_id, at.field.team_id, at.field.codes[number], number, Work.CONFIRMED
        )
        write_confirmed(db, db.get_one(Visit, visit))
        report = told(visit)
        fixed = told(visit, men=3, corrects_id=report["id"])
        take_in(db, [report, fixed], at.field.coordinator, NOW)


def test_a_database_that_holds_anything_is_not_written_over(installation: Installation) -> None:
    at = installation
    at.make()
    before = everything(at.engine)
    with pytest.raises(BackupRefused, match="holds_rows"):
        at.restore(replaces=False)
    assert everything(at.engine) == before
    assert beside_names(at.url) == []


def test_an_empty_one_is_filled_without_asking(installation: Installation) -> None:
    at = installation
    at.make()
    before = everything(at.engine)
    migrations.downgrade(at.engine)
    migrations.upgrade(at.engine)
    assert at.restore(replaces=False).kept == ""
    assert all_but_the_restore(at.engine) == before
    assert beside_names(at.url) == []


def test_one_that_is_in_use_is_left_alone(installation: Installation) -> None:
    at = installation
    at.make()
    other = make_engine(at.url)
    with other.connect() as connection:
        connection.execute(text("SELECT count(*) FROM visit"))
        with pytest.raises(BackupRefused, match="in_use"):
            at.restore()
        assert beside_names(at.url) == []
    other.dispose()
    assert at.restore().kept


@pytest.mark.postgres
@pytest.mark.parametrize("season", ["postgres"], indirect=True)
def test_who_is_just_leaving_is_waited_for(installation: Installation) -> None:
    at = installation
    at.make()
    other = make_engine(at.url)
    with other.connect() as connection:
        # As the server sees one who closed: still there, and gone a moment later.
        leaving = threading.Timer(0.5, connection.invalidate)
        leaving.start()
        assert at.restore().kept
        leaving.join()


def test_an_older_one_is_brought_up(installation: Installation) -> None:
    at = installation
    migrations.downgrade(at.engine, STEPS.known[-2])
    at.make()
    was = everything(at.engine)
    lose_something(at.engine)
    assert at.restore().came_from == STEPS.known[-2]
    assert everything(at.engine)["alembic_version"] != was["alembic_version"]
    assert everything(at.engine)["visit_event"][0] == was["visit_event"][0]
    assert migrations.is_complete(at.engine)


def test_what_fails_on_the_way_leaves_everything_as_it_was(installation: Installation) -> None:
    def fail(_: Engine) -> None:
        raise RuntimeError

    at = installation
    at.make()
    lose_something(at.engine)
    before = everything(at.engine)
    with pytest.raises(RuntimeError):
        at.restore(steps=Steps(STEPS.known, fail))
    assert everything(at.engine) == before
    assert beside_names(at.url) == []


def test_where_the_exchange_fails_everything_is_as_it_was(installation: Installation) -> None:
    at = installation
    at.make()
    kept = at.restore().kept
    lose_something(at.engine)
    before = everything(at.engine)
    # At the same moment again: the name under which the old one would be kept is taken.
    with pytest.raises(BackupRefused, match=r"not_exchanged|cannot_write"):
        at.restore()
    assert everything(at.engine) == before
    assert beside_names(at.url) == [Path(kept).name]
    assert [one.name for one in at.folder.iterdir()] == ["secret"]


def test_one_that_lacks_rows_does_not_come_in(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = installation
    at.make()
    before = everything(at.engine)
    right = dumps.count_rows
    monkeypatch.setattr(backup, "count_rows", lambda one: {**right(one), "visit": 7})
    with pytest.raises(BackupRefused, match="rows_missing") as refused:
        at.restore()
    assert refused.value.facts["tables"] == "visit"
    assert everything(at.engine) == before
    assert beside_names(at.url) == []


def test_one_of_a_newer_version_is_refused(installation: Installation) -> None:
    at = installation
    at.make()
    before = everything(at.engine)
    with pytest.raises(BackupRefused, match="newer_version"):
        at.restore(steps=Steps(STEPS.known[:-1], migrations.upgrade))
    assert everything(at.engine) == before


def test_the_key_goes_with_it(installation: Installation, tmp_path: Path) -> None:
    at = installation
    at.make()
    at.engine.dispose()
    elsewhere = Beside(tmp_path / "elsewhere")
    with opened(at.file) as archive:
        restore(archive, at.keeper, elsewhere, STEPS, NOW, replaces=True)
        assert elsewhere.key == KEY
        assert (elsewhere.folder / "secret").stat().st_mode & 0o777 == 0o600


def test_another_key_is_replaced_only_when_told_and_then_kept(installation: Installation) -> None:
    at = installation
    at.make()
    migrations.downgrade(at.engine)
    (at.folder / "secret").write_text("another key, made here since")
    with pytest.raises(BackupRefused, match="other_key"):
        at.restore(replaces=False)
    assert at.beside.key.startswith("another")
    assert not at.restore().other_key
    assert at.beside.key == KEY
    (kept,) = at.folder.glob("secret.before-*")
    assert kept.read_text().startswith("another")


def test_a_key_of_the_settings_is_not_in_it_and_a_wrong_one_is_told(
    installation: Installation,
) -> None:
    at = installation
    given = Beside(at.folder, "k" * 40)
    make(at.keeper, given, at.file, NOW)
    at.engine.dispose()
    with opened(at.file) as archive:
        assert "secret" not in archive
        assert restore(archive, at.keeper, at.beside, STEPS, NOW, replaces=True).other_key
    assert at.beside.key == KEY


def test_borders_that_were_brought_in_go_with_it(
    installation: Installation, tmp_path: Path
) -> None:
    at = installation
    name = "boundaries/regency-0123456789abcdef.bin"
    told_of = [{"level": "regency", "file": name, "source": "BIG"}]
    maps = at.beside._maps
    (maps.folder / "boundaries").mkdir(parents=True)
    (maps.folder / name).write_bytes(b"the borders")
    maps.note(areas="areas.json", borders=told_of)
    at.make()
    assert not at.restore().redraws
    elsewhere = Beside(tmp_path / "elsewhere")
    with opened(at.file) as archive:
        later = NOW + timedelta(microseconds=1)  # what is kept has the moment in its name
        restore(archive, at.keeper, elsewhere, STEPS, later, replaces=True)
    assert (elsewhere.folder / "maps" / name).read_bytes() == b"the borders"
    assert elsewhere._maps.manifest() == {"borders": told_of}


def test_borders_stay_where_a_backup_of_a_machine_without_maps_is_put_back(
    installation: Installation,
) -> None:
    at = installation
    at.make()
    told_of = [{"level": "regency", "file": "boundaries/regency-0.bin", "source": "BIG"}]
    at.beside._maps.note(borders=told_of)
    assert not at.restore().redraws
    assert at.beside._maps.manifest() == {"borders": told_of}

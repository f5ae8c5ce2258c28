"""The same app and world as the tests of the pages have, and every form of their pages."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from outreach.config import Settings
from outreach.web.app import create_app
from tests.security.sent_forms import Forms, forms_by_endpoint
from tests.web.conftest import (
    Visitor,
    app,
    built,
    client,
    code,
    login_as,
    phone,
    settings,
    web_var,
    world,
)
from tests.web.planned import hang_clock
from tests.web.world import SECRET, World

if TYPE_CHECKING:
    from pathlib import Path

    from outreach.people.tables import Role

__all__ = ["app", "built", "client", "code", "login_as", "phone", "settings", "web_var", "world"]


@pytest.fixture(scope="session")
def all_forms(
    built: tuple[Path, World],
    web_var: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Forms:
    """The forms of all pages of the world: found once per test run, for it takes seconds."""
    path, world = built
    file = shutil.copy(path, tmp_path_factory.mktemp("forms") / "world.sqlite")
    told: dict[str, Any] = {
        "database_url": f"sqlite:///{file}",
        "secret_key": SECRET,
        "var_dir": web_var,
    }
    app = create_app(Settings(_env_file=None, **told))
    app.test_client_class = Visitor
    hang_clock(app)

    def login_as(role: Role) -> Visitor:
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.log_in(world.accounts[role])

    forms = forms_by_endpoint(app, login_as, world)
    app.extensions["outreach"].engine.dispose()
    return forms

"""The API for programs asked 5,000 questions and more, made from its own document.

Every answer has to be one that the document knows, and none may be an error of the server.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from outreach.config import Settings
from outreach.db import unit_of_work
from outreach.people.access import person_of
from outreach.people.api_tokens import TokenIn, make_token
from outreach.people.tables import Role
from outreach.web.api_read import ENDPOINTS
from outreach.web.app import create_app
from tests.benchmarks.databases import available_databases
from tests.web.api_read.asking import MODES, ask_all
from tests.web.world import OWN_REGENCY, SECRET, build

if TYPE_CHECKING:
    from sqlalchemy import Engine

LEAST = 5_000
#: Of each address and kind; now and then chance makes a few less.
CASES = 340
#: So many that none is refused for asking too often.
TOKENS = 8


def main() -> int:
    return max([_ask(kind, engine) for kind, engine in available_databases()])


def _ask(kind: str, engine: Engine) -> int:
    with tempfile.TemporaryDirectory() as folder:
        tokens = _tokens(engine)
        settings = Settings(
            _env_file=None,
            database_url=engine.url.render_as_string(hide_password=False),
            secret_key=SECRET,
            var_dir=Path(folder),
        )
        app = create_app(settings)
        began = time.perf_counter()
        statuses = ask_all(app, tokens, CASES)
        took = time.perf_counter() - began
        app.extensions["outreach"].engine.dispose()
    told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    print(
        f"{kind}: {statuses.total():,} cases over {len(ENDPOINTS)} addresses x {len(MODES)} kinds"
    )
    print(f"answered as the document says: {told}; {took:.0f} s")
    return 0 if statuses.total() >= LEAST and max(statuses) < 500 else 1


def _tokens(engine: Engine) -> list[str]:
    world = build(engine)
    with unit_of_work(engine) as db:
        giver = person_of(db, world.accounts[Role.MANAGER][0])
        assert giver is not None
        given = TokenIn(name="Dasbor", areas=[OWN_REGENCY])
        return [make_token(db, given, by=giver, now=datetime.now(UTC)) for _ in range(TOKENS)]


if __name__ == "__main__":
    sys.exit(main())

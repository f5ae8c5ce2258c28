"""The whole product, brought up as `make run` does it, on each database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.conftest import free_port, fresh_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

OUTREACH = Path(sys.executable).parent / "outreach"
#: Registry, shapes and demonstration are made once for each database.
LONGEST_START_SECONDS = 420


@dataclass(frozen=True)
class Product:
    """A running product: its address, its settings, and everything a browser asked for."""

    address: str
    environment: dict[str, str]
    passwords: dict[str, str]
    asked: list[str]

    def log_in(self, browser: Browser, login: str, **context: object) -> Page:
        """Open a browser of its own for one person, logged in; what it asks for is kept."""
        page = browser.new_context(**context).new_page()  # type: ignore[arg-type]
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(f"{self.address}/login")
        page.fill("#login", login)
        page.fill("#password", self.passwords[login])
        page.click("main button[type=submit]")
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    def foreign_requests(self) -> set[str]:
        """Hosts other than ours that a page asked for anything."""
        ours = urlsplit(self.address).netloc
        hosts = {urlsplit(url).netloc for url in self.asked if url.startswith(("http", "ws"))}
        return hosts - {ours}


def _run(environment: dict[str, str], *words: str) -> str:
    outcome = subprocess.run(
        [str(OUTREACH), *words], env=environment, capture_output=True, text=True, check=True
    )
    return outcome.stdout


def _passwords(told: str) -> dict[str, str]:
    lines = [line.split() for line in told.splitlines() if line.startswith("  ")]
    return {words[-2]: words[-1] for words in lines}


def wait_until_up(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the product did not come up:\n" + log.read_text()[-4000:])


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "VAR_DIR": str(folder / "var"),
        "PORT": str(free_port()),
        "SECRET_KEY": "acceptance-" * 4,
    }


def _bring_up(environment: dict[str, str], folder: Path) -> Iterator[Product]:
    log = folder / "up.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [str(OUTREACH), "up"],
            env=environment,
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{environment['PORT']}"
    try:
        wait_until_up(address, process, log)
        yield Product(address, environment, _passwords(_run(environment, "demo", "logins")), [])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def product(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    environment = _environment(folder)
    if request.param == "sqlite":
        yield from _bring_up(environment, folder)
        return
    server: str = request.getfixturevalue("postgres_server")
    with fresh_postgres(server, None) as url:
        yield from _bring_up({**environment, "DATABASE_URL": url}, folder)

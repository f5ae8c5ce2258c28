"""An installation of many processes, and people who are served by any of its webs in turns."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from outreach.config import ROOT
from tests.acceptance.conftest import wait_until_up
from tests.conftest import free_port
from tests.processes import WEB, running

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = Path(sys.executable).parent
WORKER = (str(PROGRAMS / "celery"), "--quiet", "--app=tasks.app", "worker", "--loglevel=WARNING")
SWEEPER = (str(PROGRAMS / "outreach"), "sweep")
#: How a page of ours says that it is one.
OURS = {"X-Requested-With": "outreach", "Content-Type": "application/json"}
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Installation:
    """Processes that know each other by their settings alone."""

    webs: tuple[str, ...]
    folder: Path
    environment: dict[str, str]

    def command(self, *words: str) -> str:
        """Let somebody at the machine run one of our commands; tell what it printed."""
        ended = subprocess.run(
            [str(PROGRAMS / "outreach"), *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert not ended.returncode, ended.stdout + ended.stderr
        return ended.stdout

    def log_of_worker(self, number: int) -> str:
        """What one worker wrote."""
        return (self.folder / f"worker-{number}.log").read_text()

    def logs(self) -> str:
        """What all of them wrote, each below its name."""
        files = sorted(self.folder.glob("*.log"))
        return "".join(f"== {file.stem}\n{file.read_text()}" for file in files)


@contextmanager
def installation(
    settings: dict[str, str], folder: Path, *, workers: tuple[str, ...], webs: int, sweepers: int
) -> Iterator[Installation]:
    """Bring up webs, sweepers, and a worker for each of the queues named; end them all well."""
    given = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT), **settings}
    with ExitStack() as stack:
        addresses = []
        for number in range(webs):
            port = str(free_port())
            of_its_own = {**given, "PORT": port, "VAR_DIR": str(folder / f"machine-{number}")}
            log = folder / f"web-{number}.log"
            process = stack.enter_context(running(WEB, of_its_own, log))
            addresses.append((f"http://127.0.0.1:{port}", process, log))
        for number, queues in enumerate(workers):
            command = (*WORKER, "-n", f"w{number}@%h")
            of_its_own = {**given, "TASK_QUEUES": queues}
            stack.enter_context(running(command, of_its_own, folder / f"worker-{number}.log"))
        for number in range(sweepers):
            stack.enter_context(running(SWEEPER, given, folder / f"sweeper-{number}.log"))
        for told in addresses:
            wait_until_up(*told)
        yield Installation(tuple(address for address, *_ in addresses), folder, given)


class PageRefused(AssertionError):
    """A page that came with an error: who does not expect it fails by it."""

    def __init__(self, path: str, error: HTTPError) -> None:
        said = error.read().decode(errors="replace")[:3000]
        super().__init__(f"{path}: {error.code}\n{said}")
        self.status = error.code
        #: For how long one is bidden to wait before one asks again.
        self.wait_seconds = float(error.headers.get("Retry-After") or 0)


class Browser:
    """Keeps cookies and fills in forms; asks the webs in turns, as behind a proxy."""

    def __init__(self, webs: tuple[str, ...]) -> None:
        self._webs = itertools.cycle(webs)
        # A cookie is of a host, whatever its port: all webs get it.
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.page = ""
        self.headers: dict[str, str] = {}

    def get(self, path: str) -> str:
        return self._ask(Request(next(self._webs) + path))

    def submit(self, action: str, **filled: object) -> str:
        """Send the form of the page at hand whose address matches, with its hidden fields."""
        path, form = _form(self.page, action)
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
        body = urlencode({**hidden, **filled}).encode()
        return self._ask(Request(next(self._webs) + path, body))

    def send(self, path: str, content: Any) -> Any:
        """Post JSON as the page on a phone does."""
        body = json.dumps(content).encode()
        return json.loads(self._ask(Request(next(self._webs) + path, body, OURS)))

    def log_in(self, login: str, password: str) -> Browser:
        self.get("/login")
        self.submit("/login", login=login, password=password)
        return self

    def _ask(self, request: Request) -> str:
        try:
            with self._opener.open(request, timeout=30) as answer:
                self.headers = dict(answer.headers)
                self.page = answer.read().decode()
        except HTTPError as error:
            raise PageRefused(request.full_url, error) from error
        return self.page


def _form(page: str, action: str) -> tuple[str, str]:
    for tag, form in re.findall(r"(<form[^>]*>)(.*?)</form>", page, re.DOTALL):
        (path,) = re.findall(r'action="([^"]*)"', tag) or [""]
        if 'method="post"' in tag and re.search(action, path):
            return path, form
    pytest.fail(f"no form {action} on the page:\n{page[:3000]}")


def until(is_so: Any, running: Installation, every_seconds: float = 0.1) -> None:
    """Wait for what the processes do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail("nothing happened any more:\n" + running.logs()[-6000:])
        time.sleep(every_seconds)

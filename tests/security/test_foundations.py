"""What the product stands on: the server's reading of requests, pinned packages, given fields."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.config import ROOT
from outreach.db import reading
from outreach.people.tables import Account, Role
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.web.conftest import Visitor

OURS = "outreach.web.patient_worker.PatientWorker"
#: A server of the same kind over an app that tells how often it was asked.
APP = """
asked = 0
def app(environ, start):
    global asked
    asked += 1
    environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "text/plain")])
    return [f"asked {asked}".encode()]
"""


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "counting.py").write_text(APP)
    port = free_port()
    server = [sys.executable, "-m", "gunicorn", "--chdir", str(tmp_path), "--workers", "1"]
    kind = ["--worker-class", OURS, "--threads", "2", "--no-control-socket"]
    running = subprocess.Popen([*server, *kind, "--bind", f"127.0.0.1:{port}", "counting:app"])
    try:
        yield port
    finally:
        running.terminate()
        running.wait(timeout=10)


def told(port: int, sent: bytes) -> bytes:
    for _ in range(200):
        try:
            line = socket.create_connection(("127.0.0.1", port), timeout=10)
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    with line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        answers = b""
        while part := line.recv(4096):
            answers += part
        return answers


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"


def test_no_request_is_smuggled_within_another(gunicorn: int) -> None:
    assert b"asked 1" in told(gunicorn, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    for ambiguous in (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer_Encoding: chunked\r\nTransfer-Encoding: identity, chunked, chunked\r\n\r\n",
        b"Content-Length: +5\r\n\r\n0\r\n\r\n",
    ):
        answers = told(gunicorn, HEAD + ambiguous + HIDDEN)
        assert answers.count(b"HTTP/1.1 ") == 1, ambiguous
        assert answers.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")), ambiguous
    assert b"asked 2" in told(gunicorn, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("name", ["base", "build", "dev", "redis"])
def test_every_package_is_named_with_its_version_and_hash(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.replace("\\\n", " ").strip())
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]
    assert "--require-hashes" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_a_form_changes_only_what_it_is_about(
    app: Flask, login_as: Callable[[Role], Visitor]
) -> None:
    given = {"login": "wati.s", "name": "Wati", "role": "admin", "password": "angin di sawah 81"}
    more = {"id": "1", "is_demo": "on", "password_hash": "", "password_stamp": "x", "version": "9"}
    assert login_as(Role.ADMIN).send("/admin/accounts/new", given | more).status_code == 303
    with reading(app.extensions["outreach"].engine) as db:
        made = db.exec(select(Account).where(Account.login == "wati.s")).one()
    assert (made.is_demo, made.version) == (False, 1)
    assert made.id != 1
    assert made.password_hash.startswith("$argon2id$")
    assert made.password_stamp != "x"

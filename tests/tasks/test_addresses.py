"""Addresses of servers elsewhere: with passwords and TLS, and what is told of wrong ones."""

from __future__ import annotations

import socket
import subprocess
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from kombu.exceptions import OperationalError as QueueError

from outreach.cli.redis_server import find_redis_server
from outreach.config import read_settings
from outreach.db import WEB, make_engine
from outreach.errors import UnsafeSettings
from tasks.app import PLANNING, count_waiting, make_app
from tests.conftest import free_port, wait_for_redis
from tests.tasks.test_post import certificate, context_of  # noqa: F401 - a fixture

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "p@ss/w:rd %&"


@pytest.fixture
def guarded_port(tmp_path: Path) -> Iterator[int]:
    """Port of a Redis server that wants a password."""
    port = free_port()
    command = [find_redis_server(), "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--dir", str(tmp_path), "--requirepass", PASSWORD]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_for_redis(f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/0")
    yield port
    process.terminate()
    process.wait(timeout=10)


@contextmanager
def _behind_tls(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """Let a server be reached by TLS as well, at the port given."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_serve, args=(listening, port, context), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def _serve(listening: socket.socket, port: int, context: ssl.SSLContext) -> None:
    while True:
        try:
            outside, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_join, args=(outside, port, context), daemon=True).start()


def _join(outside: socket.socket, port: int, context: ssl.SSLContext) -> None:
    try:
        secure = context.wrap_socket(outside, server_side=True)
    except OSError:  # whoever asks does not trust us
        outside.close()
        return
    inside = socket.create_connection(("127.0.0.1", port))
    with closing(secure), closing(inside):
        back = threading.Thread(target=_pass_on, args=(inside, secure), daemon=True)
        back.start()
        _pass_on(secure, inside)
        back.join(10)


def _pass_on(giving: socket.socket, taking: socket.socket) -> None:
    try:
        while given := giving.recv(65536):
            taking.sendall(given)
        taking.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _sent_and_counted(url: str) -> int:
    with make_app(url) as app:
        app.send_task("outreach.assign_batch", [1])
        return count_waiting(PLANNING, app)


@pytest.mark.redis
def test_a_queue_is_reached_by_its_password_and_by_no_other(guarded_port: int) -> None:
    address = f"127.0.0.1:{guarded_port}/0"
    assert _sent_and_counted(f"redis://:{quote(PASSWORD, safe='')}@{address}") == 1
    with pytest.raises(QueueError, match="password"):
        _sent_and_counted(f"redis://:wrong@{address}")


@pytest.mark.redis
def test_a_queue_is_reached_by_tls_if_somebody_vouches_for_it(
    guarded_port: int,
    certificate: tuple[str, str],  # noqa: F811 - the fixture
) -> None:
    with _behind_tls(guarded_port, context_of(certificate)) as port:
        # Each another database: the library keeps connections by their address without its query.
        address = f"rediss://:{quote(PASSWORD, safe='')}@localhost:{port}"
        vouched = f"ssl_ca_certs={quote(certificate[1])}"
        with pytest.raises(QueueError, match="CERTIFICATE_VERIFY_FAILED"):
            _sent_and_counted(f"{address}/1")
        assert _sent_and_counted(f"{address}/2?{vouched}") == 1
        assert _sent_and_counted(f"{address}/3?ssl_cert_reqs=required&{vouched}") == 1


def test_what_a_database_address_says_of_passwords_and_tls_is_told_to_the_driver() -> None:
    more = "sslmode=verify-full&sslrootcert=/etc/ssl/own.pem"
    url = f"postgresql://outreach:{quote(PASSWORD, safe='')}@db.example:6432/outreach?{more}"
    made = make_engine(url, WEB)
    told = made.dialect.create_connect_args(made.url)[1]
    assert told["password"] == PASSWORD
    assert (told["host"], told["port"], told["dbname"]) == ("db.example", 6432, "outreach")
    assert (told["sslmode"], told["sslrootcert"]) == ("verify-full", "/etc/ssl/own.pem")
    assert PASSWORD not in repr(made)
    assert quote(PASSWORD, safe="") not in repr(made)


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("DATABASE_URL", "postgresql://a:b@db.example/outreach"),
        ("DATABASE_URL", "postgresql+psycopg://a:b@db.example/outreach?sslmode=require"),
        ("DATABASE_URL", "postgres://a:b@db.example/outreach?sslmode=require"),
        ("DATABASE_URL", "postgresql://a:b@/outreach?host=127.0.0.1,10.0.0.5"),
        ("DATABASE_URL", "postgresql://a:b@/outreach?host=db.example&host=localhost"),
        ("REDIS_URL", "redis://:geheim@10.0.0.5:6379/0"),
        ("REDIS_URL", "rediss://:geheim@10.0.0.5:6379/0?ssl_cert_reqs=none"),
        ("REDIS_URL", "rediss://:geheim@10.0.0.5:6379/0?ssl_check_hostname=false"),
        ("ROUTING_URL", "http://10.0.0.5:5000"),
    ],
)
def test_a_server_elsewhere_is_not_spoken_to_in_the_clear_unless_somebody_says_so(
    monkeypatch: pytest.MonkeyPatch, setting: str, url: str
) -> None:
    monkeypatch.setenv(setting, url)
    with pytest.raises(UnsafeSettings) as refused:
        read_settings()
    assert refused.value.facts == {"setting": setting, "problem": "in_the_clear"}
    monkeypatch.setenv("PLAIN_CONNECTIONS", "1")
    assert getattr(read_settings(), setting.lower()) == url


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("DATABASE_URL", "postgresql://a:b@db.example/outreach?sslmode=verify-full"),
        ("DATABASE_URL", "postgres://a:b@db.example/outreach?sslmode=verify-full"),
        ("DATABASE_URL", "postgresql://postgres@/outreach?host=/var/run/postgresql"),
        ("DATABASE_URL", "postgresql://a:b@[::1]:5433/outreach"),
        ("DATABASE_URL", "sqlite:////srv/outreach.sqlite"),
        ("REDIS_URL", "rediss://:geheim@db.example:6379/0?ssl_ca_certs=/etc/ssl/own.pem"),
        ("REDIS_URL", "redis://localhost:6379/0"),
        ("ROUTING_URL", "https://jalan.example"),
        ("ROUTING_URL", "http://127.0.0.1:5000"),
    ],
)
def test_servers_that_prove_themselves_and_those_of_this_machine_are_taken(
    monkeypatch: pytest.MonkeyPatch, setting: str, url: str
) -> None:
    monkeypatch.setenv(setting, url)
    assert getattr(read_settings(), setting.lower()) == url

"""Bring the whole product up on this machine: data first, then all its processes together."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import click
from honcho import manager as processes
from honcho.environ import parse_procfile
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from outreach import migrations
from outreach.cli.addresses import local_address, noted_address, own_address
from outreach.cli.database import unreachable
from outreach.cli.redis_server import find_redis_server, own_redis_url
from outreach.cli.say import say, step
from outreach.config import ROOT, Settings, make_private, read_settings, using_folder
from outreach.db import make_engine, reading
from outreach.errors import UnsafeSettings

if TYPE_CHECKING:
    from sqlalchemy import Engine


STOPPED_BY_HAND = 130
#: A worker that is told to stop ends its part first, for up to 30 seconds: see tasks/app.py.
LAST_SECONDS = 40


@click.command()
def up() -> None:
    """Prepare the data and start web, worker, sweeper and Redis; Ctrl-C stops them all."""
    settings = read_settings()
    engine = make_engine(settings.database)
    _make_folder(settings.var_dir)
    environment = _environment(settings)
    _check_port(settings)
    _check_redis(settings)
    _prepare(engine, settings)
    engine.dispose()
    sys.exit(_run_all(settings, environment))


def _make_folder(folder: Path) -> None:
    make_private(folder)
    with using_folder():
        TemporaryFile(dir=folder).close()


def _check_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            problem = "port_taken" if error.errno == errno.EADDRINUSE else "address_unusable"
            raise UnsafeSettings(
                setting="PORT",
                problem=problem,
                host=settings.host,
                port=settings.port,
                detail=error.strerror,
            ) from error


def _check_redis(settings: Settings) -> None:
    if settings.embedded_redis:
        find_redis_server()
        return
    try:
        with Redis.from_url(settings.redis_url, socket_connect_timeout=3) as client:
            client.ping()
    except ValueError as error:
        raise UnsafeSettings(setting="REDIS_URL", problem="not_a_redis_url") from error
    except RedisError as error:
        raise UnsafeSettings(setting="REDIS_URL", problem="redis_unreachable") from error


def _prepare(engine: Engine, settings: Settings) -> None:
    step("Database: bringing the tables up to date")
    try:
        migrations.upgrade(engine)
    except SQLAlchemyError as error:
        raise unreachable(error) from error
    _prepare_registry(engine)
    _prepare_pages(engine, settings)
    _prepare_demonstration(engine, settings)


def _prepare_registry(engine: Engine) -> None:
    from outreach.villages.reading import count_villages

    with reading(engine) as db:
        if count_villages(db):
            return
    from outreach.cli.villages import load_all

    load_all(engine)


def _prepare_pages(engine: Engine, settings: Settings) -> None:
    from outreach.cli.maps import build_if_missing
    from outreach.web.assets import collect

    build_if_missing(engine, settings)
    step("Pages: collecting scripts, styles and pictures")
    collect(settings.var_dir / "assets")


def _prepare_demonstration(engine: Engine, settings: Settings) -> None:
    from outreach.cli.demo import seed_if_empty

    if settings.demo:
        seed_if_empty(engine, settings)


def _run_all(settings: Settings, environment: dict[str, str]) -> int:
    processes.KILL_WAIT = LAST_SECONDS
    manager = processes.Manager()
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        if name != "redis" or settings.embedded_redis:
            manager.add_process(name, command, env=environment, cwd=str(ROOT))
    threading.Thread(target=_announce, args=(settings,), daemon=True).start()
    with noted_address(settings):
        manager.loop()
    # To be stopped by Ctrl-C is how this command is meant to end.
    return 0 if manager.returncode == STOPPED_BY_HAND else int(manager.returncode or 0)


def _environment(settings: Settings) -> dict[str, str]:
    """Make the processes' environment; all must agree on keys and addresses."""
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        # Celery's warning to those who run as root would stand right above the logins.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        "PYTHONPATH": str(ROOT),
        "VAR_DIR": str(settings.var_dir.resolve()),
        "PORT": str(settings.port),
        "SECRET_KEY": settings.secret,
        "REDIS_URL": settings.redis_url or own_redis_url(),
        # What they say comes to our own terminal, if there is one.
        "LOG_FORMAT": settings.log_format or ("text" if sys.stderr.isatty() else "json"),
    }


def _announce(settings: Settings) -> None:
    """Say where to look and how to log in, once the pages answer."""
    time.sleep(1)  # the manager forks first: a busy thread must not be copied in mid-step
    while not _answers(settings):
        time.sleep(0.2)
    from outreach.cli.demo import print_logins

    click.echo("")
    click.echo(say("Outreach is up: %(address)s", address=own_address(settings)))
    if settings.public_url:
        click.echo(
            say("Behind it this machine serves %(address)s", address=local_address(settings))
        )
    print_logins(make_engine(settings.database), settings)
    click.echo(say("Ctrl-C stops everything; the data stays."))
    click.echo("")


def _answers(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()

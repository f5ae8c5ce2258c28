"""The server of the tests leaves nothing behind that a later test would stumble over."""

from __future__ import annotations

import socket
import threading
import time
import urllib.request

import flask

from tests.maps.map_app import serving


def is_open(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_it_is_not_gone_before_its_last_answer_is() -> None:
    app = flask.Flask(__name__)
    begun = threading.Event()
    given: list[str] = []

    @app.get("/")
    def until_the_door_is_shut() -> str:
        port = int(flask.request.environ["SERVER_PORT"])
        begun.set()
        while is_open(port):
            time.sleep(0.05)
        time.sleep(0.3)
        given.append("answer")
        return "answer"

    with serving(app) as address:
        asking = threading.Thread(target=lambda: urllib.request.urlopen(address).read())
        asking.start()
        assert begun.wait(10)
    assert given == ["answer"]
    asking.join(10)

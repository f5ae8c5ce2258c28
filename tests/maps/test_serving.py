"""The server of the tests leaves nothing behind that a later test would stumble over."""

from __future__ import annotations

import threading
import time
import urllib.request

import flask

from tests.maps.map_app import serving


def test_it_is_not_gone_before_its_last_answer_is() -> None:
    app = flask.Flask(__name__)
    begun = threading.Event()
    given: list[str] = []

    @app.get("/")
    def slowly() -> str:
        begun.set()
        time.sleep(0.3)
        given.append("answer")
        return "answer"

    with serving(app) as address:
        asking = threading.Thread(target=lambda: urllib.request.urlopen(address).read())
        asking.start()
        assert begun.wait(10)
    assert given == ["answer"]
    asking.join(10)

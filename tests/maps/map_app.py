"""A small server of the maps, as the contract in `outreach.maps` describes them."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import brotli
import flask
import numpy as np
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

from outreach.maps import assets, columns, national, page, safe
from outreach.maps.artefacts import Store, Stored, keep_places, keep_texts
from outreach.maps.words import map_words
from tests.maps.layer_app import LAYER_URLS, add_layers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIEnvironment

HOST_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>host</title>
<link rel="icon" href="data:,">
<style>html,body{height:100%;margin:0}iframe{border:0;width:100%;height:100%;display:block}</style>
{% for url in preloads or [] %}
<link rel="preload" as="fetch" crossorigin href="{{ url }}">{% endfor %}
</head><body><iframe data-outreach-map="{{ urls }}" src="{{ frame }}" title="map"
sandbox="{{ sandbox }}"></iframe>
<script type="module" src="/static/host.js"></script>
<script type="module" src="/static/look.js"></script></body></html>"""


@dataclass
class World:
    """All that the server of a map knows."""

    folder: Path
    places: columns.Places
    names: list[str]
    progress: columns.Progress
    region_names: dict[str, str]
    version: int = 1
    log: list[tuple[int, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    refusal: int = 503
    own: tuple[str, ...] = ("",)
    language: str = "en"

    def report(self, row: int, sign_ups: int) -> None:
        """Log a session: the village is reached, as the progress room would tell it."""
        self.version += 1
        self.progress.states[row] = columns.REACHED
        self.progress.sign_ups[row] += sign_ups
        self.log.append((self.version, row))

    def row_of(self, code: str) -> int:
        return int(np.searchsorted(self.places.codes, code))


def make_app(world: World) -> flask.Flask:
    app = flask.Flask(__name__, static_folder=None)
    store = Store(world.folder)
    urls = map_urls(world, store)

    @app.before_request
    def note() -> flask.Response | None:
        world.asked.append(flask.request.full_path)
        name = flask.request.path.rsplit("/", 1)[-1].split("-")[0]
        return flask.Response(status=world.refusal) if name in world.refuse else None

    @app.get("/map")
    def host() -> str:
        return flask.render_template_string(
            HOST_PAGE,
            urls=safe.script_json(urls),
            frame=f"/map/frame?area={flask.request.args.get('area', '')}",
            sandbox=safe.SANDBOX,
            preloads=[urls[name] for name in ("script", "texts", "stats")],
        )

    @app.get("/map/frame")
    def frame() -> flask.Response:
        drawn = national.national_page(
            map_words(lambda word: word),
            page.View(
                language=world.language, area=flask.request.args.get("area", ""), own=world.own
            ),
        )
        return flask.Response(drawn.html, headers=drawn.headers)

    @app.get("/villages/<code>")
    def village(code: str) -> str:
        return f'<link rel=icon href="data:,"><title>village</title><h1>{code}</h1>'

    _add_files(app, store)
    _add_data(app, world)
    add_layers(app, world)
    app.after_request(_pack)
    return app


def _pack(response: flask.Response) -> flask.Response:
    """Tag and compress what is not stored compressed, as the product does."""
    if response.status_code == 200 and "Content-Encoding" not in response.headers:
        response.add_etag()
        if "br" in flask.request.headers.get("Accept-Encoding", ""):
            response.set_data(_compress(response.get_data()))
            response.headers["Content-Encoding"] = "br"
    response.make_conditional(flask.request)
    return response


@lru_cache(maxsize=64)
def _compress(body: bytes) -> bytes:
    """Compress a body once: the product keeps what it has compressed."""
    packed: bytes = brotli.compress(body, quality=5)
    return packed


def map_urls(world: World, store: Store) -> dict[str, str]:
    """Answer what the page around a map fetches, by name."""
    manifest = store.manifest()
    places = keep_places(store, world.places, best=True)
    above = {code: name for code, name in world.region_names.items() if len(code) <= 5}
    texts = keep_texts(store, map_words(lambda word: word), above)
    return {
        "areas": f"/map/{manifest['areas']}",
        "script": assets.script_url(store, "/map/assets/"),
        "texts": f"/map/{texts}",
        "places": f"/map/{places}",
        "districts": "/map/districts/{code}",
        "stats": "/map/stats",
        "state": "/map/state",
        "changes": "/map/changes?since={since}",
        "details": "/map/details/{code}",
        **LAYER_URLS,
        "search": "/map/search?q={q}",
        "village": "/villages/{code}",
        "approximate": "/villages/approximate?area={area}",
    }


def _send(stored: Stored | None) -> flask.Response:
    if stored is None:
        return flask.Response(status=404)
    sent = flask.Response(stored.body, mimetype=stored.media_type)
    if stored.encoding:
        sent.headers["Content-Encoding"] = stored.encoding
    sent.headers["Vary"] = "Accept-Encoding"
    if stored.immutable:
        sent.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return sent


def _add_files(app: flask.Flask, store: Store) -> None:
    def accepts() -> str:
        return flask.request.headers.get("Accept-Encoding", "")

    @app.get("/map/<name>")
    def artefact(name: str) -> flask.Response:
        return _send(store.open(name, accepts()))

    @app.get("/map/assets/<path:path>")
    def asset(path: str) -> flask.Response:
        return _send(store.open(f"assets/{path}", accepts()))

    @app.get("/map/districts/<code>")
    def districts(code: str) -> flask.Response:
        return _send(store.open(store.manifest()["districts"].get(code, "none"), accepts()))

    @app.get("/static/host.js")
    def host_script() -> flask.Response:
        source = (assets._OURS / "host.js").read_bytes()
        return flask.Response(source, mimetype="text/javascript")


def _add_data(app: flask.Flask, world: World) -> None:
    def reply(body: bytes, mimetype: str = "application/json") -> flask.Response:
        return flask.Response(body, mimetype=mimetype, headers={"Cache-Control": "no-cache"})

    @lru_cache(maxsize=2)
    def encoded(version: int) -> tuple[bytes, bytes]:
        """Encode what stands at a version once, as the product does."""
        counts = columns.encode_stats(version, world.places, world.progress)
        return counts, columns.encode_state(version, world.progress)

    @app.get("/map/stats")
    def stats() -> flask.Response:
        return reply(encoded(world.version)[0])

    @app.get("/map/state")
    def state() -> flask.Response:
        return reply(encoded(world.version)[1], "application/octet-stream")

    @app.get("/map/changes")
    def changes() -> flask.Response:
        since = int(flask.request.args["since"])
        if since == world.version:
            return flask.Response(status=204)
        rows = [row for version, row in world.log if version > since]
        if not rows:
            return reply(columns.encode_reload(world.version))
        return reply(columns.encode_changes(world.version, rows, world.places, world.progress))

    @app.get("/map/details/<code>")
    def details(code: str) -> flask.Response:
        named = {k: v for k, v in world.region_names.items() if k.startswith(f"{code}.")}
        regency = columns.Regency(code, world.region_names[code], named)
        return reply(columns.encode_details(regency, world.places, world.names, world.progress))

    @app.get("/map/search")
    def search() -> flask.Response:
        return reply(columns.encode_results(_find(world, flask.request.args["q"].lower())))


def _find(world: World, wanted: str) -> list[columns.Found]:
    found = [
        columns.Found(code, name, world.region_names.get(code[:-3], ""), -7.5, 110.8)
        for code, name in world.region_names.items()
        if wanted in name.lower()
    ][:3]
    for row, name in enumerate(world.names):
        if wanted in name.lower() and len(found) < 8:
            code = str(world.places.codes[row])
            where = f"{world.region_names[code[:8]]}, {world.region_names[code[:5]]}"
            latitude, longitude = world.places.latitudes[row], world.places.longitudes[row]
            found.append(columns.Found(code, name, where, float(latitude), float(longitude)))
    return found


class _Answers:
    """The app, and the answers it is at work on: a browser goes without waiting for them."""

    def __init__(self, app: flask.Flask) -> None:
        self.app = app
        self.under_way = 0
        self.closed = False
        self.change = threading.Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self.change:
            if self.closed:
                return flask.Response(status=503)(environ, start_response)
            self.under_way += 1
        try:
            return ClosingIterator(self.app(environ, start_response), self._done)
        except BaseException:
            self._done()
            raise

    def _done(self) -> None:
        with self.change:
            self.under_way -= 1
            self.change.notify_all()

    def finish(self) -> None:
        """Take no more and wait for the rest, within reason: they hold connections."""
        with self.change:
            self.closed = True
            self.change.wait_for(lambda: self.under_way == 0, timeout=10)


@contextmanager
def serving(app: flask.Flask) -> Iterator[str]:
    """Serve *app* on a free port of this machine while the block runs; answer its address."""
    answers = _Answers(app)
    server = make_server("127.0.0.1", 0, answers, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
        answers.finish()


def as_json(body: bytes) -> Any:
    return json.loads(body)

"""What is built once is served as it is: whole, compressed, and under a name that never lies."""

from __future__ import annotations

import gzip
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import brotli
import pytest

from outreach.maps import assets
from outreach.maps.artefacts import (
    PLACES_KEPT,
    Store,
    forget_old_places,
    keep_places,
    keep_texts,
    write_whole,
)

if TYPE_CHECKING:
    from pathlib import Path

    from outreach.maps.columns import Places


def test_the_same_content_has_the_same_name_and_other_content_another(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.keep("names", ".json", b"{}")
    assert store.keep("names", ".json", b"{}") == first
    assert store.keep("names", ".json", b"[]") != first
    assert keep_texts(store, {"map": "Peta"}, {"33": "Jawa Tengah"}).startswith("texts-")


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", ""),
        ("", ""),
    ],
)
def test_a_reader_gets_what_it_takes(tmp_path: Path, accepts: str, encoding: str) -> None:
    store = Store(tmp_path)
    body = b'{"33":"Jawa Tengah"}' * 50
    stored = store.open(store.keep("names", ".json", body), accepts)
    assert stored is not None
    assert (stored.encoding, stored.immutable) == (encoding, True)
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[encoding]
    assert unpack(stored.body) == body
    assert stored.media_type == "application/json"


@pytest.mark.parametrize(
    "name", ["../secret.json", "/etc/passwd", "names.json", "a/../../b.json", ".hidden.json", ""]
)
def test_nothing_outside_is_served(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.json").write_bytes(b"{}")
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / ".hidden.json").write_bytes(b"{}")
    assert Store(tmp_path / "maps").open(name) is None


def test_scopes_with_the_same_villages_share_a_file(tmp_path: Path, places: Places) -> None:
    store = Store(tmp_path)
    assert keep_places(store, places) == keep_places(store, places)
    assert keep_places(store, places).endswith(".bin")


def test_only_places_long_out_of_use_are_removed(tmp_path: Path, places: Places) -> None:
    store, now = Store(tmp_path), datetime.now(UTC)
    in_use = keep_places(store, places)
    fresh = store.keep("places", ".bin", b"of a filter chosen yesterday")
    store.keep("places", ".bin", b"of a registry long gone")
    kept = {*tmp_path.glob(f"{in_use}*"), *tmp_path.glob(f"{fresh}*")}
    names = {tmp_path / (store.keep("names", ".json", b"{}") + ending) for ending in ("", ".br")}
    long_ago = (now - PLACES_KEPT - timedelta(days=1)).timestamp()
    for path in tmp_path.iterdir():
        if not path.name.startswith(fresh):
            os.utime(path, (long_ago, long_ago))
    assert keep_places(store, places) == in_use  # asked for again
    assert forget_old_places(store, now) == 1
    assert set(tmp_path.glob("places-*")) == kept
    assert all(path.exists() for path in names)


def test_one_script_holds_leaflet_and_ours_with_styles_and_pictures(built: Path) -> None:
    store = Store(built)
    url = assets.script_url(store, "/map/assets/")
    script = store.open("assets/" + url.removeprefix("/map/assets/"))
    assert script is not None
    assert b"Leaflet 1.9.3" in script.body
    assert b"Outreach.Choropleth" in script.body
    assert b".o-legend" in script.body
    assert script.body.count(b"url(data:image/png;base64,") == 2
    assert b"images/" not in script.body
    assert b"Reads the binary answers" not in script.body  # a comment, for readers only
    assert assets.build_assets(built) == store.manifest()["assets"]
    on_disk = {file.stem for file in assets._OURS.glob("*.js")} - {"host"}
    assert on_disk == set(assets.SCRIPTS)


def test_writers_of_the_manifest_do_not_lose_each_others_entries(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.note(**{f"entry{n}": n}), range(200)))
    assert store.manifest() == {f"entry{n}": n for n in range(200)}


def test_two_writers_of_one_file_do_not_harm_each_other(tmp_path: Path) -> None:
    data = b"x" * 200_000
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            path = tmp_path / f"{number}.bin"
            list(pool.map(lambda _, path=path: write_whole(path, data), range(8)))
    assert {path.stat().st_size for path in tmp_path.iterdir()} == {len(data)}
    assert len(list(tmp_path.iterdir())) == 20

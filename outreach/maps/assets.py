"""The script of the maps: Leaflet, ours and their styles and pictures in one file.

Leaflet comes from the package XStatic-Leaflet, the version that Folium loads. The page around a map
fetches the file, which a browser keeps, and hands it to the frame, for which it would keep nothing:
a frame of opaque origin has no cache.
"""

from __future__ import annotations

import base64
import json
import re
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING

from xstatic.pkg import leaflet

import outreach
from outreach.maps.artefacts import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

_OURS = Path(outreach.__file__).parent / "web" / "static" / "map"
_LEAFLET = Path(leaflet.BASE_DIR)
#: In the order in which they build on each other.
SCRIPTS = (
    "core", "writing", "bridge", "topology", "columns", "data", "canvas", "figures", "lens",
    "patterns", "split", "choropleth", "symbols", "lens_villages", "villages", "bubbles", "labels",
    "card", "pointer", "legend", "summary", "layers", "weeks", "search", "view", "live", "trips",
)  # fmt: skip
_PICTURE = re.compile(r"url\((images/[a-z0-9-]+\.png)\)")
#: Stands between the parts of the script, which run one by one so that none takes long.
_PART = "\n//--\n"
_AT_ONCE = 6
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
#: What a reader needs and a browser does not: comments that begin a line, and indents.
_FOR_READERS = re.compile(r"^[ \t]*(/\*.*?\*/|//[^\n]*)?[ \t]*\n?", re.MULTILINE | re.DOTALL)


def build_assets(out_dir: Path) -> dict[str, str]:
    """Join and compress the scripts and styles below `out_dir/assets`; answer their names.

    Built again, the same sources give the same names; new sources new ones.
    """
    store = Store(out_dir)
    ours = ["\n".join(map(_slim, some)) for some in batched(_ours(), _AT_ONCE)]
    dress = f"Outreach.dress({json.dumps(_style())});"
    script = _PART.join([(_LEAFLET / "leaflet.js").read_text(encoding="utf-8"), *ours, dress])
    names = {"script": store.keep("assets/map", ".js", _plain(script), best=True)}
    store.note(assets=names)
    return names


def script_url(store: Store, prefix: str) -> str:
    """Answer the address of what `build_assets` made; *prefix* is that of the assets route.

    Raises KeyError before the first build.
    """
    name: str = store.manifest()["assets"]["script"]
    return prefix + name.removeprefix("assets/")


def _ours() -> Iterable[str]:
    return ((_OURS / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)


def _plain(script: str) -> bytes:
    """Write signs beyond ASCII as escapes: with one of them a browser takes two bytes for each."""
    return _BEYOND_ASCII.sub(lambda sign: json.dumps(sign[0])[1:-1], script).encode("ascii")


def _slim(source: str) -> str:
    return _FOR_READERS.sub("", source)


def _style() -> str:
    """Join the styles; their pictures stand in them, for the frame may fetch none."""
    files = (_LEAFLET / "leaflet.css", _OURS / "map.css")
    styles = "\n".join(_slim(file.read_text(encoding="utf-8")) for file in files)
    return _PICTURE.sub(_inline, styles)


def _inline(picture: re.Match[str]) -> str:
    if "marker" in picture[1]:  # no map of ours has markers of Leaflet's own look
        return "none"
    data = base64.b64encode((_LEAFLET / picture[1]).read_bytes()).decode()
    return f"url(data:image/png;base64,{data})"

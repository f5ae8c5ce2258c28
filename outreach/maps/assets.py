"""The scripts, styles and pictures of the maps: one script and one style sheet, ours and Leaflet's.

Leaflet comes from the package XStatic-Leaflet, the version that Folium loads. Everything is public:
the frame that loads it has no login.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xstatic.pkg import leaflet

import outreach
from outreach.maps.artefacts import Store, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

_OURS = Path(outreach.__file__).parent / "web" / "static" / "map"
_LEAFLET = Path(leaflet.BASE_DIR)
#: In the order in which they build on each other.
SCRIPTS = (
    "core", "bridge", "topology", "columns", "data", "canvas", "choropleth", "symbols", "villages",
    "bubbles", "labels", "card", "pointer", "legend", "summary", "search", "view", "live", "trips",
)  # fmt: skip
_PICTURES = ("layers.png", "layers-2x.png")


@dataclass(frozen=True, slots=True)
class AssetUrls:
    """Where the frame finds its script and its style sheet."""

    script: str
    style: str


def build_assets(out_dir: Path) -> dict[str, str]:
    """Join and compress the scripts and styles below `out_dir/assets`; answer their names.

    Built again, the same sources give the same names; new sources new ones.
    """
    store = Store(out_dir)
    ours = [_OURS / f"{name}.js" for name in SCRIPTS]
    names = {
        "script": store.keep("assets/map", ".js", _join([_LEAFLET / "leaflet.js", *ours])),
        "style": store.keep(
            "assets/map", ".css", _join([_LEAFLET / "leaflet.css", _OURS / "map.css"])
        ),
    }
    for picture in _PICTURES:  # beside the style sheet, where Leaflet's rules look for them
        write_whole(
            out_dir / "assets" / "images" / picture, (_LEAFLET / "images" / picture).read_bytes()
        )
    store.note(assets=names)
    return names


def asset_urls(store: Store, prefix: str) -> AssetUrls:
    """Answer the addresses of what `build_assets` made; *prefix* is that of the assets route.

    Raises KeyError before the first build.
    """
    names = store.manifest()["assets"]
    script, style = (names[key].removeprefix("assets/") for key in ("script", "style"))
    return AssetUrls(script=prefix + script, style=prefix + style)


def _join(files: Iterable[Path]) -> bytes:
    return b"\n".join(file.read_bytes() for file in files)

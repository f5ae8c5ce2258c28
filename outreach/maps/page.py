"""Folium's map as a page of our own: our assets, a nonce, a strict policy, a sandbox."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import jinja2
from branca.element import Element, Figure
from markupsafe import Markup

from outreach.maps.safe import SANDBOX

if TYPE_CHECKING:
    from collections.abc import Iterator

NATION = ((-10.95, 95.0), (5.95, 141.0))
#: Far enough that no islet lies outside, near enough that nobody gets lost.
_LIMITS = [[-18.0, 84.0], [14.0, 152.0]]

type Bounds = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class View:
    """What a map shows first: an area by its code ("" is all), bounds as south-west, north-east.

    `own` are the codes of the regions that are counted: of any region around them, only a part.
    """

    language: str = "id"
    area: str = ""
    bounds: Bounds = NATION
    own: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class FramePage:
    """A document for the sandboxed frame and the headers it must be sent with."""

    html: str
    nonce: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        headers = {
            "Content-Security-Policy": frame_policy(self.nonce),
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "private, no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        object.__setattr__(self, "headers", headers)


class LeanMap(folium.Map):
    """A Folium map without Folium's own assets and without tiles: nothing leaves our host."""

    def __init__(self, view: View) -> None:
        (south, west), (north, east) = view.bounds
        super().__init__(
            location=[(south + north) / 2, (west + east) / 2],
            zoom_start=5,
            tiles=None,
            attribution_control=False,
            zoom_control=False,
            zoom_snap=0.25,
            wheel_px_per_zoom_level=90,
            max_bounds=True,
            min_lat=_LIMITS[0][0],
            min_lon=_LIMITS[0][1],
            max_lat=_LIMITS[1][0],
            max_lon=_LIMITS[1][1],
        )
        # Folium gives its own arguments of these names to the tiles only, and we have none.
        self.options |= {"minZoom": 3, "maxZoom": 16}
        # On the instance: the class's lists are shared by every map of the process.
        self.default_js, self.default_css = [], []


def put[T: Element](part: T, on: LeanMap) -> T:
    """Add a part to the map and answer it with its own type, which Folium's `add_to` forgets."""
    part.add_to(on)
    return part


def frame_policy(nonce: str) -> str:
    """Answer the content policy of the frame: what bears its nonce, no network, opaque origin."""
    return "; ".join(
        [
            f"sandbox {SANDBOX}",
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            f"style-src 'nonce-{nonce}'",
            "img-src data: blob:",
            "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        ]
    )


def compose(drawn: LeanMap, *, language: str, title: str) -> FramePage:
    """Render a map into our own document, leaving out Folium's header.

    Its script waits in a function until the page around the frame has handed over ours.
    """
    root = drawn.get_root()
    assert isinstance(root, Figure)  # noqa: S101 - a map not put elsewhere makes its own figure
    for number, part in enumerate(_parts(root)):
        part._id = str(number)  # noqa: SLF001 - Folium's are long and of chance
    root.render()
    nonce = secrets.token_urlsafe(16)
    html = _template().render(
        language=language,
        title=title,
        body=Markup(root.html.render()),  # noqa: S704 - one empty div
        # Folium indents generously; no string of ours holds a line break.
        script=Markup(re.sub(r"\s*\n\s*", "\n", root.script.render())),  # noqa: S704 - inert JSON only
        nonce=nonce,
    )
    return FramePage(html=html, nonce=nonce)


def _parts(of: Element) -> Iterator[Element]:
    for part in of._children.values():  # noqa: SLF001 - branca has no other way in
        yield part
        yield from _parts(part)


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    source = Path(__file__).with_name("frame.html").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True).from_string(source)


def facts_of(view: View, **more: Any) -> dict[str, Any]:
    """Gather what the scripts' shared data needs to know from the start."""
    return {"area": view.area, "own": view.own, **more}

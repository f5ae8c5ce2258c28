"""Styles of QGIS (QML) for the exported layers, in the colours and shapes of the map."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
#: Of the map: cream to navy, monotone in lightness.
_RAMP = ("#f6f1da", "#d9e4bf", "#a5d0b5", "#63b3ad", "#2f8ea3", "#1a658f", "#123f6d")
_BREAKS = (0, 10, 25, 40, 55, 70, 85, 100)
#: Colour, shape and size of a village by its state, so that colour is never alone.
STATE_SYMBOLS = (
    ("#9aa7b3", "circle", "1.4"),
    ("#c2510a", "diamond", "2"),
    ("#7a4fa3", "triangle", "2.2"),
    ("#123f6d", "square", "2.2"),
)


def state_style(states: Sequence[str]) -> str:
    """Draw villages by the words of their column `status`."""
    renderer = _renderer("categorizedSymbol", "status")
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    told_states = zip(states, STATE_SYMBOLS, strict=True)
    for number, (words, (colour, shape, size)) in enumerate(told_states):
        facts = {"symbol": str(number), "value": words, "label": words, "render": "true"}
        ET.SubElement(categories, "category", facts)
        told = {"color": _rgb(colour), "name": shape, "size": size, "size_unit": "MM"}
        _symbol(
            symbols, number, "marker", "SimpleMarker", {**told, "outline_color": _rgb("#ffffff")}
        )
    return _document(renderer)


def reached_style() -> str:
    """Draw regions by the share of their villages that was reached."""
    renderer = _renderer("graduatedSymbol", "persen_terjangkau")
    renderer.set("graduatedMethod", "GraduatedColor")
    ranges, symbols = ET.SubElement(renderer, "ranges"), ET.SubElement(renderer, "symbols")
    for number, (low, high) in enumerate(itertools.pairwise(_BREAKS)):
        facts = {"lower": f"{low}.0", "upper": f"{high}.0", "symbol": str(number)}
        ET.SubElement(ranges, "range", {**facts, "label": f"{low}–{high} %", "render": "true"})
        told = {"color": _rgb(_RAMP[number]), "outline_color": _rgb("#5b6b7a"), "style": "solid"}
        _symbol(symbols, number, "fill", "SimpleFill", {**told, "outline_width": "0.2"})
    return _document(renderer)


def _renderer(kind: str, column: str) -> ET.Element:
    facts = {"type": kind, "attr": column, "enableorderby": "0", "symbollevels": "0"}
    return ET.Element("renderer-v2", {**facts, "forceraster": "0"})


def _symbol(
    symbols: ET.Element, number: int, kind: str, drawn_by: str, told: dict[str, str]
) -> None:
    facts = {"type": kind, "name": str(number), "alpha": "1", "clip_to_extent": "1"}
    symbol = ET.SubElement(symbols, "symbol", {**facts, "force_rhr": "0"})
    layer = ET.SubElement(
        symbol, "layer", {"class": drawn_by, "enabled": "1", "locked": "0", "pass": "0"}
    )
    options = ET.SubElement(layer, "Option", {"type": "Map"})
    for name, value in told.items():
        ET.SubElement(options, "Option", {"name": name, "value": value, "type": "QString"})


def _rgb(colour: str) -> str:
    return ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)) + ",255"


def _document(renderer: ET.Element) -> str:
    root = ET.Element("qgis", {"version": "3.28.0", "styleCategories": "Symbology"})
    root.append(renderer)
    return _HEAD + ET.tostring(root, encoding="unicode")

"""Styles of QGIS (QML) for the exported layers, in the colours and shapes of the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
#: Of the map, lighter to darker: of what is wished for cream to navy, of what is to be done sand to
#: wine.
RAMPS = {
    "more": ("#f6f1da", "#d9e4bf", "#a5d0b5", "#63b3ad", "#2f8ea3", "#1a658f", "#123f6d"),
    "worse": ("#fbf3df", "#f7dcb0", "#efb97f", "#dd8f5a", "#bd6440", "#8f3d33", "#571b28"),
}
_UNKNOWN, _RIM, _BORDER = "#ffffff", "#1d2733", "#5b6b7a"
#: Colour, shape and size of a village by its state, so that colour is never alone.
STATE_SYMBOLS = (
    ("#7d848b", "circle", "1.3"),
    ("#e39000", "diamond", "2.2"),
    ("#c2186f", "square", "1.9"),
    ("#0b3f8c", "ring", "2.3"),
)
#: The map shows villages from about here on; further out they would hide the regions.
_VILLAGES_FROM_SCALE = "2500000"


@dataclass(frozen=True, slots=True)
class Classes:
    """A column parted into seven classes by six upper limits, and the words of each.

    Rows without a value have a look of their own, told by the words of `nothing`.
    """

    column: str
    limits: Sequence[float]
    labels: Sequence[str]
    ramp: str
    nothing: str

    def filters(self) -> list[str]:
        """Tell in QGIS's words which rows are in which class; the last ones have no value."""
        column = f'"{self.column}"'
        above = ["", *(f"{column} >= {limit:g} AND " for limit in self.limits)]
        below = [*(f"{column} < {limit:g}" for limit in self.limits), f"{column} IS NOT NULL"]
        told = [low + high for low, high in zip(above, below, strict=True)]
        return [*told, f"{column} IS NULL"]


@dataclass(frozen=True, slots=True)
class Looks:
    """How the layers are drawn: villages by the words of their `status`, regions by classes.

    `states` are the words with the number of the state whose sign they have. Villages have
    `villages` for their colour where the map is coloured by something else than their state.
    """

    states: Mapping[str, int]
    regions: Classes
    villages: Classes | None = None


def village_style(looks: Looks) -> str:
    """Draw villages by their state; in the colours of a layer if it has some."""
    if looks.villages is not None:
        return _classes_of_villages(looks.villages, looks.states)
    renderer = _renderer("categorizedSymbol", attr="status")
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    for words, state in looks.states.items():
        facts = {"symbol": str(state), "value": words, "label": words, "render": "true"}
        ET.SubElement(categories, "category", facts)
        colour, shape, size = STATE_SYMBOLS[state]
        symbol = _symbol(symbols, state, "marker")
        _marker(symbol, colour, _plain(shape), size)
        if shape == "ring":
            _marker(symbol, "#ffffff", "circle", "0.8")
    return _document(renderer, near=True)


def region_style(classes: Classes) -> str:
    """Draw regions by the class of their figure."""
    renderer, symbols = _rules(classes)
    for number, colour in enumerate((*RAMPS[classes.ramp], _UNKNOWN)):
        style = "solid" if colour != _UNKNOWN else "b_diagonal"
        told = {"color": _rgb(colour if style == "solid" else _BORDER), "style": style}
        border = {"outline_color": _rgb(_BORDER), "outline_width": "0.2"}
        _layer(_symbol(symbols, number, "fill"), "SimpleFill", told | border)
    return _document(renderer)


def _classes_of_villages(classes: Classes, states: Mapping[str, int]) -> str:
    """Tell the layer by the colour and the state by the shape, as the map does."""
    renderer, symbols = _rules(classes)
    shape = _by_status({words: _plain(STATE_SYMBOLS[one][1]) for words, one in states.items()})
    size = _by_status({words: STATE_SYMBOLS[one][2] for words, one in states.items()})
    for number, colour in enumerate((*RAMPS[classes.ramp], _UNKNOWN)):
        symbol = _symbol(symbols, number, "marker")
        layer = _marker(symbol, colour, "circle", "2", rim=_RIM)
        _depending(layer, {"name": shape, "size": size})
    return _document(renderer, near=True)


def _plain(shape: str) -> str:
    """Name a shape as QGIS does: it makes a ring of two circles."""
    return "circle" if shape == "ring" else shape


def _by_status(values: Mapping[str, str]) -> str:
    """Write an expression of QGIS that chooses by the words of a village's state."""
    quoted = {words.replace("'", "''"): value for words, value in values.items()}
    cases = " ".join(f"WHEN \"status\" = '{words}' THEN '{v}'" for words, v in quoted.items())
    return f"CASE {cases} END"


def _renderer(kind: str, **facts: str) -> ET.Element:
    usual = {"enableorderby": "0", "symbollevels": "0", "forceraster": "0"}
    return ET.Element("renderer-v2", {"type": kind, **facts, **usual})


def _rules(classes: Classes) -> tuple[ET.Element, ET.Element]:
    """Begin a renderer that draws each class by its own symbol, of the same number."""
    renderer = _renderer("RuleRenderer")
    rules, symbols = ET.SubElement(renderer, "rules"), ET.SubElement(renderer, "symbols")
    rules.set("key", "{classes}")
    told = zip(classes.filters(), (*classes.labels, classes.nothing), strict=True)
    for number, (which, label) in enumerate(told):
        facts = {"key": f"{{class-{number}}}", "symbol": str(number), "filter": which}
        ET.SubElement(rules, "rule", {**facts, "label": label})
    return renderer, symbols


def _symbol(symbols: ET.Element, number: int, kind: str) -> ET.Element:
    facts = {"type": kind, "name": str(number), "alpha": "1", "clip_to_extent": "1"}
    return ET.SubElement(symbols, "symbol", {**facts, "force_rhr": "0"})


def _marker(
    symbol: ET.Element, colour: str, shape: str, size: str, rim: str = "#ffffff"
) -> ET.Element:
    told = {"color": _rgb(colour), "name": shape, "size": size, "size_unit": "MM"}
    return _layer(symbol, "SimpleMarker", {**told, "outline_color": _rgb(rim)})


def _layer(symbol: ET.Element, drawn_by: str, told: Mapping[str, str]) -> ET.Element:
    facts = {"class": drawn_by, "enabled": "1", "locked": "0", "pass": "0"}
    layer = ET.SubElement(symbol, "layer", facts)
    _options(layer, told)
    return layer


def _options(parent: ET.Element, told: Mapping[str, str], name: str = "") -> ET.Element:
    facts = {"type": "Map"} | ({"name": name} if name else {})
    options = ET.SubElement(parent, "Option", facts)
    for key, value in told.items():
        ET.SubElement(options, "Option", {"name": key, "value": value, "type": "QString"})
    return options


def _depending(layer: ET.Element, expressions: Mapping[str, str]) -> None:
    """Let properties of a symbol depend on the row that is drawn."""
    held = ET.SubElement(ET.SubElement(layer, "data_defined_properties"), "Option", {"type": "Map"})
    ET.SubElement(held, "Option", {"name": "name", "value": "", "type": "QString"})
    every = ET.SubElement(held, "Option", {"name": "properties", "type": "Map"})
    for name, expression in expressions.items():
        one = _options(every, {"expression": expression}, name)
        ET.SubElement(one, "Option", {"name": "active", "value": "true", "type": "bool"})
        ET.SubElement(one, "Option", {"name": "type", "value": "3", "type": "int"})
    ET.SubElement(held, "Option", {"name": "type", "value": "collection", "type": "QString"})


def _rgb(colour: str) -> str:
    return ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)) + ",255"


def _document(renderer: ET.Element, *, near: bool = False) -> str:
    facts = {"version": "3.22.0", "styleCategories": "Symbology|Rendering"}
    scale = {"minScale": _VILLAGES_FROM_SCALE, "maxScale": "0"} if near else {}
    flag = {"hasScaleBasedVisibilityFlag": "1" if near else "0"}
    root = ET.Element("qgis", facts | flag | scale)
    root.append(renderer)
    return _HEAD + ET.tostring(root, encoding="unicode")

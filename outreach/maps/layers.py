"""Folium layers and controls that hand over to our scripts in one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branca.element import Element, Figure, MacroElement
from folium.elements import JSCSSMixin
from folium.map import Layer
from folium.template import Template

from outreach.maps.safe import html_text, script_json

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAKE = """new Outreach.{{ this.kind }}({
{%- for key, element in this.links.items() %}{{ key }}: {{ element.get_name() }}, {% endfor -%}
...{{ this.facts }}})"""


class _Written(Element):
    """Script as it stands; Folium's own element would compile it as a template once more."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **_kwargs: Any) -> str:
        return self._text


class _Scripted(MacroElement):
    """What all carry: a class of ours, other elements by name, facts as inert JSON."""

    kind: str
    links: dict[str, Element]
    facts: str

    def _hold(self, kind: str, links: Mapping[str, Element], facts: Mapping[str, Any]) -> None:
        self.kind = kind
        self.links = dict(links)
        self.facts = script_json(dict(facts))

    def render(self, **kwargs: Any) -> str:
        figure = self.get_root()
        assert isinstance(figure, Figure)  # noqa: S101 - `page.compose` draws whole pages only
        text = str(self._template.module.script(self, kwargs))
        figure.script.add_child(_Written(text), name=self.get_name())
        for child in self._children.values():
            child.render(**kwargs)
        return text


class CanvasLayer(JSCSSMixin, Layer, _Scripted):
    """A layer drawn by a class of ours; without a title it is not in the layers control."""

    _template = Template(
        "{% macro script(this, kwargs) %}var {{ this.get_name() }} = " + _MAKE + ";{% endmacro %}"
    )

    def __init__(
        self,
        kind: str,
        *,
        title: str = "",
        links: Mapping[str, Element] | None = None,
        **facts: Any,
    ) -> None:
        # Leaflet's layers control takes the name as markup.
        super().__init__(name=html_text(title), overlay=True, control=bool(title), show=True)
        self._name = kind
        self._hold(kind, links or {}, facts)


class Part(_Scripted):
    """A control or a helper of ours that joins the map by `addTo`."""

    _template = Template(
        "{% macro script(this, kwargs) %}var {{ this.get_name() }} = "
        + _MAKE
        + ".addTo({{ this._parent.get_name() }});{% endmacro %}"
    )

    def __init__(self, kind: str, links: Mapping[str, Element] | None = None, **facts: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = kind
        self._hold(kind, links or {}, facts)


class Knowledge(_Scripted):
    """The data that all layers of one map share."""

    _template = Template(
        "{% macro script(this, kwargs) %}var {{ this.get_name() }} = " + _MAKE + ";{% endmacro %}"
    )

    def __init__(self, **facts: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Data"
        self._hold("Data", {}, facts)


class Start(_Scripted):
    """Begins to load; the last element, when all that listens is there."""

    _template = Template(
        "{% macro script(this, kwargs) %}Outreach.begin({{ this.data.get_name() }});{% endmacro %}"
    )

    def __init__(self, data: Knowledge) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Start"
        self.data = data

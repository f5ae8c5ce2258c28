"""The one encoder for text on its way into a Folium page.

Folium writes text into back-ticked strings, into scripts and into HTML: `</script>`, back-ticks and
`${...}` in a village's name run as code there, escaped for HTML or not. So no text goes through
Folium's own templates: facts go through `script_json` into our one-line scripts, which build
elements by `textContent`; the few names that Leaflet takes as markup go through `html_text`.
"""

from __future__ import annotations

import html
import json
from typing import Any

_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&'`$\x7f"}
_UNSAFE_HTML = {ord("\\"): "&#92;", ord("`"): "&#96;", ord("$"): "&#36;"}

#: What a frame with a map may do, in its policy and in the `sandbox` attribute of the element:
#: neither open windows nor lead elsewhere, for the page around it follows the links.
SANDBOX = "allow-scripts"


def script_json(value: Any) -> str:
    """Encode a value as JSON that is inert inside a script, an attribute or a template string."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).translate(_UNSAFE)


def html_text(text: str) -> str:
    """Encode text as HTML that is inert inside a script's strings of any quotes, too."""
    return html.escape(text).translate(_UNSAFE_HTML)

"""The forms that stand on our pages, as a browser would send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

#: What is sent only if it is pressed or chosen.
_PRESSED = {"submit", "button", "image", "reset"}
_TICKED = {"checkbox", "radio"}


@dataclass
class Form:
    """One form: where it goes, every name it may send, and what it sends as it stands."""

    path: str
    names: set[str] = field(default_factory=set)
    sent: dict[str, list[str]] = field(default_factory=dict)

    def take(self, name: str, value: str) -> None:
        self.sent.setdefault(name, []).append(value)


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.found, self.form = page, list[Form](), None
        self.select: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.area: str | None = None
        self.text = ""

    form: Form | None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told: dict[str, Any] = dict(attrs)
        name, value = told.get("name") or "", told.get("value") or ""
        if tag == "form":
            is_post = (told.get("method") or "get").lower() == "post"
            path = urljoin(self.page, told.get("action") or self.page)
            self.form = Form(path.partition("?")[0]) if is_post else None
        if self.form is None or (not name and tag != "option"):
            return
        self.form.names.add(name)
        if tag == "input":
            self._input(name, value, told)
        elif tag == "button" and value:
            self.form.sent.setdefault(name, [value])
        elif tag == "select":
            self.select, self.options = name, []
        elif tag == "textarea":
            self.area, self.text = name, ""
        elif tag == "option":
            self.options.append((value, "selected" in told))

    def _input(self, name: str, value: str, told: dict[str, Any]) -> None:
        kind = told.get("type") or "text"
        if self.form is None or kind in _PRESSED or kind == "file":
            return
        if kind not in _TICKED or "checked" in told:
            self.form.take(name, value or ("on" if kind in _TICKED else ""))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        if self.form is None:
            return
        if tag == "form":
            self.found.append(self.form)
            self.form = None
        elif tag == "select" and self.select:
            chosen = [v for v, is_chosen in self.options if is_chosen]
            for value in chosen or [value for value, _ in self.options[:1]]:
                self.form.take(self.select, value)
            self.select = None
        elif tag == "textarea" and self.area:
            self.form.take(self.area, self.text.strip())
            self.area = None


def forms_of(page: str, html: str) -> list[Form]:
    """Read the forms of a page that change something; *page* is its own path."""
    reader = _Reader(page)
    reader.feed(html)
    return reader.found

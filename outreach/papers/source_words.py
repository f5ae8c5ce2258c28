"""Where figures come from, in the words of papers and letters, which are Indonesian."""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations, translation

from outreach.config import ROOT

#: The pages say the same of the sources that come with the product: one catalogue serves both.
_CATALOGUES = ROOT / "outreach" / "web" / "translations"


def source_words(source: str) -> str:
    """Say in Indonesian where a figure comes from; a source of somebody's own stays as told."""
    return _catalogue().gettext(source) if source else ""


@cache
def _catalogue() -> NullTranslations:
    return translation("messages", _CATALOGUES, languages=["id"], fallback=True)

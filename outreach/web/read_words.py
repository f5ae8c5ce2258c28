"""Words of the document for programs: English there, in the reader's language on its page."""

from __future__ import annotations


def tell(words: str) -> str:
    """Mark words for the catalogues; who shows them to people has them translated."""
    return words

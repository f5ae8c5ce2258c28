"""What stands in the database of the tests, table by table, to be compared before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import outreach.schema

if TYPE_CHECKING:
    from flask import Flask

#: What no form changes, and is too much to read again and again.
REGISTRY = frozenset({"village", "district", "regency", "province"})
#: What moves by looking alone: when a phone last spoke, how often a code was guessed.
MOVES_BY_ITSELF = {"last_seen_at", "last_used_at", "tries", "skew_seconds", "unsent", "behind_pin"}

type Rows = dict[str, list[dict[str, Any]]]


def rows_of(app: Flask) -> Rows:
    """Read every table that a form may change, in the order of its rows."""
    with app.extensions["outreach"].engine.connect() as connection:
        return {
            name: [
                {key: value for key, value in row.items() if key not in MOVES_BY_ITSELF}
                for row in connection.execute(
                    table.select().order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for name, table in outreach.schema.metadata.tables.items()
            if name not in REGISTRY
        }

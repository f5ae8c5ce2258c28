"""An index of the visits that are to come or were sent back: looked for every few seconds."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UNFINISHED = "work IN ('proposed', 'awaiting_confirmation', 'confirmed', 'sent_back')"


def upgrade() -> None:
    op.create_index(
        "ix_visit_unfinished",
        "visit",
        ["work", "day"],
        unique=False,
        sqlite_where=sa.text(UNFINISHED),
        postgresql_where=sa.text(UNFINISHED),
    )


def downgrade() -> None:
    op.drop_index("ix_visit_unfinished", table_name="visit")

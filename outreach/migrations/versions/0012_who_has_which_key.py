"""Processes tell a fingerprint of their key, so that one with another key is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = sa.Column("key_fingerprint", sa.String(), nullable=False, server_default="")
    op.add_column("heartbeat", told)


def downgrade() -> None:
    with op.batch_alter_table("heartbeat") as lines:
        lines.drop_column("key_fingerprint")

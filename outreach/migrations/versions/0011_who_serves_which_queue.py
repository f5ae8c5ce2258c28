"""Workers tell which queues they serve, so that a kind of work that nobody does is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = sa.Column("queues", sa.String(), nullable=False, server_default="")
    op.add_column("heartbeat", told)


def downgrade() -> None:
    with op.batch_alter_table("heartbeat") as lines:
        lines.drop_column("queues")

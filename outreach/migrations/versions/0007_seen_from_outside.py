"""Seen from outside: heartbeats, and the request that asked for background work."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('heartbeat',
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sa.Enum('web', 'worker', 'sweeper', name='processkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('host', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('started_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('seen_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('errors', sa.Integer(), nullable=False),
    sa.CheckConstraint('errors >= 0', name=op.f('ck_heartbeat_errors_not_negative')),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_heartbeat'))
    )
    with op.batch_alter_table('heartbeat', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_heartbeat_seen_at'), ['seen_at'], unique=False)

    with op.batch_alter_table('asked_bound', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lease_lost_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('request_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.create_index(batch_op.f('ix_asked_bound_lease_lost_at'), ['lease_lost_at'], unique=False)

    with op.batch_alter_table('batch', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lease_lost_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('retried_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.create_index(batch_op.f('ix_batch_lease_lost_at'), ['lease_lost_at'], unique=False)

    with op.batch_alter_table('plan_run', schema=None) as batch_op:
        batch_op.add_column(sa.Column('request_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))

    with op.batch_alter_table('what_if', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lease_lost_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('retried_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('request_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.create_index(batch_op.f('ix_what_if_lease_lost_at'), ['lease_lost_at'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('what_if', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_what_if_lease_lost_at'))
        batch_op.drop_column('request_id')
        batch_op.drop_column('retried_at')
        batch_op.drop_column('lease_lost_at')

    with op.batch_alter_table('plan_run', schema=None) as batch_op:
        batch_op.drop_column('request_id')

    with op.batch_alter_table('batch', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_batch_lease_lost_at'))
        batch_op.drop_column('retried_at')
        batch_op.drop_column('lease_lost_at')

    with op.batch_alter_table('asked_bound', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_asked_bound_lease_lost_at'))
        batch_op.drop_column('request_id')
        batch_op.drop_column('lease_lost_at')

    with op.batch_alter_table('heartbeat', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_heartbeat_seen_at'))

    op.drop_table('heartbeat')

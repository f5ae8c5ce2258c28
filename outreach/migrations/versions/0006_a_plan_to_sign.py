"""A plan a coordinator would sign: calendar, access, weights, stays and bounds."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REMEDIES = [
    'locate_village', 'overnight_stay', 'boat', 'longer_day', 'open_a_day', 'another_weekday', 'add_team',
    'longer_stage', 'next_stage',
]
NEW_REMEDIES = ['boat', 'another_weekday']


def _check_words(table: str, column: str, words: list[str]) -> None:
    """Let a check hold the words that a column may have from now on."""
    rule = f"{column} IN ({', '.join(repr(word) for word in words)})"
    name = op.f(f"ck_{table}_{column}")
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, rule)


def upgrade() -> None:
    op.create_table('calendar_rule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('region_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('layer', sa.Enum('holiday', 'joint_leave', 'ramadan', 'islamic_feast', 'friday', 'sunday', 'nyepi', 'galungan', 'market', 'planting', 'harvest', 'election', 'feast', 'flood', 'monsoon', 'office_hours', 'other', name='calendarlayer', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('effect', sa.Enum('off', 'soft', 'hard', name='effect', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('weight_minutes', sa.Integer(), nullable=False),
    sa.Column('months', sa.JSON(), nullable=False),
    sa.Column('weekdays', sa.JSON(), nullable=False),
    sa.Column('opens', sa.Time(), nullable=True),
    sa.Column('closes', sa.Time(), nullable=True),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('opens IS NULL OR opens < closes', name=op.f('ck_calendar_rule_office_has_hours')),
    sa.CheckConstraint('weight_minutes BETWEEN 0 AND 1440', name=op.f('ck_calendar_rule_weight_minutes')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_rule'))
    )
    with op.batch_alter_table('calendar_rule', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_calendar_rule_region_code'), ['region_code'], unique=False)
        batch_op.create_index('uq_calendar_rule_region_layer', ['region_code', 'layer'], unique=True)

    op.create_table('feast_date',
    sa.Column('feast', sa.Enum('ramadan', 'idul_fitri', 'idul_adha', 'hijri_new_year', 'maulid', 'isra_miraj', 'nyepi', 'galungan', 'kuningan', name='feast', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('nth', sa.Integer(), nullable=False),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('nth BETWEEN 1 AND 2', name=op.f('ck_feast_date_nth')),
    sa.CheckConstraint('starts <= ends', name=op.f('ck_feast_date_starts_before_it_ends')),
    sa.PrimaryKeyConstraint('feast', 'year', 'nth', name=op.f('pk_feast_date'))
    )
    op.create_table('village_access',
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('access', sa.Enum('road', 'boat', 'air', name='access', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('wait_minutes', sa.Integer(), nullable=True),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('wait_minutes BETWEEN 0 AND 1440', name=op.f('ck_village_access_wait_minutes')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_village_access_village_code_village')),
    sa.PrimaryKeyConstraint('village_code', name=op.f('pk_village_access'))
    )
    op.create_table('asked_bound',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('ready', 'running', 'done', 'dead', 'cancelled', name='batchstate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('fence', sa.Integer(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('lease_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('sent_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('progress', sa.Float(), nullable=False),
    sa.Column('told', sa.JSON(), nullable=False),
    sa.Column('error', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('asked_by', sa.Integer(), nullable=False),
    sa.Column('asked_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('finished_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.CheckConstraint('attempts BETWEEN 0 AND 5', name=op.f('ck_asked_bound_attempts')),
    sa.ForeignKeyConstraint(['asked_by'], ['account.id'], name=op.f('fk_asked_bound_asked_by_account')),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], name=op.f('fk_asked_bound_batch_id_batch')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_asked_bound')),
    sa.UniqueConstraint('batch_id', name=op.f('uq_asked_bound_batch_id'))
    )
    with op.batch_alter_table('asked_bound', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_asked_bound_state'), ['state'], unique=False)

    op.create_table('stay',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('stage_id', sa.Integer(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('hub_village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('travel_days', sa.JSON(), nullable=False),
    sa.Column('session_days', sa.JSON(), nullable=False),
    sa.Column('access_minutes', sa.Integer(), nullable=False),
    sa.CheckConstraint('access_minutes >= 0', name=op.f('ck_stay_access_minutes')),
    sa.CheckConstraint('starts <= ends', name=op.f('ck_stay_starts_before_it_ends')),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], name=op.f('fk_stay_batch_id_batch')),
    sa.ForeignKeyConstraint(['hub_village_code'], ['village.code'], name=op.f('fk_stay_hub_village_code_village')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_stay_stage_id_stage')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_stay_team_id_team')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stay'))
    )
    with op.batch_alter_table('stay', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stay_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_stay_stage_id'), ['stage_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_stay_team_id'), ['team_id'], unique=False)

    with op.batch_alter_table('batch', schema=None) as batch_op:
        batch_op.add_column(sa.Column('figures', sa.JSON(), nullable=False, server_default='{}'))

    with op.batch_alter_table('campaign', schema=None) as batch_op:
        batch_op.add_column(sa.Column('weights', sa.JSON(), nullable=False, server_default='{}'))

    with op.batch_alter_table('stage_village', schema=None) as batch_op:
        batch_op.add_column(sa.Column('remedy_amount', sa.Integer(), nullable=False, server_default='0'))

    with op.batch_alter_table('visit', schema=None) as batch_op:
        batch_op.add_column(sa.Column('stay_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_visit_stay_id'), ['stay_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_visit_stay_id_stay'), 'stay', ['stay_id'], ['id'])

    for table, column in (('batch', 'figures'), ('campaign', 'weights'), ('stage_village', 'remedy_amount')):
        with op.batch_alter_table(table) as batch_op:
            batch_op.alter_column(column, server_default=None)
    _check_words("stage_village", "remedy", REMEDIES)


def downgrade() -> None:
    op.execute("UPDATE stage_village SET remedy = 'next_stage' WHERE remedy IN ('boat', 'another_weekday')")
    _check_words("stage_village", "remedy", [word for word in REMEDIES if word not in NEW_REMEDIES])
    with op.batch_alter_table('visit', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_visit_stay_id_stay'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_visit_stay_id'))
        batch_op.drop_column('stay_id')

    with op.batch_alter_table('stage_village', schema=None) as batch_op:
        batch_op.drop_column('remedy_amount')

    with op.batch_alter_table('campaign', schema=None) as batch_op:
        batch_op.drop_column('weights')

    with op.batch_alter_table('batch', schema=None) as batch_op:
        batch_op.drop_column('figures')

    with op.batch_alter_table('stay', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_stay_team_id'))
        batch_op.drop_index(batch_op.f('ix_stay_stage_id'))
        batch_op.drop_index(batch_op.f('ix_stay_batch_id'))

    op.drop_table('stay')
    with op.batch_alter_table('asked_bound', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_asked_bound_state'))

    op.drop_table('asked_bound')
    op.drop_table('village_access')
    op.drop_table('feast_date')
    with op.batch_alter_table('calendar_rule', schema=None) as batch_op:
        batch_op.drop_index('uq_calendar_rule_region_layer')
        batch_op.drop_index(batch_op.f('ix_calendar_rule_region_code'))

    op.drop_table('calendar_rule')

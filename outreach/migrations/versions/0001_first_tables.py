"""first tables."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('estimate_source',
    sa.Column('figure', sa.Enum('population', 'informal_workers', 'informal_covered', 'vulnerable_workers', name='figure', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('national_total', sa.Integer(), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('figure', name=op.f('pk_estimate_source'))
    )
    op.create_table('province',
    sa.Column('code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('latitude', sa.Float(), nullable=False),
    sa.Column('longitude', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_province'))
    )
    op.create_table('registry_load',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('loaded_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('inserted', sa.Integer(), nullable=False),
    sa.Column('changed', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_load'))
    )
    op.create_table('regency',
    sa.Column('code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('province_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('zone', sa.Enum('Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura', name='zone', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('latitude', sa.Float(), nullable=False),
    sa.Column('longitude', sa.Float(), nullable=False),
    sa.Column('population', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['province_code'], ['province.code'], name=op.f('fk_regency_province_code_province')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_regency'))
    )
    with op.batch_alter_table('regency', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_regency_province_code'), ['province_code'], unique=False)

    op.create_table('district',
    sa.Column('code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('regency_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('latitude', sa.Float(), nullable=False),
    sa.Column('longitude', sa.Float(), nullable=False),
    sa.ForeignKeyConstraint(['regency_code'], ['regency.code'], name=op.f('fk_district_regency_code_regency')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_district'))
    )
    with op.batch_alter_table('district', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_district_regency_code'), ['regency_code'], unique=False)

    op.create_table('village',
    sa.Column('code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('district_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('regency_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sa.Enum('kelurahan', 'desa', 'desa_adat', name='villagekind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('zone', sa.Enum('Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura', name='zone', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('latitude', sa.Float(), nullable=False),
    sa.Column('longitude', sa.Float(), nullable=False),
    sa.Column('place_is_approximate', sa.Boolean(), nullable=False),
    sa.Column('island', sa.Integer(), nullable=False),
    sa.Column('population', sa.Integer(), nullable=False),
    sa.Column('informal_workers', sa.Integer(), nullable=False),
    sa.Column('informal_covered', sa.Integer(), nullable=False),
    sa.Column('vulnerable_workers', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['district_code'], ['district.code'], name=op.f('fk_village_district_code_district')),
    sa.ForeignKeyConstraint(['regency_code'], ['regency.code'], name=op.f('fk_village_regency_code_regency')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_village'))
    )
    with op.batch_alter_table('village', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_village_district_code'), ['district_code'], unique=False)
        batch_op.create_index(batch_op.f('ix_village_regency_code'), ['regency_code'], unique=False)

    op.create_table('branch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('regional_office', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('base_village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['base_village_code'], ['village.code'], name=op.f('fk_branch_base_village_code_village')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_branch')),
    sa.UniqueConstraint('name', name=op.f('uq_branch_name'))
    )
    op.create_table('account',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('login', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('role', sa.Enum('official', 'coordinator', 'manager', 'admin', name='role', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('password_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('password_stamp', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_account_branch_id_branch')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('login', name=op.f('uq_account_login'))
    )
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_branch_id'), ['branch_id'], unique=False)

    op.create_table('branch_regency',
    sa.Column('regency_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_branch_regency_branch_id_branch')),
    sa.ForeignKeyConstraint(['regency_code'], ['regency.code'], name=op.f('fk_branch_regency_regency_code_regency')),
    sa.PrimaryKeyConstraint('regency_code', name=op.f('pk_branch_regency'))
    )
    with op.batch_alter_table('branch_regency', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_branch_regency_branch_id'), ['branch_id'], unique=False)

    op.create_table('campaign',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('purpose', sa.Enum('acquire', 'deepen', 'keep', name='purpose', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('ecosystem', sa.Enum('village', 'market', 'e_commerce', 'small_business', 'vulnerable', name='ecosystem', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('theme', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=True),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('target_signups', sa.Integer(), nullable=False),
    sa.Column('status', sa.Enum('drafted', 'opened', 'closed', name='status', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('starts <= ends', name=op.f('ck_campaign_starts_before_it_ends')),
    sa.CheckConstraint('target_signups >= 0', name=op.f('ck_campaign_target_not_negative')),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_campaign_branch_id_branch')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaign')),
    sa.UniqueConstraint('name', name=op.f('uq_campaign_name'))
    )
    with op.batch_alter_table('campaign', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_campaign_branch_id'), ['branch_id'], unique=False)

    op.create_table('team',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('base_village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('members', sa.JSON(), nullable=False),
    sa.Column('weekdays', sa.JSON(), nullable=False),
    sa.Column('sessions_per_day', sa.Integer(), nullable=False),
    sa.Column('day_starts', sa.Time(), nullable=False),
    sa.Column('day_ends', sa.Time(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('day_starts < day_ends', name=op.f('ck_team_day_has_hours')),
    sa.CheckConstraint('sessions_per_day BETWEEN 1 AND 3', name=op.f('ck_team_sessions_per_day')),
    sa.ForeignKeyConstraint(['base_village_code'], ['village.code'], name=op.f('fk_team_base_village_code_village')),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_team_branch_id_branch')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team'))
    )
    with op.batch_alter_table('team', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_team_branch_id'), ['branch_id'], unique=False)
        batch_op.create_index('uq_team_branch_name', ['branch_id', 'name'], unique=True)

    op.create_table('account_area',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_account_area_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'code', name=op.f('pk_account_area'))
    )
    op.create_table('official',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('position', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_official_account_id_account')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_official_village_code_village')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_official')),
    sa.UniqueConstraint('account_id', name=op.f('uq_official_account_id'))
    )
    with op.batch_alter_table('official', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_official_village_code'), ['village_code'], unique=False)

    op.create_table('stage',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('campaign_id', sa.Integer(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('area_codes', sa.JSON(), nullable=False),
    sa.Column('kinds', sa.JSON(), nullable=False),
    sa.Column('ordering', sa.Enum('score', 'gap', 'nearest', 'code', name='ordering', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('quota', sa.Integer(), nullable=True),
    sa.Column('status', sa.Enum('drafted', 'opened', 'closed', name='status', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('quota IS NULL OR quota > 0', name=op.f('ck_stage_quota_positive')),
    sa.CheckConstraint('starts <= ends', name=op.f('ck_stage_starts_before_it_ends')),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_stage_branch_id_branch')),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], name=op.f('fk_stage_campaign_id_campaign')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stage'))
    )
    with op.batch_alter_table('stage', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stage_branch_id'), ['branch_id'], unique=False)
        batch_op.create_index('uq_stage_campaign_name', ['campaign_id', 'branch_id', 'name'], unique=True)

    op.create_table('team_leave',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.CheckConstraint('starts <= ends', name=op.f('ck_team_leave_starts_before_it_ends')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_team_leave_team_id_team')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team_leave'))
    )
    with op.batch_alter_table('team_leave', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_team_leave_team_id'), ['team_id'], unique=False)

    op.create_table('plan_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('stage_id', sa.Integer(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('running', 'done', 'cancelled', name='runstate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('seed', sa.Integer(), nullable=False),
    sa.Column('parameters', sa.JSON(), nullable=False),
    sa.Column('requested_by', sa.Integer(), nullable=False),
    sa.Column('requested_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('finished_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_plan_run_branch_id_branch')),
    sa.ForeignKeyConstraint(['requested_by'], ['account.id'], name=op.f('fk_plan_run_requested_by_account')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_plan_run_stage_id_stage')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_run'))
    )
    with op.batch_alter_table('plan_run', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_plan_run_branch_id'), ['branch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_plan_run_stage_id'), ['stage_id'], unique=False)
        batch_op.create_index('uq_plan_run_open', ['stage_id'], unique=True, sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))

    op.create_table('stage_village',
    sa.Column('stage_id', sa.Integer(), nullable=False),
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('score', sa.Float(), nullable=False),
    sa.Column('parts', sa.JSON(), nullable=False),
    sa.Column('reason', sa.Enum('no_place', 'too_far', 'always_closed', 'no_team', 'no_capacity', name='reason', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('remedy', sa.Enum('locate_village', 'overnight_stay', 'longer_day', 'open_a_day', 'add_team', 'longer_stage', 'next_stage', name='remedy', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_stage_village_stage_id_stage')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_stage_village_village_code_village')),
    sa.PrimaryKeyConstraint('stage_id', 'village_code', name=op.f('pk_stage_village'))
    )
    with op.batch_alter_table('stage_village', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stage_village_village_code'), ['village_code'], unique=False)

    op.create_table('batch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('label', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sa.Enum('ready', 'running', 'done', 'dead', 'cancelled', name='batchstate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('question', sa.JSON(), nullable=False),
    sa.Column('villages', sa.Integer(), nullable=False),
    sa.Column('fence', sa.Integer(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('lease_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('sent_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('started_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('finished_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('error', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('placed', sa.Integer(), nullable=False),
    sa.Column('team_days', sa.Integer(), nullable=False),
    sa.Column('travel_minutes', sa.Integer(), nullable=False),
    sa.Column('rounds', sa.Integer(), nullable=False),
    sa.Column('solver', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.CheckConstraint('attempts BETWEEN 0 AND 5', name=op.f('ck_batch_attempts')),
    sa.ForeignKeyConstraint(['run_id'], ['plan_run.id'], name=op.f('fk_batch_run_id_plan_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_batch'))
    )
    with op.batch_alter_table('batch', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_batch_run_id'), ['run_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_batch_state'), ['state'], unique=False)
        batch_op.create_index('uq_batch_run_number', ['run_id', 'number'], unique=True)

    op.create_table('visit',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('stage_id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=True),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('slot', sa.Integer(), nullable=False),
    sa.Column('starts_at', sa.Time(), nullable=False),
    sa.Column('zone', sa.Enum('Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura', name='zone', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('session_minutes', sa.Integer(), nullable=False),
    sa.Column('travel_minutes', sa.Integer(), nullable=False),
    sa.Column('return_minutes', sa.Integer(), nullable=False),
    sa.Column('work', sa.Enum('proposed', 'awaiting_confirmation', 'confirmed', 'done', 'approved', 'sent_back', 'postponed', 'cancelled', 'unreachable', name='work', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('result', sa.Enum('not_met', 'refused', 'attended', 'signed_up', 'paid', name='result', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('slot BETWEEN 1 AND 3', name=op.f('ck_visit_slot')),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], name=op.f('fk_visit_batch_id_batch')),
    sa.ForeignKeyConstraint(['run_id'], ['plan_run.id'], name=op.f('fk_visit_run_id_plan_run')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_visit_stage_id_stage')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_visit_team_id_team')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_visit_village_code_village')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit'))
    )
    with op.batch_alter_table('visit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visit_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_visit_day'), ['day'], unique=False)
        batch_op.create_index(batch_op.f('ix_visit_run_id'), ['run_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_visit_village_code'), ['village_code'], unique=False)
        batch_op.create_index('uq_visit_stage_village', ['stage_id', 'village_code'], unique=True, sqlite_where=sa.text("work IN ('proposed', 'awaiting_confirmation', 'confirmed', 'done', 'approved', 'sent_back')"), postgresql_where=sa.text("work IN ('proposed', 'awaiting_confirmation', 'confirmed', 'done', 'approved', 'sent_back')"))
        batch_op.create_index('uq_visit_team_day_slot', ['team_id', 'day', 'slot'], unique=True, sqlite_where=sa.text("work IN ('proposed', 'awaiting_confirmation', 'confirmed', 'done', 'approved', 'sent_back')"), postgresql_where=sa.text("work IN ('proposed', 'awaiting_confirmation', 'confirmed', 'done', 'approved', 'sent_back')"))

    op.create_table('held_report',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('waits_for', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('received_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_held_report_account_id_account')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_held_report_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_held_report'))
    )
    with op.batch_alter_table('held_report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_held_report_waits_for'), ['waits_for'], unique=False)

    op.create_table('session_report',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=False),
    sa.Column('held_at', sa.Time(), nullable=False),
    sa.Column('zone', sa.Enum('Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura', name='zone', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('place', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('men', sa.Integer(), nullable=False),
    sa.Column('women', sa.Integer(), nullable=False),
    sa.Column('signups', sa.Integer(), nullable=False),
    sa.Column('result', sa.Enum('not_met', 'refused', 'attended', 'signed_up', 'paid', name='result', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('remarks', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('flags', sa.JSON(), nullable=False),
    sa.Column('corrects_id', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('corrected_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('reported_by', sa.Integer(), nullable=False),
    sa.Column('received_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.CheckConstraint('men >= 0 AND women >= 0', name=op.f('ck_session_report_attendance_not_negative')),
    sa.CheckConstraint('signups >= 0', name=op.f('ck_session_report_signups_not_negative')),
    sa.ForeignKeyConstraint(['corrects_id'], ['session_report.id'], name=op.f('fk_session_report_corrects_id_session_report')),
    sa.ForeignKeyConstraint(['reported_by'], ['account.id'], name=op.f('fk_session_report_reported_by_account')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_session_report_village_code_village')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_session_report_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_session_report')),
    sa.UniqueConstraint('corrects_id', name=op.f('uq_session_report_corrects_id'))
    )
    with op.batch_alter_table('session_report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_session_report_village_code'), ['village_code'], unique=False)
        batch_op.create_index(batch_op.f('ix_session_report_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index('uq_session_report_first', ['visit_id'], unique=True, sqlite_where=sa.text('corrects_id IS NULL'), postgresql_where=sa.text('corrects_id IS NULL'))

    op.create_table('visit_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('happening', sa.Enum('planned', 'asked', 'confirmed', 'moved', 'postponed', 'cancelled', 'unreachable', 'reported', 'corrected', 'approved', 'sent_back', name='happening', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('before', sa.JSON(), nullable=False),
    sa.Column('after', sa.JSON(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_visit_event_account_id_account')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_visit_event_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit_event'))
    )
    with op.batch_alter_table('visit_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visit_event_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_visit_event_village_code'), ['village_code'], unique=False)
        batch_op.create_index(batch_op.f('ix_visit_event_visit_id'), ['visit_id'], unique=False)

    op.create_table('signup',
    sa.Column('report_id', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('sector', sa.Enum('farmer', 'fisher', 'trader', 'driver', 'domestic', 'construction', 'craft', 'other', name='sector', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('package', sa.Enum('jkk_jkm', 'jkk_jkm_jht', name='package', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('payer', sa.Enum('self', 'sertakan', 'apbd', 'apbdes', 'pbi', 'csr', name='payer', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('workers', sa.Integer(), nullable=False),
    sa.CheckConstraint('workers > 0', name=op.f('ck_signup_workers_positive')),
    sa.ForeignKeyConstraint(['report_id'], ['session_report.id'], name=op.f('fk_signup_report_id_session_report')),
    sa.PrimaryKeyConstraint('report_id', 'sector', 'package', 'payer', name=op.f('pk_signup'))
    )


def downgrade() -> None:
    op.drop_table('signup')
    with op.batch_alter_table('visit_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_visit_event_visit_id'))
        batch_op.drop_index(batch_op.f('ix_visit_event_village_code'))
        batch_op.drop_index(batch_op.f('ix_visit_event_at'))

    op.drop_table('visit_event')
    with op.batch_alter_table('session_report', schema=None) as batch_op:
        batch_op.drop_index('uq_session_report_first', sqlite_where=sa.text('corrects_id IS NULL'), postgresql_where=sa.text('corrects_id IS NULL'))
        batch_op.drop_index(batch_op.f('ix_session_report_visit_id'))
        batch_op.drop_index(batch_op.f('ix_session_report_village_code'))

    op.drop_table('session_report')
    with op.batch_alter_table('held_report', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_held_report_waits_for'))

    op.drop_table('held_report')
    with op.batch_alter_table('visit', schema=None) as batch_op:
        batch_op.drop_index('uq_visit_team_day_slot', sqlite_where=sa.text("work IN ('proposed', 'awaiting_confirmation', 'confirmed', 'done', 'approved', 'sent_back')"), postgresql_where=sa.text("work IN ('proposed', 'awaiting_confirmation', 'confirmed', 'done', 'approved', 'sent_back')"))
        batch_op.drop_index('uq_visit_stage_village', sqlite_where=sa.text("work IN ('proposed', 'awaiting_confirmation', 'confirmed', 'done', 'approved', 'sent_back')"), postgresql_where=sa.text("work IN ('proposed', 'awaiting_confirmation', 'confirmed', 'done', 'approved', 'sent_back')"))
        batch_op.drop_index(batch_op.f('ix_visit_village_code'))
        batch_op.drop_index(batch_op.f('ix_visit_run_id'))
        batch_op.drop_index(batch_op.f('ix_visit_day'))
        batch_op.drop_index(batch_op.f('ix_visit_batch_id'))

    op.drop_table('visit')
    with op.batch_alter_table('batch', schema=None) as batch_op:
        batch_op.drop_index('uq_batch_run_number')
        batch_op.drop_index(batch_op.f('ix_batch_state'))
        batch_op.drop_index(batch_op.f('ix_batch_run_id'))

    op.drop_table('batch')
    with op.batch_alter_table('stage_village', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_stage_village_village_code'))

    op.drop_table('stage_village')
    with op.batch_alter_table('plan_run', schema=None) as batch_op:
        batch_op.drop_index('uq_plan_run_open', sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))
        batch_op.drop_index(batch_op.f('ix_plan_run_stage_id'))
        batch_op.drop_index(batch_op.f('ix_plan_run_branch_id'))

    op.drop_table('plan_run')
    with op.batch_alter_table('team_leave', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_team_leave_team_id'))

    op.drop_table('team_leave')
    with op.batch_alter_table('stage', schema=None) as batch_op:
        batch_op.drop_index('uq_stage_campaign_name')
        batch_op.drop_index(batch_op.f('ix_stage_branch_id'))

    op.drop_table('stage')
    with op.batch_alter_table('official', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_official_village_code'))

    op.drop_table('official')
    op.drop_table('account_area')
    with op.batch_alter_table('team', schema=None) as batch_op:
        batch_op.drop_index('uq_team_branch_name')
        batch_op.drop_index(batch_op.f('ix_team_branch_id'))

    op.drop_table('team')
    with op.batch_alter_table('campaign', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_campaign_branch_id'))

    op.drop_table('campaign')
    with op.batch_alter_table('branch_regency', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_branch_regency_branch_id'))

    op.drop_table('branch_regency')
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_branch_id'))

    op.drop_table('account')
    op.drop_table('branch')
    with op.batch_alter_table('village', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_village_regency_code'))
        batch_op.drop_index(batch_op.f('ix_village_district_code'))

    op.drop_table('village')
    with op.batch_alter_table('district', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_district_regency_code'))

    op.drop_table('district')
    with op.batch_alter_table('regency', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_regency_province_code'))

    op.drop_table('regency')
    op.drop_table('registry_load')
    op.drop_table('province')
    op.drop_table('estimate_source')

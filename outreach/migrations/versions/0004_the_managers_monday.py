"""The manager's Monday: ledger, sponsorships, targets, what-ifs, tokens of programs."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SHEETS = ["plan", "teams", "officials", "market_days", "closed_periods", "vulnerable", "members", "ledger", "sponsorships"]
NEW_SHEETS = ["ledger", "sponsorships"]


def _check_words(table: str, column: str, words: list[str]) -> None:
    """Let a check hold the words that a column may have from now on."""
    rule = f"{column} IN ({', '.join(repr(word) for word in words)})"
    name = op.f(f"ck_{table}_sheetkind")
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, rule)


def upgrade() -> None:
    op.create_table('ledger_entry',
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('channel', sa.Enum('own', 'sertakan', 'apbd', 'apbdes', 'pbi', 'csr', 'perisai', name='signupchannel', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('interested', sa.Integer(), nullable=True),
    sa.Column('forms', sa.Integer(), nullable=True),
    sa.Column('registered', sa.Integer(), nullable=True),
    sa.Column('first_paid', sa.Integer(), nullable=True),
    sa.Column('paid_1', sa.Integer(), nullable=True),
    sa.Column('paid_3', sa.Integer(), nullable=True),
    sa.Column('paid_6', sa.Integer(), nullable=True),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('interested >= 0 AND forms >= 0 AND registered >= 0 AND first_paid >= 0 AND paid_1 >= 0 AND paid_3 >= 0 AND paid_6 >= 0', name=op.f('ck_ledger_entry_counts_not_negative')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_ledger_entry_village_code_village')),
    sa.PrimaryKeyConstraint('village_code', 'month', 'channel', name=op.f('pk_ledger_entry'))
    )
    op.create_table('sponsorship',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('region_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('payer', sa.Enum('self', 'sertakan', 'apbd', 'apbdes', 'pbi', 'csr', name='payer', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('sponsor', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('sector', sa.Enum('farmer', 'fisher', 'trader', 'driver', 'domestic', 'construction', 'craft', 'other', name='sector', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('package', sa.Enum('jkk_jkm', 'jkk_jkm_jht', name='package', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('quota', sa.Integer(), nullable=False),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('conversion_days', sa.Integer(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('conversion_days > 0', name=op.f('ck_sponsorship_conversion_days_positive')),
    sa.CheckConstraint('quota > 0', name=op.f('ck_sponsorship_quota_positive')),
    sa.CheckConstraint('starts <= ends', name=op.f('ck_sponsorship_starts_before_it_ends')),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_sponsorship_branch_id_branch')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sponsorship'))
    )
    with op.batch_alter_table('sponsorship', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sponsorship_branch_id'), ['branch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_sponsorship_region_code'), ['region_code'], unique=False)
        batch_op.create_index('uq_sponsorship_term', ['region_code', 'payer', 'sponsor', 'sector', 'package', 'starts'], unique=True)

    op.create_table('api_token',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('token_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('areas', sa.JSON(), nullable=False),
    sa.Column('made_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('last_used_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('withdrawn_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('withdrawn_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_api_token_account_id_account')),
    sa.ForeignKeyConstraint(['withdrawn_by'], ['account.id'], name=op.f('fk_api_token_withdrawn_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_token')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_api_token_token_hash'))
    )
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_token_account_id'), ['account_id'], unique=False)

    op.create_table('target',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=True),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('signups', sa.Integer(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('set_by', sa.Integer(), nullable=False),
    sa.Column('set_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('signups > 0', name=op.f('ck_target_signups_positive')),
    sa.CheckConstraint('starts <= ends', name=op.f('ck_target_starts_before_it_ends')),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_target_branch_id_branch')),
    sa.ForeignKeyConstraint(['set_by'], ['account.id'], name=op.f('fk_target_set_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_target'))
    )
    with op.batch_alter_table('target', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_target_branch_id'), ['branch_id'], unique=False)
        batch_op.create_index('uq_target_national', ['starts', 'ends'], unique=True, sqlite_where=sa.text('branch_id IS NULL'), postgresql_where=sa.text('branch_id IS NULL'))
        batch_op.create_index('uq_target_period', ['branch_id', 'starts', 'ends'], unique=True)

    op.create_table('omission',
    sa.Column('stage_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('district', 'island', name='groundkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('noted_by', sa.Integer(), nullable=False),
    sa.Column('noted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['noted_by'], ['account.id'], name=op.f('fk_omission_noted_by_account')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_omission_stage_id_stage')),
    sa.PrimaryKeyConstraint('stage_id', 'kind', 'key', name=op.f('pk_omission'))
    )
    op.create_table('what_if',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('stage_id', sa.Integer(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('changes', sa.JSON(), nullable=False),
    sa.Column('seed', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('ready', 'running', 'done', 'dead', 'cancelled', name='askedstate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('fence', sa.Integer(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('lease_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('sent_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('steps', sa.Integer(), nullable=False),
    sa.Column('steps_done', sa.Integer(), nullable=False),
    sa.Column('answer', sa.JSON(), nullable=False),
    sa.Column('error', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('asked_by', sa.Integer(), nullable=False),
    sa.Column('asked_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('finished_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.CheckConstraint('attempts BETWEEN 0 AND 5', name=op.f('ck_what_if_attempts')),
    sa.CheckConstraint('steps_done BETWEEN 0 AND steps', name=op.f('ck_what_if_steps_done')),
    sa.ForeignKeyConstraint(['asked_by'], ['account.id'], name=op.f('fk_what_if_asked_by_account')),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_what_if_branch_id_branch')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_what_if_stage_id_stage')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_what_if'))
    )
    with op.batch_alter_table('what_if', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_what_if_asked_by'), ['asked_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_what_if_branch_id'), ['branch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_what_if_stage_id'), ['stage_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_what_if_state'), ['state'], unique=False)

    with op.batch_alter_table('stage', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_listed', sa.Boolean(), nullable=False, server_default=sa.false()))
    _check_words("upload", "kind", SHEETS)


def downgrade() -> None:
    op.execute("DELETE FROM upload WHERE kind IN ('ledger', 'sponsorships')")
    _check_words("upload", "kind", [word for word in SHEETS if word not in NEW_SHEETS])
    with op.batch_alter_table('stage', schema=None) as batch_op:
        batch_op.drop_column('is_listed')

    with op.batch_alter_table('what_if', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_what_if_state'))
        batch_op.drop_index(batch_op.f('ix_what_if_stage_id'))
        batch_op.drop_index(batch_op.f('ix_what_if_branch_id'))
        batch_op.drop_index(batch_op.f('ix_what_if_asked_by'))

    op.drop_table('what_if')
    op.drop_table('omission')
    with op.batch_alter_table('target', schema=None) as batch_op:
        batch_op.drop_index('uq_target_period')
        batch_op.drop_index('uq_target_national', sqlite_where=sa.text('branch_id IS NULL'), postgresql_where=sa.text('branch_id IS NULL'))
        batch_op.drop_index(batch_op.f('ix_target_branch_id'))

    op.drop_table('target')
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_api_token_account_id'))

    op.drop_table('api_token')
    with op.batch_alter_table('sponsorship', schema=None) as batch_op:
        batch_op.drop_index('uq_sponsorship_term')
        batch_op.drop_index(batch_op.f('ix_sponsorship_region_code'))
        batch_op.drop_index(batch_op.f('ix_sponsorship_branch_id'))

    op.drop_table('sponsorship')
    op.drop_table('ledger_entry')

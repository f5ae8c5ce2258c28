"""the coordinators desk."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WORK = ['proposed', 'awaiting_confirmation', 'confirmed', 'done', 'approved', 'sent_back', 'postponed', 'cancelled', 'unreachable', 'returned']
HAPPENINGS = ['planned', 'asked', 'confirmed', 'moved', 'postponed', 'cancelled', 'unreachable', 'reported', 'corrected', 'approved', 'sent_back', 'returned', 'called', 'wished', 'link_renewed', 'link_withdrawn']
CHANNELS = ['page', 'link', 'phone', 'whatsapp', 'email', 'in_person', 'letter', 'sheet', 'product']

NEW_WORK = ("returned",)
NEW_HAPPENINGS = ("returned", "called", "wished", "link_renewed", "link_withdrawn")


def _check_words(table: str, column: str, words: list[str]) -> None:
    """Let a check hold the words that a column may have from now on."""
    rule = f"{column} IN ({', '.join(repr(word) for word in words)})"
    name = op.f(f"ck_{table}_{column}")
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, rule)


def upgrade() -> None:
    op.create_table('closed_period',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('region_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('starts', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('closure', sa.Enum('harvest', 'planting', 'feast', 'flood', 'election', 'other', name='closure', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('starts <= ends', name=op.f('ck_closed_period_starts_before_it_ends')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_closed_period'))
    )
    with op.batch_alter_table('closed_period', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_closed_period_region_code'), ['region_code'], unique=False)
        batch_op.create_index('uq_closed_period_region', ['region_code', 'starts', 'ends', 'closure'], unique=True)

    op.create_table('market_day',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('region_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('rhythm', sa.Enum('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday', 'legi', 'pahing', 'pon', 'wage', 'kliwon', name='marketrhythm', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('effect', sa.Enum('avoid', 'come', name='marketeffect', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_market_day'))
    )
    with op.batch_alter_table('market_day', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_market_day_region_code'), ['region_code'], unique=False)
        batch_op.create_index('uq_market_day_region', ['region_code', 'rhythm'], unique=True)

    op.create_table('village_count',
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('figure', sa.Enum('population', 'informal_workers', 'informal_covered', 'vulnerable_workers', name='figure', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('counted', sa.Integer(), nullable=False),
    sa.Column('estimated', sa.Integer(), nullable=False),
    sa.Column('is_spread', sa.Boolean(), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.CheckConstraint('counted >= 0', name=op.f('ck_village_count_not_negative')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_village_count_village_code_village')),
    sa.PrimaryKeyConstraint('village_code', 'figure', name=op.f('pk_village_count'))
    )
    op.create_table('letterhead',
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('office', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('address', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('contact', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('place', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('signer_name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('signer_position', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('signer_number', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('number_pattern', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_letterhead_branch_id_branch')),
    sa.PrimaryKeyConstraint('branch_id', name=op.f('pk_letterhead'))
    )
    op.create_table('paper_series',
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('assignment_letter', 'notice', 'attendance_list', 'minutes', 'route_sheet', name='paperkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_paper_series_branch_id_branch')),
    sa.PrimaryKeyConstraint('branch_id', 'kind', 'year', name=op.f('pk_paper_series'))
    )
    op.create_table('calendar_address',
    sa.Column('owner', sa.Enum('team', 'village', name='calendarowner', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('renewed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('renewed_by', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['renewed_by'], ['account.id'], name=op.f('fk_calendar_address_renewed_by_account')),
    sa.PrimaryKeyConstraint('owner', 'key', name=op.f('pk_calendar_address'))
    )
    op.create_table('plan_submission',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('stage_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('submitted', 'approved', 'sent_back', 'withdrawn', name='submissionstate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('places', sa.JSON(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('submitted_by', sa.Integer(), nullable=False),
    sa.Column('submitted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('decided_by', sa.Integer(), nullable=True),
    sa.Column('decided_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['decided_by'], ['account.id'], name=op.f('fk_plan_submission_decided_by_account')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_plan_submission_stage_id_stage')),
    sa.ForeignKeyConstraint(['submitted_by'], ['account.id'], name=op.f('fk_plan_submission_submitted_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_submission'))
    )
    with op.batch_alter_table('plan_submission', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_plan_submission_stage_id'), ['stage_id'], unique=False)
        batch_op.create_index('uq_plan_submission_waiting', ['stage_id'], unique=True, sqlite_where=sa.text("state = 'submitted'"), postgresql_where=sa.text("state = 'submitted'"))

    op.create_table('replan',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('stage_id', sa.Integer(), nullable=False),
    sa.Column('cause', sa.Enum('team_away', 'area_closed', 'village_cancels', 'village_added', 'gaps', name='cause', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('changes', sa.JSON(), nullable=False),
    sa.Column('state', sa.Enum('drafted', 'applied', 'discarded', name='replanstate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=False),
    sa.Column('made_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('settled_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_replan_made_by_account')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_replan_stage_id_stage')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_replan'))
    )
    with op.batch_alter_table('replan', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_replan_stage_id'), ['stage_id'], unique=False)

    op.create_table('stage_pick',
    sa.Column('stage_id', sa.Integer(), nullable=False),
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('pick', sa.Enum('first', 'left_out', name='pick', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_stage_pick_stage_id_stage')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_stage_pick_village_code_village')),
    sa.PrimaryKeyConstraint('stage_id', 'village_code', name=op.f('pk_stage_pick'))
    )
    with op.batch_alter_table('stage_pick', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stage_pick_village_code'), ['village_code'], unique=False)

    op.create_table('upload',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('plan', 'teams', 'officials', 'market_days', 'closed_periods', 'vulnerable', 'members', name='sheetkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('stage_id', sa.Integer(), nullable=True),
    sa.Column('file_name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('uploaded_by', sa.Integer(), nullable=False),
    sa.Column('uploaded_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('state', sa.Enum('staged', 'applied', 'undone', 'discarded', name='uploadstate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('rows', sa.JSON(), nullable=False),
    sa.Column('accepted', sa.Integer(), nullable=False),
    sa.Column('refused', sa.Integer(), nullable=False),
    sa.Column('changes', sa.JSON(), nullable=False),
    sa.Column('undo', sa.JSON(), nullable=False),
    sa.Column('settled_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('accepted >= 0 AND refused >= 0', name=op.f('ck_upload_counts_not_negative')),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_upload_branch_id_branch')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_upload_stage_id_stage')),
    sa.ForeignKeyConstraint(['uploaded_by'], ['account.id'], name=op.f('fk_upload_uploaded_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_upload'))
    )
    with op.batch_alter_table('upload', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_upload_branch_id'), ['branch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_upload_stage_id'), ['stage_id'], unique=False)

    op.create_table('confirmation_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('issued_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('withdrawn_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('answered_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('answer', sa.Enum('can', 'another_day', 'no', name='answer', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_confirmation_link_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_confirmation_link'))
    )
    with op.batch_alter_table('confirmation_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_confirmation_link_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index('uq_confirmation_link_live', ['visit_id'], unique=True, sqlite_where=sa.text('withdrawn_at IS NULL AND answered_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL AND answered_at IS NULL'))

    op.create_table('paper',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.Column('stage_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('assignment_letter', 'notice', 'attendance_list', 'minutes', 'route_sheet', name='paperkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=True),
    sa.Column('visit_id', sa.Integer(), nullable=True),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('number', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=False),
    sa.Column('made_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('printed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('edition', sa.Integer(), nullable=False),
    sa.Column('set_aside_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.CheckConstraint('sequence > 0', name=op.f('ck_paper_sequence_positive')),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_paper_branch_id_branch')),
    sa.ForeignKeyConstraint(['made_by'], ['account.id'], name=op.f('fk_paper_made_by_account')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('fk_paper_stage_id_stage')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_paper_team_id_team')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_paper_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper'))
    )
    with op.batch_alter_table('paper', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_paper_branch_id'), ['branch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_paper_stage_id'), ['stage_id'], unique=False)
        batch_op.create_index('uq_paper_number', ['branch_id', 'kind', 'year', 'sequence'], unique=True)
        batch_op.create_index('uq_paper_subject', ['kind', 'subject'], unique=True)

    op.create_table('message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('dedupe_key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=True),
    sa.Column('official_id', sa.Integer(), nullable=True),
    sa.Column('medium', sa.Enum('email', 'whatsapp', name='medium', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('matter', sa.Enum('asked', 'moved', 'called_off', name='matter', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('state', sa.Enum('waiting', 'sent', 'failed', 'dropped', name='messagestate', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_try_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('lease_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('settled_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('error', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.CheckConstraint('attempts >= 0', name=op.f('ck_message_attempts_not_negative')),
    sa.ForeignKeyConstraint(['event_id'], ['visit_event.id'], name=op.f('fk_message_event_id_visit_event')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_message_official_id_official')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_message_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_message_dedupe_key'))
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.create_index('ix_message_due', ['state', 'next_try_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_message_event_id'), ['event_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_message_visit_id'), ['visit_id'], unique=False)

    with op.batch_alter_table('official', schema=None) as batch_op:
        batch_op.add_column(sa.Column('email', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column('term_starts', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('term_ends', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('is_active', sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default="1"))

    with op.batch_alter_table('stage', schema=None) as batch_op:
        batch_op.add_column(sa.Column('follows_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_stage_follows_id'), ['follows_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_stage_follows_id_stage'), 'stage', ['follows_id'], ['id'])

    with op.batch_alter_table('team', schema=None) as batch_op:
        batch_op.add_column(sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""))

    with op.batch_alter_table('visit_event', schema=None) as batch_op:
        batch_op.add_column(sa.Column('channel', sa.String(32), nullable=False, server_default="page"))
    _check_words("visit", "work", WORK)
    _check_words("visit_event", "happening", HAPPENINGS)
    with op.batch_alter_table("visit_event") as batch_op:
        words = ", ".join(repr(word) for word in CHANNELS)
        batch_op.create_check_constraint(op.f("ck_visit_event_channel"), f"channel IN ({words})")


def downgrade() -> None:
    op.execute("UPDATE visit SET work = 'postponed' WHERE work = 'returned'")
    op.execute("UPDATE visit_event SET happening = 'postponed' WHERE happening = 'returned'")
    op.execute("DELETE FROM visit_event WHERE happening IN ('called', 'wished', 'link_renewed', 'link_withdrawn')")
    _check_words("visit", "work", [word for word in WORK if word not in NEW_WORK])
    _check_words("visit_event", "happening", [word for word in HAPPENINGS if word not in NEW_HAPPENINGS])
    with op.batch_alter_table('visit_event', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_visit_event_channel'), type_='check')
        batch_op.drop_column('channel')

    with op.batch_alter_table('team', schema=None) as batch_op:
        batch_op.drop_column('phone')

    with op.batch_alter_table('stage', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_stage_follows_id_stage'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_stage_follows_id'))
        batch_op.drop_column('follows_id')

    with op.batch_alter_table('official', schema=None) as batch_op:
        batch_op.drop_column('version')
        batch_op.drop_column('is_active')
        batch_op.drop_column('term_ends')
        batch_op.drop_column('term_starts')
        batch_op.drop_column('email')

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_message_visit_id'))
        batch_op.drop_index(batch_op.f('ix_message_event_id'))
        batch_op.drop_index('ix_message_due')

    op.drop_table('message')
    with op.batch_alter_table('paper', schema=None) as batch_op:
        batch_op.drop_index('uq_paper_subject')
        batch_op.drop_index('uq_paper_number')
        batch_op.drop_index(batch_op.f('ix_paper_stage_id'))
        batch_op.drop_index(batch_op.f('ix_paper_branch_id'))

    op.drop_table('paper')
    with op.batch_alter_table('confirmation_link', schema=None) as batch_op:
        batch_op.drop_index('uq_confirmation_link_live', sqlite_where=sa.text('withdrawn_at IS NULL AND answered_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL AND answered_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_confirmation_link_visit_id'))

    op.drop_table('confirmation_link')
    with op.batch_alter_table('upload', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_upload_stage_id'))
        batch_op.drop_index(batch_op.f('ix_upload_branch_id'))

    op.drop_table('upload')
    with op.batch_alter_table('stage_pick', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_stage_pick_village_code'))

    op.drop_table('stage_pick')
    with op.batch_alter_table('replan', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_replan_stage_id'))

    op.drop_table('replan')
    with op.batch_alter_table('plan_submission', schema=None) as batch_op:
        batch_op.drop_index('uq_plan_submission_waiting', sqlite_where=sa.text("state = 'submitted'"), postgresql_where=sa.text("state = 'submitted'"))
        batch_op.drop_index(batch_op.f('ix_plan_submission_stage_id'))

    op.drop_table('plan_submission')
    op.drop_table('calendar_address')
    op.drop_table('paper_series')
    op.drop_table('letterhead')
    op.drop_table('village_count')
    with op.batch_alter_table('market_day', schema=None) as batch_op:
        batch_op.drop_index('uq_market_day_region')
        batch_op.drop_index(batch_op.f('ix_market_day_region_code'))

    op.drop_table('market_day')
    with op.batch_alter_table('closed_period', schema=None) as batch_op:
        batch_op.drop_index('uq_closed_period_region')
        batch_op.drop_index(batch_op.f('ix_closed_period_region_code'))

    op.drop_table('closed_period')

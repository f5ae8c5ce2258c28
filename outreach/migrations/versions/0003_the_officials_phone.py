"""the officials phone."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MATTERS = ['asked', 'moved', 'called_off', 'reminder', 'sent_back']
NEW_MATTERS = ['reminder', 'sent_back']
SOURCES = ['page', 'phone', 'paper', 'odk']


def _check_words(table: str, column: str, words: list[str]) -> None:
    """Let a check hold the words that a column may have from now on."""
    rule = f"{column} IN ({', '.join(repr(word) for word in words)})"
    name = op.f(f"ck_{table}_{column}")
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, rule)


def upgrade() -> None:
    op.create_table('device',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('page', 'odk', name='devicekind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('token_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('label', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('enrolled_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('last_seen_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('unsent', sa.Integer(), nullable=True),
    sa.Column('skew_seconds', sa.Integer(), nullable=True),
    sa.Column('behind_pin', sa.Boolean(), nullable=False),
    sa.Column('revoked_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('revoked_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_device_account_id_account')),
    sa.ForeignKeyConstraint(['revoked_by'], ['account.id'], name=op.f('fk_device_revoked_by_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_device')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_device_token_hash'))
    )
    with op.batch_alter_table('device', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_device_account_id'), ['account_id'], unique=False)

    op.create_table('enrolment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('official_id', sa.Integer(), nullable=False),
    sa.Column('issued_by', sa.Integer(), nullable=False),
    sa.Column('issued_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('sent_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('used_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('withdrawn_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.CheckConstraint('tries >= 0', name=op.f('ck_enrolment_tries_not_negative')),
    sa.ForeignKeyConstraint(['issued_by'], ['account.id'], name=op.f('fk_enrolment_issued_by_account')),
    sa.ForeignKeyConstraint(['official_id'], ['official.id'], name=op.f('fk_enrolment_official_id_official')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enrolment'))
    )
    with op.batch_alter_table('enrolment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_enrolment_official_id'), ['official_id'], unique=False)
        batch_op.create_index('uq_enrolment_open', ['official_id'], unique=True, sqlite_where=sa.text('used_at IS NULL AND withdrawn_at IS NULL'), postgresql_where=sa.text('used_at IS NULL AND withdrawn_at IS NULL'))

    op.create_table('disputed_report',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('report_id', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('received_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('source', sa.Enum('page', 'phone', 'paper', 'odk', name='reportsource', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('device_id', sa.Integer(), nullable=True),
    sa.Column('skew_seconds', sa.Integer(), nullable=True),
    sa.Column('ruling', sa.Enum('taken', 'set_aside', name='ruling', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('ruled_by', sa.Integer(), nullable=True),
    sa.Column('ruled_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('ruled_why', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('taken_as', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_disputed_report_account_id_account')),
    sa.ForeignKeyConstraint(['device_id'], ['device.id'], name=op.f('fk_disputed_report_device_id_device')),
    sa.ForeignKeyConstraint(['ruled_by'], ['account.id'], name=op.f('fk_disputed_report_ruled_by_account')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_disputed_report_village_code_village')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_disputed_report_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_disputed_report'))
    )
    with op.batch_alter_table('disputed_report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_disputed_report_village_code'), ['village_code'], unique=False)
        batch_op.create_index(batch_op.f('ix_disputed_report_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index('uq_disputed_report_content', ['report_id', 'fingerprint'], unique=True)

    op.create_table('taken_item',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('kind', sa.Enum('answer', 'report', name='itemkind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('outcome', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('received_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_taken_item_account_id_account')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_taken_item_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_taken_item'))
    )
    with op.batch_alter_table('taken_item', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_taken_item_visit_id'), ['visit_id'], unique=False)

    op.create_table('waiting_picture',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('report_id', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('kind', sa.Enum('photo', 'signature', name='evidencekind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('media_type', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('sha256', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('received_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.CheckConstraint('width > 0 AND height > 0', name=op.f('ck_waiting_picture_has_pixels')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_waiting_picture_account_id_account')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_waiting_picture_village_code_village')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_waiting_picture_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_waiting_picture'))
    )
    with op.batch_alter_table('waiting_picture', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_waiting_picture_village_code'), ['village_code'], unique=False)
        batch_op.create_index(batch_op.f('ix_waiting_picture_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index('uq_waiting_picture_content', ['report_id', 'fingerprint', 'kind'], unique=True)

    op.create_table('evidence',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('report_id', sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('village_code', sa.String(length=13).with_variant(sa.String(length=13, collation='C'), 'postgresql'), nullable=False),
    sa.Column('kind', sa.Enum('photo', 'signature', name='evidencekind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('media_type', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('sha256', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('received_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.CheckConstraint('width > 0 AND height > 0', name=op.f('ck_evidence_has_pixels')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_evidence_account_id_account')),
    sa.ForeignKeyConstraint(['report_id'], ['session_report.id'], name=op.f('fk_evidence_report_id_session_report')),
    sa.ForeignKeyConstraint(['village_code'], ['village.code'], name=op.f('fk_evidence_village_code_village')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_evidence_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evidence'))
    )
    with op.batch_alter_table('evidence', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_evidence_village_code'), ['village_code'], unique=False)
        batch_op.create_index(batch_op.f('ix_evidence_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index('uq_evidence_report_kind', ['report_id', 'kind'], unique=True)

    with op.batch_alter_table('held_report', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source', sa.String(32), nullable=False, server_default="page"))
        batch_op.add_column(sa.Column('device_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('skew_seconds', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_held_report_device_id_device'), 'device', ['device_id'], ['id'])

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('for_day', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('lead_days', sa.Integer(), nullable=True))

    with op.batch_alter_table('session_report', schema=None) as batch_op:
        batch_op.add_column(sa.Column('paid', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('minutes', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('latitude', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('longitude', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('source', sa.String(32), nullable=False, server_default="page"))
        batch_op.add_column(sa.Column('device_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('saved_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('skew_seconds', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_session_report_device_id'), ['device_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_session_report_reported_by'), ['reported_by'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_session_report_device_id_device'), 'device', ['device_id'], ['id'])
    _check_words("message", "matter", MATTERS)
    with op.batch_alter_table("session_report") as batch_op:
        batch_op.create_check_constraint(op.f("ck_session_report_paid_within_signups"), "paid >= 0 AND paid <= signups")
        batch_op.create_check_constraint(op.f("ck_session_report_minutes_positive"), "minutes > 0")
    with op.batch_alter_table("held_report") as batch_op:
        batch_op.create_check_constraint(op.f("ck_held_report_reportsource"), f"source IN ({', '.join(repr(word) for word in SOURCES)})")
    with op.batch_alter_table("session_report") as batch_op:
        batch_op.create_check_constraint(op.f("ck_session_report_reportsource"), f"source IN ({', '.join(repr(word) for word in SOURCES)})")


def downgrade() -> None:
    op.execute("DELETE FROM message WHERE matter IN ('reminder', 'sent_back')")
    _check_words("message", "matter", [word for word in MATTERS if word not in NEW_MATTERS])
    with op.batch_alter_table("session_report") as batch_op:
        batch_op.drop_constraint(op.f("ck_session_report_paid_within_signups"), type_="check")
        batch_op.drop_constraint(op.f("ck_session_report_minutes_positive"), type_="check")
    with op.batch_alter_table("held_report") as batch_op:
        batch_op.drop_constraint(op.f("ck_held_report_reportsource"), type_="check")
    with op.batch_alter_table("session_report") as batch_op:
        batch_op.drop_constraint(op.f("ck_session_report_reportsource"), type_="check")
    with op.batch_alter_table('session_report', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_session_report_device_id_device'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_session_report_reported_by'))
        batch_op.drop_index(batch_op.f('ix_session_report_device_id'))
        batch_op.drop_column('skew_seconds')
        batch_op.drop_column('saved_at')
        batch_op.drop_column('device_id')
        batch_op.drop_column('source')
        batch_op.drop_column('longitude')
        batch_op.drop_column('latitude')
        batch_op.drop_column('minutes')
        batch_op.drop_column('paid')

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_column('lead_days')
        batch_op.drop_column('for_day')

    with op.batch_alter_table('held_report', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_held_report_device_id_device'), type_='foreignkey')
        batch_op.drop_column('skew_seconds')
        batch_op.drop_column('device_id')
        batch_op.drop_column('source')

    with op.batch_alter_table('evidence', schema=None) as batch_op:
        batch_op.drop_index('uq_evidence_report_kind')
        batch_op.drop_index(batch_op.f('ix_evidence_visit_id'))
        batch_op.drop_index(batch_op.f('ix_evidence_village_code'))

    op.drop_table('evidence')
    with op.batch_alter_table('waiting_picture', schema=None) as batch_op:
        batch_op.drop_index('uq_waiting_picture_content')
        batch_op.drop_index(batch_op.f('ix_waiting_picture_visit_id'))
        batch_op.drop_index(batch_op.f('ix_waiting_picture_village_code'))

    op.drop_table('waiting_picture')
    with op.batch_alter_table('taken_item', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_taken_item_visit_id'))

    op.drop_table('taken_item')
    with op.batch_alter_table('disputed_report', schema=None) as batch_op:
        batch_op.drop_index('uq_disputed_report_content')
        batch_op.drop_index(batch_op.f('ix_disputed_report_visit_id'))
        batch_op.drop_index(batch_op.f('ix_disputed_report_village_code'))

    op.drop_table('disputed_report')
    with op.batch_alter_table('enrolment', schema=None) as batch_op:
        batch_op.drop_index('uq_enrolment_open', sqlite_where=sa.text('used_at IS NULL AND withdrawn_at IS NULL'), postgresql_where=sa.text('used_at IS NULL AND withdrawn_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_enrolment_official_id'))

    op.drop_table('enrolment')
    with op.batch_alter_table('device', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_device_account_id'))

    op.drop_table('device')

"""History: an event log, the days it was closed on, and tables that are only ever added to."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

#: A later step that lets SQLite make one of these anew, or adds to them, sets the triggers again.
ONLY_ADDED_TO = ("event", "sealed_day", "visit_event", "ledger_change")
#: What is being written while a day is closed must not be forgotten: see safekeeping/chain.py.
WRITING = 8_000_001


def upgrade() -> None:
    op.create_table('event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('deed', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('role', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=True),
    sa.Column('about', sa.Integer(), nullable=True),
    sa.Column('regions', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('numbers', sa.Integer(), nullable=False),
    sa.Column('page', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event'))
    )
    for column in ('account_id', 'deed', 'at'):
        op.create_index(op.f(f'ix_event_{column}'), 'event', [column], unique=False)
    op.create_table('sealed_day',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('last', sa.JSON(), nullable=False),
    sa.Column('lines', sa.Integer(), nullable=False),
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('sealed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_sealed_day'))
    )
    if op.get_bind().dialect.name == "postgresql":
        _keep_on_postgres()
    else:
        for table in ONLY_ADDED_TO:
            _keep_on_sqlite(table, "day" if table == "sealed_day" else "id")


def _keep_on_postgres() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = '23001';"
        " END $$"
    )
    op.execute(
        "CREATE FUNCTION say_who_writes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" PERFORM pg_advisory_xact_lock_shared({WRITING}); RETURN NULL; END $$"
    )
    for table in ONLY_ADDED_TO:
        op.execute(
            f"CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        if table != "sealed_day":
            op.execute(
                f"CREATE TRIGGER being_written BEFORE INSERT ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION say_who_writes()"
            )


def _keep_on_sqlite(table: str, key: str) -> None:
    refused = f"BEGIN SELECT RAISE(ABORT, '{table} is only ever added to'); END"
    for act in ("update", "delete"):
        op.execute(f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} {refused}")
    # INSERT OR REPLACE would take the old row away without asking the trigger above.
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
        f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) {refused}"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change() CASCADE")
        op.execute("DROP FUNCTION say_who_writes() CASCADE")
    else:
        for table in ONLY_ADDED_TO:
            for act in ("update", "delete", "replace"):
                op.execute(f"DROP TRIGGER {table}_no_{act}")
    op.drop_table('sealed_day')
    op.drop_table('event')

"""What nobody slips into the history: numbers and days out of turn; and a table of erasures.

The step back drops that table, the ledger of who was erased: whose time was over stands in no file
of `VAR_DIR`. Make a backup before it, which holds the ledger, or an older one brings them back.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

#: Whose lines are closed by their numbers: see safekeeping/chain.py.
NUMBERED = ("event", "ledger_change", "visit_event")
#: No two machines' clocks are the same.
EARLY = "5 minutes"
NEWEST = "FROM sealed_day ORDER BY day DESC LIMIT 1"


def upgrade() -> None:
    op.create_table('erasure',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('installation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('official_id', sa.Integer(), nullable=True),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erasure'))
    )
    if op.get_bind().dialect.name == "postgresql":
        _keep_on_postgres()
    else:
        _keep_on_sqlite()


def _keep_on_postgres() -> None:
    op.execute(
        "CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    _function("refuse_number", NUMBER_OUT_OF_TURN)
    for table in NUMBERED:
        op.execute(
            f"CREATE TRIGGER in_turn AFTER INSERT ON {table} REFERENCING NEW TABLE AS added"
            f" FOR EACH STATEMENT EXECUTE FUNCTION refuse_number('{table}_id_seq')"
        )
    _function("refuse_day_not_over", DAY_NOT_OVER)
    _function("refuse_day_out_of_turn", DAY_OUT_OF_TURN)
    for name, function in (("in_turn", "out_of_turn"), ("is_over", "not_over")):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON sealed_day"
            f" FOR EACH ROW EXECUTE FUNCTION refuse_day_{function}()"
        )


def _function(name: str, body: str) -> None:
    """Make a trigger's function; whoever calls it has no say in which tables it reads."""
    here = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
        f" SET search_path = pg_catalog, {here}, pg_temp AS $$ {body} $$"
    )


#: A line has a number that the sequence gave, and none that a closed day has passed.
NUMBER_OUT_OF_TURN = f"""
DECLARE
  given bigint := pg_sequence_last_value(TG_ARGV[0]::regclass);
  closed bigint := (SELECT (last->>TG_TABLE_NAME)::bigint {NEWEST});
BEGIN
  IF EXISTS (SELECT FROM added WHERE id > coalesce(given, 0) OR id <= coalesce(closed, 0)) THEN
    RAISE EXCEPTION '% is only ever added to: number out of turn', TG_TABLE_NAME
      USING ERRCODE = '23001';
  END IF;
  RETURN NULL;
END"""

DAY_NOT_OVER = f"""
BEGIN
  IF NEW.day >= ((now() + interval '{EARLY}') AT TIME ZONE 'UTC')::date THEN
    RAISE EXCEPTION 'sealed_day is only ever added to: % is not over', NEW.day USING ERRCODE = '23001';
  END IF;
  RETURN NEW;
END"""

#: A day follows the newest one, and holds no numbers that were closed or are still to come.
DAY_OUT_OF_TURN = f"""
DECLARE
  newest sealed_day;
  name text;
  before bigint;
  there bigint;
BEGIN
  SELECT * INTO newest {NEWEST};
  IF newest.day + 1 <> NEW.day THEN
    RAISE EXCEPTION 'sealed_day is only ever added to: % is out of turn', NEW.day USING ERRCODE = '23001';
  END IF;
  FOREACH name IN ARRAY ARRAY{list(NUMBERED)} LOOP
    before := coalesce((newest.last->>name)::bigint, 0);
    EXECUTE format('SELECT max(id) FROM %I', name) INTO there;
    IF coalesce((NEW.last->>name)::bigint, -1) NOT BETWEEN before AND greatest(before, there) THEN
      RAISE EXCEPTION 'sealed_day is only ever added to: numbers of % are out of turn', name USING ERRCODE = '23001';
    END IF;
  END LOOP;
  RETURN NEW;
END"""


def _keep_on_sqlite() -> None:
    _keep_erasures_on_sqlite()
    _keep_days_on_sqlite()
    for table in NUMBERED:
        before = f"(SELECT max(id) FROM {table} WHERE id <> NEW.id)"
        _refuse(
            f"{table}_in_turn",
            # Before a row is in, SQLite does not know a number that it gives itself.
            f"AFTER INSERT ON {table} WHEN NEW.id <> 1 + coalesce({before}, 0)",
            f"{table} is only ever added to: number out of turn",
        )


def _keep_erasures_on_sqlite() -> None:
    kept = "erasure is only ever added to"
    for act in ("update", "delete"):
        _refuse(f"erasure_no_{act}", f"BEFORE {act.upper()} ON erasure", kept)
    is_there = "EXISTS (SELECT 1 FROM erasure WHERE id = NEW.id)"
    _refuse("erasure_no_replace", f"BEFORE INSERT ON erasure WHEN {is_there}", kept)


def _keep_days_on_sqlite() -> None:
    adding, kept = "BEFORE INSERT ON sealed_day WHEN", "sealed_day is only ever added to"
    is_early = f"NEW.day >= date('now', '+{EARLY}')"
    _refuse("sealed_day_is_over", f"{adding} {is_early}", f"{kept}: not over")
    is_other = f"NEW.day <> date((SELECT day {NEWEST}), '+1 day')"
    _refuse("sealed_day_in_turn", f"{adding} {is_other}", f"{kept}: out of turn")
    for table in NUMBERED:
        before = f"coalesce((SELECT json_extract(last, '$.{table}') {NEWEST}), 0)"
        there = f"coalesce((SELECT max(id) FROM {table}), 0)"
        told = f"coalesce(json_extract(NEW.last, '$.{table}'), -1)"
        _refuse(
            f"sealed_day_{table}_in_turn",
            f"{adding} {told} NOT BETWEEN {before} AND max({before}, {there})",
            f"{kept}: numbers of {table} are out of turn",
        )


def _refuse(name: str, when: str, words: str) -> None:
    op.execute(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{words}'); END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in ("number", "day_not_over", "day_out_of_turn"):
            op.execute(f"DROP FUNCTION refuse_{name}() CASCADE")
    else:
        op.execute("DROP TRIGGER IF EXISTS sealed_day_is_over")
        op.execute("DROP TRIGGER sealed_day_in_turn")
        for table in NUMBERED:
            op.execute(f"DROP TRIGGER {table}_in_turn")
            op.execute(f"DROP TRIGGER sealed_day_{table}_in_turn")
    op.drop_table('erasure')

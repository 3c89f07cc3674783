"""What is tried again in place is done once; what has kept anything is never tried again."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.blocked_runs import (
    ADD,
    DRIVERS,
    HAS_NOTE,
    INSERT,
    ONCE,
    blocked,
    held,
    run_past,
    use,
)
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

SHAPES = {
    "plain": INSERT + ADD,
    "Session": (
        "from sqlalchemy.orm import Session\nwith Session(op.get_bind()) as session:\n"
        "    session.execute(sa.text(\"INSERT INTO accounts (id, name) VALUES (77, 'x')\"))\n"
        "    session.commit()\n"
        "    session.execute(sa.text('ALTER TABLE accounts ADD note text'))\n    session.commit()\n"
    ),
    "an enum": (
        INSERT + "kind = sa.Enum('a', 'b', name='kind')\nkind.create(op.get_bind())\n"
        "op.add_column('accounts', sa.Column('note', kind))\n"
    ),
    "savepoints": (
        INSERT + "with op.get_bind().begin_nested():\n    op.execute('SELECT 1')\n"
        "    op.execute('ALTER TABLE accounts ADD note text')\n"
    ),
    "a savepoint of SQL": "op.execute('SAVEPOINT mine')\n" + INSERT + ADD,
    "a batch": (
        INSERT + "with op.batch_alter_table('accounts') as batch:\n"
        "    batch.add_column(sa.Column('note', sa.Text))\n"
    ),
    "a savepoint that catches": (
        INSERT + "try:\n    with op.get_bind().begin_nested():\n"
        "        op.execute('ALTER TABLE accounts ADD note text')\nexcept Exception:\n    pass\n"
    ),
    "a handler of the server's": (
        INSERT + "op.execute('''DO $$ BEGIN ALTER TABLE accounts ADD note text;"
        " EXCEPTION WHEN OTHERS THEN NULL; END $$''')\n"
    ),
    "a function that catches": (
        "op.execute('''CREATE FUNCTION add_note() RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        " ALTER TABLE accounts ADD note text; EXCEPTION WHEN OTHERS THEN NULL; END $$''')\n"
        + INSERT
        + "op.execute('SELECT add_note()')\n"
    ),
    "a savepoint of the driver's": (
        INSERT + "cursor = op.get_bind().connection.cursor()\ncursor.execute('SAVEPOINT mine')\n"
        "try:\n    cursor.execute('ALTER TABLE accounts ADD note text')\n"
        "except Exception:\n    cursor.execute('ROLLBACK TO SAVEPOINT mine')\n"
    ),
    "the driver's cursor": (
        INSERT + "op.get_bind().connection.cursor().execute('ALTER TABLE accounts ADD note text')\n"
    ),
    "a trigger that catches": (
        "op.execute('CREATE TABLE early (id int)')\n"
        "op.execute('''CREATE FUNCTION add_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " ALTER TABLE accounts ADD note text; RETURN NEW;"
        " EXCEPTION WHEN OTHERS THEN RETURN NEW; END $$''')\n"
        "op.execute('CREATE TRIGGER early BEFORE INSERT ON early FOR EACH ROW"
        " EXECUTE FUNCTION add_note()')\n" + INSERT + "op.execute('INSERT INTO early VALUES (1)')\n"
    ),
    "a later statement that catches": (
        "op.execute('''CREATE FUNCTION add_note() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
        " ALTER TABLE accounts ADD note text; RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 0;"
        " END $$''')\n" + INSERT + "op.execute('/* all */ CREATE TABLE z AS SELECT add_note()')\n"
    ),
    "an error of its own": (
        INSERT + "try:\n    op.execute('ALTER TABLE accounts ADD note text')\n"
        "except Exception as error:\n    raise RuntimeError('not added') from error\n"
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@DRIVERS
def test_what_is_tried_again_is_done_once(behind: Stage, shape: str, driver: str) -> None:
    behind.project.add("0004", "0003", SHAPES[shape])
    url = use(behind, driver)
    ended = run_past(behind, DATABASE_URL=url)
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    assert ended.verdict["lock_attempts"]["0004"] >= 2
    assert behind.database.query(ONCE) == [(1,)]
    assert behind.database.query(HAS_NOTE) == [(1,)]
    assert behind.rows() == ["0004"]
    assert behind.run().outcome == "nothing_to_do"


def test_what_the_module_of_a_script_keeps_is_as_at_first(behind: Stage) -> None:
    top = (
        "from functools import cache\nFILLED, ONES = [], iter([78])\n@cache\ndef ensure(number):\n"
        "    op.execute(f\"INSERT INTO accounts (id, name) VALUES ({number}, 'x')\")\n"
    )
    body = "FILLED.append(77)\nfor each in [*FILLED, *ONES]:\n    ensure(each)\n" + ADD
    behind.project.add("0004", "0003", body, top=top)
    ended = run_past(behind)
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    found = "SELECT id FROM accounts WHERE id IN (77, 78) ORDER BY id"
    assert behind.database.query(found) == [(77,), (78,)]


def test_who_cannot_be_imported_twice_ends_as_blocked(behind: Stage) -> None:
    """A table of a MetaData that another module keeps, say."""
    (behind.project.path / "keeping.py").write_text(
        "import sqlalchemy\nMETADATA = sqlalchemy.MetaData()\n"
    )
    top = "import keeping\nT = sa.Table('t', keeping.METADATA, sa.Column('id', sa.Integer))\n"
    behind.project.add("0004", "0003", ADD, top=top)
    ended = run_past(behind, PYTHONPATH=str(behind.project.path))
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict


LEAVING = {
    "a COMMIT": INSERT + "op.execute('COMMIT')\n" + ADD,
    "a ROLLBACK": "op.execute('ROLLBACK')\n" + INSERT + "op.execute('COMMIT')\n" + ADD,
    "a commit of SQLAlchemy's": INSERT + "op.get_bind().commit()\n" + ADD,
    "an autocommit block": "with op.get_context().autocommit_block():\n    " + INSERT + ADD,
    "a commit of the driver's": INSERT + "op.get_bind().connection.commit()\n" + ADD,
    "a rollback of the driver's": (
        "raw = op.get_bind().connection\nraw.rollback()\n"
        "raw.cursor().execute(\"INSERT INTO accounts (id, name) VALUES (77, 'x')\")\n"
        "raw.commit()\nraw.cursor().execute('ALTER TABLE accounts ADD note text')\n"
    ),
    "another engine": (
        "import os\nengine = sa.create_engine(os.environ['DATABASE_URL'])\n"
        "with engine.begin() as other:\n"
        "    other.execute(sa.text(\"INSERT INTO accounts (id, name) VALUES (77, 'x')\"))\n"
        "engine.dispose()\n" + ADD
    ),
    "another connection": (
        "import os, psycopg2\nother = psycopg2.connect(os.environ['DATABASE_URL'])\n"
        "other.cursor().execute(\"INSERT INTO accounts (id, name) VALUES (77, 'x')\")\n"
        "other.commit()\nother.close()\n" + ADD
    ),
}


def test_nor_is_what_a_module_of_the_project_has_written_by_its_driver(behind: Stage) -> None:
    (behind.project.path / "helping.py").write_text(
        "import os\nfrom psycopg2 import connect\ndef write():\n"
        "    other = connect(os.environ['DATABASE_URL'])\n    other.autocommit = True\n"
        "    other.cursor().execute(\"INSERT INTO accounts (id, name) VALUES (77, 'x')\")\n"
        "    other.close()\n"
    )
    behind.project.add("0004", "0003", f"helping.write()\n{ADD}", top="import helping")
    sql = "LOCK TABLE accounts IN ROW EXCLUSIVE MODE"
    with held(behind.database, 50, sql):
        ended = behind.run(PYTHONPATH=str(behind.project.path))
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert behind.database.query(ONCE) == [(1,)]


@pytest.mark.parametrize("shape", LEAVING)
def test_what_has_committed_something_is_never_tried_again(behind: Stage, shape: str) -> None:
    behind.project.add("0004", "0003", LEAVING[shape])
    with held(behind.database, 60, "LOCK TABLE accounts IN ROW EXCLUSIVE MODE"):
        ended = behind.run()
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert not blocked(ended)
    assert behind.database.query(ONCE) == [(1,)]

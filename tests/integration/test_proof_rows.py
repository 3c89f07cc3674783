"""Rows that a revision inserts decide between equal schemas, and stand nowhere in clear.

A row is known by a digest of its values, and only where all of them stand in the code: what came
from elsewhere is a secret perhaps, and other in each deployment.
"""

import json

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.integration.fingerprinting import GATE, Fingerprinter, replayed
from tests.integration.known_stage import KnownStage, rebuild, refused

ODD = {
    "name": 'it\'s a "name", 100 %\\n',
    "bio": "zwei\nZeilen, \t\\' and \u202e{}",
    "age": -1234567,
    "big": 2**62,
    "ok": True,
    "price": "12345.6700",
    "tags": [],
}
"""What a text that is not quoted, or is quoted otherwise, would mistake for another."""
CHANGES = {
    "name": "it's a name",
    "bio": "",
    "age": 1234567,
    "big": 2**62 - 1,
    "ok": False,
    "price": "12345.67",
    "tags": [""],
}
COLUMNS = "name text, bio varchar, age int, big bigint, ok boolean, price numeric, tags text[]"
INSERT = "INSERT INTO people (name, bio, age, big, ok, price, tags) VALUES ({})"


def values(row: dict[str, object]) -> str:
    """The values of a row as SQL."""

    def sql(value: object) -> str:
        if isinstance(value, list):
            return f"ARRAY[{', '.join(map(sql, value))}]::text[]"
        if isinstance(value, str):
            return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
        return str(value)

    return ", ".join(
        f"{sql(value)}::numeric" if column == "price" else sql(value)
        for column, value in row.items()
    )


def with_people(stage: KnownStage, seed: str, top: str = "", **environ: str) -> None:
    """Two more revisions: a table, and rows in it."""
    stage.project.add("0004", "0003", f'op.execute("CREATE TABLE people (id serial, {COLUMNS})")')
    stage.project.add("0005", "0004", seed, top=top)
    rebuild(stage, **environ)


def people(stage: KnownStage, *rows: str) -> None:
    """A database in which the table is there, with these rows."""
    stage.make_exactly("0003", f"CREATE TABLE people (id serial, {COLUMNS})", *rows)


def bulk_insert(rows: str) -> str:
    """The body of a revision that inserts rows, which are Python."""
    return f"op.bulk_insert(sa.table('people', *map(sa.column, {list(ODD)})), {rows})"


@pytest.mark.parametrize("changed", [None, *ODD])
def test_a_row_is_there_where_each_of_its_values_is(known: KnownStage, changed: str | None) -> None:
    """Also after others changed it: then nobody but a person can tell whether the revision ran."""
    with_people(known, f"op.execute(sa.text({INSERT.format(values(ODD))!r}))")
    row = ODD if changed is None else ODD | {changed: CHANGES[changed]}
    people(known, INSERT.format(values(row)))
    if changed is not None:
        assert refused(known, 22, "ambiguous").verdict["candidates"] == ["0004", "0005"]
        return
    done = known.run()
    assert (done.verdict["outcome"], done.verdict["applied"]) == ("baselined", []), done.verdict
    assert known.rows() == ["0005"]


def test_a_value_that_is_null_now_is_not_an_empty_one(known: KnownStage) -> None:
    with_people(known, "op.execute(\"INSERT INTO people (name, bio) VALUES ('admin', '')\")")
    people(known, "INSERT INTO people (name) VALUES ('admin')")
    refused(known, 22, "ambiguous")


SECRET = "correct-horse-42"
ADD = "op.execute(\"INSERT INTO people (name) VALUES ('admin')\")"
CHANGE = "op.execute('UPDATE people SET age = 1')"
LOOK_ANYWHERE = 'op.execute("DO $$ BEGIN UPDATE people SET age = 1; END $$")'
LATER: dict[str, tuple[list[str], list[str]]] = {
    "an update before it": ([CHANGE, ADD], ["0006"]),
    "two before it, of any table": ([CHANGE, LOOK_ANYWHERE, ADD], ["0007"]),
    "an update after it, too": ([CHANGE, ADD, CHANGE], ["0006", "0007"]),
    "nothing after it": ([LOOK_ANYWHERE, ADD, "pass"], ["0007"]),
}
"""What revisions do after the table is there, 0005 first; and which of them ran last, perhaps."""


@pytest.mark.parametrize(("works", "possible"), list(LATER.values()), ids=list(LATER))
def test_a_row_proves_that_its_revision_and_all_before_it_have_run(
    known: KnownStage, works: list[str], possible: list[str]
) -> None:
    with_people(known, works[0])
    for number, work in enumerate(works[1:], 6):
        known.project.add(f"{number:04}", f"{number - 1:04}", work)
    rebuild(known)
    people(known, "INSERT INTO people (name) VALUES ('admin')")
    if len(possible) > 1:
        assert refused(known, 22, "ambiguous").verdict["candidates"] == possible
        return
    done = known.run()
    assert (done.verdict["outcome"], done.verdict["applied"]) == ("baselined", []), done.verdict
    assert known.rows() == possible


def test_a_row_that_an_earlier_revision_inserts_too_proves_only_that_one(known: KnownStage) -> None:
    """0006 deletes it and 0007 inserts it again: here 0005 ran last."""
    with_people(known, ADD)
    known.project.add("0006", "0005", "op.execute('DELETE FROM people')")
    known.project.add("0007", "0006", ADD)
    rebuild(known)
    people(known, "INSERT INTO people (name) VALUES ('admin')")
    assert refused(known, 22, "ambiguous").verdict["candidates"] == ["0005", "0006", "0007"]


def test_a_row_proves_what_its_revision_depends_on(known: KnownStage) -> None:
    """0005 is on another branch than 0006, which needs it by depends_on."""
    with_people(known, CHANGE)
    known.project.add("0006", "0004", ADD, top="depends_on = '0005'")
    rebuild(known)
    people(known, "INSERT INTO people (name) VALUES ('admin')")
    done = known.run(HEADSTART_TARGET="heads")
    assert (done.verdict["outcome"], done.verdict["applied"]) == ("baselined", []), done.verdict
    assert known.rows() == ["0006"]


FROM_ELSEWHERE = {
    "the environment": "[{'name': 'admin', 'bio': os.environ['SEED']}]",
    "a part of a text": "[{'name': 'admin', 'bio': 'pw:' + os.environ['SEED']}]",
    "a digest of it": "[{'name': 'admin', 'bio': hash_of(os.environ['SEED'])}]",
    "a file": "[{'name': 'admin', 'bio': open(os.environ['SEED_FILE']).read()}]",
}


@ON_ONE_SERVER
@pytest.mark.parametrize("rows", list(FROM_ELSEWHERE.values()), ids=list(FROM_ELSEWHERE))
def test_a_row_with_what_stands_in_no_code_is_known_by_nothing(
    known: KnownStage, rows: str
) -> None:
    """Not even by a digest, which could be guessed; and what is left of the row proves nothing."""
    secret = known.project.path.parent / "secret"
    secret.write_text(SECRET)
    top = "import hashlib, os\ndef hash_of(text): return hashlib.md5(text.encode()).hexdigest()"
    with_people(known, bulk_insert(rows), top, SEED=SECRET, SEED_FILE=str(secret))
    text = known.file.read_text()
    assert "*touches\tpeople" in text
    assert "*row" not in text
    assert SECRET not in text
    people(known, f"INSERT INTO people (name, bio) VALUES ('admin', '{SECRET}')")
    done = refused(known, 22, "ambiguous")
    assert SECRET not in done.stdout + done.stderr


WRITTEN = {
    "the script": "[{'name': 'admin', 'bio': 'runs it all'}]",
    "a constant of the script": "[{'name': NAME, 'bio': 'runs it all'}]",
    "a module of the app": "[{'name': seeds.NAME, 'bio': seeds.BIO}]",
    "JSON beside the scripts": "json.loads((HERE / 'people.json').read_text())",
    "SQL beside the scripts": "op.execute((HERE / 'people.sql').read_text())",
}


@ON_ONE_SERVER
@pytest.mark.parametrize("rows", list(WRITTEN.values()), ids=list(WRITTEN))
def test_a_row_that_stands_in_the_code_is_known_by_its_digest_wherever_it_stands(
    known: KnownStage, rows: str
) -> None:
    (known.project.path / "seeds.py").write_text("NAME = 'admin'\nBIO = 'runs it all'\n")
    row = [{"name": "admin", "bio": "runs it all"}]
    (known.project.versions / "people.json").write_text(json.dumps(row))
    insert = "INSERT INTO people (name, bio) VALUES ('admin', 'runs it all')"
    (known.project.versions / "people.sql").write_text(insert)
    top = f"""
        import json, pathlib, sys
        sys.path.insert(0, {str(known.project.path)!r})
        import seeds
        HERE, NAME = pathlib.Path(__file__).parent, 'admin'
    """
    with_people(known, rows if rows.startswith("op.") else bulk_insert(rows), top)
    (line,) = [each for each in known.file.read_text().split("\n") if each.startswith("*row")]
    assert line.split("\t")[1] == "people"
    assert line.split("\t")[3:] == ["bio", "name"]
    assert "admin" not in known.file.read_text()
    people(known, insert)
    assert known.run().verdict["applied"] == []
    assert known.rows() == ["0005"]


@ON_ONE_SERVER
def test_a_name_that_is_no_column_any_more_is_no_function_either(known: KnownStage) -> None:
    """t.name is name(t) to the server where t has no such column."""
    with_people(known, "op.execute(\"INSERT INTO people (name) VALUES ('admin')\")")
    known.project.add("0006", "0005", "op.execute('ALTER TABLE people DROP name')")
    known.project.add("0007", "0006", "op.execute('UPDATE people SET age = 1')")
    rebuild(known)
    called = "CREATE SEQUENCE called"
    trap = (
        "CREATE FUNCTION name(people) RETURNS text LANGUAGE sql AS $$ SELECT nextval('called') $$"
    )
    people(known, "INSERT INTO people (name) VALUES ('admin')", "ALTER TABLE people DROP name")
    known.database.execute(called)
    known.database.execute(trap.replace("nextval('called')", "nextval('called')::text"))
    done = known.run()
    assert done.verdict["outcome"] == "ambiguous", done.verdict
    assert known.database.query("SELECT is_called FROM called") == [(False,)]


def in_clear(stage: KnownStage) -> str:
    """The file as an earlier headstart wrote it."""
    first, *lines = stage.file.read_text().split("\n")
    clear = '*row\tpeople\t{"name": "admin"}'
    kept = [clear if line.startswith("*row") else line for line in lines if line[:5] != GATE]
    return "\n".join([first.replace("fingerprints 4", "fingerprints 1"), *kept])


@ON_ONE_SERVER
def test_a_file_with_rows_in_clear_proves_nothing_and_says_what_to_do(known: KnownStage) -> None:
    with_people(known, "op.execute(\"INSERT INTO people (name) VALUES ('admin')\")")
    known.file.write_text(in_clear(known))
    done = known.run()
    assert (done.verdict["outcome"], done.verdict["proof"]) == ("upgraded", "version_row")
    (warned,) = [e for e in done.events if e["event"] == "fingerprints_unusable"]
    assert "it has format 1, which holds inserted rows in clear" in json.dumps(warned)
    for verb in ("run", "check"):
        strict = known.run(verb, HEADSTART_VERIFY="strict")
        assert (strict.exit_code, strict.verdict["outcome"]) == (24, "stale_fingerprints")
        assert "headstart fingerprint build" in strict.verdict["next_step"]


@ON_ONE_SERVER
def test_a_file_with_rows_in_clear_is_built_again_and_keeps_its_states(known: KnownStage) -> None:
    with_people(known, "op.execute(\"INSERT INTO people (name) VALUES ('admin')\")")
    fingerprint = Fingerprinter(known.project, known.database)
    now = known.file.read_text()
    known.file.write_text(in_clear(known))
    checked = fingerprint("check")
    assert (checked.exit_code, checked.verdict["outcome"]) == (24, "stale_fingerprints")
    assert "it has format 1" in checked.verdict["error"]["message"]
    assert replayed(fingerprint.build_anew()) == [*REVISIONS, "0004", "0005"]
    assert known.file.read_text() == now
    assert fingerprint("check").exit_code == 0

"""A create_all() database of a history with extensions: with them and without what it lacks."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.fingerprinting import METADATA, Fingerprinter, with_models
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER

EXTENSION = "vector"
"""Of the extensions that the embedded servers have, the only one that is not in every database."""
NEEDS_IT = METADATA.replace(
    'sa.Column("name", sa.Text, nullable=False))',
    'sa.Column("name", sa.Text, nullable=False), sa.Column("at", Vector))',
    1,
)
VECTOR = """
import sqlalchemy.types
class Vector(sqlalchemy.types.UserDefinedType):
    cache_ok = True
    def get_col_spec(self, **_):
        return "vector"
"""
MODELS = METADATA.replace(', name="of_order"', "")
"""As the revisions make them, so that nothing but the extension may differ."""


@pytest.fixture
def built(known: KnownStage) -> KnownStage:
    """A history whose last revision makes an extension that no model needs."""
    known.file.unlink()
    with_models(known.project, MODELS)
    known.project.add("0004", "0003", f'op.execute("CREATE EXTENSION {EXTENSION}")')
    return known


def build(stage: KnownStage) -> list[str]:
    """Build with --create-all; give the variants."""
    done = Fingerprinter(stage.project, stage.database).build_anew("--create-all")
    assert done.exit_code == 0, done.verdict
    fingerprints = Fingerprinter(stage.project, stage.database).states
    return [variant.name for variant in fingerprints.variants]


def create_all(stage: KnownStage, models: str, *before: str) -> None:
    """Make the tables as the app does, which knows nothing of revisions."""
    for statement in before:
        stage.database.execute(statement)
    url = stage.database.driver_url()
    done = stage.run_python(f"{models}\ntarget_metadata.create_all(sa.create_engine({url!r}))")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("before", [(), (f"CREATE EXTENSION {EXTENSION}",)], ids=["no", "with"])
def test_an_extension_that_no_model_needs_may_be_there_or_not(
    built: KnownStage, before: tuple[str, ...]
) -> None:
    assert build(built) == ["0004~create_all"]
    create_all(built, MODELS, *before)
    done = built.run()
    assert (done.exit_code, done.verdict["proof"]) == (0, "fingerprint"), done.verdict
    assert (done.verdict["outcome"], built.rows()) == ("baselined", ["0004"])


def test_an_extension_that_a_model_needs_has_to_be_there(known: KnownStage) -> None:
    """Without it create_all() fails in the app, too; so no such database is recorded."""
    known.file.unlink()
    with_models(known.project, VECTOR + NEEDS_IT.replace(', name="of_order"', ""))
    known.project.add("0004", "0003", f'op.execute("CREATE EXTENSION {EXTENSION}")')
    known.project.add("0005", "0004", 'op.execute("ALTER TABLE accounts ADD at vector")')
    assert build(known) == []
    create_all(
        known,
        VECTOR + NEEDS_IT.replace(', name="of_order"', ""),
        f"CREATE EXTENSION {EXTENSION}",
    )
    done = known.run()
    assert (done.exit_code, done.verdict["proof"]) == (0, "fingerprint"), done.verdict


def test_models_that_differ_are_recorded_both_ways(built: KnownStage) -> None:
    built.project.edit_env(MODELS, METADATA)  # one constraint has another name there
    assert build(built) == ["0004~create_all", "0004~create_all.2"]
    create_all(built, METADATA)
    assert built.run().verdict["proof"] == "fingerprint"


def test_an_extension_in_a_schema_of_its_own_is_no_difference(built: KnownStage) -> None:
    """A revision may make it there, or whoever made the database."""
    (file,) = built.project.versions.glob("0004*.py")
    text = file.read_text().replace(
        f"CREATE EXTENSION {EXTENSION}",
        f"CREATE SCHEMA ext; CREATE EXTENSION {EXTENSION} SCHEMA ext",
    )
    file.write_text(text)
    assert build(built) == ["0004~create_all"]
    create_all(built, MODELS, f"CREATE SCHEMA ext; CREATE EXTENSION {EXTENSION} SCHEMA ext")
    assert built.run().verdict["proof"] == "fingerprint"


def test_the_models_are_still_what_the_revisions_build(built: KnownStage) -> None:
    """fingerprint check compares them where the extensions are."""
    build(built)
    checked = Fingerprinter(built.project, built.database)("check")
    assert checked.exit_code == 0, checked.verdict
    built.file.write_text(built.file.read_text().split("state 0004~create_all")[0])
    assert Fingerprinter(built.project, built.database)("check").exit_code == 0


def test_a_database_that_lacks_what_a_variant_has_is_refused_and_the_difference_named(
    built: KnownStage,
) -> None:
    build(built)
    create_all(built, MODELS, f"CREATE EXTENSION {EXTENSION}")
    built.database.execute("ALTER TABLE invoices DROP CONSTRAINT invoices_order_id_fkey")
    done = built.run("check")
    assert done.exit_code in (22, 26), done.verdict
    assert "invoices_order_id_fkey" in done.stdout

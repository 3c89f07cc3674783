"""What the tests of the job share: a project to spoil, and a stage with a database for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SERVERS
from tests.harness.project import ProjectCopy, copy_plain
from tests.harness.server import Database, Server, empty_database
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.known_stage import KnownStage
from tests.integration.stage import Stage

MORE = frozenset(
    {
        "test_addresses",
        "test_adopting",
        "test_ahead_auto",
        "test_app_settings",
        "test_app_settings_mistakes",
        "test_async_env",
        "test_authors_word",
        "test_changed_behaviour",
        "test_classic_workflow",
        "test_create_all_extensions",
        "test_cut_builds",
        "test_cut_detaches",
        "test_diff",
        "test_drift",
        "test_embedded",
        "test_exhausted_machine",
        "test_expand_contract",
        "test_failover",
        "test_fingerprint_check",
        "test_fingerprint_scratch",
        "test_fingerprint_verbs",
        "test_fleet_broken",
        "test_fleet_canary",
        "test_fleet_ends",
        "test_fleet_failures",
        "test_fleet_gate",
        "test_fleet_look",
        "test_fleet_mistakes",
        "test_fleet_question",
        "test_fleet_together",
        "test_free_slots",
        "test_gate_catalog",
        "test_gate_cost",
        "test_gate_crowd",
        "test_gate_environment",
        "test_gate_fitness",
        "test_gate_image",
        "test_gate_mark",
        "test_gate_members",
        "test_gate_modules",
        "test_gate_places",
        "test_gate_same_verdict",
        "test_gate_target_catalog",
        "test_gate_target_mark",
        "test_gate_targets",
        "test_gate_unfinished",
        "test_gate_version_rows",
        "test_healing",
        "test_healing_hindered",
        "test_healing_kinds",
        "test_held_locks",
        "test_hints",
        "test_hold",
        "test_hostile_names",
        "test_hostile_text",
        "test_image_order",
        "test_image_scripts",
        "test_index_builds",
        "test_invalid_indexes",
        "test_kinds_of_source",
        "test_last_word",
        "test_leaving_env",
        "test_lint_unseen",
        "test_fleet_bar",
        "test_live_line",
        "test_lock_attempts",
        "test_lock_attempts_beside_vacuum",
        "test_lock_attempts_cost",
        "test_lock_attempts_ended",
        "test_lock_attempts_repeated",
        "test_locked_version_table",
        "test_lost_connections",
        "test_made_twice",
        "test_newer_database",
        "test_not_repeatable",
        "test_odd_surroundings",
        "test_other_hands",
        "test_other_services",
        "test_our_tables",
        "test_own_sessions",
        "test_partitioned_indexes",
        "test_passed_on_faults",
        "test_pipes",
        "test_plan_lint",
        "test_plan_outdated",
        "test_planted",
        "test_planted_verbs",
        "test_progress",
        "test_proof_file",
        "test_proof_rows",
        "test_record",
        "test_record_hindered",
        "test_record_killed",
        "test_refused_env",
        "test_refused_logins",
        "test_replay_server",
        "test_retention",
        "test_runbook",
        "test_scratch_only",
        "test_secrets",
        "test_selections",
        "test_set_transaction",
        "test_silent_network",
        "test_squashed",
        "test_status",
        "test_target_intent",
        "test_target_orphans",
        "test_template_shape",
        "test_trace",
        "test_unheard_faults",
        "test_unread_log",
        "test_unruly_scripts",
        "test_version_place",
        "test_version_table",
        "test_version_table_kind",
        "test_waits",
    }
)
"""The files that `make test` leaves to `make test-more`: slow ones, and those about rare edges."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`more` are the tests of these files, and every test on another server than the newest."""
    for item in (each for each in items if each.path.parent == Path(__file__).parent):
        server = item.callspec.params.get("server") if hasattr(item, "callspec") else None
        if item.path.stem in MORE or server in SERVERS[:-1]:
            item.add_marker("more")


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    """Give a copy of the plain project."""
    return copy_plain(tmp_path / "project")


@pytest.fixture
def stage(project: ProjectCopy, database: Database) -> Stage:
    """Give a copy of the plain project and an empty database."""
    return Stage(project, database)


@pytest.fixture
def behind(stage: Stage) -> Stage:
    """Give a database at 0003, to which a test adds revisions."""
    assert stage.run().exit_code == 0
    return stage


@pytest.fixture(scope="session")
def plain_fingerprints(
    servers: Callable[[str], Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Give the fingerprints of the plain project; one file for the servers of every version."""
    plain = copy_plain(tmp_path_factory.mktemp("fingerprints") / "project")
    with empty_database(servers(SERVERS[0])) as scratch:
        fingerprint = Fingerprinter(plain, scratch)
        fingerprint.build()
    return fingerprint.text


@pytest.fixture
def known(project: ProjectCopy, database: Database, plain_fingerprints: str) -> KnownStage:
    """Give a copy of the plain project with its fingerprints, and an empty database."""
    stage = KnownStage(project, database)
    stage.file.write_text(plain_fingerprints)
    return stage


@pytest.fixture
def fingerprint(project: ProjectCopy, database: Database) -> Fingerprinter:
    """Give a copy of the plain project and an empty scratch database."""
    return Fingerprinter(project, database)


@pytest.fixture
def tenants(database: Database) -> Database:
    """A database with a schema for each of two tenants."""
    database.execute("CREATE SCHEMA acme; CREATE SCHEMA globex")
    return database

"""The minirag tables: what the revisions build, column by column, and how the models behave."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from models.db_schemas.minirag.schemas import Asset, DataChunk, Project
from tests.harness.server import Database
from tests.integration.alembic_calls import open_engine, upgrade

TIMES = [
    ("created_at", "timestamp with time zone", "NO", "now()"),
    ("updated_at", "timestamp with time zone", "YES", None),
]
COLUMNS = {
    "projects": [
        ("project_id", "integer", "NO", "nextval('projects_project_id_seq'::regclass)"),
        ("project_uuid", "uuid", "NO", None),
        *TIMES,
    ],
    "assets": [
        ("asset_id", "integer", "NO", "nextval('assets_asset_id_seq'::regclass)"),
        ("asset_uuid", "uuid", "NO", None),
        ("asset_type", "character varying", "NO", None),
        ("asset_name", "character varying", "NO", None),
        ("asset_size", "integer", "NO", None),
        ("asset_config", "jsonb", "YES", None),
        ("asset_project_id", "integer", "NO", None),
        *TIMES,
    ],
    "chunks": [
        ("chunk_id", "integer", "NO", "nextval('chunks_chunk_id_seq'::regclass)"),
        ("chunk_uuid", "uuid", "NO", None),
        ("chunk_text", "character varying", "NO", None),
        ("chunk_metadata", "jsonb", "YES", None),
        ("chunk_order", "integer", "NO", None),
        ("chunk_project_id", "integer", "NO", None),
        ("chunk_asset_id", "integer", "NO", None),
        *TIMES,
    ],
}
INDEXES = {
    "projects": set(),
    "assets": {
        ("ix_asset_project_id", "asset_project_id"),
        ("ix_asset_type", "asset_type"),
    },
    "chunks": {
        ("ix_chunk_project_id", "chunk_project_id"),
        ("ix_chunk_asset_id", "chunk_asset_id"),
    },
}
FOREIGN_KEYS = {
    "projects": set(),
    "assets": {("asset_project_id", "projects", "project_id")},
    "chunks": {
        ("chunk_project_id", "projects", "project_id"),
        ("chunk_asset_id", "assets", "asset_id"),
    },
}


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """Give a database at head."""
    with open_engine(database) as engine:
        upgrade(engine, "head")
        yield engine


def test_tables_have_the_documented_shape(engine: Engine) -> None:
    """Names, types, nullability, defaults, indexes and keys of every table of ours."""
    catalog = inspect(engine)
    for table, columns in COLUMNS.items():
        assert read_columns(engine, table) == columns
        assert read_indexes(engine, table) == INDEXES[table]
        keys = catalog.get_foreign_keys(table)
        found = {
            (key["constrained_columns"][0], key["referred_table"], key["referred_columns"][0])
            for key in keys
        }
        assert found == FOREIGN_KEYS[table]
        unique = [key["column_names"] for key in catalog.get_unique_constraints(table)]
        assert unique == [[columns[1][0]]]
    assert set(catalog.get_table_names()) == {*COLUMNS, "alembic_version"}


def test_a_row_gets_its_uuid_and_its_creation_time_by_itself(engine: Engine) -> None:
    with Session(engine) as session:
        project = Project()
        session.add(project)
        session.commit()
        assert isinstance(project.project_uuid, UUID)
        assert project.created_at.utcoffset() is not None
        assert project.updated_at is None


def test_an_update_sets_updated_at(engine: Engine) -> None:
    with Session(engine) as session:
        asset = add_asset(session)
        asset.asset_name = "second.txt"
        session.commit()
        assert isinstance(asset.updated_at, datetime)
        assert asset.updated_at - asset.created_at > timedelta(0)


def test_a_missing_json_value_is_null_and_not_the_json_value_null(engine: Engine) -> None:
    with Session(engine) as session:
        asset = add_asset(session)
        query = text("SELECT asset_config IS NULL FROM assets WHERE asset_id = :id")
        assert session.scalar(query, {"id": asset.asset_id}) is True


def test_projects_assets_and_chunks_know_each_other(engine: Engine) -> None:
    with Session(engine) as session:
        asset = add_asset(session)
        chunk = DataChunk(
            chunk_text="text",
            chunk_metadata={"page": 1},
            chunk_order=1,
            project=asset.project,
            asset=asset,
        )
        session.add(chunk)
        session.commit()
        project = session.get_one(Project, asset.asset_project_id)
        assert (project.assets, project.chunks, asset.chunks) == ([asset], [chunk], [chunk])
        assert chunk.chunk_metadata == {"page": 1}


def add_asset(session: Session) -> Asset:
    """Commit an asset in a project of its own."""
    asset = Asset(
        asset_type="file",
        asset_name="first.txt",
        asset_size=1,
        asset_config=None,
        project=Project(),
    )
    session.add(asset)
    session.commit()
    return asset


def read_columns(engine: Engine, table: str) -> list[tuple[object, ...]]:
    """Read name, type, nullability and default in the order of the table."""
    query = text(
        "SELECT column_name, data_type, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_name = :table ORDER BY ordinal_position"
    )
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query, {"table": table})]


def read_indexes(engine: Engine, table: str) -> set[tuple[str | None, str | None]]:
    """Read the indexes that no constraint made."""
    return {
        (index["name"], index["column_names"][0])
        for index in inspect(engine).get_indexes(table)
        if "duplicates_constraint" not in index
    }

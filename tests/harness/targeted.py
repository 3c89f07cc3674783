"""headstart on one of many in a database, as a program: `python -m tests.harness.targeted`.

Its arguments are the schema and the name of the version table, then those of the command. What
makes a run one of a target's is no setting: the verb that starts many does it for each.
"""

import sys
from urllib.parse import quote

from headstart.command.arguments import Command, parse_arguments
from headstart.command.main import carry_out
from headstart.postgres.target import Target
from tests.harness.program import Run, start_program
from tests.harness.server import Database
from tests.harness.slow import given

VERSION_TABLE = "alembic_version"


def tenant_url(database: Database, tenant: str) -> str:
    """The URL by which everything without a schema is in the tenant's."""
    url = database.url
    return f"{url}{'&' if '?' in url else '?'}options={quote(f'-csearch_path={tenant}')}"


def start_for(database: Database, tenant: str, *argv: str, **environ: str) -> Run:
    """Start the run of a tenant on tests/projects/slow; use it as a context, which ends it."""
    command = (sys.executable, "-m", __name__, tenant, VERSION_TABLE, *argv)
    return start_program(*command, env=given(tenant_url(database, tenant)) | environ)


def _run() -> None:
    schema, version_table, *rest = sys.argv[1:]
    asked = parse_arguments(rest)
    assert isinstance(asked, Command)
    carry_out(asked, Target(schema, version_table))


if __name__ == "__main__":
    _run()

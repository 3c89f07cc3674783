"""Let env.py have somebody change the database after all is decided, before the first step."""

from textwrap import dedent, indent

from tests.harness.project import ProjectCopy

RUN = "            context.run_migrations()\n\n\nif"


def change_in_between(project: ProjectCopy, source: str) -> None:
    """Execute this source where Alembic starts, which is after headstart has decided."""
    act = f"def act():\n{indent(dedent(source), '    ')}\n"
    patched = f"{act}context.get_context().impl.start_migrations = act\n"
    project.edit_env(RUN, f"{indent(patched, ' ' * 12)}{RUN}")

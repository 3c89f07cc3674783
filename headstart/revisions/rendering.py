"""Render a plan as SQL, in Alembic's offline mode: env.py runs, but connects to nothing."""

from io import StringIO

from alembic.runtime.environment import EnvironmentContext

from headstart.revisions.environment import Steps
from headstart.revisions.failure import named_failures
from headstart.revisions.output import captured_output
from headstart.revisions.preparation import upgrade_arguments
from headstart.revisions.project import Project
from headstart.verdict.events.event import NullSink


def render_sql(
    project: Project, url: str, stamped: tuple[str, ...], start: tuple[str, ...], target: str
) -> str:
    """The SQL of a plan, from Alembic's offline mode; runs env.py, connects to nothing.

    `stamped` are the revisions of a baseline, `start` the version rows to begin with.
    """
    config = project.config
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    buffer = config.output_buffer = StringIO()
    if stamped:
        stamp: Steps = lambda heads, _: project.directory._stamp_revs(stamped, heads)  # noqa: E731
        _render(project, (), stamp, split=False)
    _render(
        project,
        stamped or start,
        lambda heads, _: project.directory._upgrade_revs(target, heads),
    )
    return buffer.getvalue()


def _render(project: Project, start: tuple[str, ...], steps: Steps, *, split: bool = True) -> None:
    """Render steps; `split` gives each a transaction of its own."""
    arguments = upgrade_arguments(project.config) | {"as_sql": True, "starting_rev": start or None}
    environment = EnvironmentContext(project.config, project.directory, fn=steps, **arguments)
    configure, transactions = environment.configure, {"transaction_per_migration": split}
    environment.configure = (  # type: ignore[method-assign]
        lambda *place, **options: configure(*place, **options | transactions)
    )
    with (
        named_failures(project, lambda: None),
        captured_output(NullSink()),
        environment,
    ):
        project.directory.run_env()

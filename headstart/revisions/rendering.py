"""Render a plan as SQL, in Alembic's offline mode: env.py runs once, but connects to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import StampStep

from headstart.revisions.failure import named_failures
from headstart.revisions.history import confirm
from headstart.revisions.output import captured_output
from headstart.revisions.project import Project, upgrade_arguments
from headstart.values import dataclass
from headstart.verdict.events.event import NullSink

if TYPE_CHECKING:
    from headstart.revisions.rendered import Watch


@dataclass(frozen=True)
class Steps:
    """What a plan does: `stamped` are the revisions of a baseline, `start` the version rows before.

    Where both are given, the former replace the latter, which no script has.
    """

    stamped: tuple[str, ...]
    start: tuple[str, ...]
    target: str


def render_sql(project: Project, url: str, steps: Steps, watch: "Watch | None" = None) -> str:
    """The SQL of a plan, from Alembic's offline mode; runs env.py, connects to nothing.

    `watch` is shown each revision, and may keep what one raises from ending the rendering.
    """
    config = project.config
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    buffer = config.output_buffer = StringIO()
    stamped, start = steps.stamped, steps.start

    def rendered(heads: tuple[str, ...], context: Any) -> Iterator[Any]:
        project.imports.every()
        confirm(project)
        if stamped and start:
            yield StampStep(start, stamped, True, False, project.directory.revision_map)
        elif stamped:
            with _one_transaction(context):
                yield from project.directory._stamp_revs(stamped, heads)
        pending: Any = project.directory._upgrade_revs(steps.target, stamped or heads)  # type: ignore[arg-type]
        yield from pending if watch is None else watch.each(pending, context, buffer)

    known = start if not stamped else ()
    arguments = upgrade_arguments(config) | {"as_sql": True, "starting_rev": known or None}
    environment = EnvironmentContext(config, project.directory, fn=rendered, **arguments)
    configure = environment.configure

    def configure_for_plan(*place: Any, **options: Any) -> None:
        configure(*place, **options | {"transaction_per_migration": True})
        if stamped and start:  # Alembic would look for their scripts
            context = environment.get_context()
            context.get_current_heads = lambda: start  # type: ignore[method-assign]

    environment.configure = configure_for_plan  # type: ignore[method-assign]
    with named_failures(project, lambda: None), captured_output(NullSink()), environment:
        project.directory.run_env()
    return buffer.getvalue()


@contextmanager
def _one_transaction(context: Any) -> Iterator[None]:
    """All rows of a baseline in one, as a run stamps them."""
    context.impl.emit_begin()
    context._in_external_transaction = True
    try:
        yield
    finally:
        context._in_external_transaction = False
    context.impl.emit_commit()

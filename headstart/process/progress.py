"""Show how far a replay is: a bar on a terminal, else the log's events do."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from headstart.facts.visible import one_line
from headstart.process.below import stream_below


def shows_bar() -> bool:
    """Whether there is a terminal, and the package that draws on it."""
    return stream_below(sys.stderr).isatty() and find_spec("tqdm") is not None


@contextmanager
def bar(total: int) -> Iterator[Callable[[str], None]]:
    """Give what is called after each revision, with its name."""
    if not shows_bar():
        yield lambda _: None
        return
    from tqdm import tqdm

    terminal = stream_below(sys.stderr)
    with tqdm(
        total=total, desc="replaying", unit=" revisions", leave=False, file=terminal
    ) as drawn:

        def done(revision: str) -> None:
            drawn.set_postfix_str(one_line(revision), refresh=False)
            drawn.update()

        yield done

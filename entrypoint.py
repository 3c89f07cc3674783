"""The image's ENTRYPOINT: hands over to headstart.

The project is the one in the working directory. Only where that is the image's own /app, and nobody
has put anything there, named another or built an image on this one, it is that of this repository,
which lies beside this file.
"""

import os
import signal
import sys

# Process 1 has no default action: without this, a signal during the imports would be lost.
signal.signal(signal.SIGTERM, lambda signum, _: sys.exit(128 + signum))

from pathlib import Path  # noqa: E402

from headstart.command.main import main  # noqa: E402

APP = Path("/app")
NAMED = ("HEADSTART_ALEMBIC_INI", "HEADSTART_OWN_PROJECT")


def is_untouched(folder: Path) -> bool:
    try:
        untouched = folder == APP and not folder.is_mount() and not any(folder.iterdir())
    except PermissionError:  # somebody's, then; what is wrong with it is said later
        return False
    return untouched and not any(name in os.environ for name in NAMED)


if __name__ == "__main__":
    if is_untouched(Path.cwd()):
        os.chdir(Path(__file__).resolve().parent)
    main()

"""The image's ENTRYPOINT: hands over to headstart.

The project is the one in the working directory. Only where that is the image's own /app, and nobody
has put anything there, named another or built an image on this one, it is that of this repository,
which lies beside this file.
"""

import os

from headstart.__main__ import main

APP = "/app"
NAMED = ("HEADSTART_ALEMBIC_INI", "HEADSTART_OWN_PROJECT")


def is_untouched(folder: str) -> bool:
    """Whether nobody has put a project there. Without pathlib, which costs what the gate does."""
    try:
        untouched = folder == APP and not os.path.ismount(folder) and not os.listdir(folder)
    except PermissionError:  # somebody's, then; what is wrong with it is said later
        return False
    return untouched and not any(name in os.environ for name in NAMED)


if __name__ == "__main__":
    if is_untouched(os.getcwd()):
        os.chdir(os.path.dirname(os.path.realpath(__file__)))
    main()

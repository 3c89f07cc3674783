"""The program: through the gate, or else to the command. `python -m headstart`, and `headstart`."""

import os
import sys

from headstart.gate.passing import pass_gate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> "NoReturn":
    """Execute the command of sys.argv and exit with the documented code."""
    if pass_gate(sys.argv[1:]):
        os._exit(0)
    from headstart.command.main import main as execute

    execute()


if __name__ == "__main__":
    main()

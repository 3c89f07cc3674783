"""Note each run of an env.py in the file that ENV_RUNS names; Python imports this at its start."""

import os
import sys

_FILE = os.environ.get("ENV_RUNS")


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event != "exec":
        return
    code = arguments[0]
    if getattr(code, "co_name", "") != "<module>":
        return
    name = str(code.co_filename)  # type: ignore[attr-defined]
    # pathlib may not be imported yet, and would be by us
    if name.endswith(f"{os.sep}env.py") and "pydantic_settings" not in name:
        with open(str(_FILE), "a") as runs:  # noqa: PTH123
            runs.write(f"{name}\n")


if _FILE:
    sys.addaudithook(_hear)

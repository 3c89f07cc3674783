"""The app, as `uvicorn minirag.main:app` starts it. Its parts are wired together here, not made.

Nothing here waits for the database or migrates it: that is headstart's part.
"""

import logging
import os
import sys
from collections.abc import Mapping

from fastapi import FastAPI, Request, status
from fastapi.responses import JSONResponse

from headstart.readiness import Readiness
from headstart.verdict.errors import HeadstartError
from minirag import assets, chunks, forms, health, page, projects, search
from minirag.database import Database, DatabaseUnavailable
from minirag.health import Probe
from minirag.settings import read_database
from minirag.uploads import BodyLimit

PARTS = (health, projects, assets, chunks, search, page, forms)

# uvicorn's own: it is the one that has a handler by default
log = logging.getLogger("uvicorn.error")


def make_app(environ: Mapping[str, str]) -> FastAPI:
    """Make the app; connects to nothing. Raises HeadstartError for settings that are no use."""
    # no page of documentation: FastAPI's takes its scripts from another host
    made = FastAPI(title="minirag", docs_url=None, redoc_url=None)
    made.state.database = Database(read_database(environ))
    made.state.probe = Probe(Readiness(environ))
    made.add_middleware(BodyLimit)
    made.add_exception_handler(DatabaseUnavailable, _answer_unavailable)
    for part in PARTS:
        made.include_router(part.router)
    return made


def _answer_unavailable(_: Request, error: Exception) -> JSONResponse:
    log.warning("database unavailable: %s", error)
    return JSONResponse(
        {"detail": str(error)},
        status.HTTP_503_SERVICE_UNAVAILABLE,
        headers={"Retry-After": "5"},
    )


def _start() -> FastAPI:
    """Make the app, or end the process with one line: a traceback would hide what to do."""
    try:
        return make_app(os.environ)
    except HeadstartError as error:
        sys.exit(f"minirag: {error} ({error.next_step})")


app = _start()

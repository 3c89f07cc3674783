"""The app. It creates no table, migrates nothing and seeds nothing: that was done before."""

import asyncio
import logging
import os

from fastapi import FastAPI, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.db import engine
from app.models import User
from headstart.readiness import Readiness

logger = logging.getLogger("uvicorn.error")
app = FastAPI(title="fastapi-template-shape")
readiness = Readiness(os.environ | {"HEADSTART_AHEAD": "allow"})


@app.get("/health/live")
async def live() -> dict[str, str]:
    """Whether the process answers; it does not ask the database."""
    return {"status": "ok"}


@app.get("/health/ready")
async def ready(response: Response) -> dict[str, str]:
    """Whether the database is ready for this image: the question of `headstart check`."""
    answer = await asyncio.to_thread(readiness.ask)
    response.status_code = 200 if answer.ready else 503
    if not answer.ready:
        logger.warning("not ready: %s; next: %s", answer.message, answer.next_step)
    return {"outcome": answer.outcome}


@app.get("/users/count")
def count_users() -> dict[str, int]:
    """How many users there are."""
    with Session(engine) as session:
        return {"users": session.scalar(select(func.count()).select_from(User)) or 0}

"""The probes: is the process alive, and is the database what this image needs.

Ready is what `headstart check` answers, asked anew at each probe: an app that is started before
the job becomes ready when the job is done, without a restart.
"""

import asyncio
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import BaseModel

from headstart.readiness import Answer, Readiness

router = APIRouter(prefix="/health", tags=["health"])


class Alive(BaseModel):
    """The process answers; this says nothing about the database."""

    alive: bool = True


class Ready(BaseModel):
    """The answer of `headstart check`."""

    ready: bool
    outcome: str
    revisions: tuple[str, ...]
    message: str | None
    next_step: str | None


class Probe:
    """Asks headstart; all who ask at the same time share one question."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._asking: asyncio.Task[Answer] | None = None

    async def ask(self) -> Answer:
        """The answer to a question that is not older than this call's wait."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(asyncio.to_thread(self._readiness.ask))
        # shielded: one client that leaves must not take the answer from the others
        return await asyncio.shield(self._asking)


def _of_request(request: Request) -> Probe:
    probe: Probe = request.app.state.probe
    return probe


Probed = Annotated[Probe, Depends(_of_request)]
"""A route's parameter: the probe of the app."""


@router.get("/live")
async def live() -> Alive:
    """200 as long as the process answers: restarting it would not cure a database."""
    return Alive()


@router.get("/ready", responses={status.HTTP_503_SERVICE_UNAVAILABLE: {"model": Ready}})
async def ready(probe: Probed, response: Response) -> Ready:
    """200 where the database is ready for this image, else 503."""
    answer = await probe.ask()
    if not answer.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Ready(**asdict(answer))

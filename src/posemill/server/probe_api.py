"""GET /api/v1/probe: a few events, so that whoever asks sees whether they come as they are sent."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from posemill.server.describing import described
from posemill.server.events import MEDIA_TYPE
from posemill.server.problems import Problem
from posemill.server.service import Service, service_of

router = APIRouter(prefix="/api/v1", tags=["health"])

EVENTS: Final = 5
INTERVAL_S: Final = 0.2
_STREAM: Final = {
    "schema": {"description": "Server-sent events; the data of each is a JSON object."},
    "example": 'event: probe\ndata: {"event": 0, "of": 5, "interval_s": 0.2}\n\n',
}


@router.get(
    "/probe",
    **described(answers={MEDIA_TYPE: _STREAM}, problems=("unauthorized", "too_many_followers")),
)
async def probe(request: Request) -> Response:
    """Send five server-sent events, 200 ms apart; a proxy that buffers passes them on together."""
    service = service_of(request)
    if service.followers.locked():
        raise Problem("too_many_followers")
    # The same as those of a job's events, which it stands for.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(service), 200, headers, MEDIA_TYPE)


async def _events(service: Service) -> AsyncIterator[str]:
    async with service.followers:
        for number in range(EVENTS):
            if number:
                await asyncio.sleep(INTERVAL_S)
            told = {"event": number, "of": EVENTS, "interval_s": INTERVAL_S}
            yield f"event: probe\ndata: {json.dumps(told)}\n\n"

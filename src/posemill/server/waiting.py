"""Waiting for the answer of a process for as long as somebody waits for ours."""

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from posemill.workers import Answer


async def unless_gone(request: Request, answer: "asyncio.Future[Answer]") -> Answer:
    """Wait for an answer, and take it out of the queue where its client goes away.

    Errors: what the answer raises; ClientDisconnect.
    """
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            raise ClientDisconnect
        return answer.result()
    finally:
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

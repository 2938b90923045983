"""A job's way as server-sent events: its state, whenever that changes, until it is final.

Our own generator: a library would add a package for what are three lines of text. Every event is
the whole job, so whoever comes back needs none of those it missed. ``id`` is a digest of the
job as told: a client that already has the present state is not told it again, and one that has
the last is told, by 204, not to come back.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi.concurrency import run_in_threadpool

from posemill.errors import JobNotFound
from posemill.jobs import FINAL_STATES, Job
from posemill.server.problems import problem_named
from posemill.server.service import Service

MEDIA_TYPE: Final = "text/event-stream"
POLL_S: Final = 0.5
HEARTBEAT_S: Final = 15.0
_RETRY: Final = "retry: 2000\n\n"


def told(job: Job, language: str) -> dict[str, Any]:
    """Return a job as JSON has it, its problem in a language."""
    found = job.to_dict()
    if job.problem is not None:
        found["problem"] = problem_named(job.problem["code"], job.problem["detail"]).body(language)
    return found


def digest(job: Job) -> str:
    """Return a word that differs for each state of a job."""
    return hashlib.blake2b(json.dumps(job.to_dict()).encode(), digest_size=12).hexdigest()


async def events(
    service: Service,
    job: Job,
    known: str,
    language: str = "en",
    *,
    poll_s: float = POLL_S,
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncIterator[str]:
    """Yield a job's events from now on; ``known``: the id of what the client was told last.

    They end with the job, and when the service stops: the client then comes back to the next one.
    """
    async with service.followers:
        yield _RETRY
        async for text in _told(service, job, known, language, poll_s, heartbeat_s):
            yield text


async def _told(
    service: Service, job: Job, known: str, language: str, poll_s: float, heartbeat_s: float
) -> AsyncIterator[str]:
    said_s = time.monotonic()
    while not service.stopping.is_set():
        word = digest(job)
        if word != known:
            known, said_s = word, time.monotonic()
            yield f"id: {word}\nevent: job\ndata: {json.dumps(told(job, language))}\n\n"
        if job.state in FINAL_STATES:
            return
        if time.monotonic() - said_s > heartbeat_s:
            said_s = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(poll_s)
        try:
            job = await run_in_threadpool(service.jobs.get, job.id)
        except JobNotFound:
            yield f'event: removed\ndata: {{"id": "{job.id}"}}\n\n'
            return

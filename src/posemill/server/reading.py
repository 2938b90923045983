"""Bodies that are JSON."""

import json
from typing import Any

from starlette.requests import Request

from posemill.server.problems import Problem


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body of a request, a JSON object. Problem for anything else."""
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Problem("bad_body", reason="it must be a JSON object.")
    return found

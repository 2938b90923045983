"""GET /api/v1/skeleton: names, bones and colours, for whoever draws the records themselves."""

from typing import Any, Final

from fastapi import APIRouter

from posemill.drawing import COLOURS
from posemill.server.describing import described, json_of
from posemill.skeleton import BONES, LANDMARK_NAMES

router = APIRouter(prefix="/api/v1", tags=["pictures"])

SKELETON: Final[dict[str, Any]] = {
    "landmark_names": list(LANDMARK_NAMES),
    "bones": [
        {"from": start, "to": end, "limb": limb}
        for limb, bones in BONES.items()
        for start, end in bones
    ],
    "colours": {name: "#{:02x}{:02x}{:02x}".format(*colour) for name, colour in COLOURS.items()},
}


@router.get("/skeleton", **described(answers=json_of("Skeleton"), problems=("unauthorized",)))
async def skeleton() -> dict[str, Any]:
    """Return the landmarks' names, the bones between them, and the colours they are drawn in."""
    return SKELETON

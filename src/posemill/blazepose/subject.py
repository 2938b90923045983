"""Which of several people is meant where only one is wanted."""

from collections.abc import Callable, Sequence
from math import hypot

from posemill.blazepose.look import Candidate
from posemill.types import Frame, Pose


def choose_candidate(
    candidates: Sequence[Candidate], frame: Frame, rule: str | None
) -> list[Candidate]:
    """Return the one candidate to look at: the surest, as MediaPipe does, or by ``rule``."""
    x, y = frame.width / 2, frame.height / 2
    rules: dict[str | None, Callable[[Candidate], float]] = {
        "largest": lambda each: each.region.side_px,
        "central": lambda each: -hypot(each.region.x_px - x, each.region.y_px - y),
    }
    if not candidates:
        return []
    return [max(candidates, key=rules.get(rule, lambda each: each.score))]


def choose_pose(people: Sequence[Pose], rule: str, kept: int | None = None) -> list[Pose]:
    """Return the one person that is meant, or none.

    ``rule``: ``score``, ``largest``, ``central``, or an id. ``kept``: the id that was chosen
    before, which counts as long as that person is here.
    """
    wanted = int(rule) if rule.isdecimal() else kept
    same = [person for person in people if person.id == wanted]
    if same or rule.isdecimal() or not people:
        return same
    rules: dict[str, Callable[[Pose], float]] = {
        "score": lambda each: each.score,
        "largest": lambda each: each.box_px[2] * each.box_px[3],
        "central": lambda each: -_from_middle(each),
    }
    return [max(people, key=rules[rule])]


def _from_middle(person: Pose) -> float:
    x, y, width, height = person.box_px
    return hypot(
        x + width / 2 - person.size_px[0] / 2,
        y + height / 2 - person.size_px[1] / 2,
    )

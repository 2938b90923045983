"""What is told of each person while they move: repetitions and angles, frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from posemill.analysis.counting import Exercise, LiveCounter
from posemill.analysis.live_angles import LiveAngles
from posemill.analysis.motion import is_same_person
from posemill.types import FramePoses, Pose

_FORGET_S: Final = 60.0  # trackers may keep the id of somebody who is hidden for so long
_ALONE_S: Final = 30.0  # who is always alone may walk out of the picture and back
_MOST: Final = 64  # people who are remembered


@dataclass(slots=True)
class _Followed:
    """One person: what counts and measures, and when and where they were seen last."""

    counter: LiveCounter | None
    angles: LiveAngles | None
    pose: Pose
    time_s: float


class LiveAnalysis:
    """Counts an exercise and gives angles, of everyone in the frames of one source, in order.

    Somebody who is lost and comes back under another id soon, near and of about the same size,
    goes on where they were; so does whoever comes, while there is never more than one person.
    SettingError for an angle that is not known.
    """

    def __init__(self, exercise: Exercise | None, angles: Sequence[str] = ()) -> None:
        self._exercise, self._angles = exercise, angles
        LiveAngles(angles)  # names are known, or said not to be, from the start
        self._people: dict[int, _Followed] = {}
        self._are_several = False

    def update(self, poses: FramePoses) -> FramePoses:
        """Return the next frame with what is told of its people, as ``Pose.analysis``."""
        self._are_several |= len(poses.people) > 1
        here = {pose.id for pose in poses.people}
        people = tuple(
            replace(pose, analysis=self._told(pose, poses.time_s, here)) for pose in poses.people
        )
        self._forget(poses.time_s)
        return replace(poses, people=people)

    def _told(self, pose: Pose, time_s: float, here: set[int]) -> dict[str, Any]:
        known = self._people.get(pose.id) or self._taken_over(pose, time_s, here) or self._new(pose)
        known.pose, known.time_s = replace(pose, mask=None), time_s
        # Who was seen last is last, so that the first ones are those to forget.
        self._people.pop(pose.id, None)
        self._people[pose.id] = known
        told: dict[str, Any] = {}
        if known.counter is not None:
            told["count"] = known.counter.update(pose, time_s).to_dict()
        if known.angles is not None:
            told["angles"] = known.angles.update(time_s, pose)
        return told

    def _new(self, pose: Pose) -> _Followed:
        counter = None if self._exercise is None else LiveCounter(self._exercise)
        return _Followed(counter, LiveAngles(self._angles) if self._angles else None, pose, 0.0)

    def _taken_over(self, pose: Pose, time_s: float, here: set[int]) -> _Followed | None:
        for known_id in reversed(self._people):
            known = self._people[known_id]
            gap_s = time_s - known.time_s
            is_alone = not self._are_several and 0 <= gap_s <= _ALONE_S
            if known_id not in here and (is_alone or is_same_person(known.pose, pose, gap_s)):
                return self._people.pop(known_id)
        return None

    def _forget(self, time_s: float) -> None:
        """Drop those who won't come back, so that days of passers-by fill no memory."""
        for known_id in [
            known_id
            for place, (known_id, known) in enumerate(self._people.items())
            if time_s - known.time_s > _FORGET_S or place < len(self._people) - _MOST
        ]:
            del self._people[known_id]

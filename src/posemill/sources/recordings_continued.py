"""The records of a stream that changed or began anew within one file, as those of one source."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from posemill.errors import BrokenSource
from posemill.types import FramePoses

# Where time_s and at tell of so different a pause, time_s began anew.
_SAME_CLOCK_S: Final = 1.0
# After a restart with a clock that was set back, nobody knows how long the pause was.
_UNKNOWN_PAUSE_S: Final = 1.0
_LATEST_AT: Final = 1e11  # seconds since 1970
_SHAPE_TOLERANCE: Final = 0.01
_MADE_BY: Final = ("model", "engine", "precision")


class Continued:
    """Numbers, times and ids that go on over a repeated header; ``header`` is the latest one.

    A header is repeated where the stream changed, and where it began anew: there frames, times
    and ids begin at 0 again, and ``at``, the time of day, tells how long the pause was. Another
    model alone lets ids begin anew.
    """

    def __init__(self, header: Mapping[str, Any]) -> None:
        self.header = header
        self._line = 0
        self._is_new = self._has_new_ids = False
        self._last: FramePoses | None = None
        self._last_at: float | None = None
        self._more_frames, self._more_s, self._more_ids = 0, 0.0, 0
        self._next_id = 0

    def begin(self, header: Mapping[str, Any], line: int) -> None:
        """Go on under a further header, in line ``line``. BrokenSource for another source's."""
        before, self.header, self._line = self.header, header, line
        kinds = {before.get("kind", "video"), header.get("kind", "video")}
        if before["source"] != header["source"] or kinds != {"video"}:
            raise self._several()
        shapes = [each["width"] / each["height"] for each in (before, header)]
        if abs(shapes[0] / shapes[1] - 1) > _SHAPE_TOLERANCE:
            raise BrokenSource(
                f"the picture has another shape from line {line} on, so that places don't compare; "
                "write what is before and what is after into files of their own."
            )
        self._is_new = True
        self._has_new_ids |= any(before[key] != header[key] for key in _MADE_BY)

    def placed(self, poses: FramePoses, at: object) -> FramePoses:
        """Return the next frame behind those before it; ``at``: unix seconds, where it has them.

        BrokenSource where nothing tells how long after.
        """
        moment = _moment(at)
        if self._is_new and self._last is not None:
            self._go_on(poses, self._last, moment)
        self._is_new = False
        if self._more_frames or self._more_s or self._more_ids:
            poses = self._moved(poses)
        self._last, self._last_at = poses, moment
        self._next_id = max((self._next_id, *(each.id + 1 for each in poses.people)))
        return poses

    def _go_on(self, poses: FramePoses, last: FramePoses, at: float | None) -> None:
        pause_s = None if at is None or self._last_at is None else at - self._last_at
        step_s = poses.time_s + self._more_s - last.time_s
        is_next = poses.index + self._more_frames > last.index and step_s > 0
        if not is_next or (pause_s is not None and abs(step_s - pause_s) > _SAME_CLOCK_S):
            if pause_s is None:
                raise self._several()
            self._more_frames = last.index + 1
            self._more_s += (pause_s if pause_s > 0 else _UNKNOWN_PAUSE_S) - step_s
            self._has_new_ids = True
        if self._has_new_ids:
            self._more_ids, self._has_new_ids = self._next_id, False

    def _moved(self, poses: FramePoses) -> FramePoses:
        return replace(
            poses,
            index=poses.index + self._more_frames,
            time_s=poses.time_s + self._more_s,
            people=tuple(replace(each, id=each.id + self._more_ids) for each in poses.people),
        )

    def _several(self) -> BrokenSource:
        return BrokenSource(
            f"holds more than one source, the second from line {self._line} on; write each into a "
            "file of its own."
        )


def _moment(at: object) -> float | None:
    if (type(at) is float or type(at) is int) and 0 <= at <= _LATEST_AT:
        return float(at)
    return None

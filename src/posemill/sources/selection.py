"""Which frames of a source are wanted: --start --end --every --fps --rotate and the size cap."""

import math
from dataclasses import dataclass
from typing import Final

from posemill.errors import SettingError, SourceTooLarge

DEFAULT_MAX_PIXELS: Final = 64_000_000
# What records hold at most.
MAX_SIDE_PX: Final = 1_000_000
# Times come from fractions: this much is an error of floating point, not a later frame.
TIME_SLACK_S: Final = 1e-6
# Matroska and FLV keep milliseconds.
_ROUNDING_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Selection:
    """What to take from a source.

    ``start_s``, ``end_s``: seconds from the start of the source, start included, end not.
    ``every``: one frame in so many, counted from the first one in range. ``fps``: at most so
    many frames a second, chosen by timestamp, none twice. ``rotate``: degrees clockwise (0,
    90, 180, 270), on top of the rotation that the file itself asks for. ``all_frames``: an
    animated picture is a video rather than its first frame. ``max_pixels``: width x height
    of the largest picture that is decoded. Still pictures ignore what speaks of time.
    Errors: SettingError, naming the setting.
    """

    start_s: float | None = None
    end_s: float | None = None
    every: int = 1
    fps: float | None = None
    rotate: int = 0
    all_frames: bool = False
    max_pixels: int = DEFAULT_MAX_PIXELS

    def __post_init__(self) -> None:
        for name, value in (("start", self.start_s), ("end", self.end_s)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise SettingError(f"{name} must be a number of seconds from 0 up, not {value}.")
        if self.end_s is not None and self.end_s <= (self.start_s or 0.0):
            raise SettingError(
                f"end ({self.end_s:g} s) must be later than start ({self.start_s or 0:g} s)."
            )
        if self.every < 1:
            raise SettingError(f"every must be a whole number from 1 up, not {self.every}.")
        if self.fps is not None and not (math.isfinite(self.fps) and self.fps > 0):
            raise SettingError(f"fps must be a number above 0, not {self.fps}.")
        if self.rotate not in (0, 90, 180, 270):
            raise SettingError(f"rotate must be 0, 90, 180 or 270 degrees, not {self.rotate}.")
        if self.max_pixels < 1:
            raise SettingError(f"max_pixels must be a whole number above 0, not {self.max_pixels}.")


@dataclass(frozen=True, slots=True)
class Cut:
    """A key frame that reading can begin at: its timestamp, number and seconds, as in Frame."""

    pts: int
    index: int
    time_s: float


def refuse_too_large(width: int, height: int, label: str, max_pixels: int) -> None:
    """Raise SourceTooLarge where a picture is beyond the limits."""
    if width * height > max_pixels:
        raise SourceTooLarge(
            f"{label}: {width} x {height} pixels is beyond the limit "
            f"max_pixels = {max_pixels}, raise it to read this."
        )
    if max(width, height) > MAX_SIDE_PX:
        raise SourceTooLarge(
            f"{label}: {width} x {height} pixels is more than {MAX_SIDE_PX} on one side, "
            "cut it into parts first."
        )


class Picker:
    """Says of one frame after the other whether a selection wants it."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._seen = 0
        self._first_s = 0.0
        self._slot: int | None = None

    def resume(self, seen: int, first_s: float) -> None:
        """Go on after ``seen`` frames in range, the first of them at ``first_s``."""
        self._seen, self._first_s = seen, first_s

    def is_past(self, time_s: float) -> bool:
        """Return whether the selection ends at or before ``time_s``."""
        end_s = self._selection.end_s
        return end_s is not None and time_s >= end_s - TIME_SLACK_S

    def wants(self, time_s: float) -> bool:
        """Return whether to take the next frame, which is at ``time_s``."""
        chosen = self._selection
        if time_s < (chosen.start_s or 0.0) - TIME_SLACK_S and chosen.start_s:
            return False
        if self.is_past(time_s):
            return False
        if self._seen == 0:
            self._first_s = time_s
        self._seen += 1
        if (self._seen - 1) % chosen.every:
            return False
        return chosen.fps is None or self._opens_slot(time_s - self._first_s, chosen.fps)

    def _opens_slot(self, since_first_s: float, fps: float) -> bool:
        # One frame a slot of 1/fps. A timestamp that was rounded down would fall into the slot
        # before, and its frame be dropped, so slots begin a little early.
        slot = math.floor(since_first_s * fps + min(_ROUNDING_S * fps, 0.5))
        if self._slot is not None and slot <= self._slot:
            return False
        self._slot = slot
        return True

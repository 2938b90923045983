"""Pictures out of a video by their times, without decoding all that lies between."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from posemill.errors import PosemillError
from posemill.sources import Selection, Source, open_source
from posemill.sources.videos import VideoSource
from posemill.types import Picture

_SAME_S: Final = 1e-3
_CUT_S: Final = 1.0


def pictures_at(
    media: Path, times_s: Mapping[int, float], selection: Selection
) -> Iterator[tuple[int, Picture]]:
    """Yield pictures of a source; ``times_s``: of each that is wanted, by its number.

    Those that can't be found are left out: where a file is damaged or gone, or where it is of the
    same name, but another one, whose frames are at other times.
    """
    wanted = sorted((time_s, number) for number, time_s in times_s.items())
    with suppress(PosemillError), open_source(media, selection) as source:
        if not isinstance(source, VideoSource):
            yield from _matching(source, wanted)
            return
        cuts = list(source.cuts(_CUT_S))
        starts_s = [cut.time_s - _SAME_S for cut in cuts]
        groups: dict[int, list[tuple[float, int]]] = {}
        for time_s, number in wanted:
            groups.setdefault(bisect_right(starts_s, time_s), []).append((time_s, number))
        for place, group in groups.items():
            with suppress(PosemillError):
                if not place:
                    yield from _matching(source, group)
                    continue
                with source.part(cuts[place - 1]) as part:
                    yield from _matching(part, group)


def _matching(source: Source, wanted: list[tuple[float, int]]) -> Iterator[tuple[int, Picture]]:
    """Yield those of the frames that are wanted, and look at none after the last."""
    for frame in source:
        for time_s, number in wanted:
            if abs(time_s - frame.time_s) <= _SAME_S:
                yield number, frame.pixels
        if frame.time_s >= wanted[-1][0]:
            return

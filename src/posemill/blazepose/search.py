"""Where people may be: the detector on the whole picture, closer, and turned.

The detector sees 224 x 224 pixels, whatever the picture has: people smaller than about a
tenth of that are lost on it. Overlapping tiles show them larger.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil, hypot, pi, remainder
from typing import Final

from posemill.blazepose.look import Candidate, detect_in
from posemill.blazepose.models import Model
from posemill.blazepose.roi import Region, whole_picture
from posemill.errors import SourceError
from posemill.options import PoseOptions
from posemill.types import Frame, Picture

# Of the shorter side of the picture: what a tile shows.
TILE_SIDES: Final = {"2": (0.57,), "3": (0.4,), "auto": (0.8, 0.57, 0.4)}
TILE_STEP: Final = 0.75  # of a tile's side, at most: tiles overlap
MOST_TILES: Final = 32  # of a size; those of a long and thin picture are larger instead
SAME_PLACE: Final = 0.15  # of the larger region's side
# Who is only hinted at counts where they are merged with somebody surer, which places them
# better, and makes auto look closer still if they are small enough for the tile.
HINT: Final = 0.2
LARGEST_IN_TILE: Final = 1.2
# Whom only a turned picture shows well is hinted at before, too, by this score at least, and not
# as upright. Of 205 photos and frames, a third of them turned on purpose, 57 had nobody upright;
# the three people whom turning gained were hinted at by 0.22 and more, at 40 degrees and more.
# Photos without such a hint, two thirds of those with nobody, are spared three looks.
HINT_OF_TURNED: Final = 0.1
TURNED: Final = pi / 6


def search(frame: Frame, detector: Model, options: PoseOptions, *, still: bool) -> list[Candidate]:
    """Return where the detector sees people, the surest first, each place once.

    ``still``: whether the frame is a picture of its own, which is searched more closely.
    SourceError where the region lies outside of it.
    """
    pixels, x, y = _part(frame, options)
    return [
        replace(each, region=_shifted(each.region, x, y))
        for each in _search(pixels, detector, options, still=still)
    ]


def _search(
    pixels: Picture, detector: Model, options: PoseOptions, *, still: bool
) -> list[Candidate]:
    several = options.max_people != 1
    tiles = options.detect_tiles or ("auto" if still and several else "off")
    rotations = options.detect_rotations or ("auto" if still else "off")
    least = options.min_detection_confidence
    height, width = pixels.shape[:2]
    whole = whole_picture((width, height))
    if tiles == "off":
        seen = detect_in(pixels, whole, detector, least, HINT_OF_TURNED)
    else:
        seen = _closer(pixels, detector, tiles, min(HINT, least))
    found = [each for each in seen if each.score >= least]
    if rotations == "auto" and not found and _hints_at_turned(seen):
        for quarter in (1, 2, 3):
            square = replace(whole, rotation=quarter * pi / 2)
            found += [
                replace(each, turned=True) for each in detect_in(pixels, square, detector, least)
            ]
    return distinct_places(found)


def _hints_at_turned(seen: list[Candidate]) -> bool:
    """Whether the surest of those who are hinted at, if anybody is, is not upright."""
    if not seen:
        return False
    rotation = max(seen, key=lambda each: each.score).region.rotation
    return abs(remainder(rotation, 2 * pi)) > TURNED


def _closer(pixels: Picture, detector: Model, tiles: str, least: float) -> list[Candidate]:
    """Return the people in the whole picture and in its tiles.

    ``auto`` looks at the smallest tiles only where larger ones show somebody small, however
    weakly: in half of the tiles it finds as many people.
    """
    height, width = pixels.shape[:2]
    found = detect_in(pixels, whole_picture((width, height)), detector, least)
    sides = TILE_SIDES[tiles]
    for place, share in enumerate(sides):
        seen = list(found)
        for tile in tiles_of((width, height), share * min(width, height)):
            if place < 2 or any(_is_hint(each.region, tile) for each in seen):
                found += detect_in(pixels, tile, detector, least)
    return found


def _is_hint(region: Region, tile: Region) -> bool:
    reach = tile.side_px / 2
    near = abs(region.x_px - tile.x_px) < reach and abs(region.y_px - tile.y_px) < reach
    return near and region.side_px < LARGEST_IN_TILE * tile.side_px


def tiles_of(size_px: tuple[int, int], side_px: float) -> Iterator[Region]:
    """Yield the fewest overlapping squares of ``side_px``, or more, that cover a picture."""
    width, height = size_px
    while len(_centers(width, side_px)) * len(_centers(height, side_px)) > MOST_TILES:
        side_px *= 2
    for y in _centers(height, side_px):
        for x in _centers(width, side_px):
            yield Region(x, y, side_px)


def _centers(length: float, side: float) -> list[float]:
    if length <= side:
        return [length / 2]
    count = 1 + ceil((length - side) / (side * TILE_STEP))
    return [side / 2 + k * (length - side) / (count - 1) for k in range(count)]


def distinct_places(found: list[Candidate]) -> list[Candidate]:
    """Return the surest candidate of each place, the surest first."""
    kept: list[Candidate] = []
    for candidate in sorted(found, key=lambda each: -each.score):
        if not any(same_place(candidate.region, other.region) for other in kept):
            kept.append(candidate)
    return kept


def same_place(one: Region, other: Region) -> bool:
    """Whether two regions show the same person: near each other and of about one size."""
    apart = hypot(one.x_px - other.x_px, one.y_px - other.y_px)
    apart += abs(one.side_px - other.side_px) / 2
    return apart < SAME_PLACE * max(one.side_px, other.side_px)


def _part(frame: Frame, options: PoseOptions) -> tuple[Picture, int, int]:
    if options.region is None:
        return frame.pixels, 0, 0
    x, y, width, height = options.region
    part = frame.pixels[y : y + height, x : x + width]
    if not part.size:
        raise SourceError(
            f"region {x},{y},{width},{height} lies outside of a picture of "
            f"{frame.width}x{frame.height}."
        )
    return part, x, y


def _shifted(region: Region, x: int, y: int) -> Region:
    return replace(region, x_px=region.x_px + x, y_px=region.y_px + y)

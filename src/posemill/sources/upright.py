"""A decoded video frame to upright RGB, with as few copies as there can be."""

from collections.abc import Mapping
from copy import copy
from typing import cast

import numpy as np
from av.buffer import Buffer
from av.filter import Graph
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from posemill.types import Picture

# A display matrix (xx, xy, yx, yy) takes a stored point (x, y), y down, to the upright
# (xx x + xy y, yx x + yy y).
Matrix = tuple[int, int, int, int]
IDENTITY: Matrix = (1, 0, 0, 1)
_QUARTER_CLOCKWISE: Matrix = (0, -1, 1, 0)
_FILTERS: dict[Matrix, tuple[tuple[str, str | None], ...]] = {
    (1, 0, 0, 1): (),
    (-1, 0, 0, 1): (("hflip", None),),
    (1, 0, 0, -1): (("vflip", None),),
    (-1, 0, 0, -1): (("hflip", None), ("vflip", None)),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, -1, 1, 0): (("transpose", "clock"),),
    (0, 1, -1, 0): (("transpose", "cclock"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}
# Colour matrices and ranges that swscale knows (ITU-T H.273); it refuses frames of others.
_KNOWN_MATRICES = frozenset((0, 1, 2, 4, 5, 6, 7, 9))
_KNOWN_RANGES = frozenset((0, 1, 2))
_UNSPECIFIED_MATRIX, _UNSPECIFIED_RANGE = 2, 0


def display_matrix(frame: VideoFrame) -> Matrix:
    """Return how the file wants ``frame`` turned or mirrored, to the nearest quarter turn."""
    try:
        # PyAV's stubs call the container a mapping of nothing.
        raw = cast(Mapping[Type, Buffer], frame.side_data).get(Type.DISPLAYMATRIX)
    except ValueError:  # PyAV: side data of a kind it has no name for
        return turned(IDENTITY, -frame.rotation)
    if raw is None:
        return IDENTITY
    values = np.frombuffer(bytes(raw), np.int32).astype(np.int64)
    a, b, c, d = (int(values[i]) for i in (0, 1, 3, 4))
    if max(abs(a), abs(d)) >= max(abs(b), abs(c)):
        return (-1 if a < 0 else 1, 0, 0, -1 if d < 0 else 1)
    return (0, -1 if c < 0 else 1, -1 if b < 0 else 1, 0)


def turned(matrix: Matrix, degrees: int) -> Matrix:
    """Return ``matrix`` followed by a clockwise turn, to the nearest quarter."""
    for _ in range(round(degrees / 90) % 4):
        (xx, xy, yx, yy), (a, b, c, d) = _QUARTER_CLOCKWISE, matrix
        matrix = (xx * a + xy * c, xx * b + xy * d, yx * a + yy * c, yx * b + yy * d)
    return matrix


class UprightConverter:
    """Turns the frames of one video upright, all to the size of the first.

    Colours follow the matrix and range that the stream states, BT.601 and limited range
    where it states none, as FFmpeg's scaler does. Alpha is dropped; HDR is not tone-mapped;
    pixels that are not square stay as stored.
    """

    def __init__(self, first: VideoFrame, rotate: int) -> None:
        self._matrix = turned(display_matrix(first), rotate)
        # One for the video: PyAV makes a scaler, and its threads, for every frame otherwise.
        self._scaler = VideoReformatter()
        self._graph: Graph | None = None
        self._graph_for: tuple[str | int, ...] = ()
        across = bool(self._matrix[1])
        self.width = first.height if across else first.width
        self.height = first.width if across else first.height
        self.is_across = across

    def twin(self) -> "UprightConverter":
        """Return another one for the same video, to be used in another thread."""
        other = copy(self)
        other._scaler, other._graph = VideoReformatter(), None
        return other

    def rgb(self, frame: VideoFrame) -> Picture:
        """Return the pixels of ``frame``, RGB uint8 (height, width, 3), contiguous.

        Errors: FFmpegError.
        """
        if frame.colorspace not in _KNOWN_MATRICES:
            frame.colorspace = _UNSPECIFIED_MATRIX
        if frame.color_range not in _KNOWN_RANGES:
            frame.color_range = _UNSPECIFIED_RANGE
        if self._matrix != IDENTITY:
            frame = self._turn(frame)
        # Turning in YUV, before this, costs a tenth of turning RGB afterwards. More threads
        # gain nothing: a 720p frame takes 0.4 ms.
        scaled = self._scaler.reformat(
            frame, width=self.width, height=self.height, format="rgb24", threads=1
        )
        pixels: Picture = scaled.to_ndarray().astype(np.uint8, copy=False)
        return np.ascontiguousarray(pixels)  # rows are padded unless a multiple of 16 bytes

    def _turn(self, frame: VideoFrame) -> VideoFrame:
        shape = (frame.format.name, frame.width, frame.height, frame.colorspace, frame.color_range)
        if self._graph is None or self._graph_for != shape:
            self._graph = _turning_graph(frame, self._matrix)
            self._graph_for = shape
        self._graph.push(frame)
        turned_frame = self._graph.pull()
        assert isinstance(turned_frame, VideoFrame)
        return turned_frame


def _turning_graph(frame: VideoFrame, matrix: Matrix) -> Graph:
    graph = Graph()
    graph.threads = 1
    last = graph.add(
        "buffer",
        video_size=f"{frame.width}x{frame.height}",
        pix_fmt=frame.format.name,
        time_base="1/1000",
        pixel_aspect="1/1",
        colorspace=str(int(frame.colorspace)),
        range=str(int(frame.color_range)),
    )
    for name, arguments in (*_FILTERS[matrix], ("buffersink", None)):
        following = graph.add(name, arguments)
        last.link_to(following)
        last = following
    graph.configure()
    return graph

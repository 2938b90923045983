"""Decoding late: what is due and all that it takes, and nothing that a key frame makes needless."""

from __future__ import annotations  # PyAV's Packet[...] exists in its stubs alone

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from live_media import h264_clip, people
from posemill.sources.live import Counts, LateDecoder, LiveFrame

FPS = 20


class Counted:
    """A video stream that counts the packets it is given to decode."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.codec_context, self.time_base = stream.codec_context, stream.time_base
        self.decoded = 0

    def decode(self, packet: Any) -> Any:
        self.decoded += 1
        return self._stream.decode(packet)


def read(clip: Path, fps: float) -> tuple[list[LiveFrame], Counted, Counts]:
    """Return the frames of a clip that is read at its own pace."""
    counts, taken = Counts(), list[LiveFrame]()
    with av.open(str(clip)) as container:
        stream = Counted(container.streams.video[0])
        decoder = LateDecoder(stream, fps, counts, "clip", 10**6, 100.0, has_stamps=True)  # type: ignore[arg-type]
        packets = [packet for packet in container.demux(video=0) if packet.size]
        for number, packet in enumerate(packets):
            taken += decoder.frames(packet, 100.0 + number / FPS)
    return taken, stream, counts


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return h264_clip(tmp_path_factory.mktemp("clips") / "a.mp4", people(80), FPS, gop=FPS)


def test_where_a_key_frame_comes_first_nothing_between_is_decoded(clip: Path) -> None:
    taken, stream, counts = read(clip, 1)
    assert [frame.captured_s for frame in taken] == pytest.approx([100, 101, 102, 103])
    assert stream.decoded == 4
    assert counts.taken + counts.skipped >= 80 - FPS


def test_what_comes_between_is_decoded_where_a_frame_is_built_on_it(clip: Path) -> None:
    taken, stream, _ = read(clip, 5)
    assert len(taken) == 20
    # Of each 20, the last three come after the last that is due.
    assert stream.decoded == 4 * 17
    assert [frame.captured_s for frame in taken] == pytest.approx(
        [100 + number / 5 for number in range(20)], abs=0.03
    )


def test_frames_are_those_of_a_reader_that_decodes_all(clip: Path) -> None:
    with av.open(str(clip)) as container:
        whole = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    taken, _, _ = read(clip, 5)
    for frame in taken:
        number = round((frame.captured_s - 100) * FPS)
        assert np.array_equal(frame.decoded.to_ndarray(format="rgb24"), whole[number])


def test_what_cannot_be_decoded_is_passed_over_to_the_next_key_frame(clip: Path) -> None:
    counts, taken = Counts(), list[LiveFrame]()
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        decoder = LateDecoder(stream, 10, counts, "clip", 10**6, 100.0, has_stamps=True)
        packets = [packet for packet in container.demux(video=0) if packet.size]
        for number, packet in enumerate(packets):
            sent: av.Packet[Any] = packet
            if number == 6:
                sent = av.Packet(b"\x00\x00\x00\x04\xff\xff\xff\xff" * 4)
                sent.pts, sent.dts, sent.time_base = packet.pts, packet.dts, packet.time_base
            taken += decoder.frames(sent, 100.0 + number / FPS)
    moments = [frame.captured_s for frame in taken]
    assert counts.broken == 1
    assert not [each for each in moments if 100.31 < each < 100.99]
    assert next(each for each in moments if each >= 100.99) == pytest.approx(101)

"""Videos read from a key frame on: the same frames as from the start, whatever the file."""

from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import pytest

from posemill.errors import BrokenSource
from posemill.sources import Selection, open_source
from posemill.sources.videos import VideoSource
from posemill.types import Frame
from test_sources_videos import write

COUNT = 48
X264 = {"g": "8", "bf": "3", "sc_threshold": "0"}
OPEN_GOP = {"x264-params": "keyint=8:min-keyint=8:bframes=3:open-gop=1:scenecut=0"}
UNEVEN = [40 * k + 17 * (k % 3) + 300 * (k > 20) for k in range(COUNT)]

FILES: dict[str, dict[str, Any]] = {
    "b_frames.mp4": {"options": X264},
    "b_frames.mkv": {"options": X264},
    "b_frames.ts": {"options": X264},
    "b_frames.mov": {"options": X264, "turn": {"degrees": 90}},
    "fragments.mp4": {
        "options": X264,
        "container_options": {"movflags": "frag_keyframe+empty_moov"},
    },
    "with_sound.mp4": {"options": X264, "with_audio": True},
    "open_gop.mp4": {"options": OPEN_GOP},
    "open_gop.mkv": {"options": OPEN_GOP},
    "uneven.mkv": {"options": X264, "pts": UNEVEN},
    "uneven.mp4": {"options": X264, "pts": UNEVEN},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"g": "8"}},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"g": "8", "bf": "2"}},
    "vp8.webm": {"codec": "libvpx", "options": {"g": "8", "deadline": "realtime"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "8", "deadline": "realtime"}},
    "every_one.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
}
SELECTIONS = {
    "all": Selection(),
    "every": Selection(every=3),
    "fps": Selection(fps=7),
    "from": Selection(start_s=0.5, end_s=1.5),
    "some": Selection(start_s=0.45, every=2),
}


def opened(path: Path, selection: Selection = SELECTIONS["all"]) -> VideoSource:
    source = open_source(path, selection)
    assert isinstance(source, VideoSource)
    return source


def seen(frames: list[Frame]) -> list[tuple[float, bytes]]:
    return [(frame.time_s, frame.pixels.tobytes()) for frame in frames]


@pytest.mark.parametrize("name", list(FILES))
@pytest.mark.parametrize("chosen", list(SELECTIONS))
def test_a_part_has_the_frames_of_the_whole_from_its_cut_on(
    tmp_path: Path, name: str, chosen: str
) -> None:
    path = write(tmp_path / name, count=COUNT, **FILES[name])
    selection = SELECTIONS[chosen]
    with opened(path, selection) as source:
        cuts = list(source.cuts(0.3))
        parts = []
        for cut in cuts:
            with source.part(cut) as part:
                parts.append(list(part))
                assert not part.is_damaged
        whole = list(source)
        assert source.damage is None
    assert cuts
    for cut, frames in zip(cuts, parts, strict=True):
        rest = [frame for frame in whole if frame.time_s >= cut.time_s]
        extra = len(frames) - len(rest)
        assert 0 <= extra <= (chosen == "fps")  # its slot may have been taken before the cut
        assert seen(frames[extra:]) == seen(rest)
        assert [f.index for f in frames[extra:]] == [f.index for f in rest]


def test_cuts_are_key_frames_so_far_apart_and_in_range(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", count=COUNT, options=X264)
    with opened(path) as source:
        assert [cut.index for cut in source.cuts(0.3)] == [8, 16, 24, 32, 40]
        assert [cut.index for cut in source.cuts(0.33)] == [16, 32]
        assert list(source.cuts(5.0)) == []
    with opened(path, Selection(start_s=0.6, end_s=1.28)) as source:
        assert [cut.index for cut in source.cuts(0.3)] == [24]


def test_cuts_are_looked_for_only_as_far_as_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.mp4", count=COUNT, options=X264)
    with opened(path) as source:
        assert len(list(islice(source.cuts(0.3), 2))) == 2


def test_a_file_of_one_key_frame_has_no_cuts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", count=COUNT, options={"g": "999", "sc_threshold": "0"})
    with opened(path) as source:
        assert list(source.cuts(0.1)) == []


def test_a_raw_stream_without_timestamps_has_no_cuts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h264", count=COUNT, options=X264)
    with opened(path) as source:
        assert list(source.cuts(0.1)) == []


def test_an_edit_list_keeps_numbers_and_times(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.mp4", count=COUNT, options=X264)
    cut = tmp_path / "cut.mp4"
    copy_from(whole, cut, Fraction(11, 25))
    with opened(cut) as source:
        parts = []
        for each in source.cuts(0.3):
            with source.part(each) as part:
                parts.append((each, list(part)))
        frames = list(source)
    assert parts
    for each, found in parts:
        assert seen(found) == seen([frame for frame in frames if frame.time_s >= each.time_s])


def copy_from(source: Path, target: Path, begin: Fraction) -> None:
    """Copy packets with times that begin before zero, for which the muxer writes an edit list."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue
            ticks = int(begin / packet.time_base)
            packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
            packet.stream = stream
            new.mux(packet)


def test_damage_is_noticed_by_whoever_reads_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", count=COUNT, options={"g": "5"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = b"\xff" * 400
    path.write_bytes(data)
    with opened(path) as source:
        noticed = []
        for cut in source.cuts(0.3):
            with source.part(cut) as part:
                list(part)
                noticed.append(part.is_damaged)
        list(source)
        assert source.is_damaged
    assert noticed[0]
    assert not noticed[-1]  # it begins behind the damage


def test_a_file_that_is_gone_is_an_error_of_the_source(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", count=COUNT, options=X264)
    with opened(path) as source:
        cut = next(source.cuts(0.3))
        path.unlink()
        with pytest.raises(BrokenSource):
            source.part(cut)

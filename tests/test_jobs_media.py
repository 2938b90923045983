"""Media steps: whatever is killed between or within them, the same bytes come out."""

import json
import random
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from posemill.cli import main
from posemill.config import Settings
from posemill.drawing.figure import draw_figure
from posemill.errors import (
    BrokenSource,
    JobError,
    PosemillError,
    SourceError,
    SourceTooLarge,
    WorkerCrashed,
)
from posemill.jobs.media.archives import Archive
from posemill.jobs.media.checkpoint import Checkpoint, load, save
from posemill.jobs.media.steps import Media
from posemill.jobs.media.video import STEP_S
from posemill.workers import Limits, MediaProcess

FPS = 10
SECONDS = 11.0


# Its stubs know streams by the names of codecs.
def clip(path: Path, *, codec: str = "libx264", gaps: bool = False, **options: str) -> Path:
    """Write a figure that walks, is away for a while, and comes back."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(codec, rate=FPS, options={"g": "15", **options})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        time_ms = 0
        for index in range(int(SECONDS * FPS)):
            away = 4.5 < index / FPS < 6.0
            grey = np.full((240, 320, 3), 90, np.uint8)
            picture = grey if away else draw_figure(320, 240, index / FPS)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            time_ms += 70 + 60 * (index % 2) if gaps else 1000 // FPS
            for packet in stream.encode(frame):
                output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)
    return path


class Run:
    """A job's folder, and what its worker asks."""

    def __init__(self, folder: Path, source: Path, **settings: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        shutil.copy(source, folder / "upload")
        options = {**asdict(Settings()), **settings}
        self.request = {
            "folder": str(folder),
            "source": "upload",
            "name": source.name,
            "settings": options,
        }

    def all(self, media: Media) -> dict[str, bytes]:
        """Do all steps in one process; return the results."""
        media.begin(self.request, b"")
        step = 0
        while not media.step({**self.request, "step": step}, b"").fields["finished"]:
            step += 1
        media.finish(self.request, b"")
        return self.results()

    def results(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.folder / "results").iterdir()}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("videos")
    whole = clip(folder / "h264.mp4")
    broken = folder / "damaged.mp4"
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = bytes(300)
    broken.write_bytes(data)
    return {
        "h264": whole,
        "b-frames": clip(folder / "bframes.mp4", bf="3", preset="medium"),
        "uneven": clip(folder / "uneven.mkv", gaps=True),
        "vp9": clip(folder / "vp9.webm", codec="libvpx-vp9", deadline="realtime"),
        "damaged": broken,
    }


KINDS = ["h264", "b-frames", "uneven", "vp9", "damaged"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_process_for_each_step_changes_nothing(
    kind: str, videos: dict[str, Path], tmp_path: Path
) -> None:
    undisturbed = Run(tmp_path / "a", videos[kind]).all(Media())
    run = Run(tmp_path / "b", videos[kind])
    step, finished = 0, False
    while not finished:
        answer = Media().step({**run.request, "step": step}, b"")
        finished, step = answer.fields["finished"], step + 1
    Media().finish(run.request, b"")
    assert step >= SECONDS // STEP_S
    assert run.results() == undisturbed
    assert set(undisturbed) == {
        *("records.jsonl", "table.csv", "annotated.mp4", "summary.json", "thumbnail.jpg")
    }


@pytest.mark.parametrize("kind", ["h264", "uneven"])
def test_the_results_are_those_of_detect(
    kind: str, videos: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = Run(tmp_path / "job", videos[kind], max_people=0).all(Media())
    out = [tmp_path / name for name in ("o.jsonl", "o.csv", "o.mp4")]
    flags = [word for path in out for word in ("--out", str(path))]
    command = ["detect", str(videos[kind]), *flags, "--max-people", "0", "--segments", "off"]
    assert main(command) == 0
    capfd.readouterr()
    assert made["records.jsonl"].splitlines()[1:] == out[0].read_bytes().splitlines()[1:]
    ours, theirs = (text.splitlines() for text in (made["table.csv"], out[1].read_bytes()))
    assert [row.split(b",", 1)[1] for row in ours] == [row.split(b",", 1)[1] for row in theirs]
    assert _times(BytesIO(made["annotated.mp4"])) == _times(BytesIO(out[2].read_bytes()))
    summary = json.loads(made["summary.json"])
    assert summary["frames"] == len(made["records.jsonl"].splitlines()) - 1
    assert 0 < summary["frames_with_people"] < summary["frames"]


def _times(file: BytesIO) -> list[float]:
    container: Any
    with av.open(file) as container:
        return [round(float(frame.time or 0), 3) for frame in container.decode(video=0)]


def test_kills_within_steps_change_nothing(videos: dict[str, Path], tmp_path: Path) -> None:
    undisturbed = Run(tmp_path / "a", videos["b-frames"]).all(Media())
    run = Run(tmp_path / "b", videos["b-frames"])
    process = MediaProcess("posemill.jobs.media", {}, limits=Limits(4 << 30))
    chance, kills, step, finished = random.Random(7), 0, 0, False
    try:
        process.ask({"do": "begin", **run.request}, timeout_s=60)
        while not finished:
            limit_s = chance.uniform(0.02, 0.6) if kills < 8 else 60.0
            try:
                asked = {"do": "step", **run.request, "step": step}
                answer = process.ask(asked, timeout_s=limit_s)
            except PosemillError:
                kills += 1
                continue
            finished, step = answer.fields["finished"], step + 1
        for limit_s in (0.01, 60.0):
            try:
                process.ask({"do": "finish", **run.request}, timeout_s=limit_s)
            except PosemillError:
                kills += 1
    finally:
        process.close()
    assert kills >= 5
    assert run.results() == undisturbed
    assert not (run.folder / "parts").exists()


def test_limits_hold_where_the_header_lies(videos: dict[str, Path], tmp_path: Path) -> None:
    long = Run(tmp_path / "a", videos["h264"], max_duration_s=5.0)
    with pytest.raises(SourceTooLarge, match="max_duration_s"):
        Media().begin(long.request, b"")
    with pytest.raises(SourceTooLarge, match="max_duration_s"):
        long.all(_NoBegin())
    many = Run(tmp_path / "b", videos["uneven"], max_frames=20)
    with pytest.raises(SourceTooLarge, match="max_frames"):
        many.all(_NoBegin())


class _NoBegin(Media):
    def begin(self, request: Any, _: bytes) -> Any:
        for name in ("parts", "results"):
            (Path(request["folder"]) / name).mkdir(exist_ok=True)


# --- zips


def zipped(path: Path, entries: dict[str, bytes], **attributes: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            for key, value in attributes.items():
                setattr(entry, key, value)
            archive.writestr(entry, data)
    return path


def jpeg(seconds: float = 0.0) -> bytes:
    file = BytesIO()
    Image.fromarray(draw_figure(320, 240, seconds)).save(file, "JPEG")
    return file.getvalue()


def test_a_zip_of_pictures(tmp_path: Path) -> None:
    entries = {f"photos/{k:02d}.jpg": jpeg(k / 5) for k in range(11)}
    entries["photos/zz.txt"] = b"no picture"
    path = zipped(tmp_path / "photos.zip", entries)
    run = Run(tmp_path / "job", path)
    results = run.all(Media())
    lines = [json.loads(line) for line in results["records.jsonl"].splitlines()]
    assert [line["source"] for line in lines if "schema" in line] == sorted(entries)[:11]
    assert sum(bool(line["people"]) for line in lines if "people" in line) == 11
    summary = json.loads(results["summary.json"])
    assert (summary["pictures"], summary["frames"], summary["unread"]) == (12, 11, 1)
    assert "zz.txt" in summary["problems"][0]
    with zipfile.ZipFile(BytesIO(results["annotated.zip"])) as made:
        assert len(made.namelist()) == 11
        with Image.open(made.open(made.namelist()[0])) as image:
            assert image.size == (320, 240)
    again = Run(tmp_path / "again", path)
    for step in range(2):
        Media().step({**again.request, "step": step}, b"")
    Media().finish(again.request, b"")
    assert again.results() == results


@pytest.mark.parametrize(
    ("entries", "attributes", "said"),
    [
        ({"../out.jpg": b"x"}, {}, "leads out"),
        ({"/etc/out.jpg": b"x"}, {}, "leads out"),
        ({"C:/out.jpg": b"x"}, {}, "leads out"),
        ({"a\\..\\..\\out.jpg": b"x"}, {}, "leads out"),
        ({"link.jpg": b"/etc/passwd"}, {"external_attr": 0o120777 << 16}, "a link"),
        ({"bomb.jpg": bytes(50_000_000)}, {}, "far more"),
        ({".": b"x"}, {}, "is not a name"),
        ({"": b"x"}, {}, "is not a name"),
        ({}, {}, "nothing in this archive"),
    ],
)
def test_hostile_zips_are_refused(
    entries: dict[str, bytes], attributes: dict[str, int], said: str, tmp_path: Path
) -> None:
    run = Run(tmp_path / "job", zipped(tmp_path / "a.zip", entries, **attributes))
    with pytest.raises(PosemillError, match=said):
        Media().begin(run.request, b"")
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "job"}


def test_a_zip_whose_sizes_lie_and_one_that_is_cut(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.jpg": bytes(40_000_000)})
    data = path.read_bytes().replace((40_000_000).to_bytes(4, "little"), (99).to_bytes(4, "little"))
    path.write_bytes(data)
    run = Run(tmp_path / "job", path)
    with pytest.raises(BrokenSource, match=r"no picture in it can be read: a.zip: a.jpg"):
        run.all(Media())
    path.write_bytes(data[: len(data) // 2])
    cut = Run(tmp_path / "cut", path)
    with pytest.raises(PosemillError, match="damaged"):
        Media().begin(cut.request, b"")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_picture_costs_itself_alone(method: int, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.jpg", jpeg(0))
        archive.writestr("b.jpg", jpeg(1))
        begin = archive.infolist()[0].header_offset + 30 + len("a.jpg")
    data = bytearray(path.read_bytes())
    data[begin + 4 : begin + 200] = b"\xff" * 196
    path.write_bytes(data)
    results = Run(tmp_path / "job", path).all(Media())
    summary = json.loads(results["summary.json"])
    assert (summary["frames"], summary["unread"]) == (1, 1)
    assert "a.jpg: can't be unpacked" in summary["problems"][0]


def test_nor_does_any_other_damage_cost_more(tmp_path: Path) -> None:
    """Whatever is overwritten in a zip, it is refused, or some of its pictures are."""
    chance, path = random.Random(7), tmp_path / "a.zip"
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(path, "w", method) as archive:
            for name in ("a.jpg", "b.jpg"):
                archive.writestr(name, chance.randbytes(50) * 3)
        whole = path.read_bytes()
        for _ in range(500):
            data = bytearray(whole)
            for _ in range(chance.choice((1, 2, 8))):
                data[chance.randrange(len(data))] = chance.choice(
                    (0, 1, 255, chance.randrange(256))
                )
            path.write_bytes(data)
            with suppress(SourceError):
                found = Archive(path, "a.zip", Settings())
                for place in found:
                    with suppress(SourceError):
                        found.read(place)


def test_too_many_pictures(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"{k}.jpg": b"x" for k in range(5)})
    run = Run(tmp_path / "job", path, max_archive_files=4)
    with pytest.raises(SourceTooLarge, match="max_archive_files"):
        Media().begin(run.request, b"")


# --- checkpoints


def test_a_checkpoint_makes_nothing_but_what_belongs_into_it(tmp_path: Path) -> None:
    path = tmp_path / "a.state"
    save(path, Checkpoint(3, tally={"frames": 4}))
    assert load(path) == Checkpoint(3, tally={"frames": 4})
    for evil in (
        b"cos\nsystem\n(S'touch evil'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cposemill.jobs.media.steps\nshutil\n.",
        b"cposemill.blazepose.tracker\nreplace\n.",
        b"",
        b"\x80\x05",
    ):
        path.write_bytes(evil)
        with pytest.raises(JobError):
            load(path)


@pytest.fixture
def process() -> Iterator[MediaProcess]:
    made = MediaProcess("posemill.jobs.media", {}, limits=Limits(4 << 30))
    yield made
    made.close()


def test_hostile_files_cost_their_job_alone(
    process: MediaProcess, shared_data: Path, tmp_path: Path
) -> None:
    hostile = [
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
        ("list.ffconcat", b"ffconcat version 1.0\nfile /etc/passwd\n"),
        ("empty.mp4", b""),
        ("noise.mp4", bytes(random.Random(1).randbytes(100_000))),
        ("half.mp4", (shared_data / "tfjs_pose" / "pose_1.mp4").read_bytes()[:20_000]),
        ("list.sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"),
        ("photo.jpg", jpeg()),
    ]
    for number, (name, data) in enumerate(hostile):
        source = tmp_path / name
        source.write_bytes(data)
        run = Run(tmp_path / f"job{number}", source)
        with pytest.raises(PosemillError) as refused:
            process.ask({"do": "begin", **run.request}, timeout_s=60)
        assert not isinstance(refused.value, WorkerCrashed), name
        assert str(tmp_path) not in str(refused.value)

"""Media processes: answers, crashes, hangs, memory, confinement, and the queue in front."""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from posemill import PoseEstimator
from posemill.config import Settings
from posemill.drawing.figure import draw_figure
from posemill.errors import (
    BrokenSource,
    Busy,
    PosemillError,
    SourceTooLarge,
    UnsupportedSource,
    WorkerCrashed,
    WorkerTimeout,
)
from posemill.records import parse_frame, parse_header
from posemill.server.supervisor import Supervisor
from posemill.workers import Lanes, Limits, MediaProcess, Seats, keep_private
from posemill.workers.messages import receive, send

HERE = str(Path(__file__).parent)
LIMITS = Limits(memory_bytes=2 << 30)
T = TypeVar("T")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="confinement is Linux's")


def until(found: Callable[[], T]) -> T:
    """Return what is found once it is something."""
    ends = time.monotonic() + 30
    while not (now := found()):
        assert time.monotonic() < ends
        time.sleep(0.02)
    return now


def make(**arguments: object) -> MediaProcess:
    return MediaProcess("media_for_tests", arguments, limits=LIMITS)


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([HERE, *sys.path]))


@pytest.fixture
def private() -> Iterator[None]:
    """Keep our memory private, as whoever starts media processes does."""
    keep_private()
    yield
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE


@contextmanager
def no_more_files() -> Iterator[None]:
    """Have every file that could still be opened be open."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 10
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, limits[1]))
    opened = []
    try:
        with suppress(OSError):
            while True:
                opened.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for each in opened:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.fixture
def process() -> Iterator[MediaProcess]:
    made = make()
    yield made
    made.close()


def test_an_answer_holds_what_was_sent(process: MediaProcess) -> None:
    data = bytes(range(256)) * 5000
    answer = process.ask({"do": "echo", "text": "人"}, data, timeout_s=20)
    assert answer.fields["text"] == "人"
    assert answer.data == data[::-1]


@given(st.dictionaries(st.text(), st.integers() | st.text()), st.binary(max_size=5000))
def test_messages_come_out_as_they_went_in(fields: dict[str, object], data: bytes) -> None:
    file = BytesIO()
    send(file, fields, data)
    file.seek(0)
    assert receive(file) == (fields, data)
    assert receive(file) is None
    cut = BytesIO(file.getvalue()[:-1])
    assert receive(cut) is None


@pytest.mark.parametrize(
    ("what", "error"), [("crash", WorkerCrashed), ("fault", WorkerCrashed), ("hang", WorkerTimeout)]
)
def test_one_that_falls_is_replaced(
    process: MediaProcess, what: str, error: type[Exception]
) -> None:
    first = process.ask({"do": "echo"}, timeout_s=20).fields["pid"]
    began = time.monotonic()
    with pytest.raises(error):
        process.ask({"do": what}, timeout_s=1)
    assert time.monotonic() - began < 10
    second = process.ask({"do": "echo"}, timeout_s=20).fields["pid"]
    assert second != first
    assert not psutil.pid_exists(first)


@linux_only
def test_memory_beyond_the_limit_costs_the_request_alone(process: MediaProcess) -> None:
    with pytest.raises(SourceTooLarge, match="memory"):
        process.ask({"do": "fill"}, timeout_s=20)
    assert process.ask({"do": "echo"}, timeout_s=20).fields["do"] == "echo"


def test_errors_come_back_as_what_they_are(process: MediaProcess) -> None:
    with pytest.raises(BrokenSource, match="is broken"):
        process.ask({"do": "refuse"}, timeout_s=20)
    with pytest.raises(WorkerCrashed, match="ZeroDivisionError: a fault of ours"):
        process.ask({"do": "fault"}, timeout_s=20)


def test_one_that_can_not_start_says_why() -> None:
    with pytest.raises(WorkerCrashed, match="can't be loaded"):
        make(fails=True).ask({"do": "echo"}, timeout_s=20)


@linux_only
@pytest.mark.parametrize(
    ("what", "came"),
    [
        *((each, "PermissionError") for each in ("socket", "unix", "program", "fork", "kill")),
        *((each, "PermissionError") for each in ("tgkill", "tkill", "pidfd", "owner", "limit")),
        *((each, "PermissionError") for each in ("memory", "environment", "private")),
        *((each, "through") for each in ("thread", "file", "own limit", "own thread")),
    ],
)
@pytest.mark.usefixtures("private")
def test_a_media_process_can_not_get_out(process: MediaProcess, what: str, came: str) -> None:
    assert process.ask({"do": "escape", "what": what}, timeout_s=20).fields == {"came": came}
    assert process.confined == "seccomp"


@linux_only
@pytest.mark.parametrize(
    ("module", "stop"),
    [
        ("posemill.cli.serving", "import posemill.server.listening as m; m.listen = told"),
        ("posemill.cli.worker", "import posemill.jobs.worker as m; m.run = told"),
        ("posemill.server.job_worker", "m = module; m.run = told"),
    ],
)
def test_who_starts_media_processes_keeps_its_memory_private(
    tmp_path: Path, module: str, stop: str
) -> None:
    program = f"""
import ctypes, importlib, json, os, resource
from dataclasses import asdict
from posemill.config import Settings, Watching
def told(*_, **__):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), soft, flush=True)  # PR_GET_DUMPABLE
    os._exit(0)
module = importlib.import_module({module!r})
{stop}
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 300))
settings = Settings(data_dir={str(tmp_path)!r})
if hasattr(module, "serve"):
    module.serve(settings, Watching())
elif hasattr(module, "work"):
    module.work(settings)
else:
    module.main()
"""
    told = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(asdict(Settings())).encode() + b"\n",
        stdout=subprocess.PIPE,
        check=True,
    )
    files = 300 if module == "posemill.cli.serving" else 256  # it has the connections
    assert told.stdout.split() == [b"0", b"%d" % files]


@linux_only
@pytest.mark.parametrize("busy", [False, True])
def test_none_outlives_its_parent(tmp_path: Path, busy: bool) -> None:
    program = f"""
import threading, time
from posemill.workers import Limits, MediaProcess
process = MediaProcess("media_for_tests", {{}}, limits=Limits())
process.start()
print(process.pid, flush=True)
if {busy}:
    process.ask({{"do": "hang"}}, timeout_s=600)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    ends = time.monotonic() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_each_gets_the_answer_to_its_own_request() -> None:
    lanes = Lanes(2, make, queue_size=100)
    try:
        asked = [b"%d" % k * 10 for k in range(100)]
        futures = [lanes.submit({"do": "echo"}, data, timeout_s=20) for data in asked]
        assert [future.result(20).data for future in futures] == [data[::-1] for data in asked]
    finally:
        lanes.close()


def test_a_full_queue_refuses_at_once() -> None:
    lanes = Lanes(1, make, queue_size=2)
    try:
        lanes.submit({"do": "echo"}, timeout_s=20).result(20)
        hanging = lanes.submit({"do": "hang"}, timeout_s=2)
        while lanes.waiting:
            time.sleep(0.01)
        waiting = [lanes.submit({"do": "echo"}, timeout_s=20) for _ in range(2)]
        began = time.monotonic()
        with pytest.raises(Busy) as refused:
            lanes.submit({"do": "echo"}, timeout_s=20)
        assert refused.value.retry_after_s >= 1
        assert time.monotonic() - began < 0.5
        with pytest.raises(WorkerTimeout):
            hanging.result(20)
        assert [future.result(20).fields["do"] for future in waiting] == ["echo", "echo"]
        assert lanes.restarts == 1
    finally:
        lanes.close()


def test_what_waits_when_the_lanes_close_is_refused() -> None:
    lanes = Lanes(1, make, queue_size=10)
    lanes.submit({"do": "echo"}, timeout_s=20).result(20)
    futures = [lanes.submit({"do": "hang"}, timeout_s=60) for _ in range(3)]
    lanes.close()
    for future in futures:
        with pytest.raises((Busy, WorkerCrashed)):
            future.result(5)
    with pytest.raises(Busy):
        lanes.submit({"do": "echo"}, timeout_s=1)


def test_idle_lanes_close_at_once() -> None:
    for _ in range(5):
        lanes = Lanes(3, make, queue_size=10)
        lanes.submit({"do": "echo"}, timeout_s=20).result(20)
        began = time.monotonic()
        lanes.close()
        assert time.monotonic() - began < 5


@linux_only
def test_a_passing_shortage_of_files_is_waited_out() -> None:
    lanes = Lanes(1, make, queue_size=2)
    try:
        lanes.submit({"do": "echo"}, timeout_s=20).result(20)
        with no_more_files():
            with pytest.raises(WorkerCrashed):
                lanes.submit({"do": "crash"}, timeout_s=20).result(20)
            with pytest.raises(Busy, match="Too many open files"):
                lanes.submit({"do": "echo"}, timeout_s=20).result(20)
        assert lanes.submit({"do": "echo"}, timeout_s=20).result(20).fields["do"] == "echo"
    finally:
        lanes.close()


@linux_only
def test_a_supervisor_waits_a_passing_shortage_of_files_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sleeper.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    supervisor = Supervisor(Settings(stop_timeout_s=0.1), module="sleeper")
    try:
        first = until(lambda: supervisor.pids)
        with no_more_files():
            os.kill(first[0], signal.SIGKILL)
            time.sleep(1)
        assert until(lambda: supervisor.pids) != first
    finally:
        supervisor.close()


def test_an_idle_process_that_dies_is_replaced_before_anybody_asks() -> None:
    lanes = Lanes(1, make, queue_size=2)
    try:
        until(lambda: lanes.is_ready)
        os.kill(lanes.pids[0], signal.SIGKILL)
        until(lambda: not lanes.is_ready)
        until(lambda: lanes.is_ready)
        assert lanes.restarts == 1
    finally:
        lanes.close()


def test_nothing_is_imported_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ctypes.py").write_text("raise SystemExit('what lies about was imported')")
    monkeypatch.chdir(tmp_path)
    process = make()
    assert process.ask({"do": "echo"}, timeout_s=20).fields["do"] == "echo"
    process.close()


def test_nor_by_job_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sleeper.py").write_text("import time\nprint(time.sleep(600))\n")
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.chdir(tmp_path)
    supervisor = Supervisor(Settings(stop_timeout_s=0.1), module="sleeper")
    time.sleep(0.5)
    supervisor.close()
    assert "No module named sleeper" in capfd.readouterr().err


def test_sessions_spread_over_the_processes_and_stay() -> None:
    seats = Seats(2, make, queue_size=4)
    try:
        taken = [seats.take() for _ in range(4)]
        pids = [
            [seat.submit({"do": "echo"}, timeout_s=20).result(20).fields["pid"] for seat in taken]
            for _ in range(2)
        ]
        assert pids[0] == pids[1]
        assert {pids[0].count(pid) for pid in pids[0]} == {2}
        taken[0].leave()
        taken[0].leave()
        assert seats.sessions == 3
    finally:
        seats.close()


# --- the real one


@pytest.fixture(scope="module")
def media() -> Iterator[MediaProcess]:
    arguments = {"settings": asdict(Settings())}
    made = MediaProcess("posemill.server.media_process", arguments, limits=Limits(4 << 30))
    yield made
    made.close()


def request(
    name: str = "photo.png", answer: str = "records", **settings: object
) -> dict[str, object]:
    values = asdict(Settings(**settings))  # type: ignore[arg-type]
    return {"do": "detect", "settings": values, "name": name, "answer": answer}


def test_it_finds_what_the_library_finds(media: MediaProcess, astronaut_path: Path) -> None:
    answer = media.ask(request(), astronaut_path.read_bytes(), timeout_s=60)
    document = json.loads(bytes(answer.data))
    with Image.open(astronaut_path) as image:
        expected = PoseEstimator().estimate(np.asarray(image.convert("RGB"))).to_dict()
    assert parse_header(document)["source"] == "photo.png"
    (frame,) = document["frames"]
    assert parse_frame(frame, document).to_dict() == expected
    assert answer.fields["people"] == 1


@pytest.mark.parametrize(
    ("answer", "format_name"), [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")]
)
def test_it_draws(media: MediaProcess, answer: str, format_name: str) -> None:
    file = BytesIO()
    figure = draw_figure(320, 240)
    Image.fromarray(figure).save(file, "PNG")
    made = media.ask(request(answer=answer), file.getvalue(), timeout_s=60)
    with Image.open(BytesIO(bytes(made.data))) as image:
        assert image.format == format_name
        assert image.size == (320, 240)
        reds, greens, blues = np.moveaxis(np.asarray(image.convert("RGB")), 2, 0)
    assert ((reds > 180) & (greens < 90) & (blues < 90)).sum() > 50  # its joints


def test_hostile_pictures_cost_nothing_but_their_own_answer(
    media: MediaProcess, shared_data: Path
) -> None:
    media.start()
    pid = media.pid
    refused = 0
    for path in sorted((shared_data / "odd_images").rglob("*")):
        if path.is_file():
            try:
                media.ask(request(path.name), path.read_bytes(), timeout_s=60)
            except PosemillError as error:
                assert not isinstance(error, WorkerCrashed | WorkerTimeout), path
                refused += 1
    assert refused >= 5
    assert media.pid == pid
    with pytest.raises(UnsupportedSource):
        media.ask(request("list.m3u8"), b"#EXTM3U\nhttp://127.0.0.1/x\n", timeout_s=60)


@linux_only
def test_every_thread_of_it_is_confined_and_has_no_capability(media: MediaProcess) -> None:
    media.start()
    threads = list(Path(f"/proc/{media.pid}/task").iterdir())
    assert len(threads) > 1
    for thread in threads:
        told = dict(line.split(":\t") for line in (thread / "status").read_text().splitlines())
        assert (told["Seccomp"], int(told["CapPrm"], 16), int(told["CapEff"], 16)) == ("2", 0, 0)


def test_a_live_session_follows(media: MediaProcess) -> None:
    file = BytesIO()
    Image.fromarray(draw_figure(320, 240)).save(file, "JPEG")
    values = asdict(Settings())
    media.ask({"do": "live_open", "session": "a", "settings": values}, timeout_s=60)
    seen = []
    for frame in range(3):
        asked = {"do": "live_frame", "session": "a", "frame": frame, "time_s": frame / 15}
        answer = media.ask({**asked, "settings": values}, file.getvalue(), timeout_s=60)
        assert ("header" in answer.fields) == (frame == 0)
        record = json.loads(bytes(answer.data))
        assert record["frame"] == frame
        seen.append(record["people"][0]["id"])
    assert seen == [0, 0, 0]
    media.ask({"do": "live_close", "session": "a"}, timeout_s=60)

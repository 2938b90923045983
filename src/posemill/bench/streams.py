"""Several streams at once: how many frames a second the machine gets through.

A crew is as many streams as it has members, each with all of the frames in memory. Ours are
threads around one engine, or processes; MediaPipe's are processes, since its Python API
computes one frame after the other.
"""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from types import TracebackType
from typing import Any, Final, Protocol, Self

from posemill.bench.clips import Clip
from posemill.options import PoseOptions
from posemill.peers.mediapipe import MediaPipePeer
from posemill.peers.process import START_S, Talker
from posemill.runtime import Engine
from posemill.types import Frame, Picture

THREADS: Final = "threads"
PROCESSES: Final = "processes"


class Crew(Protocol):
    """Streams that can be run together, again and again."""

    def run(self) -> float:
        """Have every stream go through all frames; return frames a second of all together."""


class ThreadCrew:
    """Streams in threads of this process, around one engine."""

    def __init__(self, engine: Engine, frames: Sequence[Frame], streams: int) -> None:
        self._frames = frames
        self._trackers = [engine.tracker() for _ in range(streams)]
        self.cpu_ms = 0.0  # a frame, of the last run

    def run(self) -> float:
        errors: list[BaseException] = []
        threads = [
            threading.Thread(target=_follow, args=(tracker.track, self._frames, errors))
            for tracker in self._trackers
        ]
        for tracker in self._trackers:
            tracker.reset()
        started, cpu = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed_s = time.perf_counter() - started
        if errors:
            raise errors[0]
        count = len(self._frames) * len(threads)
        self.cpu_ms = 1000 * (time.process_time() - cpu) / count
        return count / elapsed_s


def _follow(
    track: Callable[[Frame], object], frames: Sequence[Frame], errors: list[BaseException]
) -> None:
    try:
        for frame in frames:
            track(frame)
    except BaseException as error:
        errors.append(error)


class _Peers:
    """Programs that are started together and end together."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)


class ProcessCrew(_Peers):
    """Streams in processes, each with an engine of one thread of its own.

    ``peak_mib``: the memory of the largest while it tracked straight from the file.
    """

    def __init__(self, clip: Clip, options: PoseOptions, streams: int) -> None:
        super().__init__()
        self._count = len(clip.frames)
        self.cpu_ms = 0.0  # a frame, of the last run
        command = [sys.executable, "-P", "-m", "posemill.bench.stream_worker"]
        order = {
            "path": str(clip.path),
            "frames": self._count,
            "options": asdict(options) | {"threads": 1},
        }
        try:
            self._talkers = [
                self._stack.enter_context(
                    Talker(command, name="a stream", cure=f"it runs {sys.executable}")
                )
                for _ in range(streams)
            ]
            for talker in self._talkers:
                talker.send(order)
            answers = [talker.receive(timeout_s=START_S) for talker in self._talkers]
            self.peak_mib = max(float(answer["peak_mib"]) for answer in answers)
        except BaseException:
            self._stack.close()
            raise

    def run(self) -> float:
        def go() -> list[dict[str, Any]]:
            for talker in self._talkers:
                talker.send({"run": True})
            return [talker.receive() for talker in self._talkers]

        answers, elapsed_s = _timed(go)
        count = self._count * len(answers)
        self.cpu_ms = 1000 * sum(answer["cpu_s"] for answer in answers) / count
        return count / elapsed_s


class MediaPipeCrew(_Peers):
    """Streams in processes of MediaPipe."""

    def __init__(
        self, pictures: Sequence[Picture], streams: int, python: str | None, **options: Any
    ) -> None:
        super().__init__()
        self._count = len(pictures)
        try:
            self._peers = [self._stack.enter_context(MediaPipePeer(python)) for _ in range(streams)]
            for peer in self._peers:
                peer.start(**options)
                peer.keep(pictures)
        except BaseException:
            self._stack.close()
            raise

    def run(self) -> float:
        def go() -> list[dict[str, Any]]:
            for peer in self._peers:
                peer.run()
            return [peer.ran() for peer in self._peers]

        answers, elapsed_s = _timed(go)
        return self._count * len(answers) / elapsed_s


def _timed(go: Callable[[], list[dict[str, Any]]]) -> tuple[list[dict[str, Any]], float]:
    started = time.perf_counter()
    answers = go()
    return answers, time.perf_counter() - started

"""MediaPipe as a peer to measure against, in a process and an environment of its own."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from posemill.errors import EngineUnavailable
from posemill.peers.process import START_S, Talker
from posemill.runtime.model_files import path_of
from posemill.types import Frame, FramePoses, Picture, Pose

MEDIAPIPE: Final = "mediapipe==0.10.21"
PYTHONS: Final = ">=3.9,<3.13"  # those that it has wheels for
CERTIFICATES: Final = {"UV_SYSTEM_CERTS": "true"}  # as the Makefile, for mirrors


def mediapipe_command(program: Path, *arguments: str, python: str | None = None) -> list[str]:
    """Return the command that runs ``program`` where MediaPipe 0.10.21 can be imported.

    ``python``: an interpreter that has it; otherwise uv makes an environment for it, once.
    """
    if python:
        return [python, str(program), *arguments]
    isolated = ["run", "--no-project", "--isolated", "--python", PYTHONS, "--with", MEDIAPIPE]
    return [uv_program(), *isolated, "python", str(program), *arguments]


def uv_program() -> str:
    """Return where uv is. EngineUnavailable where it is nowhere."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        raise EngineUnavailable(
            "measuring against MediaPipe needs uv to make an environment for it: install uv, "
            f"or name an interpreter that has {MEDIAPIPE} with --mediapipe-python"
        )
    return uv


class MediaPipePeer:
    """MediaPipe Pose behind two pipes: give it frames, get its landmarks and CPU seconds."""

    def __init__(self, python: str | None = None) -> None:
        worker = Path(__file__).with_name("mediapipe_worker.py")
        command = mediapipe_command(worker, str(path_of("lite").parent), python=python)
        self._talker = Talker(
            command,
            name=MEDIAPIPE,
            cure="uv gets it from the package registry that it is configured for, "
            "or name an interpreter that has it with --mediapipe-python",
            environment=CERTIFICATES,
        )

    def start(self, **options: Any) -> dict[str, Any]:
        """Begin a new stream with MediaPipe's own options; return its version."""
        return self._talker.ask({"options": options}, timeout_s=START_S)

    def process(self, picture: Picture) -> dict[str, Any]:
        """Return ``cpu_s``, ``wall_s`` and, where it sees a person, ``landmarks``, ``world``."""
        return self._talker.ask(_request(picture), picture.tobytes())

    def estimate(self, frame: Frame) -> FramePoses:
        """Return who MediaPipe sees, at most one person.

        It keeps its score to itself; the mean visibility stands in for it, and the
        visibility of each landmark for its presence.
        """
        answer = self.process(frame.pixels)
        size_px = frame.width, frame.height
        people: tuple[Pose, ...] = ()
        if "landmarks" in answer:
            seen = np.array(answer["landmarks"], np.float32)
            landmarks = np.concatenate([seen, seen[:, 3:]], axis=1)
            world = np.array(answer["world"], np.float32)
            people = (Pose(0, float(seen[:, 3].mean()), landmarks, world, size_px),)
        return FramePoses(frame.index, frame.time_s, size_px, people)

    def keep(self, pictures: Sequence[Picture]) -> None:
        """Give it pictures to hold, so that ``run`` measures no pipe."""
        for picture in pictures:
            self._talker.ask({**_request(picture), "keep": True}, picture.tobytes())

    def run(self) -> None:
        """Have it process, as one stream, all that it holds; ``ran`` tells how that went."""
        self._talker.send({"run": True})

    def ran(self) -> dict[str, Any]:
        """Wait for the end of ``run`` and return its ``cpu_s`` and ``wall_s``."""
        return self._talker.receive()

    def close(self) -> None:
        self._talker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._talker.__exit__(kind, error, trace)  # at once where something went wrong


def _request(picture: Picture) -> dict[str, int]:
    height, width = picture.shape[:2]
    return {"width": width, "height": height}

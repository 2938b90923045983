"""MediaPipe as a peer to measure against, in a process and an environment of its own."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Final, Self

from posemill.errors import EngineUnavailable
from posemill.runtime.model_files import path_of
from posemill.types import Picture

MEDIAPIPE: Final = "mediapipe==0.10.21"
PYTHONS: Final = ">=3.9,<3.13"  # those that it has wheels for


def mediapipe_command(program: Path, *arguments: str, python: str | None = None) -> list[str]:
    """Return the command that runs ``program`` where MediaPipe 0.10.21 can be imported.

    ``python``: an interpreter that has it; otherwise uv makes an environment for it, once.
    """
    if python:
        return [python, str(program), *arguments]
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        raise EngineUnavailable(
            "measuring against MediaPipe needs uv to make an environment for it: install uv, "
            f"or name an interpreter that has {MEDIAPIPE} with --mediapipe-python"
        )
    isolated = ["run", "--no-project", "--isolated", "--python", PYTHONS, "--with", MEDIAPIPE]
    return [uv, *isolated, "python", str(program), *arguments]


class MediaPipePeer:
    """MediaPipe Pose behind two pipes: give it frames, get its landmarks and CPU seconds."""

    def __init__(self, python: str | None = None) -> None:
        worker = Path(__file__).with_name("mediapipe_worker.py")
        models = path_of("lite").parent
        command = mediapipe_command(worker, str(models), python=python)
        self._said = TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed with the process
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env={"UV_SYSTEM_CERTS": "true", **os.environ},  # as the Makefile, for mirrors
            )
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            self._said.close()
            reason = error.strerror if isinstance(error, OSError) else error
            raise EngineUnavailable(f"{command[0]} can't be run: {reason}") from error

    def start(self, **options: Any) -> dict[str, Any]:
        """Begin a new stream with MediaPipe's own options; return its version."""
        return self._ask({"options": options})

    def process(self, picture: Picture) -> dict[str, Any]:
        """Return ``cpu_s``, ``wall_s`` and, where it sees a person, ``landmarks``, ``world``."""
        height, width = picture.shape[:2]
        return self._ask({"width": width, "height": height}, picture.tobytes())

    def close(self) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it is gone, and with it what was for it
                self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()  # first, or one that writes on would never end
        self._process.wait()
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, request: dict[str, Any], data: bytes = b"") -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            stdin.write(json.dumps(request).encode() + b"\n" + data)
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise EngineUnavailable(
                f"{MEDIAPIPE} could not be started: {self._last_words()} "
                "(uv gets it from the package registry that it is configured for)"
            )
        try:
            answer: dict[str, Any] = dict(json.loads(line))
        except (ValueError, TypeError):
            raise EngineUnavailable(
                f"what was started in place of {MEDIAPIPE} is no Python that has it; "
                "name one with --mediapipe-python"
            ) from None
        return answer

    def _last_words(self) -> str:
        self._said.seek(0)
        return " ".join(self._said.read().split())[-400:] or "it said nothing"

"""A program behind two pipes that answers each line of JSON with one, or is ended."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Final, Self

from posemill.errors import EngineUnavailable

START_S: Final = 900.0  # the first time an environment may have to be downloaded
ANSWER_S: Final = 300.0
_END_S: Final = 10.0


class Talker:
    """One such program; ``name`` and ``cure`` are for the error where it does not answer.

    It runs in a session of its own, so that ending it ends what it has started as well.
    Every call may raise EngineUnavailable.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        name: str,
        cure: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._name, self._cure = name, cure
        self._said = TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed with the process
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env={**(environment or {}), **os.environ},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            self._said.close()
            reason = error.strerror if isinstance(error, OSError) else error
            raise EngineUnavailable(f"{command[0]} can't be run: {reason}") from error

    def ask(
        self, request: Mapping[str, Any], data: bytes = b"", *, timeout_s: float = ANSWER_S
    ) -> dict[str, Any]:
        """Send a request, with ``data`` after its line, and return the answer."""
        with _Watch(self._process, timeout_s) as watch:
            self._write(request, data)
            line = self._read()  # whatever one that is gone has said before
        return self._parsed(line, watch, timeout_s)

    def send(self, request: Mapping[str, Any]) -> None:
        """Send a short request whose answer is wanted later."""
        self._write(request, b"")

    def receive(self, *, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """Return the answer to a request that was sent."""
        with _Watch(self._process, timeout_s) as watch:
            line = self._read()
        return self._parsed(line, watch, timeout_s)

    def close(self) -> None:
        """End the program, at once where it doesn't by itself."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        with suppress(BrokenPipeError):  # it is gone, and with it what was for it
            stdin.close()
        stdout.close()  # first, or one that writes on would never end
        try:
            self._process.wait(_END_S)
        except BaseException as error:  # Ctrl-C too must not leave it behind
            end(self._process)
            self._process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:  # nobody waits for the rest
            end(self._process)
        self.close()

    def _write(self, request: Mapping[str, Any], data: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):  # reading tells
            stdin.write(json.dumps(request).encode() + b"\n" + data)
            stdin.flush()

    def _read(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _parsed(self, line: bytes, watch: "_Watch", timeout_s: float) -> dict[str, Any]:
        if watch.struck:
            raise EngineUnavailable(
                f"{self._name} gave no answer in {timeout_s:g} s and was ended: "
                f"{self._last_words()}"
            )
        if not line:
            raise EngineUnavailable(
                f"{self._name} could not be started, or ended early: {self._last_words()} "
                f"({self._cure})"
            )
        try:
            return dict(json.loads(line))
        except (ValueError, TypeError):
            raise EngineUnavailable(
                f"what was started in place of {self._name} is no Python that has it; {self._cure}"
            ) from None

    def _last_words(self) -> str:
        self._said.seek(0)
        return " ".join(self._said.read().split())[-400:] or "it said nothing"


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process that was started in a session of its own, and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


class _Watch:
    """Ends ``process`` when the block takes longer than ``timeout_s``."""

    def __init__(self, process: "subprocess.Popen[bytes]", timeout_s: float) -> None:
        self.struck = False
        self._process = process
        self._timer = threading.Timer(timeout_s, self._strike)
        self._timer.daemon = True

    def _strike(self) -> None:
        self.struck = True
        end(self._process)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

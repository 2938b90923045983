"""One confined media process, seen from the process that uses it."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from tempfile import TemporaryFile
from typing import IO, Any, Final

from posemill.errors import BY_NAME, Busy, WorkerCrashed, WorkerError, WorkerTimeout
from posemill.workers.confinement import Limits
from posemill.workers.messages import Answer, receive, send

START_S: Final = 60.0
_LAST_WORDS: Final = 600


class MediaProcess:
    """A process that runs ``python -m module``, started when it is first asked.

    ``arguments``: for the module's ``build``, as JSON. ``nice``: how much it stands back. For one
    thread at a time, but for ``end``. One that crashed or was ended is started anew by the next
    ``ask``.
    """

    def __init__(
        self, module: str, arguments: Mapping[str, Any], *, limits: Limits, nice: int = 0
    ) -> None:
        self._module, self._nice = module, nice
        self._first = {"arguments": dict(arguments), "limits": asdict(limits)}
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._is_ready = False
        self.starts = 0
        self.confined = "none"

    @property
    def is_ready(self) -> bool:
        """Whether it runs and has loaded all that takes time."""
        return self._is_ready and self.pid is not None

    @property
    def pid(self) -> int | None:
        """Its number while it runs."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def start(self) -> None:
        """Start it, unless it runs, and wait until it is ready.

        Errors: WorkerCrashed; WorkerTimeout; Busy where the machine has no room for it now.
        """
        if self.pid is not None:
            return
        self.close()
        try:
            self._launch()
            ready, _ = self._exchange(self._first, b"", START_S)
        except WorkerError:
            raise
        except (OSError, RuntimeError) as error:  # too many files, processes or threads
            self.close()
            raise Busy(f"no process can be started now: {error}.") from error
        self._is_ready = True
        self.confined = str(ready.get("confined"))

    def _launch(self) -> None:
        self._said = TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            bufsize=0,
            env=environment(),
        )
        self.starts += 1
        if self._nice and sys.platform != "win32":
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, self._nice)
        self._is_ready = False

    def ask(
        self,
        request: Mapping[str, Any],
        data: bytes | memoryview = b"",
        *,
        timeout_s: float,
    ) -> Answer:
        """Return the answer to a request.

        Errors: what the handler raised, of posemill's errors; WorkerCrashed; WorkerTimeout; Busy.
        """
        self.start()
        fields, answered = self._exchange(request, data, timeout_s)
        if "error" in fields:
            raise BY_NAME.get(fields["error"], WorkerCrashed)(fields["text"])
        return Answer(fields["fields"], answered)

    def end(self) -> None:
        """End it at once, from any thread; an ``ask`` under way raises WorkerCrashed."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End it, and wait until it has ended."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdin is not None and process.stdout is not None
            process.stdin.close()
            process.stdout.close()
        if self._said is not None:
            self._said.close()
            self._said = None

    def _exchange(
        self, request: Mapping[str, Any], data: bytes | memoryview, timeout_s: float
    ) -> tuple[dict[str, Any], bytes]:
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        struck = threading.Event()

        def strike() -> None:
            struck.set()
            process.kill()

        timer = threading.Timer(timeout_s, strike)
        timer.daemon = True
        timer.start()
        try:
            send(process.stdin, request, data)  # type: ignore[arg-type]
            answer = receive(process.stdout)  # type: ignore[arg-type]
        except (OSError, ValueError):
            answer = None
        finally:
            timer.cancel()
        if answer is not None:
            return answer
        said = self._last_words(process)
        self.close()
        if struck.is_set():
            raise WorkerTimeout(f"it took longer than {timeout_s:g} s and was stopped.")
        raise WorkerCrashed(f"the process that handled it ended: {said}.")

    def _last_words(self, process: "subprocess.Popen[bytes]") -> str:
        process.kill()
        code = process.wait()
        assert self._said is not None
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - _LAST_WORDS))
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"signal {-code}" if code < 0 else f"exit code {code}"


def environment() -> dict[str, str]:
    """Return what a process that reads media gets of the environment: no secret of the service."""
    kept = {
        *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT"),
        *("XDG_CACHE_HOME", "PYTHONPATH", "PYTHONSAFEPATH", "LOCALAPPDATA", "USERPROFILE"),
        *("VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
    # glibc keeps an arena a thread, 64 MiB of address space each. The threads of OpenBLAS start
    # when numpy is imported, which is before capabilities are given up.
    more = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
    return {k: v for k, v in os.environ.items() if k in kept} | more

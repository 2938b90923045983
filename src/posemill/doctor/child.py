"""Looking in a process of its own: what is looked at may crash, hang or take the memory."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Final

PATIENCE_S: Final = 120.0
LONGEST: Final = 300
FAILURE: Final = "failure"  # what a child's answer has alone where it could not
_STEP_S: Final = 0.2
_NO_PACKAGE: Final = ("ModuleNotFoundError", "ImportError")
# What is said where memory, or the right to take more of it, has run out; 9 is how Linux ends it.
_NO_MEMORY: Final = (
    *("ended by signal 9", "MemoryError", "bad_alloc", "can't alloc", "can't start new thread"),
    *("Cannot allocate memory", "Resource temporarily unavailable"),
)

# Once this is set, processes that are looking are ended, and no others begun.
STOPPING: Final = ContextVar[Event | None]("STOPPING", default=None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process said. ``found``: its answer, or None; then ``failure`` says why."""

    found: Any
    failure: str = ""

    @property
    def lacks_package(self) -> bool:
        """Whether it failed since something couldn't be imported."""
        return self.failure.startswith(_NO_PACKAGE)

    @property
    def lacks_memory(self) -> bool:
        """Whether it failed since there was not enough memory, most likely."""
        return any(each in self.failure for each in _NO_MEMORY)


def ask(
    module: str, *words: str, given: Mapping[str, Any] | None = None, patience_s: float = PATIENCE_S
) -> Answer:
    """Run ``python -m module words`` in this environment; its stdin and stdout are JSON."""
    return run([sys.executable, "-P", "-m", module, *words], given, patience_s)


def run(
    command: Sequence[str],
    given: Mapping[str, Any] | None = None,
    patience_s: float = PATIENCE_S,
    variables: Mapping[str, str] | None = None,
) -> Answer:
    """Run a command that reads ``given`` as JSON; the last line of its stdout is JSON.

    ``variables``: of its environment, beside those of this process.
    """
    stopping = STOPPING.get() or Event()
    if stopping.is_set():
        return Answer(None, "stopped")
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, **(variables or {})},
        )
    except OSError as error:
        return Answer(None, str(error.strerror or error))
    with process, _watched(process, stopping):
        try:
            said, complained = process.communicate(json.dumps(given or {}), patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return Answer(None, f"no answer within {patience_s:.0f} s")
        except BaseException:
            process.kill()
            raise
    return Answer(None, "stopped") if stopping.is_set() else _answer(process, said, complained)


@contextmanager
def _watched(process: subprocess.Popen[str], stopping: Event) -> Iterator[None]:
    """End a process as soon as that is wanted."""
    is_over = Event()

    def watch() -> None:
        while not is_over.wait(_STEP_S):
            if stopping.is_set():
                process.kill()
                return

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        is_over.set()
        watching.join()


def _answer(process: subprocess.Popen[str], said: str, complained: str) -> Answer:
    if process.returncode < 0:
        return Answer(None, f"ended by signal {-process.returncode}")
    try:
        found = json.loads(said.splitlines()[-1])
    except (ValueError, IndexError):
        lines = complained.strip().splitlines()
        return Answer(None, lines[-1][-LONGEST:] if lines else f"ended with {process.returncode}")
    is_failure = isinstance(found, dict) and found.keys() == {FAILURE}
    return Answer(None, found[FAILURE]) if is_failure else Answer(found)

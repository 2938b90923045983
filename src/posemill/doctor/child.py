"""Looking in a process of its own: what is looked at may crash, hang or take the memory."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

PATIENCE_S: Final = 120.0
LONGEST: Final = 300
FAILURE: Final = "failure"  # what a child's answer has alone where it could not


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process said. ``found``: its answer, or None; then ``failure`` says why."""

    found: Any
    failure: str = ""


def ask(
    module: str, *words: str, given: Mapping[str, Any] | None = None, patience_s: float = PATIENCE_S
) -> Answer:
    """Run ``python -m module words`` in this environment; its stdin and stdout are JSON."""
    return run([sys.executable, "-P", "-m", module, *words], given, patience_s)


def run(
    command: Sequence[str],
    given: Mapping[str, Any] | None = None,
    patience_s: float = PATIENCE_S,
) -> Answer:
    """Run a command that reads ``given`` as JSON; the last line of its stdout is JSON."""
    try:
        done = subprocess.run(
            command,
            input=json.dumps(given or {}),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(None, f"no answer within {patience_s:.0f} s")
    except OSError as error:
        return Answer(None, str(error.strerror or error))
    if done.returncode < 0:
        return Answer(None, f"ended by signal {-done.returncode}")
    try:
        found = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        said = done.stderr.strip().splitlines()
        return Answer(None, said[-1][-LONGEST:] if said else f"ended with {done.returncode}")
    is_failure = isinstance(found, dict) and found.keys() == {FAILURE}
    return Answer(None, found[FAILURE]) if is_failure else Answer(found)

"""What is known of a job."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

STATES: Final = ("uploading", "queued", "running", "paused", "succeeded", "failed", "cancelled")
FINAL_STATES: Final = STATES[-3:]


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    ``kind``: ``video`` or ``pictures``, None before it is known. Times are seconds since 1970,
    None where they are still to come. ``progress``: 0 to 1; ``rate``: frames a second;
    ``time_left_s``: at that rate. ``problem``: ``code`` and ``detail`` of what went wrong.
    ``results``: the kinds that are there.
    """

    id: str
    name: str
    state: str
    kind: str | None
    created_s: float
    started_s: float | None
    finished_s: float | None
    bytes: int
    progress: float | None
    frames: int
    frames_total: int | None
    rate: float | None
    time_left_s: float | None
    problem: Mapping[str, str] | None
    results: tuple[str, ...]
    options: Mapping[str, Any]

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL_STATES

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

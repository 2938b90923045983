"""Time and cores: CPU seconds by stage, one core, and what numbers become in a report."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np


@dataclass(slots=True)
class Clock:
    """CPU seconds by stage; ``with clock("draw"): ...`` adds to one."""

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        started = time.process_time()
        try:
            yield
        finally:
            self.seconds[stage] += time.process_time() - started


@contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this thread, and all that it starts meanwhile, on one core where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return p50, p95 and p99 in milliseconds."""
    values = np.percentile(seconds, (50, 95, 99)) * 1000
    return {name: round(float(v), 3) for name, v in zip(("p50", "p95", "p99"), values, strict=True)}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median of ``values`` as ``ratio``, and ``low`` and ``high``."""
    return {
        "ratio": round(median(values), 3),
        "low": round(min(values), 3),
        "high": round(max(values), 3),
    }


def compared(
    peer: str, what: str, unit: str, pairs: Sequence[tuple[float, float]]
) -> dict[str, Any]:
    """Return one comparison: medians of both sides, and the ratio, ours to theirs, pair by pair."""
    ours, theirs = zip(*pairs, strict=True)
    return {
        "peer": peer,
        "what": what,
        "unit": unit,
        "ours": round(median(ours), 3),
        "theirs": round(median(theirs), 3),
        **spread([one / other for one, other in pairs]),
    }

"""What a look at a running service knows so far, and for how long it may go on."""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from posemill.doctor.finding import Finding, Words, skipped
from posemill.doctor.premises import Premises
from posemill.doctor.remote.address import Address


class OutOfTime(Exception):
    """All of the time for the look is used up."""


@dataclass(slots=True)
class Visit:
    """One look at one service; the checks leave here what later ones need.

    ``ends_s``: of time.monotonic(). ``found``: the addresses of the name; ``reached``: the one
    that connections go to. ``context``: for TLS; ``is_trusted``: whether the token may be told.
    ``server``: who answers, by the header Server; posemill itself sends none. ``limits``: those of
    /api/v1/status. ``picture_s``: what a picture took. ``blocked``: why nothing further can be
    looked at; ``closed``: why nothing that asks for a token can.
    """

    address: Address
    token: str | None = field(repr=False)
    patience_s: float
    ends_s: float
    found: list[str] = field(default_factory=list)
    reached: str = ""
    context: ssl.SSLContext | None = None
    is_trusted: bool = True
    server: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)
    picture_s: float = 0.0
    blocked: Words | None = None
    closed: Words | None = None

    def patience(self, most_s: float | None = None) -> float:
        """Return how long the next answer may take, in seconds. OutOfTime where it may not."""
        if self.is_over:
            raise OutOfTime
        wanted = self.patience_s if most_s is None else most_s
        return max(0.05, min(wanted, self.ends_s - time.monotonic()))

    @property
    def is_over(self) -> bool:
        """Whether all of the time is used up."""
        return time.monotonic() >= self.ends_s


Look = Callable[[Visit], Iterable[Finding]]


def looking(
    visit: Visit, look: Look, *, has_token: bool
) -> Callable[[Premises], Iterator[Finding]]:
    """Return a check's function, which looks unless an earlier one has found it pointless.

    ``has_token``: it asks for what a token may be needed for.
    """

    def looked(_: Premises) -> Iterator[Finding]:
        why = visit.blocked or (visit.closed if has_token else None)
        if why is not None:
            yield skipped("not_reached", f"Not looked at: {why.en}.", f"未检查：{why.zh}。")
            return
        try:
            visit.patience()
            yield from look(visit)
        except OutOfTime:
            yield skipped(
                "out_of_time",
                "Not looked at, or not to its end: all of the time is used up.",
                "未检查或未检查完：规定的时间已用完。",
            )

    return looked

"""When to use the lite model in place of the full one, and when to go back."""

from typing import Final

_LOW: Final = 0.8  # of the wanted frame rate
_DOWN_AFTER_S: Final = 10.0
_UP_AFTER_S: Final = 60.0
# The full model takes about twice the time of the lite one: it fits where half is free.
_SPARE: Final = 0.45


class Stepper:
    """Steps down after 10 s of too few frames, and up after 60 s with room for the larger model.

    The two are far apart on purpose, so that it doesn't swing.
    """

    def __init__(self) -> None:
        self.is_down = False
        self._since: float | None = None

    def update(self, now: float, *, share: float, busy: float) -> bool:
        """Return whether to be down; ``share``: of the wanted frames, ``busy``: of all cores."""
        wants_change = busy < _SPARE and share >= _LOW if self.is_down else share < _LOW
        if not wants_change:
            self._since = None
            return self.is_down
        self._since = now if self._since is None else self._since
        if now - self._since >= (_UP_AFTER_S if self.is_down else _DOWN_AFTER_S):
            self.is_down, self._since = not self.is_down, None
        return self.is_down

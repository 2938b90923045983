"""What `posemill doctor` would say here, asked by the service about itself."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from time import monotonic, time
from typing import Any, Final

from posemill.config import Settings, Watching
from posemill.doctor import Examined, Language, Premises, Result, examine
from posemill.doctor.checks import CHECKS
from posemill.doctor.child import STOPPING

_FRESH_S: Final = 600.0


@dataclass(slots=True)
class Examination:
    """Looks when it is asked, one at a time, and remembers for ten minutes: it costs seconds."""

    settings: Settings
    watching: Watching = field(default_factory=Watching)
    origins: Mapping[str, str] = field(default_factory=dict)
    _found: Sequence[Examined] = ()
    _at: float = 0.0
    _until: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def result(self, language: str) -> dict[str, Any]:
        """Return what was found: ``at`` (seconds since 1970), ``ok``, and the checks."""
        async with self._turn:
            if monotonic() >= self._until:
                self._found = await self._looked()
                self._at, self._until = time(), monotonic() + _FRESH_S
        words: Language = "zh" if language == "zh" else "en"
        return {
            "at": self._at,
            "ok": all(each.result is not Result.FAILED for each in self._found),
            "checks": [each.to_dict(words) for each in self._found],
        }

    async def _looked(self) -> Sequence[Examined]:
        """Look in a thread; where the service stops meanwhile, that is over at once too."""
        stopping = Event()
        STOPPING.set(stopping)  # for this task, and the thread that it starts
        try:
            return await asyncio.to_thread(self._look)
        except asyncio.CancelledError:
            stopping.set()
            raise

    def _look(self) -> Sequence[Examined]:
        given = Premises(self.settings, self.origins, self.watching, in_service=True)
        return list(examine(CHECKS, given))

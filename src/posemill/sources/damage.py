"""An account of what could not be read of a video."""

from dataclasses import dataclass


@dataclass(slots=True)
class Damage:
    """What went wrong so far."""

    lost_packets: int = 0
    patched_frames: int = 0
    unread_parts: int = 0
    first_s: float | None = None
    ended_s: float | None = None

    @property
    def is_any(self) -> bool:
        """Whether something could not be read or decoded so far."""
        return bool(self.lost_packets or self.patched_frames or self.unread_parts)

    def note(self, time_s: float) -> None:
        """Remember where the first of it was."""
        self.first_s = time_s if self.first_s is None else self.first_s

    def sentence(self, length_s: float | None) -> str | None:
        """Return it as a sentence, None when all was well."""
        parts = []
        if self.lost_packets or self.unread_parts:
            parts.append(f"{_counted(self.lost_packets + self.unread_parts, 'part')} undecodable")
        if self.patched_frames:
            parts.append(f"{_counted(self.patched_frames, 'frame')} decoded in part")
        where = f" from {self.first_s:.2f} s on" if parts and self.first_s is not None else ""
        if self.ended_s is not None and length_s is not None:
            parts.append(f"it ends at {self.ended_s:.2f} s of {length_s:.2f} s")
        return f"the video is damaged{where}: {', '.join(parts)}" if parts else None


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"

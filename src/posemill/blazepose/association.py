"""Who is who: the bodies of a frame against the people who were followed or lost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from math import exp, hypot
from typing import Final

import numpy as np

from posemill.blazepose.doubts import Flags, Memory
from posemill.blazepose.filtering import Filters
from posemill.blazepose.look import Body
from posemill.blazepose.roi import Region
from posemill.blazepose.similarity import assign, oks, same_body
from posemill.types import Floats

# A body seen in somebody's own region is theirs, unless an exchange fits far better.
OWN_REGION: Final = 0.5
# A lost person may be within so many of their own sizes, and more with every second.
REACH: Final = 0.3
REACH_PER_S: Final = 1.0
LARGER: Final = 1.3
VELOCITY_MEMORY_S: Final = 0.2
CONFUSED_SHARE: Final = 0.5
DRIFT_S: Final = 0.5  # nobody goes on blindly for longer
LEAST_SIZE: Final = 0.5
LEAST_LIKENESS: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Meeting:
    """One person and another, ``rival``, became one body: how the one was before, ``ago_s``."""

    rival: int | None
    body: Body
    velocity_px_s: Floats
    ago_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person of a stream: tracked, tentative (without an id yet), or lost.

    ``region``: where to look next. ``body``: as last seen, smoothed. ``lost_s``: for
    how long they have been out of sight. ``velocity_px_s``: float32 (2,), how they move.
    ``meeting``: with whom they may be confused. ``tentative_s``: for how long without an id.
    """

    region: Region
    body: Body
    filters: Filters
    memory: Memory | None = None
    flags: Flags = field(default_factory=dict)
    id: int | None = None
    lost_s: float = 0.0
    velocity_px_s: Floats = field(default_factory=lambda: np.zeros(2, np.float32))
    meeting: Meeting | None = None
    tentative_s: float = 0.0

    def expected(self, after_s: float) -> Body:
        """Return the body where it is to be expected when no more is known of it."""
        moved = self.body.landmarks.copy()
        moved[:, :2] += self.velocity_px_s * after_s
        auxiliary = self.body.auxiliary.copy()
        auxiliary[:, :2] += self.velocity_px_s * after_s
        return replace(self.body, landmarks=moved, auxiliary=auxiliary)


def velocity_px_s(person: Person, body: Body, interval_s: float) -> Floats:
    """Return how the person moves now that they are seen as ``body``."""
    if person.lost_s > 0:
        return np.zeros(2, np.float32)
    kept = np.float32(exp(-interval_s / VELOCITY_MEMORY_S))
    now = (body.auxiliary[0, :2] - person.body.auxiliary[0, :2]) / np.float32(interval_s)
    return np.asarray(kept * person.velocity_px_s + (1 - kept) * now, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A body in the frame, and where it was seen.

    ``owners``: the places, among those followed, of the people in whose regions it was.
    ``belief``: how likely it is a person, where the detector just found it.
    """

    body: Body
    owners: frozenset[int] = frozenset()
    belief: float | None = None


def distinct_sightings(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Return each body once; where two regions settled on one, both are its owners.

    What is seen in somebody's region stands for what the detector found, and the surer for the
    less sure. But of two that share a face the larger stands: the other one is a region that
    came too near and takes a head for a whole person.
    """
    if len(sightings) < 2:
        return list(sightings)
    kept: list[Sighting] = []
    for sighting in sorted(sightings, key=lambda each: (not each.owners, -each.body.score)):
        same = np.flatnonzero(same_body(sighting.body, [other.body for other in kept]))
        if not len(same):
            kept.append(sighting)
            continue
        other = kept[same[0]]
        larger = sighting.body.extent.side_px > LARGER * other.body.extent.side_px
        kept[same[0]] = replace(
            sighting if larger else other,
            owners=other.owners | sighting.owners,
            belief=sighting.belief if other.belief is None else other.belief,
        )
    return kept


def who_is_it(
    people: Sequence[Person], sightings: Sequence[Sighting], interval_s: float
) -> dict[int, int]:
    """Return by place of a followed person the place of the sighting that is theirs."""
    if len(people) < 2:
        return {place: k for k, each in enumerate(sightings) for place in each.owners}
    expected = [person.expected(min(interval_s, DRIFT_S)) for person in people]
    likeness = np.zeros((len(people), len(sightings)), np.float32)
    for column, sighting in enumerate(sightings):
        likeness[:, column] = oks(sighting.body, expected)
        likeness[list(sighting.owners), column] += OWN_REGION
    return dict(assign(likeness, LEAST_LIKENESS))


def who_returns(
    lost: Sequence[Person], sightings: Sequence[Sighting], patience_s: float
) -> dict[int, int]:
    """Return by place of a lost person the place of the sighting that is them again."""
    if not lost or not sightings:
        return {}
    likeness = np.zeros((len(lost), len(sightings)), np.float32)
    for row, person in enumerate(lost):
        if person.lost_s <= patience_s:
            there = person.expected(min(person.lost_s, DRIFT_S)).extent
            reach = REACH + REACH_PER_S * person.lost_s
            likeness[row] = [_nearness(there, each.body.extent, reach) for each in sightings]
    return dict(assign(likeness, LEAST_LIKENESS))


def met(person: Person, others: Sequence[Person]) -> Meeting | None:
    """Return what to remember of a person whose region now shows the body of others too."""
    rivals = [other.id for other in others if other.id is not None]
    if not rivals:
        return person.meeting
    return Meeting(rivals[0], person.body, person.velocity_px_s)


def confused(stayed: Person, lost: Person, returned: Body) -> bool:
    """Whether two people who met have left it in each other's place.

    ``stayed``: who was followed all the while. ``lost``: the other one, as last seen, who is
    seen again as ``returned``. Both are held against where they were going.
    """
    meeting = stayed.meeting
    if meeting is None or meeting.rival != lost.id:
        return False
    going = _going(meeting.body, meeting.velocity_px_s, meeting.ago_s)
    other = _going(lost.body, lost.velocity_px_s, lost.lost_s)
    here, there = stayed.body.auxiliary[0, :2], returned.auxiliary[0, :2]
    as_is = np.linalg.norm(going - here) + np.linalg.norm(other - there)
    exchanged = np.linalg.norm(going - there) + np.linalg.norm(other - here)
    return bool(exchanged < CONFUSED_SHARE * as_is)


def _going(body: Body, velocity_px_s: Floats, after_s: float) -> Floats:
    return np.asarray(body.auxiliary[0, :2] + velocity_px_s * after_s, np.float32)


def _nearness(there: Region, here: Region, reach: float) -> float:
    """Return 1 for the same place and size, less the farther, 0 out of reach."""
    larger = max(there.side_px, here.side_px, 1e-6)
    apart = hypot(there.x_px - here.x_px, there.y_px - here.y_px) / larger
    alike = min(there.side_px, here.side_px) / larger
    return max(0.0, 1 - apart / reach) * alike if alike > LEAST_SIZE else 0.0


def without(sightings: Sequence[Sighting], places: Collection[int]) -> list[Sighting]:
    """Return the sightings but those at ``places``."""
    return [each for place, each in enumerate(sightings) if place not in places]

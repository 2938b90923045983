"""Following people through one stream.

Source for one person: mediapipe/modules/pose_landmark/pose_landmark_cpu.pbtxt. Everyone has a
region, filters and an identity of their own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any, Final

from posemill.blazepose.association import (
    Person,
    Sighting,
    confused,
    distinct_sightings,
    met,
    velocity_px_s,
    who_is_it,
    who_returns,
    without,
)
from posemill.blazepose.belief import CREDIBLE, examine, needs_no_belief
from posemill.blazepose.constants import NOMINAL_INTERVAL_S, SHORTEST_INTERVAL_S
from posemill.blazepose.doubts import doubt
from posemill.blazepose.estimator import pose_of
from posemill.blazepose.filtering import Filters, smooth
from posemill.blazepose.look import look
from posemill.blazepose.models import Models
from posemill.blazepose.search import same_place, search
from posemill.blazepose.subject import choose_candidate, choose_pose
from posemill.options import PEOPLE_CAP, PoseOptions
from posemill.types import Frame, FramePoses, Pose

REDETECT_S: Final = 0.5
# Who is doubtful is followed, but not told of before the detector believes it; not for ever.
DOUBTFUL: Final = 0.3
TENTATIVE_S: Final = 1.2  # the detector has looked twice more


# What outlives a frame.
_STATE: Final = (
    *("_people", "_lost", "_detections", "_size_px", "_time_s", "_clock_s", "_interval_s"),
    *("_subject", "_next_id"),
)


@dataclass(frozen=True, slots=True)
class _Detections:
    """When the detector looked last; ``wanted``: somebody was lost since.

    ``slot``: in which half second of the stream, counted from its zero, so that it looks at
    the same frames wherever a tracker begins.
    """

    slot: int = 0
    ago_frames: int = 0
    wanted: bool = True


class BlazePoseTracker:
    """Follows people through the frames of one stream.

    A time that doesn't advance (a duplicate or a clock set back) counts as one more of the
    last interval. A change of the picture's size ends what was followed.
    """

    def __init__(self, models: Models, options: PoseOptions) -> None:
        self._models = models
        self._options = options
        self._cap = options.max_people or PEOPLE_CAP
        self._next_id = 0
        self.reset()

    def reset(self) -> None:
        """Forget the stream, as before its first frame; ids go on."""
        self._people: list[Person] = []
        self._lost: list[Person] = []
        self._detections = _Detections()
        self._size_px = (0, 0)
        self._time_s: float | None = None
        self._clock_s = 0.0
        self._interval_s = NOMINAL_INTERVAL_S
        self._subject: int | None = None

    def state(self) -> Mapping[str, Any]:
        """Return all that is remembered, of which nothing is changed later."""
        return {name: getattr(self, name) for name in _STATE}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from where another tracker with the same options was."""
        for name in _STATE:
            setattr(self, name, state[name])

    def track(self, frame: Frame) -> FramePoses:
        size_px = frame.width, frame.height
        interval_s = self._advance(frame.time_s)
        if size_px != self._size_px:
            self._start_anew(size_px)
        sightings = distinct_sightings(self._look(frame))
        self._people = self._recognise(sightings, interval_s)
        poses = self._poses(size_px)
        self._lose([person for person in self._people if not person.region.usable])
        self._people = [person for person in self._people if person.region.usable]
        return FramePoses(frame.index, frame.time_s, size_px, poses)

    def _advance(self, time_s: float) -> float:
        if not isfinite(time_s):
            time_s = self._time_s or 0.0
        passed_s = inf if self._time_s is None else time_s - self._time_s
        if SHORTEST_INTERVAL_S < passed_s < inf:
            self._interval_s = passed_s
        advances = passed_s > SHORTEST_INTERVAL_S
        self._clock_s = time_s if advances else self._clock_s + self._interval_s
        self._time_s = time_s
        return self._interval_s

    def _start_anew(self, size_px: tuple[int, int]) -> None:
        self._lose(self._people)
        self._lost = [replace(person, lost_s=inf) for person in self._lost]
        self._people, self._size_px = [], size_px

    def _look(self, frame: Frame) -> list[Sighting]:
        """Return the bodies in the regions of the people followed, and in new places."""
        regions = [person.region for person in self._people]
        bodies = look(frame, regions, self._models, self._options)
        seen = [
            Sighting(body, frozenset([place]))
            for place, body in enumerate(bodies)
            if body is not None
        ]
        return seen + self._newcomers(frame)

    def _newcomers(self, frame: Frame) -> list[Sighting]:
        """Return the bodies where the detector sees people, if it is to look."""
        options = self._options
        self._detections = _later(self._detections)
        known = [person for person in self._people if person.id is not None]
        if len(known) >= self._cap or not self._detection_is_due(len(known)):
            return []
        self._detections = _Detections(self._slot, wanted=False)
        candidates = search(frame, self._models.detector, options, still=False)
        if self._cap == 1:
            candidates = choose_candidate(candidates, frame, options.subject)
        if needs_no_belief(candidates, options):
            bodies = look(frame, [each.region for each in candidates], self._models, options)
            return [Sighting(body, belief=1.0) for body in bodies if body is not None]
        new = [
            each
            for each in candidates
            if not any(same_place(each.region, person.region) for person in known)
        ]
        return [
            Sighting(each.body, belief=each.belief)
            for each in examine(frame, new, self._models, options)
            if each.belief >= DOUBTFUL
        ]

    def _detection_is_due(self, known: int) -> bool:
        detections, options = self._detections, self._options
        if detections.wanted or known < options.min_people:
            return True
        if options.redetect_every:
            return detections.ago_frames >= options.redetect_every
        return detections.slot != self._slot

    @property
    def _slot(self) -> int:
        return int(self._clock_s // REDETECT_S)

    def _recognise(self, sightings: Sequence[Sighting], interval_s: float) -> list[Person]:
        """Return the people in the frame: those followed, those who are back, those new."""
        theirs = who_is_it(self._people, sightings, interval_s)
        here = []
        for place, k in sorted(theirs.items()):
            person, sighting = self._people[place], sightings[k]
            others = [self._people[each] for each in sighting.owners - {place}]
            person = replace(person, meeting=met(person, others))
            here.append(self._seen(person, sighting, interval_s))
        self._lose([each for place, each in enumerate(self._people) if place not in theirs])
        rest = without(sightings, theirs.values())
        back = who_returns(self._lost, rest, self._options.track_patience_s)
        room = max(0, self._cap - sum(person.id is not None for person in here))
        back = dict(list(back.items())[:room])
        for who, k in back.items():
            lost = self._lost[who]
            for place, person in enumerate(here):
                if confused(person, lost, rest[k].body):
                    here[place] = replace(person, id=lost.id, meeting=None)
                    lost = replace(lost, id=person.id)
            here.append(self._seen(lost, rest[k], interval_s))
        new = sorted(without(rest, back.values()), key=lambda each: -(each.belief or 0.0))
        here += [
            self._seen(self._stranger(each), each, interval_s) for each in new[: room - len(back)]
        ]
        here = [person for person in here if person.tentative_s <= TENTATIVE_S]
        here.sort(key=lambda person: person.id is None)  # the tentative make room
        self._forget(back.keys(), interval_s)
        return here[: self._cap]

    def _seen(self, person: Person, sighting: Sighting, interval_s: float) -> Person:
        """Return the person as they go on; the tentative get an id once they are credible."""
        memory, body, flags = doubt(
            person.memory, sighting.body, interval_s, repair=self._options.repair_swaps
        )
        filters, body, region = smooth(person.filters, body, interval_s, self._options)
        identity = person.id
        if identity is None and sighting.belief is not None and sighting.belief >= CREDIBLE:
            identity, self._next_id = self._next_id, self._next_id + 1
        meeting = person.meeting
        if meeting is not None:
            meeting = replace(meeting, ago_s=meeting.ago_s + interval_s)
        velocity = velocity_px_s(person, body, interval_s)
        tentative_s = person.tentative_s + interval_s if identity is None else 0.0
        return Person(
            region,
            body,
            filters,
            memory,
            flags,
            identity,
            velocity_px_s=velocity,
            meeting=meeting,
            tentative_s=tentative_s,
        )

    def _stranger(self, sighting: Sighting) -> Person:
        """Return somebody new; a single person takes over what outlived the last one."""
        filters = self._lost[-1].filters if self._cap == 1 and self._lost else Filters()
        return Person(sighting.body.extent, sighting.body, filters)

    def _lose(self, gone: Sequence[Person]) -> None:
        """Remember the people who are out of sight; the tentative are forgotten."""
        if gone:
            self._detections = replace(self._detections, wanted=True)
        self._lost = self._lost + [
            replace(person, filters=person.filters.after_loss(0.0), memory=None, lost_s=0.0)
            for person in gone
            if person.id is not None
        ]

    def _forget(self, returned: Collection[int], interval_s: float) -> None:
        """Let those who are still lost grow older, and forget whom no one waits for."""
        still = [
            replace(
                person,
                filters=person.filters.after_loss(interval_s),
                lost_s=person.lost_s + interval_s,
            )
            for place, person in enumerate(self._lost)
            if place not in returned
        ]
        patience_s = self._options.track_patience_s
        # The last of a single person's stream is kept for what outlives them.
        self._lost = [
            person
            for person in still
            if person.lost_s <= patience_s or (self._cap == 1 and person is still[-1])
        ]

    def _poses(self, size_px: tuple[int, int]) -> tuple[Pose, ...]:
        people = [
            pose_of(person.id, person.body, size_px, person.flags)
            for person in self._people
            if person.id is not None
        ]
        people.sort(key=lambda pose: pose.id)
        if self._options.subject is not None and self._cap > 1:
            people = choose_pose(people, self._options.subject, self._subject)
            self._subject = people[0].id if people else self._subject
        return tuple(people)


def _later(detections: _Detections) -> _Detections:
    return replace(detections, ago_frames=detections.ago_frames + 1)

"""What a whole clip of a fixed camera tells about the boxes of its frames.

A traffic light that looks like a person stands in one place all along, as no person does; a poster
that looks like a car comes and goes in one place, where no car ever drives. And whoever is a
cyclist a moment later is no person now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes
from acme_tracker.labelling.judging import Judged, Mask
from acme_tracker.labelling.motion import may_ride
from acme_tracker.labelling.vocabulary import Vocabulary

_SAME_PLACE_IOU = 0.7
_PASSED_IOU = 0.3  # with something that moves: a place on the road
_STANDS_S, _STANDS_FRAMES = 5, 5  # what is in one place so long, in so many frames, stands there
_OFTEN = 0.5  # a vehicle that stands is found in more than this share of these frames
_RIDES_S = 1  # how long before or after a rider may be seen as one


@dataclass
class _Place:
    """Where something that did not move was found: its box, and the numbers of the frames."""

    xyxy: Boxes  # (1, 4)
    kind: int
    frames: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


def settle(
    found: Sequence[Judged], times_s: Sequence[float], vocabulary: Vocabulary
) -> list[Judged]:
    """The labels of a clip's frames, given those of each by itself and when it was.

    What the clip speaks against is to ignore.
    """
    doubted = [_rides(number, found, times_s, vocabulary) for number in range(len(found))]
    for place in _places(found, vocabulary):
        if _stands(place, times_s, vocabulary) and not _is_passed(place, found, vocabulary):
            for frame, row in zip(place.frames, place.rows, strict=True):
                doubted[frame][row] = True
    return [replace(j, ignore=j.ignore | d) for j, d in zip(found, doubted, strict=True)]


def _rides(
    number: int, found: Sequence[Judged], times_s: Sequence[float], vocabulary: Vocabulary
) -> Mask:
    """(N,) which people of a frame are where a bike is a little earlier or later."""
    now = found[number]
    person = vocabulary.is_kind("person")[now.class_id]
    near = np.zeros(len(now), bool)
    if not person.any():
        return near
    for other, time_s in zip(found, times_s, strict=True):
        if abs(time_s - times_s[number]) <= _RIDES_S:
            bikes = vocabulary.is_kind("bike")[other.class_id]
            near |= may_ride(now.xyxy, other.xyxy[bikes])
    return np.asarray(person & near)


def _places(found: Sequence[Judged], vocabulary: Vocabulary) -> list[_Place]:
    """Where sure things were found that did not move."""
    places: list[_Place] = []
    for number, judged in enumerate(found):
        known = np.concatenate([np.empty((0, 4), np.float32), *(p.xyxy for p in places)])
        kinds = np.array([place.kind for place in places], np.int64)
        for row in np.flatnonzero(~judged.ignore & ~judged.moving):
            kind = int(vocabulary.kind_ids[judged.class_id[row]])
            overlap = boxes.iou(judged.xyxy[[row]], known)[0] * (kinds == kind)
            if overlap.max(initial=0) < _SAME_PLACE_IOU:
                place = _Place(judged.xyxy[[row]], kind)
                places.append(place)
            else:
                place = places[int(overlap.argmax())]
            place.frames.append(number)
            place.rows.append(int(row))
    return places


def _stands(place: _Place, times_s: Sequence[float], vocabulary: Vocabulary) -> bool:
    """Whether what was found in a place was there too long for a road user; cars may park."""
    first, last = place.frames[0], place.frames[-1]
    frames = len(set(place.frames))
    if frames < _STANDS_FRAMES or times_s[last] - times_s[first] < _STANDS_S:
        return False
    parks = vocabulary.kinds[place.kind] == "vehicle"
    return not parks or frames <= _OFTEN * (last - first + 1)


def _is_passed(place: _Place, found: Sequence[Judged], vocabulary: Vocabulary) -> bool:
    """Whether road users of its kind move through a place."""
    for judged in found:
        alike = vocabulary.kind_ids[judged.class_id] == place.kind
        passing = judged.xyxy[judged.moving & alike]
        if (boxes.iou(passing, place.xyxy) > _PASSED_IOU).any():
            return True
    return False

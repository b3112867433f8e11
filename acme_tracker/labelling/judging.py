"""Which of the objects that teachers found become labels, which are to ignore, and as what."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes
from acme_tracker.labelling.fusion import Fused
from acme_tracker.labelling.motion import follow, may_ride
from acme_tracker.labelling.riders import with_riders
from acme_tracker.labelling.settings import LabelSettings
from acme_tracker.labelling.vocabulary import Vocabulary
from acme_tracker.tables import Table

Mask = NDArray[np.bool_]

_SAME_OBJECT_IOU = 0.5  # of different kinds: one of the two names is wrong
_SAME_KIND_IOU = 0.3  # of one kind, by different teachers: one object, boxed differently
_PART = 0.8  # share of a box inside another of its kind
_RIDING = 0.6  # share of a person inside a bike's box
_INSIDE = 0.9  # share of a person inside a vehicle's box


@dataclass(frozen=True, eq=False)
class Judged(Table):
    """Labels of one picture.

    Attributes:
        xyxy: (N, 4) float32.
        class_id: (N,) into the vocabulary's classes.
        ignore: (N,) bool.
        moving: (N,) bool, it moves evenly.
    """

    xyxy: Boxes
    class_id: NDArray[np.int64]
    ignore: Mask
    moving: Mask

    def __post_init__(self) -> None:
        count = self._check("xyxy", np.float32, 4)
        self._check("class_id", np.int64, like=count)
        self._check("ignore", np.bool_, like=count)
        self._check("moving", np.bool_, like=count)


def judge(
    now: Fused,
    before: Fused | None,
    after: Fused | None,
    vocabulary: Vocabulary,
    settings: LabelSettings,
) -> Judged:
    """Labels from what was found on a frame, and a moment before and after where there is one."""
    if before is not None and after is not None:
        now = follow(before, now, after)
    sure = (now.teachers > 1) & (now.share > 0.5) & (now.score >= settings.agreed_score)
    sure |= now.best >= settings.alone_score
    sure |= now.moving & (now.score >= settings.moving_score)
    sure &= ~_beside_bikes(now, before, vocabulary) & ~_beside_bikes(now, after, vocabulary)
    now, sure = resolve(now, sure, vocabulary)
    small = boxes.sizes(now.xyxy).min(1, initial=np.inf) < settings.least_px
    class_id = elect(now, vocabulary, settings)
    return Judged(now.xyxy, class_id, ~sure | small, now.moving)


def _beside_bikes(now: Fused, other: Fused | None, vocabulary: Vocabulary) -> Mask:
    """(N,) who may be the rider of a bike that was found a moment before or after."""
    if other is None:
        return np.zeros(len(now), bool)
    bikes = other.xyxy[_of_kind(other, "bike", vocabulary)]
    return np.asarray(_of_kind(now, "person", vocabulary) & may_ride(now.xyxy, bikes))


def elect(fused: Fused, vocabulary: Vocabulary, settings: LabelSettings) -> NDArray[np.int64]:
    """(N,) the class with its share of the votes, else the super-class where there is one."""
    total = fused.votes.sum(1)
    winner = fused.votes.argmax(1)
    known = settings.class_share
    share = np.array([known.get(name, settings.other_share) for name in vocabulary.classes])
    clear = (fused.votes.max(1, initial=0) >= share[winner] * total) & (total > 0)
    wider = np.array([_fallback(kind, vocabulary) for kind in vocabulary.kinds], np.int64)
    fallback = wider[fused.kind]
    return np.where(clear | (fallback < 0), winner, fallback)


def _fallback(kind: str, vocabulary: Vocabulary) -> int:
    return vocabulary.classes.id_of(kind) if kind in vocabulary.classes else -1


def resolve(found: Fused, sure: Mask, vocabulary: Vocabulary) -> tuple[Fused, Mask]:
    """Several in one place: what stays, (N,) which of it is sure."""
    stays = ~_outdone(found, vocabulary)
    found, sure = found[stays], sure[stays]
    person, bike, vehicle = (
        _of_kind(found, name, vocabulary) for name in ("person", "bike", "vehicle")
    )
    xyxy = found.xyxy.copy()
    xyxy[bike] = with_riders(xyxy[bike], xyxy[person])
    found = replace(found, xyxy=xyxy)
    covered = boxes.coverage(xyxy, xyxy)
    riding = person[:, None] & bike & (covered > _RIDING)
    above = xyxy[:, None, 3] < xyxy[:, 3] - 0.1 * boxes.sizes(xyxy)[:, 1]
    aboard = person[:, None] & vehicle & (covered > _INSIDE) & above
    inside = (
        (found.kind[:, None] == found.kind) & (covered > _PART) & ~np.eye(len(found), dtype=bool)
    )
    doubted = ((riding & ~sure) | aboard | (inside & _weaker(found))).any(1)
    around = ~sure & (inside.sum(0) > 1)  # a doubtful box of several says no more than theirs
    stays = np.asarray(~(riding & sure).any(1) & ~around)
    return found[stays], (sure & ~doubted)[stays]


def _outdone(found: Fused, vocabulary: Vocabulary) -> Mask:
    """(N,) which objects are another, stronger one under a second name or in a second box."""
    overlap = boxes.iou(found.xyxy, found.xyxy)
    alike = found.kind[:, None] == found.kind
    person, bike = (_of_kind(found, name, vocabulary) for name in ("person", "bike"))
    other = ~alike & ~(person[:, None] & bike) & ~(bike[:, None] & person)
    together = (found.found_by[:, None] & found.found_by).any(2)  # somebody saw two
    twice = alike & ~together
    rival = (other & (overlap > _SAME_OBJECT_IOU)) | (twice & (overlap > _SAME_KIND_IOU))
    return np.asarray((rival & _weaker(found)).any(1))


def _weaker(found: Fused) -> Mask:
    """(N, N) whether the first has less support than the second."""
    return np.asarray(found.support[:, None] < found.support)


def _of_kind(found: Fused, name: str, vocabulary: Vocabulary) -> Mask:
    number = vocabulary.kinds.index(name) if name in vocabulary.kinds else -1
    return np.asarray(found.kind == number)

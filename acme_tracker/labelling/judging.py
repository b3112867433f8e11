"""Which of the objects that teachers found become labels, which are to ignore, and as what."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes
from acme_tracker.labelling.fusion import Fused
from acme_tracker.labelling.settings import LabelSettings
from acme_tracker.labelling.vocabulary import Vocabulary
from acme_tracker.tables import Table

Mask = NDArray[np.bool_]

_SAME_OBJECT_IOU = 0.5  # of different kinds: one of the two names is wrong
_RIDING = 0.6  # share of a person inside a bike's box
_INSIDE = 0.9  # share of a person inside a vehicle's box
_NEAR = 1.5  # an object moves less than so many times its size from one look to the next
_EVEN = 0.25  # share of its size by which it may be off a straight path
_GROWTH = 1.5  # and its size changes less than so many times
_STILL, _STILL_PX = 0.15, 3  # what moves less, by its size or in pixels, may be a thing that stands


@dataclass(frozen=True, eq=False)
class Judged(Table):
    """Labels of one picture.

    Attributes:
        xyxy: (N, 4) float32.
        class_id: (N,) into the vocabulary's classes.
        ignore: (N,) bool.
        score: (N,) float32, even.
    """

    xyxy: Boxes
    class_id: NDArray[np.int64]
    ignore: Mask
    score: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = self._check("xyxy", np.float32, 4)
        self._check("class_id", np.int64, like=count)
        self._check("ignore", np.bool_, like=count)
        self._check("score", np.float32, like=count)


def judge(
    now: Fused,
    before: Fused | None,
    after: Fused | None,
    vocabulary: Vocabulary,
    settings: LabelSettings,
) -> Judged:
    """Labels from what was found on a frame, and a moment before and after where there is one."""
    moving = np.zeros(len(now), bool)
    if before is not None and after is not None:
        moving, votes = follow(before, now, after)
        now = replace(now, votes=votes)
    sure = (now.teachers > 1) & (now.score >= settings.agreed_score)
    sure |= now.best >= settings.alone_score
    sure |= moving & (now.score >= settings.moving_score)
    kept, sure = resolve(now, sure, vocabulary)
    now, sure = now[kept], sure[kept]
    small = boxes.sizes(now.xyxy).min(1, initial=np.inf) < settings.least_px
    class_id = elect(now, vocabulary, settings.class_share)
    return Judged(now.xyxy, class_id, ~sure | small, now.score)


def follow(before: Fused, now: Fused, after: Fused) -> tuple[Mask, NDArray[np.float32]]:
    """Which objects move evenly, (N,), and the votes of all three looks, (N, C).

    What moves is no thing of the background that looks like a road user.
    """
    if not (len(before) and len(now) and len(after)):
        return np.zeros(len(now), bool), now.votes
    size = np.sqrt(np.maximum(boxes.areas(now.xyxy), 1))
    old, new = _linked(now, before, size), _linked(now, after, size)  # (N, P), (N, Q)
    came, goes, here = (boxes.centres(each.xyxy) for each in (before, after, now))
    middle = (came[:, None] + goes[None]) / 2  # (P, Q, 2)
    off = np.linalg.norm(here[:, None, None] - middle[None], axis=3) / size[:, None, None]
    off[~(old[:, :, None] & new[:, None, :])] = np.inf
    best = off.reshape(len(now), -1).argmin(1)
    first, last = np.unravel_index(best, middle.shape[:2])
    even = off[np.arange(len(now)), first, last] <= _EVEN
    way = np.linalg.norm(goes[last] - came[first], axis=1)
    moving = even & (way >= np.maximum(_STILL * size, _STILL_PX))
    added = before.votes[first] + after.votes[last]
    return moving, np.asarray(now.votes + np.where(even[:, None], added, 0), np.float32)


def _linked(now: Fused, other: Fused, size: NDArray[np.float32]) -> Mask:
    """(N, M) which could be the same object a moment before or after."""
    way = np.linalg.norm(boxes.centres(now.xyxy)[:, None] - boxes.centres(other.xyxy), axis=2)
    growth = size[:, None] / np.sqrt(np.maximum(boxes.areas(other.xyxy), 1))
    alike = (growth < _GROWTH) & (growth > 1 / _GROWTH)
    return np.asarray(alike & (way < _NEAR * size[:, None]) & (now.kind[:, None] == other.kind))


def elect(fused: Fused, vocabulary: Vocabulary, share: float) -> NDArray[np.int64]:
    """(N,) the class with that share of the votes, else the super-class where there is one."""
    total = fused.votes.sum(1)
    winner = fused.votes.argmax(1)
    clear = (fused.votes.max(1, initial=0) >= share * total) & (total > 0)
    wider = np.array([_fallback(kind, vocabulary) for kind in vocabulary.kinds], np.int64)
    fallback = wider[fused.kind]
    return np.where(clear | (fallback < 0), winner, fallback)


def _fallback(kind: str, vocabulary: Vocabulary) -> int:
    return vocabulary.classes.id_of(kind) if kind in vocabulary.classes else -1


def resolve(found: Fused, sure: Mask, vocabulary: Vocabulary) -> tuple[Mask, Mask]:
    """Two kinds in one place: (N,) which objects stay, (N,) which of them are sure."""
    kept, sure = np.ones(len(found), bool), sure.copy()
    overlap = boxes.iou(found.xyxy, found.xyxy)
    rival = (overlap > _SAME_OBJECT_IOU) & (found.kind[:, None] != found.kind)
    weaker = found.support[:, None] < found.support  # (N, N)
    kept &= ~(rival & weaker).any(1)
    covered = boxes.coverage(found.xyxy, found.xyxy)
    person, bike, vehicle = (_of_kind(found, name, vocabulary) for name in _CONTACTS)
    ridden = (covered > _RIDING) & person[:, None] & (bike & kept)
    kept &= ~(ridden & sure).any(1)
    sure &= ~(ridden & ~sure).any(1)
    height = boxes.sizes(found.xyxy)[:, 1]
    above = found.xyxy[:, None, 3] < found.xyxy[:, 3] - 0.1 * height
    sure &= ~((covered > _INSIDE) & above & person[:, None] & (vehicle & kept)).any(1)
    return kept, sure


_CONTACTS = ("person", "bike", "vehicle")


def _of_kind(found: Fused, name: str, vocabulary: Vocabulary) -> Mask:
    number = vocabulary.kinds.index(name) if name in vocabulary.kinds else -1
    return np.asarray(found.kind == number)

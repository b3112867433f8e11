"""Right, false, missed and mistaken boxes at one score threshold: what a user of it will see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acme_tracker.boxes import coverage, iou
from acme_tracker.datatypes import Detections
from acme_tracker.metrics.average_precision import Labels
from acme_tracker.metrics.overlaps import SAME_OBJECT_IOU, Ints


@dataclass(frozen=True, eq=False)
class Matches:
    """What became of the boxes of one image; a match is of the same class.

    Attributes:
        right: (N,) bool, the detection found an object.
        false: (N,) bool, it did not. Neither: it is to be passed over.
        missed: (M,) bool, truth boxes that nothing found.
    """

    right: NDArray[np.bool_]
    false: NDArray[np.bool_]
    missed: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class WorkingPoint:
    """Counts over a data set at one score threshold and IoU >= 0.5.

    Attributes:
        score: detections below it were left out.
        right: (C,) detections that found an object of their class.
        false: (C,) those that did not.
        missed: (C,) objects that nothing found.
        confusion: (C + 1, C + 1) true class by detected class, whatever the class of the match; the
            last row is background taken for an object, the last column objects not found.
        images: what became of the boxes of each image, for all its detections.
    """

    score: float
    right: Ints
    false: Ints
    missed: Ints
    confusion: Ints
    images: tuple[Matches, ...]

    def precision(self, class_id: int | None = None) -> float:
        """Share of the detections that are right, of one class or all; NaN without any."""
        return _share(self.right, self.false, class_id)

    def recall(self, class_id: int | None = None) -> float:
        """Share of the objects that are found, of one class or all; NaN without any."""
        return _share(self.right, self.missed, class_id)


def _share(part: Ints, rest: Ints, class_id: int | None) -> float:
    chosen = slice(None) if class_id is None else slice(class_id, class_id + 1)
    whole = int(part[chosen].sum() + rest[chosen].sum())
    return int(part[chosen].sum()) / whole if whole else float("nan")


def working_point(
    truths: Sequence[Labels], found: Sequence[Detections], score: float
) -> WorkingPoint:
    """Match every image at a score threshold; classes that an image does not label are passed over.

    Args:
        truths: an item an image, all with the same classes.
        found: what was detected there, with the truth's class_ids.
        score: detections below it are left out.
    """
    classes = len(truths[0].labelled)
    right, false, missed = (np.zeros(classes, np.int64) for _ in range(3))
    confusion = np.zeros((classes + 1, classes + 1), np.int64)
    images = []
    for truth, seen in zip(truths, found, strict=True):
        matches = match_image(truth, seen, score)
        for counts, class_id, rows in (
            (right, seen.class_id, matches.right),
            (false, seen.class_id, matches.false),
            (missed, truth.class_id, matches.missed),
        ):
            counts += np.bincount(class_id[rows], minlength=classes)
        np.add.at(confusion, _confusion_of(truth, seen, score, classes), 1)
        images.append(matches)
    return WorkingPoint(score, right, false, missed, confusion, tuple(images))


def match_image(truth: Labels, found: Detections, score: float) -> Matches:
    """Match the boxes of one image, the best score first."""
    used = (found.score >= score) & truth.labelled[found.class_id]
    same_class = found.class_id[:, None] == truth.class_id[None]
    match = _greedy(truth, found, used, same_class)
    right = match >= 0
    missed = _countable(truth)
    missed[match[right]] = False
    passed_over = _on_ignored(truth, found, same_class | (truth.class_id < 0)[None])
    return Matches(right, used & ~right & ~passed_over, missed)


def _confusion_of(
    truth: Labels, found: Detections, score: float, background: int
) -> tuple[Ints, Ints]:
    """True and detected class of every object and detection of one image."""
    used = found.score >= score
    any_class = np.ones((len(found), len(truth.class_id)), np.bool_)
    match = _greedy(truth, found, used, any_class)
    hit = match >= 0
    missed = _countable(truth)
    missed[match[hit]] = False
    false = used & ~hit & truth.labelled[found.class_id] & ~_on_ignored(truth, found, any_class)
    pairs = (
        (truth.class_id[match[hit]], found.class_id[hit]),
        (np.full(false.sum(), background), found.class_id[false]),
        (truth.class_id[missed], np.full(missed.sum(), background)),
    )
    true, detected = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return true, detected


def _countable(truth: Labels) -> NDArray[np.bool_]:
    """Truth boxes that should be found."""
    return ~truth.ignore & truth.labelled[truth.class_id]


def _greedy(
    truth: Labels, found: Detections, used: NDArray[np.bool_], allowed: NDArray[np.bool_]
) -> Ints:
    """For each detection, best score first, the free truth box that it overlaps most, or -1."""
    overlap = np.where(allowed & _countable(truth)[None], iou(found.xyxy, truth.xyxy), 0)
    match = np.full(len(found), -1, np.int64)
    if overlap.size == 0:
        return match
    for row in np.argsort(-found.score, kind="stable"):
        best = overlap[row].argmax()
        if used[row] and overlap[row, best] >= SAME_OBJECT_IOU:
            match[row] = best
            overlap[:, best] = 0
    return match


def _on_ignored(truth: Labels, found: Detections, allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Detections that lie at least half inside a box to ignore, as with COCO's crowds."""
    inside = coverage(found.xyxy, truth.xyxy) >= SAME_OBJECT_IOU
    return np.asarray((inside & allowed & truth.ignore[None]).any(axis=1), np.bool_)

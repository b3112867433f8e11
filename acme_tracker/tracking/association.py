"""Which detection is which track: gated one-to-one matching, deterministic.

A distance compares Targets (N) with Detections (M) and gives a cost (N, M); `match` finds the pairs
of least total cost among those that cost at most 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from acme_tracker.boxes import areas, centres, iou
from acme_tracker.config import AssociationSettings
from acme_tracker.datatypes import Boxes, ClassList, Detections, Floats

# Both chosen on three toll-road clips (5-10 frames/s); none is critical within a factor of 1.5.
UNSURE_REACH = 0.5  # how far, in standard deviations of its place, a track reaches beyond its gate
MOST_RESIZED = 1.6  # ratio of sizes (roots of areas) above which two boxes are not one object


class Targets(NamedTuple):
    """What association knows of the tracks on this frame."""

    xyxy: Boxes  # (N, 4) where they should be
    spread_px: Floats  # (N,) standard deviation of their centres: large for new and for lost ones
    class_shares: Floats  # (N, C) class votes, rows sum to 1


class Matches(NamedTuple):
    """Index pairs, and what is left over on both sides, each in ascending order."""

    targets: NDArray[np.intp]  # (K,)
    detections: NDArray[np.intp]  # (K,)
    unmatched_targets: NDArray[np.intp]
    unmatched_detections: NDArray[np.intp]

    def of(self, targets: NDArray[np.intp], detections: NDArray[np.intp]) -> Matches:
        """The same in the numbers of the tables that targets (N) and detections (M) came from."""
        return Matches(
            targets[self.targets],
            detections[self.detections],
            targets[self.unmatched_targets],
            detections[self.unmatched_detections],
        )


Distance = Callable[[Targets, Detections], Floats]


def match(cost: Floats) -> Matches:
    """The one-to-one pairs of least total cost (N, M) whose cost is at most 1."""
    allowed = cost <= 1  # NaN is not
    # A forbidden pair must cost more than any set of allowed ones could save.
    rows, columns = linear_sum_assignment(np.where(allowed, cost, 2.0 + min(cost.shape)))
    keep = allowed[rows, columns]
    rows, columns = rows[keep], columns[keep]
    return Matches(rows, columns, _others(rows, cost.shape[0]), _others(columns, cost.shape[1]))


def _others(used: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    return np.setdiff1d(np.arange(count), used, assume_unique=True)


def centroid_distance(max_distance: float, targets: Targets, found: Detections) -> Floats:
    """Distance of centres over box size; 1 at `max_distance` mean sizes, farther for unsure tracks.

    The heir of the classic centroid tracker. Boxes of too different size are no match.
    """
    apart = np.linalg.norm(centres(targets.xyxy)[:, None] - centres(found.xyxy)[None], axis=2)
    own = np.sqrt(areas(targets.xyxy))[:, None]  # (N, 1)
    other = np.sqrt(areas(found.xyxy))[None]  # (1, M)
    reach = max_distance / 2 * (own + other) + UNSURE_REACH * targets.spread_px[:, None]
    resized = np.maximum(own, other) > MOST_RESIZED * np.minimum(own, other)
    cost = apart / np.maximum(reach, 1e-3)
    return np.where(resized, np.inf, cost).astype(np.float32)


def iou_distance(min_iou: float, targets: Targets, found: Detections) -> Floats:
    """1 - IoU, scaled so that `min_iou` costs 1."""
    return (1 - iou(targets.xyxy, found.xyxy)) / np.float32(1 - min_iou)


def mixed_distance(
    max_distance: float, similar: Floats, targets: Targets, found: Detections
) -> Floats:
    """Centre distance, overlap and class vote together, within the gate of the centre distance.

    `similar` (C, C) says how readily a detector takes one class for another.
    """
    centre = centroid_distance(max_distance, targets, found)
    stranger = 1 - targets.class_shares @ similar[:, found.class_id]
    cost = 0.4 * centre + 0.4 * (1 - iou(targets.xyxy, found.xyxy)) + 0.2 * stranger
    return np.where(centre <= 1, cost, np.inf).astype(np.float32)


def class_similarity(classes: ClassList) -> Floats:
    """(C, C): 1 for the same class, 0.8 within a super-class (car and truck flip), 0 elsewhere."""
    similar = np.zeros((len(classes), len(classes)), np.float32)
    for name in classes.super_classes:
        members = np.array(classes.members(name), dtype=np.intp)
        similar[np.ix_(members, members)] = 0.8
    np.fill_diagonal(similar, 1)
    return similar


def distance_of(settings: AssociationSettings, classes: ClassList) -> Distance:
    """The distance that the settings name."""
    match settings.method:
        case "centroid":
            return partial(centroid_distance, settings.max_distance)
        case "iou":
            return partial(iou_distance, settings.min_iou)
        case "mixed":
            return partial(mixed_distance, settings.max_distance, class_similarity(classes))

"""Who rides a bicycle or motorcycle, where a detector boxes the two apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes


def with_riders(bikes: Boxes, people: Boxes) -> Boxes:
    """(N, 4), (M, 4) -> (N, 4) the bikes, those that are ridden with their riders."""
    rider = best_riders(bikes, people)
    ridden = rider >= 0
    both = bikes[ridden], people[rider[ridden]]
    joined = bikes.copy()
    joined[ridden, :2] = np.minimum(*both)[:, :2]
    joined[ridden, 2:] = np.maximum(*both)[:, 2:]
    return joined


def best_riders(bikes: Boxes, people: Boxes) -> NDArray[np.int64]:
    """(N, 4), (M, 4) -> (N,) who sits on each bicycle or motorcycle; -1 for nobody.

    A rider's middle is over the bike, the head above most of it, the feet between its top and a
    little below its wheels.
    """
    if not len(people):
        return np.full(len(bikes), -1)
    left, top, right, bottom = (bikes[:, [side]] for side in range(4))
    height = bottom - top
    middle = boxes.centres(people)[:, 0]
    head, feet = people[:, 1], people[:, 3]
    on = (middle > left) & (middle < right) & (head < top + 0.4 * height)
    on &= (feet > top + 0.1 * height) & (feet < bottom + 0.2 * height)
    on &= (feet - head < 3 * height) & (feet - head > 0.4 * height)
    overlap = np.where(on, boxes.iou(bikes, people), 0)
    best = overlap.argmax(1)
    return np.where(overlap[np.arange(len(bikes)), best] > 0, best, -1)

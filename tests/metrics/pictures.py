"""Made-up truth and detections of a set of pictures, with every kind of mistake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acme_tracker.datatypes import Boxes, Detections

CLASSES = 3


@dataclass(frozen=True, eq=False)
class Labelled:
    """The truth of one picture, as `average_precision.Labels` wants it."""

    xyxy: Boxes
    class_id: NDArray[np.int64]
    ignore: NDArray[np.bool_]
    labelled: NDArray[np.bool_]


def labelled(
    xyxy: ArrayLike,
    class_id: ArrayLike,
    ignore: ArrayLike = False,
    classes: ArrayLike = (True,) * CLASSES,
) -> Labelled:
    ids = np.asarray(class_id, np.int64)
    return Labelled(
        np.asarray(xyxy, np.float32).reshape(-1, 4),
        ids,
        np.broadcast_to(np.asarray(ignore, np.bool_), ids.shape),
        np.asarray(classes, np.bool_),
    )


def random_pictures(seed: int, pictures: int = 40) -> tuple[list[Labelled], list[Detections]]:
    """Objects of all sizes, one in eight to ignore; a third of the pictures label two classes."""
    random = np.random.default_rng(seed)
    truths, found = [], []
    for picture in range(pictures):
        count = int(random.integers(0, 9))
        corner, size = random.uniform(0, 500, (count, 2)), random.geometric(0.015, (count, 2)) + 8.0
        xyxy = np.concatenate([corner, corner + size], axis=1)
        class_id, ignore = random.integers(0, CLASSES, count), random.random(count) < 0.125
        mask = np.array([True, True, picture % 3 > 0])
        kept = mask[class_id]
        truths.append(labelled(xyxy[kept], class_id[kept], ignore[kept], mask))
        found.append(_mistaken(xyxy, class_id, random))
    return truths, found


def _mistaken(
    xyxy: NDArray[np.float64], class_id: NDArray[np.int64], random: np.random.Generator
) -> Detections:
    """Jittered, mistaken, doubled, missed and false boxes."""
    rows = random.integers(0, max(1, len(xyxy)), len(xyxy) * 3 // 2)
    size = np.tile(xyxy[rows, 2:] - xyxy[rows, :2], 2)
    boxes = xyxy[rows] + size * random.normal(0, 0.08, (len(rows), 4))
    classes = np.where(
        random.random(len(rows)) < 0.15, random.integers(0, CLASSES, len(rows)), class_id[rows]
    )
    corner = random.uniform(0, 500, (2, 2))
    ghosts = np.concatenate([corner, corner + random.uniform(8, 150, (2, 2))], axis=1)
    return Detections.of(
        np.concatenate([boxes, ghosts]),
        random.random(len(rows) + 2),
        np.concatenate([classes, random.integers(0, CLASSES, 2)]),
    )

"""COCO average precision written from the rules, box by box: slow, and nothing of ours in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acme_tracker.datatypes import Detections
from acme_tracker.metrics.average_precision import Labels

AREAS = {"all": (0, 1e10), "small": (0, 1024), "medium": (1024, 9216), "large": (9216, 1e10)}


def area(box: Sequence[float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def overlap(found: Sequence[float], true: Sequence[float], crowd: bool) -> float:
    shared = area(
        (
            max(found[0], true[0]),
            max(found[1], true[1]),
            min(found[2], true[2]),
            min(found[3], true[3]),
        )
    )
    return shared / (area(found) if crowd else area(found) + area(true) - shared)


def judge_picture(
    truth: Labels, seen: Detections, class_id: int, iou: float, size: str
) -> tuple[list[tuple[float, bool]], int]:
    """(score, right) of each detection that counts, and the number of objects."""
    low, high = AREAS[size]
    objects = [  # box, crowd, passed over
        (box, bool(ignore), bool(ignore) or not low <= area(box) <= high)
        for box, c, ignore in zip(
            truth.xyxy.tolist(), truth.class_id, truth.ignore.tolist(), strict=True
        )
        if c == class_id
    ]
    free = [True] * len(objects)
    judged = []
    found = [
        (float(score), box)
        for box, score, c in zip(seen.xyxy.tolist(), seen.score, seen.class_id, strict=True)
        if c == class_id
    ]
    for score, box in sorted(found, key=lambda one: -one[0])[:100]:
        options: list[tuple[bool, float, int]] = []
        for number, (true, crowd, passed) in enumerate(objects):
            value = overlap(box, true, crowd)
            if value >= iou and (free[number] or crowd):
                options.append((not passed, value, number))  # objects that count come first
        if options:
            counts, _, number = max(options)
            free[number] = False
            if counts:
                judged.append((score, True))
        elif low <= area(box) <= high:
            judged.append((score, False))
    return judged, sum(not passed for _, _, passed in objects)


def brute_force(
    truths: Sequence[Labels], found: Sequence[Detections], class_id: int, iou: float, size: str
) -> float:
    """101-point interpolated AP of one class, NaN without truth."""
    judged: list[tuple[float, bool]] = []
    objects = 0
    for truth, seen in zip(truths, found, strict=True):
        if truth.labelled[class_id]:
            more, count = judge_picture(truth, seen, class_id, iou, size)
            judged, objects = judged + more, objects + count
    if not objects:
        return float("nan")
    right, points = 0, []
    for number, (_, hit) in enumerate(sorted(judged, key=lambda one: -one[0]), 1):
        right += hit
        points.append((right / objects, right / number))
    best = [
        max((p for r, p in points if r >= level), default=0) for level in np.linspace(0, 1, 101)
    ]
    return sum(best) / 101

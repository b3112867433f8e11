"""COCO AP, also against a small implementation of its own, written from the rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from acme_tracker.datatypes import Detections
from acme_tracker.metrics.average_precision import IOUS, SIZES, average_precision
from tests.metrics.pictures import CLASSES, Labelled, labelled, random_pictures

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
    truth: Labelled, seen: Detections, class_id: int, iou: float, size: str
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
    truths: Sequence[Labelled], found: Sequence[Detections], class_id: int, iou: float, size: str
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


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_a_brute_force_implementation(seed: int) -> None:
    truths, found = random_pictures(seed)
    ours = average_precision(truths, found)
    for size in SIZES:
        theirs = np.array(
            [[brute_force(truths, found, c, iou, size) for c in range(CLASSES)] for iou in IOUS]
        )
        for class_id in range(CLASSES):
            mean = theirs[:, class_id].mean()
            assert ours.mean(None, class_id, size) == pytest.approx(mean, abs=1e-9)
            assert 0.02 < mean < 0.9
        assert ours.mean(size=size) == pytest.approx(theirs.mean(), abs=1e-9)
        assert ours.mean(0.5, size=size) == pytest.approx(theirs[0].mean(), abs=1e-9)


BOX = [0.0, 0.0, 40.0, 40.0]
ELSEWHERE = [100.0, 100.0, 140.0, 140.0]


def of(xyxy: Any, score: Any, class_id: Any) -> list[Detections]:
    return [Detections.of(xyxy, score, class_id)]


def test_perfect_detections_score_100_and_none_score_0() -> None:
    truth = [labelled([BOX, ELSEWHERE], [0, 1])]
    perfect = average_precision(truth, of([BOX, ELSEWHERE], [0.9, 0.8], [0, 1]))
    assert perfect.figures()["AP"] == pytest.approx(100)
    assert average_precision(truth, [Detections.empty()]).figures()["AP"] == 0


def test_a_class_without_truth_has_no_figure_and_does_not_lower_the_mean() -> None:
    found = average_precision([labelled([BOX], [0])], of([BOX, BOX], [0.9, 0.8], [0, 2]))
    assert np.isnan(found.mean(class_id=2))
    assert found.mean() == pytest.approx(1)
    assert found.truth_boxes[:, 0].tolist() == [1, 0, 0]


def test_without_any_truth_there_are_no_figures() -> None:
    found = average_precision([labelled([], [])], of([BOX], [0.9], [0]))
    assert all(np.isnan(value) for value in found.figures().values())


def test_a_class_that_is_not_labelled_on_an_image_makes_no_false_positives_there() -> None:
    truths = [labelled([BOX], [0]), labelled([], [], classes=[False, True, True])]
    found = of([BOX], [0.5], [0]) + of([ELSEWHERE], [0.9], [0])
    assert average_precision(truths, found).mean(class_id=0) == pytest.approx(1)
    truths[1] = labelled([], [])
    assert average_precision(truths, found).mean(class_id=0) == pytest.approx(0.5)


@pytest.mark.parametrize("class_of_region", [0, -1])
def test_detections_inside_an_ignored_region_are_passed_over(class_of_region: int) -> None:
    region = [90.0, 90.0, 400.0, 400.0]
    truths = [labelled([BOX, region], [0, class_of_region], [False, True])]
    found = of([ELSEWHERE, [200, 200, 230, 230], BOX], [0.9, 0.8, 0.7], [0, 0, 0])
    assert average_precision(truths, found).mean() == pytest.approx(1)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    average_precision(*random_pictures(0, pictures=5))
    assert capfd.readouterr() == ("", "")


def test_truths_and_detections_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="as many, got 1 and 0"):
        average_precision([labelled([BOX], [0])], [])

from __future__ import annotations

import numpy as np
import pytest

from acme_tracker.datatypes import Detections
from acme_tracker.metrics.average_precision import average_precision
from acme_tracker.metrics.working_point import match_image, working_point
from tests.metrics.pictures import CLASSES, labelled, random_pictures

BOX = [0.0, 0.0, 40.0, 40.0]
NEAR = [4.0, 0.0, 44.0, 40.0]
ELSEWHERE = [100.0, 100.0, 140.0, 140.0]
FAR_AWAY = [300.0, 300.0, 340.0, 340.0]


def test_precision_and_recall_count_only_what_reaches_the_score() -> None:
    truth = labelled([BOX, ELSEWHERE], [0, 0])
    found = Detections.of([BOX, ELSEWHERE, FAR_AWAY], [0.9, 0.3, 0.8], [0, 0, 0])
    point = working_point([truth], [found], score=0.5)
    assert (point.precision(), point.recall()) == (0.5, 0.5)
    assert working_point([truth], [found], score=0.0).recall(0) == 1
    assert np.isnan(point.precision(1))


def test_an_object_is_found_once_by_the_best_score() -> None:
    found = Detections.of([NEAR, BOX], [0.9, 0.8], [0, 0])
    matches = match_image(labelled([BOX], [0]), found, 0.5)
    assert matches.right.tolist() == [True, False]
    assert matches.false.tolist() == [False, True]
    assert not matches.missed.any()


def test_a_wrong_class_is_both_a_miss_and_false_but_one_confusion() -> None:
    found = Detections.of([BOX, ELSEWHERE], [0.9, 0.9], [2, 1])
    point = working_point([labelled([BOX, FAR_AWAY], [0, 1])], [found], 0.5)
    assert point.right.tolist() == [0, 0, 0]
    assert point.missed.tolist() == [1, 1, 0]
    assert point.false.tolist() == [0, 1, 1]
    expected = np.zeros((4, 4), int)
    expected[0, 2] = expected[1, 3] = expected[3, 1] = 1
    assert np.array_equal(point.confusion, expected)


def test_classes_that_are_not_labelled_and_boxes_to_ignore_are_passed_over() -> None:
    region = [90.0, 90.0, 400.0, 400.0]
    truth = labelled([BOX, region], [0, -1], [False, True], [True, True, False])
    found = Detections.of([BOX, ELSEWHERE, [500.0, 0.0, 540.0, 40.0]], [0.9] * 3, [0, 1, 2])
    point = working_point([truth], [found], 0.5)
    assert (point.right.sum(), point.false.sum(), point.missed.sum()) == (1, 0, 0)
    assert point.confusion.sum() == point.confusion[0, 0] == 1


def test_an_object_to_ignore_is_not_missed() -> None:
    point = working_point([labelled([BOX], [0], True)], [Detections.empty()], 0.5)
    assert point.missed.sum() == point.confusion.sum() == 0


def test_recall_at_no_threshold_is_where_the_precision_curve_ends() -> None:
    truths, found = random_pictures(4)
    curve = average_precision(truths, found).precision[0, :, :, 0]
    point = working_point(truths, found, 0.0)
    for class_id in range(CLASSES):
        reached = (curve[:, class_id] > 0).sum() - 1
        assert reached == pytest.approx(np.floor(100 * point.recall(class_id)), abs=1)
    assert point.confusion[:-1].sum() == (point.right + point.missed).sum()

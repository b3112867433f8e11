from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from acme_tracker.datatypes import Detections
from acme_tracker.metrics.average_precision import IOUS, SIZES, average_precision
from tests.metrics.brute_force import brute_force
from tests.metrics.pictures import CLASSES, labelled, random_pictures


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

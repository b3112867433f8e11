from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Detections
from acme_tracker.tracking.fusion import (
    cut_edges,
    detection_variance,
    doubtfulness,
    drift_variance,
    fuse,
    grow_in,
    has_left,
    hidden_share,
    lead,
    leaving,
    sight,
)

PICTURE = (640, 480)
BOX = np.array([[100, 100, 160, 140]], np.float32)
SURE = np.ones(1, np.float32)


def detection(xyxy: NDArray[np.float32], score: float = 0.6) -> Detections:
    return Detections.of(xyxy, np.full(len(xyxy), score), np.zeros(len(xyxy)))


def table(*rows: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, 4)


def test_a_fused_box_lies_between_and_is_surer_than_either() -> None:
    seen = detection(BOX + 1)
    noise = detection_variance(seen)
    fused, variance = fuse(BOX, noise, seen, PICTURE)
    np.testing.assert_allclose(fused, BOX + 0.5, atol=1e-3)
    np.testing.assert_allclose(variance, noise / 2, rtol=1e-4)


def test_the_surer_of_two_boxes_counts_for_more() -> None:
    seen = detection(BOX + 1)
    noise = detection_variance(seen)
    fused, _ = fuse(BOX, noise / np.float32(9), seen, PICTURE)
    np.testing.assert_allclose(fused, BOX + 0.1, atol=1e-3)


def test_a_prediction_far_from_the_detection_is_not_believed() -> None:
    seen = detection(BOX + 40)
    fused, _ = fuse(BOX, detection_variance(seen) / np.float32(9), seen, PICTURE)
    assert np.abs(fused - seen.xyxy).max() < 1


def test_at_the_border_of_the_picture_only_the_detection_counts() -> None:
    expected, seen = table((0, 100, 40, 140)), detection(table((0, 100, 46, 140)))
    fused, _ = fuse(expected, detection_variance(seen) / np.float32(9), seen, PICTURE)
    np.testing.assert_allclose(fused, seen.xyxy, atol=1e-3)


def test_a_still_object_becomes_stiller_look_by_look() -> None:
    rng = np.random.default_rng(0)
    xyxy, variance = BOX, detection_variance(detection(BOX))
    raw, smooth = [], []
    for _ in range(200):
        trembling = (BOX + rng.normal(0, 2, BOX.shape)).astype(np.float32)
        variance = variance + drift_variance(xyxy, SURE, 0.1)
        xyxy, variance = fuse(xyxy, variance, detection(trembling), PICTURE)
        raw.append(boxes.iou(trembling, BOX)[0, 0])
        smooth.append(boxes.iou(xyxy, BOX)[0, 0])
    assert 1 - np.mean(smooth) < 0.7 * (1 - np.mean(raw))


def test_a_better_score_and_a_smaller_box_mean_less_noise() -> None:
    good, poor = (detection_variance(detection(BOX, score)) for score in (0.9, 0.3))
    assert (good < poor).all()
    small = detection_variance(detection(BOX / np.float32(4)))
    assert (small < detection_variance(detection(BOX))).all()


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_noise_is_never_none(score: float) -> None:
    assert (detection_variance(detection(table((5, 5, 5, 5), (0, 0, 9, 9)), score)) > 0).all()


def test_drift_grows_with_time_and_doubt() -> None:
    usual = drift_variance(BOX, SURE, 0.2)
    np.testing.assert_allclose(drift_variance(BOX, SURE, 0.4), 2 * usual, rtol=1e-5)
    np.testing.assert_allclose(drift_variance(BOX, SURE * 3, 0.2), 9 * usual, rtol=1e-5)
    assert (drift_variance(BOX, SURE, 0) == 0).all()


def test_doubt_falls_with_confidence_and_is_finite_without() -> None:
    confidence = np.array([1, 0.9, 0.5, 0.1, 0], np.float32)
    doubt = doubtfulness(confidence)
    assert doubt[0] == 1
    assert (np.diff(doubt) >= 0).all()
    assert np.isfinite(doubt).all()
    assert doubtfulness(np.array([np.nan], np.float32)) == doubtfulness(np.array([0.8], np.float32))


@pytest.mark.parametrize(("confidence", "share"), [(1.0, 1.0), (0.1, 0.0)])
def test_the_surer_a_visual_tracker_the_less_motion_leads(confidence: float, share: float) -> None:
    variance = detection_variance(detection(BOX))
    drift = drift_variance(BOX, doubtfulness(SURE * np.float32(confidence)), 0.04)
    led, gained = lead(BOX, variance, BOX + 10, drift)
    np.testing.assert_allclose(led, BOX + 10 * share, atol=0.5)
    assert (gained <= drift).all()


def test_a_box_that_comes_in_grows_from_the_border_until_it_is_twice_as_large() -> None:
    cut = cut_edges(table((0, 100, 30, 140)), PICTURE)
    assert cut.tolist() == [[True, False, False, False]]
    assert grow_in(table((20, 100, 50, 140)), cut, PICTURE).tolist() == [[0, 100, 50, 140]]
    assert grow_in(table((80, 100, 110, 140)), cut, PICTURE).tolist() == [[50, 100, 110, 140]]


def test_a_box_that_comes_in_from_the_right_and_below_grows_as_well() -> None:
    cut = cut_edges(table((600, 440, 640, 480)), PICTURE)
    assert cut.tolist() == [[False, False, True, True]]
    assert grow_in(table((590, 430, 630, 470)), cut, PICTURE).tolist() == [[590, 430, 640, 480]]


def test_a_box_that_goes_out_or_was_never_cut_stays_as_it_is() -> None:
    leaving = table((-20, 100, 10, 140))
    assert (grow_in(leaving, cut_edges(leaving, PICTURE), PICTURE) == leaving).all()
    assert (grow_in(BOX, cut_edges(BOX, PICTURE), PICTURE) == BOX).all()


def test_the_share_of_a_box_behind_a_nearer_one_is_hidden() -> None:
    behind, in_front, apart = (100, 100, 140, 130), (110, 100, 160, 150), (300, 100, 340, 130)
    xyxy = table(behind, in_front, apart)
    everyone = np.ones(3, bool)
    assert hidden_share(xyxy, everyone).tolist() == [0.75, 0, 0]
    assert hidden_share(xyxy, np.array([True, False, True])).tolist() == [0] * 3
    assert hidden_share(table(), np.ones(0, bool)).tolist() == []


def test_less_can_be_followed_of_what_goes_behind_another_but_not_of_a_queue() -> None:
    expected = np.array([0.8, 0.8, 0.3], np.float32)
    followed = np.array([0.4, 0.8, 0.0], np.float32)
    assert sight(expected, followed).tolist() == pytest.approx([0.2, 1, 1])
    doubt = doubtfulness(np.ones(3, np.float32), sight(expected, followed))
    assert doubt.tolist() == pytest.approx([125, 1, 1], rel=1e-4)


def test_a_box_mostly_outside_the_picture_has_left() -> None:
    xyxy = table((-30, 10, 10, 50), (-10, 10, 30, 50), (700, 10, 740, 50))
    assert has_left(xyxy, PICTURE).tolist() == [True, False, True]


def test_a_box_that_goes_on_beyond_the_border_that_cuts_it_is_leaving() -> None:
    xyxy = table((0, 10, 40, 50), (0, 10, 40, 50), (0, 10, 40, 50), (30, 10, 70, 50))
    velocity = np.array([(-5, 0), (5, 0), (0, 5), (-5, 0)], np.float32)
    assert leaving(xyxy, velocity, PICTURE).tolist() == [True, False, False, False]


def test_nothing_fuses_to_nothing() -> None:
    fused, variance = fuse(table(), table(), Detections.empty(), PICTURE)
    assert fused.shape == variance.shape == (0, 4)
    assert drift_variance(table(), SURE[:0], 0.1).shape == (0, 4)

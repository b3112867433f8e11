"""What every visual tracker must do, whatever it is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.config import VisualTrackerSettings
from acme_tracker.datatypes import Followed
from acme_tracker.frames import Frame
from acme_tracker.interfaces import VisualTracker
from acme_tracker.tracking.visual.registry import open_visual_tracker, visual_tracker_names
from tests.fakes import moving_patches, textured_scene

WEIGHTS = Path(__file__).parents[3].parent / "shared" / "weights"
SIZE = (320, 240)
FRAMES, TRUTH = moving_patches([(60, 60), (180, 120), (100, 160)], (2, -1), 10)
EMPTY_FRAMES = [Frame.of_image(textured_scene(SIZE), t, t / 25, "fake") for t in range(10, 34)]
START = TRUTH[0]
IDS = np.array([7, 3, 5])


@pytest.fixture(params=visual_tracker_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def fresh(name: str) -> VisualTracker:
    weights = next(WEIGHTS.glob("*vittrack*.onnx"), None)
    if name == "opencv-vit" and weights is None:
        pytest.skip("no weights of OpenCV's ViT tracker beside the project")
    return open_visual_tracker(VisualTrackerSettings(name=name, weights=weights))


@pytest.fixture
def tracker(name: str) -> VisualTracker:
    return fresh(name)


def follow(tracker: VisualTracker, frames: list[Frame] = FRAMES) -> Followed:
    """Start all on the first frame, follow through the others; what it says of the last."""
    tracker.start(frames[0], IDS, START)
    return [tracker.update(frame) for frame in frames[1:]][-1]


def overlaps(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.diagonal(boxes.iou(a, b))


def test_patches_are_followed_in_order_of_start(tracker: VisualTracker) -> None:
    followed = follow(tracker)
    assert followed.target_id.tolist() == IDS.tolist()
    if tracker.sees:
        assert followed.ok.all()
        assert (overlaps(followed.xyxy, TRUTH[-1]) > 0.7).all()


def test_targets_started_later_come_after_those_before(tracker: VisualTracker) -> None:
    tracker.start(FRAMES[0], IDS[1:2], START[1:2])
    tracker.update(FRAMES[1])
    tracker.start(FRAMES[1], IDS[:1], TRUTH[1][:1])
    followed = tracker.update(FRAMES[2])
    assert followed.target_id.tolist() == [3, 7]
    assert (overlaps(followed.xyxy, TRUTH[2][[1, 0]]) > 0.7).all()


def test_a_followed_target_cannot_be_started_again(tracker: VisualTracker) -> None:
    tracker.start(FRAMES[0], IDS, START)
    with pytest.raises(ValueError, match="already followed"):
        tracker.start(FRAMES[0], IDS[:1], START[:1])
    with pytest.raises(ValueError, match="already followed"):
        tracker.start(FRAMES[0], np.array([8, 8]), START[:2])
    assert len(tracker.update(FRAMES[1])) == 3


def test_unknown_targets_are_neither_refreshed_nor_stopped(tracker: VisualTracker) -> None:
    tracker.start(FRAMES[0], IDS, START)
    with pytest.raises(KeyError):
        tracker.refresh(FRAMES[0], np.array([7, 99]), START[:2])
    with pytest.raises(KeyError):
        tracker.stop(np.array([7, 99]))
    assert tracker.update(FRAMES[1]).target_id.tolist() == IDS.tolist()


def test_stopping_some_leaves_the_others_as_they_would_be(name: str) -> None:
    alone, together = fresh(name), fresh(name)
    alone.start(FRAMES[0], IDS[[0, 2]], START[[0, 2]])
    together.start(FRAMES[0], IDS, START)
    for number, frame in enumerate(FRAMES[1:6]):
        expected, followed = alone.update(frame), together.update(frame)
        if number == 2:
            together.stop(IDS[1:2])
    assert followed.target_id.tolist() == [7, 5]
    np.testing.assert_array_equal(followed.xyxy, expected.xyxy)
    np.testing.assert_array_equal(followed.quality, expected.quality)


def test_a_stopped_target_can_be_started_anew(tracker: VisualTracker) -> None:
    tracker.start(FRAMES[0], IDS, START)
    tracker.update(FRAMES[1])
    tracker.stop(IDS[:1])
    tracker.start(FRAMES[1], IDS[:1], TRUTH[1][:1])
    assert tracker.update(FRAMES[2]).target_id.tolist() == [3, 5, 7]


def test_no_targets_are_fine(tracker: VisualTracker) -> None:
    nobody, nowhere = np.empty(0, np.int64), np.empty((0, 4), np.float32)
    assert len(tracker.update(FRAMES[0])) == 0
    tracker.start(FRAMES[0], nobody, nowhere)
    tracker.refresh(FRAMES[0], nobody, nowhere)
    tracker.stop(nobody)
    assert len(tracker.update(FRAMES[1])) == 0


def test_refresh_moves_a_target_to_the_given_box(tracker: VisualTracker) -> None:
    tracker.start(FRAMES[0], IDS[:1], START[:1] + np.float32(18))
    for frame in FRAMES[1:5]:
        tracker.update(frame)
    tracker.refresh(FRAMES[4], IDS[:1], TRUTH[4][:1])
    followed = tracker.update(FRAMES[5])
    assert followed.ok.all()
    assert overlaps(followed.xyxy, TRUTH[5][:1])[0] > (0.7 if tracker.sees else 0.5)


ODD_BOXES = {
    "leaving on the left": (-20, 100, 20, 140),
    "leaving at a corner": (300, 220, 340, 260),
    "touching the edge": (280, 200, 320, 240),
    "outside": (-200, -200, -100, -100),
    "far outside": (1e9, 1e9, 2e9, 2e9),
    "no pixel": (100.2, 100.2, 100.7, 100.7),
    "1 pixel": (100, 100, 101, 101),
    "2 pixels": (100, 100, 102, 102),
    "4 pixels": (100, 100, 104, 104),
    "8 pixels": (100, 100, 108, 108),
    "a line": (100, 100, 160, 101),
    "without width": (100, 100, 100, 150),
    "inverted": (150, 150, 100, 100),
    "the whole picture": (0, 0, 320, 240),
    "larger than the picture": (-100, -100, 500, 500),
    "endless": (-np.inf, -np.inf, np.inf, np.inf),
    "not a number": (np.nan, 0, np.nan, 10),
    "partly a number": (np.nan, 100, 160, 140),
}


@pytest.mark.timeout(20)  # opencv-mil searches a 4x4 box without end
@pytest.mark.parametrize("box", ODD_BOXES.values(), ids=ODD_BOXES.keys())
def test_odd_boxes_neither_raise_nor_hang_and_give_finite_boxes(
    tracker: VisualTracker, box: tuple[float, float, float, float]
) -> None:
    odd = np.array([box], np.float32)
    tracker.start(FRAMES[0], IDS[:1], odd)
    assert np.isfinite(tracker.update(FRAMES[1]).xyxy).all()
    tracker.refresh(FRAMES[1], IDS[:1], odd)
    assert np.isfinite(tracker.update(FRAMES[2]).xyxy).all()
    tracker.refresh(FRAMES[2], IDS[:1], TRUTH[2][:1])
    followed = tracker.update(FRAMES[3])
    assert followed.ok[0]
    if tracker.sees:  # motion alone weighs the new box against the odd one
        assert overlaps(followed.xyxy, TRUTH[3][:1])[0] > 0.7


NOWHERE = ["outside", "far outside", "without width", "inverted", "partly a number"]


@pytest.mark.parametrize("case", NOWHERE)
def test_what_is_not_in_the_picture_is_given_up(tracker: VisualTracker, case: str) -> None:
    tracker.start(FRAMES[0], IDS[:1], np.array([ODD_BOXES[case]], np.float32))
    assert not tracker.update(FRAMES[1]).ok[0]


def test_a_target_that_drives_out_of_the_picture_is_given_up_or_stays_at_the_edge(
    tracker: VisualTracker,
) -> None:
    frames, truth = moving_patches([(240, 100)], (12, 0), 12)
    tracker.start(frames[0], IDS[:1], truth[0])
    for t, frame in enumerate(frames[1:], 1):
        followed = tracker.update(frame)
        tracker.refresh(frame, IDS[:1], truth[t])
        assert np.isfinite(followed.xyxy).all()
        assert (boxes.areas(boxes.clip(followed.xyxy, SIZE)) > 0).all()
    assert not tracker.update(frames[-1]).ok[0]


def test_a_target_given_up_keeps_its_last_good_box_until_it_is_refreshed(
    tracker: VisualTracker,
) -> None:
    tracker.start(FRAMES[0], IDS, START)
    good = tracker.update(FRAMES[1])
    other_size = Frame.of_image(textured_scene((200, 160)), 2, 2 / 25, "fake")
    given_up = tracker.update(other_size)
    assert not given_up.ok.any()
    np.testing.assert_array_equal(given_up.xyxy, good.xyxy)
    assert not tracker.update(FRAMES[3]).ok.any()
    tracker.refresh(FRAMES[3], IDS[:1], TRUTH[3][:1])
    again = tracker.update(FRAMES[4])
    assert again.ok.tolist() == [True, False, False]
    assert overlaps(again.xyxy, TRUTH[4])[0] > 0.7


def test_two_runs_give_the_same_boxes_to_the_last_bit(name: str) -> None:
    first, second = (follow(fresh(name), FRAMES[:5]) for _ in range(2))
    np.testing.assert_array_equal(first.xyxy, second.xyxy)
    np.testing.assert_array_equal(first.quality, second.quality)


def test_what_update_returned_does_not_change_later(tracker: VisualTracker) -> None:
    followed = follow(tracker, FRAMES[:3])
    copy = followed.xyxy.copy()
    tracker.update(FRAMES[3])
    tracker.refresh(FRAMES[3], IDS, START)
    np.testing.assert_array_equal(followed.xyxy, copy)


def test_quality_is_a_number_where_it_is_calibrated_and_nan_where_not(
    tracker: VisualTracker,
) -> None:
    followed = follow(tracker, FRAMES[:6])
    if tracker.calibration is None:
        assert np.isnan(followed.quality).all()
    else:
        assert (tracker.calibration(followed.quality) > 0.8).all()


def test_confidence_falls_when_targets_vanish(tracker: VisualTracker) -> None:
    if tracker.calibration is None:
        pytest.skip("says nothing of its confidence")
    follow(tracker)
    least = np.ones(3)
    for frame in EMPTY_FRAMES[:5]:
        least = np.minimum(least, tracker.calibration(tracker.update(frame).quality))
    assert (least < 0.6).all()  # below 0.92 it asks for the detector

from __future__ import annotations

import cv2
import numpy as np
import pytest

from acme_tracker import boxes
from acme_tracker.errors import ConfigError
from acme_tracker.tracking.visual.opencv import SMALLEST_PX, opencv_tracker
from tests.tracking.visual.test_contract import EMPTY_FRAMES, FRAMES, IDS, SIZE, START, follow


@pytest.mark.timeout(20)
@pytest.mark.parametrize("side", [1, 4, 7])
def test_mil_does_not_hang_on_a_tiny_box_because_it_grows(side: int) -> None:
    tracker = opencv_tracker("mil")
    tracker.start(FRAMES[0], IDS[:1], np.array([[100, 100, 100 + side, 100 + side]], np.float32))
    followed = tracker.update(FRAMES[1])
    assert boxes.sizes(followed.xyxy).min() >= SMALLEST_PX


@pytest.mark.parametrize("kind", ["mosse", "medianflow"])
def test_trackers_that_report_failure_give_a_vanished_target_up(kind: str) -> None:
    tracker = opencv_tracker(kind)
    followed = follow(tracker)
    given_up = ~followed.ok
    for frame in EMPTY_FRAMES[:6]:
        given_up |= ~tracker.update(frame).ok
    assert given_up.any()


@pytest.mark.parametrize("kind", ["csrt", "kcf", "mosse"])
def test_boxes_handed_to_opencv_lie_inside_the_picture(kind: str) -> None:
    tracker = opencv_tracker(kind)
    tracker.start(FRAMES[0], IDS[:1], START[:1])
    tracker.refresh(FRAMES[0], IDS[:1], np.array([[-500, -500, 60, 60]], np.float32))
    followed = tracker.update(FRAMES[1])
    assert (boxes.sizes(followed.xyxy) <= np.array(SIZE)).all()


def test_an_opencv_without_the_contributed_trackers_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(cv2, "TrackerKCF_create")
    with pytest.raises(ConfigError, match="opencv-contrib-python"):
        opencv_tracker("kcf")

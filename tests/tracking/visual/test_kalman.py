from __future__ import annotations

import numpy as np
import pytest

from acme_tracker.frames import Frame
from acme_tracker.tracking.visual.kalman import kalman_tracker

ONE = np.array([1])
BOX = np.array([[100, 100, 140, 130]], np.float32)


def blank(time_s: float) -> Frame:
    return Frame.of_image(np.zeros((240, 320, 3), np.uint8), round(time_s * 1000), time_s)


def at(time_s: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return BOX + np.float32(50 * time_s)


@pytest.mark.parametrize("times_s", [(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), (0.03, 0.2, 0.21, 0.45, 0.6)])
def test_refreshed_targets_go_on_at_their_speed_in_time_not_in_frames(
    times_s: tuple[float, ...],
) -> None:
    tracker = kalman_tracker()
    tracker.start(blank(0), ONE, BOX)
    for time_s in times_s:
        tracker.update(blank(time_s))
        tracker.refresh(blank(time_s), ONE, at(time_s))
    followed = tracker.update(blank(1.2))
    np.testing.assert_allclose(followed.xyxy, at(1.2), atol=3)


def test_a_start_late_in_the_video_does_not_count_the_time_before_it() -> None:
    tracker = kalman_tracker()
    tracker.start(blank(3600), ONE, BOX)
    tracker.update(blank(3600.1))
    tracker.refresh(blank(3600.1), ONE, at(0.1))
    np.testing.assert_allclose(tracker.update(blank(3600.2)).xyxy, at(0.2), atol=2)


def test_motion_alone_does_not_claim_to_see() -> None:
    assert kalman_tracker().sees is False
    assert kalman_tracker().calibration is None

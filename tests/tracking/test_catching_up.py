from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from acme_tracker.datatypes import Detections, Observation, Tracks, TrackState
from acme_tracker.frames import Frame
from acme_tracker.tracking.catching_up import catch_up
from tests.fakes import moving_patches

NOBODY = Tracks.empty()


def seen(xyxy: ArrayLike) -> Observation:
    boxes = np.asarray(xyxy, np.float32).reshape(-1, 4)
    score, class_id = np.full(len(boxes), 0.9), np.zeros(len(boxes))
    return Observation(Detections.of(boxes, score, class_id), frame_index=0)


def tracks(*boxes: ArrayLike, first_id: int = 1) -> Tracks:
    count = len(boxes)
    return Tracks(
        track_id=np.arange(first_id, first_id + count),
        xyxy=np.array(boxes, np.float32),
        velocity=np.zeros((count, 2), np.float32),
        class_id=np.zeros(count, np.int64),
        score=np.ones(count, np.float32),
        confidence=np.ones(count, np.float32),
        quality=np.ones(count, np.float32),
        state=np.full(count, TrackState.CONFIRMED),
        observed=np.zeros(count, bool),
    )


def test_a_late_detection_moves_as_its_track_did() -> None:
    frames, _ = moving_patches([], (0, 0), 2)
    then = tracks((10, 10, 50, 40), (200, 100, 240, 130))
    now = tracks((204, 100, 244, 130), (100, 12, 150, 52), first_id=2)
    now = Tracks.concatenate([now[[0]], tracks((60, 15, 105, 50))])
    late = catch_up(seen([(14, 8, 52, 40)]), (frames[0], then), (frames[1], now))
    assert late.detections.xyxy.tolist() == [[64, 13, 107, 50]]
    assert late.frame_index == 0


def test_newcomers_and_those_whose_track_is_gone_move_by_optical_flow() -> None:
    frames, truth = moving_patches([(40, 40), (200, 150)], (2, -1), 6)
    gone = tracks(truth[0][0])
    late = catch_up(seen(truth[0]), (frames[0], gone), (frames[5], NOBODY))
    assert np.abs(late.detections.xyxy - truth[5]).max() < 1.5


def test_a_newcomer_too_fast_for_the_flow_leaves_no_ghost_behind() -> None:
    frames, truth = moving_patches([(40, 40)], (70, 20), 2)
    late = catch_up(seen(truth[0]), (frames[0], NOBODY), (frames[1], NOBODY))
    assert len(late.detections) == 0


def test_one_that_stands_is_kept_where_the_light_takes_the_flow_away() -> None:
    (bright,), truth = moving_patches([(40, 40)], (0, 0), 1)
    dusk = Frame.of_image((bright.image * 0.6).astype(np.uint8), 1, 0.04)
    late = catch_up(seen(truth[0]), (bright, NOBODY), (dusk, NOBODY))
    assert late.detections.xyxy.tolist() == truth[0].tolist()


def test_detections_of_this_very_frame_stay() -> None:
    (frame,), truth = moving_patches([(40, 40)], (3, 0), 1)
    here = seen(truth[0])
    assert catch_up(here, (frame, NOBODY), (frame, NOBODY)) is here


def test_an_object_that_left_the_picture_is_not_detected_any_more() -> None:
    frames, _ = moving_patches([], (0, 0), 2)
    then, now = tracks((290, 10, 318, 40)), tracks((325, 10, 360, 40))
    late = catch_up(seen([(290, 10, 318, 40)]), (frames[0], then), (frames[1], now))
    assert len(late.detections) == 0


def test_no_detections_are_no_detections_later() -> None:
    frames, _ = moving_patches([(40, 40)], (3, 0), 2)
    assert len(catch_up(seen([]), (frames[0], NOBODY), (frames[1], NOBODY)).detections) == 0

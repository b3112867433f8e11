from __future__ import annotations

import cv2
import numpy as np

from acme_tracker import boxes
from acme_tracker.frames import Frame
from acme_tracker.tracking.visual.flow import flow_tracker
from tests.fakes import moving_patches, textured_scene

ONE = np.array([1])


def test_a_growing_target_grows_its_box() -> None:
    look, scene = textured_scene((40, 30), seed=5), textured_scene((320, 240))
    tracker = flow_tracker()
    for t in range(16):
        width, height = round(40 * 1.04**t), round(30 * 1.04**t)
        image = scene.copy()
        image[80 : 80 + height, 100 : 100 + width] = cv2.resize(look, (width, height))
        frame = Frame.of_image(image, t, t / 25)
        truth = np.array([[100, 80, 100 + width, 80 + height]], np.float32)
        if t == 0:
            tracker.start(frame, ONE, truth)
        else:
            followed = tracker.update(frame)
    assert boxes.iou(followed.xyxy, truth)[0, 0] > 0.85


def test_large_pictures_are_reduced_and_the_boxes_come_back_in_their_pixels() -> None:
    frames, truth = moving_patches([(400, 300)], (5, 3), 10, patch=(120, 90), size=(1280, 960))
    tracker = flow_tracker()
    tracker.start(frames[0], ONE, truth[0])
    for frame in frames[1:]:
        followed = tracker.update(frame)
    assert boxes.iou(followed.xyxy, truth[-1])[0, 0] > 0.93


def test_a_plain_picture_gives_the_target_up_for_want_of_points() -> None:
    frames, truth = moving_patches([(100, 100)], (0, 0), 2)
    tracker = flow_tracker()
    tracker.start(frames[0], ONE, truth[0])
    black = Frame.of_image(np.zeros_like(frames[0].image), 2, 0.08)
    followed = tracker.update(black)
    assert not followed.ok[0]
    assert followed.quality[0] == 0


def test_quality_remembers_the_worst_moment_until_the_target_is_refreshed() -> None:
    frames, truth = moving_patches([(100, 100)], (2, 0), 8)
    hidden = frames[4].image.copy()
    hidden[95:140, 100:130] = textured_scene((30, 45), seed=9)
    shown = [*frames[:4], Frame.of_image(hidden, 4, 4 / 25), *frames[5:]]
    tracker = flow_tracker()
    tracker.start(shown[0], ONE, truth[0])
    quality = [tracker.update(frame).quality[0] for frame in shown[1:7]]
    tracker.refresh(shown[6], ONE, truth[6])
    assert max(quality[3:]) < 0.7 * min(quality[:3])
    assert tracker.update(shown[7]).quality[0] > 0.8

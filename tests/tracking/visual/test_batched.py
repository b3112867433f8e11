from __future__ import annotations

import cv2
import numpy as np
import pytest

from acme_tracker import boxes
from acme_tracker.frames import Frame
from acme_tracker.tracking.visual.batched import batched_tracker
from tests.fakes import moving_patches, textured_scene

ONE = np.array([1])


@pytest.mark.parametrize(("zoom", "sides"), [(1.04, (40, 30)), (0.96, (120, 90))])
def test_a_target_that_grows_or_shrinks_takes_its_box_along(
    zoom: float, sides: tuple[int, int]
) -> None:
    look, scene = textured_scene(sides, seed=5), textured_scene((320, 240))
    tracker = batched_tracker()
    for t in range(20):
        width, height = (round(side * zoom**t) for side in sides)
        image = scene.copy()
        left, top = 160 - width // 2, 120 - height // 2
        image[top : top + height, left : left + width] = cv2.resize(look, (width, height))
        frame = Frame.of_image(image, t, t / 25)
        truth = np.array([[left, top, left + width, top + height]], np.float32)
        if t == 0:
            tracker.start(frame, ONE, truth)
        else:
            followed = tracker.update(frame)
    assert boxes.iou(followed.xyxy, truth)[0, 0] > 0.8


def test_large_pictures_are_reduced_and_the_boxes_come_back_in_their_pixels() -> None:
    frames, truth = moving_patches([(400, 300)], (5, 3), 10, patch=(120, 90), size=(1280, 960))
    tracker = batched_tracker()
    tracker.start(frames[0], ONE, truth[0])
    for frame in frames[1:]:
        followed = tracker.update(frame)
    assert boxes.iou(followed.xyxy, truth[-1])[0, 0] > 0.93


def test_a_small_target_of_8_pixels_is_followed() -> None:
    frames, truth = moving_patches([(100, 100)], (1, 0.5), 15, patch=(8, 8))
    tracker = batched_tracker()
    tracker.start(frames[0], ONE, truth[0])
    for frame in frames[1:]:
        followed = tracker.update(frame)
    assert boxes.iou(followed.xyxy, truth[-1])[0, 0] > 0.6


def test_a_target_that_jumps_farther_than_its_size_is_followed_once_its_speed_is_known() -> None:
    patch = (24, 20)
    frames, truth = moving_patches([(10, 100)], (20, 0), 12, patch=patch)
    sparse = [Frame.of_image(f.image, n, n / 5) for n, f in enumerate(frames[::2])]  # 40 px a frame
    tracker = batched_tracker()
    tracker.start(sparse[0], ONE, truth[0])
    for number in (1, 2):
        tracker.update(sparse[number])
        tracker.refresh(sparse[number], ONE, truth[2 * number])
    for number in (3, 4, 5):
        followed = tracker.update(sparse[number])
        assert boxes.iou(followed.xyxy, truth[2 * number])[0, 0] > 0.6


def test_being_put_on_another_place_is_no_motion() -> None:
    frames, truth = moving_patches([(60, 60), (220, 150)], (1, 0), 4)
    tracker = batched_tracker()
    tracker.start(frames[0], ONE, truth[0][:1])
    tracker.update(frames[1])
    tracker.refresh(frames[1], ONE, truth[1][1:])
    for t in (2, 3):
        followed = tracker.update(frames[t])
    assert boxes.iou(followed.xyxy, truth[3][1:])[0, 0] > 0.8


def test_a_plain_picture_gives_the_target_up() -> None:
    frames, truth = moving_patches([(100, 100)], (0, 0), 2)
    tracker = batched_tracker()
    tracker.start(frames[0], ONE, truth[0])
    followed = tracker.update(Frame.of_image(np.zeros_like(frames[0].image), 2, 0.08))
    assert not followed.ok[0]
    assert followed.quality[0] == 0


def test_500_targets_are_followed_each_as_if_alone() -> None:
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, (280, 200), (500, 2))
    xyxy = np.concatenate([corner, corner + rng.uniform(6, 60, (500, 2))], axis=1)
    frames, _ = moving_patches([(60, 60)], (2, -1), 4)
    together, some = batched_tracker(), batched_tracker()
    few = np.array([0, 250, 499])
    together.start(frames[0], np.arange(500), xyxy.astype(np.float32))
    some.start(frames[0], few, xyxy[few].astype(np.float32))
    for frame in frames[1:]:
        all_, three = together.update(frame), some.update(frame)
    assert len(all_) == 500
    np.testing.assert_array_equal(all_.xyxy[few], three.xyxy)
    np.testing.assert_array_equal(all_.quality[few], three.quality)


def test_a_target_that_turns_into_something_else_loses_confidence() -> None:
    frames, truth = moving_patches([(100, 100)], (0, 0), 6)
    tracker = batched_tracker()
    tracker.start(frames[0], ONE, truth[0])
    for frame in frames[1:]:
        on_target = tracker.update(frame).quality[0]
    image = frames[-1].image.copy()
    image[80:150, 80:160] = textured_scene((80, 70), seed=77)
    assert tracker.update(Frame.of_image(image, 6, 6 / 25)).quality[0] < 0.7 * on_target

from __future__ import annotations

import numpy as np
import pytest

from acme_tracker.boxes import iou
from acme_tracker.datatypes import Boxes
from acme_tracker.frames import Frame
from acme_tracker.tracking.movement import EntryZones, Movement
from tests.fakes import moving_patches, textured_scene

NONE = np.empty((0, 4), np.float32)
SIZE = (320, 240)


def boxes(*xyxy: tuple[float, float, float, float]) -> Boxes:
    return np.array(xyxy, np.float32).reshape(-1, 4)


def moves(frames: list[Frame], tracked: Boxes = NONE) -> list[Boxes]:
    movement = Movement()
    found = []
    for frame in frames:
        movement.watch(frame)
        found.append(movement.outside(tracked))
    return found


@pytest.mark.parametrize("size", [(320, 240), (1280, 720), (97, 61)])
def test_what_moves_is_found_where_it_is(size: tuple[int, int]) -> None:
    patch = (size[0] // 6, size[1] // 6)
    start = (size[0] / 3, size[1] / 3)
    frames, truth = moving_patches([start], (patch[0] / 4, 0), 4, patch, size)
    first, *later = moves(frames)
    assert len(first) == 0
    for found, true in zip(later, truth[1:], strict=True):
        around = np.concatenate([found[:, :2].min(axis=0), found[:, 2:].max(axis=0)])
        assert iou(around[None], true).max() > 0.4


def test_what_a_track_covers_does_not_count() -> None:
    frames, truth = moving_patches([(40, 40), (200, 150)], (4, 0), 3)
    seen = moves(frames, tracked=truth[1][:1])[1]
    assert len(seen) > 0
    assert seen[:, 0].min() > 150


def test_neither_noise_nor_another_light_nor_a_moving_camera_is_movement() -> None:
    scene, noise = textured_scene(SIZE).astype(int), np.random.default_rng(0)
    noisy = [scene + noise.normal(0, 6, scene.shape) for _ in range(5)]
    brighter = [scene + 10 * step for step in range(5)]
    panned = [np.roll(scene, 9 * step, axis=1) for step in range(5)]
    for pictures in (noisy, brighter, panned):
        frames = [
            Frame.of_image(np.clip(picture, 0, 255).astype(np.uint8), i, i / 25)
            for i, picture in enumerate(pictures)
        ]
        assert [len(found) for found in moves(frames)] == [0] * 5


def test_a_change_of_the_pictures_size_is_no_movement() -> None:
    frames = [Frame.of_image(textured_scene(size), 0, 0) for size in (SIZE, (300, 100))]
    assert [len(found) for found in moves(frames)] == [0, 0]


def test_every_part_begins_as_an_entry() -> None:
    assert EntryZones().worth(boxes((0, 0, 9, 9), (300, 200, 310, 210)), SIZE).tolist() == [1, 1]


def test_where_nothing_is_ever_found_movement_is_worth_ever_less() -> None:
    zones, tree, road = EntryZones(), boxes((10, 10, 30, 30)), boxes((200, 100, 240, 130))
    worth = []
    for _ in range(200):
        zones.learn(np.concatenate([tree, road]), tracked=road, size=SIZE)
        worth.append(zones.worth(tree, SIZE)[0])
    assert (np.diff(worth) <= 0).all()
    assert worth[-1] == EntryZones.LEAST_WORTH
    assert zones.worth(road, SIZE).tolist() == [1]


def test_an_entry_that_comes_up_later_is_learnt() -> None:
    zones, gate = EntryZones(), boxes((10, 10, 30, 30))
    for tracked in (*[NONE] * 8, *[gate] * 20):
        zones.learn(gate, tracked, SIZE)
    assert zones.worth(gate, SIZE)[0] > 0.7


def test_boxes_beyond_the_picture_belong_to_its_border() -> None:
    zones = EntryZones()
    assert len(zones.worth(boxes((-50, -50, -20, -20), (900, 900, 950, 950)), SIZE)) == 2


def test_a_part_of_the_picture_is_forgiven_what_was_long_ago() -> None:
    zones, here = EntryZones(), boxes((10, 10, 30, 30))
    for _ in range(1000):  # a rainy night
        zones.learn(here, NONE, SIZE)
    assert zones.worth(here, SIZE) == pytest.approx(EntryZones.LEAST_WORTH)
    for _ in range(50):
        zones.learn(here, here, SIZE)
    assert zones.worth(here, SIZE) > 0.5

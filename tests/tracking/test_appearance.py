from __future__ import annotations

import cv2
import numpy as np
import pytest

from acme_tracker.datatypes import Boxes
from acme_tracker.frames import Image
from acme_tracker.tracking.appearance import NUMBERS, likeness, looks
from tests.fakes import textured_scene

CAR = (60, 40)  # pixels
RED, GREEN, BLUE = (40, 40, 190), (60, 160, 60), (190, 60, 40)


def street(*cars: tuple[int, int, tuple[int, int, int]]) -> tuple[Image, Boxes]:
    """Grey ground with cars (left, top, colour) that have dark windows, and their boxes."""
    image = np.full((240, 320, 3), 120, np.uint8)
    for left, top, colour in cars:
        image[top : top + CAR[1], left : left + CAR[0]] = colour
        image[top : top + 15, left + 10 : left + 50] = 30
    return image, np.array([(x, y, x + CAR[0], y + CAR[1]) for x, y, _ in cars], np.float32)


def test_a_car_looks_like_itself_elsewhere_and_unlike_one_of_another_colour() -> None:
    here = looks(*street((20, 20, RED), (200, 20, BLUE)))
    there = looks(*street((150, 90, BLUE), (33, 120, RED)))
    alike = likeness(here, there)
    assert alike[[0, 1], [1, 0]].min() > 0.95
    assert alike[[0, 1], [0, 1]].max() < 0.3


@pytest.mark.parametrize("light", [0.5, 1.4])
def test_a_car_looks_alike_in_another_light(light: float) -> None:
    image, xyxy = street((20, 20, RED), (200, 20, GREEN))
    other = np.clip(image * light, 0, 255).astype(np.uint8)
    alike = likeness(looks(image, xyxy), looks(other, xyxy))
    assert np.diag(alike).min() > 0.8
    assert alike[0, 1] < 0.3


def test_a_car_looks_alike_at_another_size_in_a_trembling_box() -> None:
    image, xyxy = street((100, 90, RED))
    big = np.asarray(cv2.resize(image, None, fx=1.7, fy=1.7), np.uint8)
    tremble = np.array([3, -2, 4, 2], np.float32)
    assert likeness(looks(image, xyxy), looks(big, xyxy * np.float32(1.7) + tremble)) > 0.85


def test_what_has_no_colour_and_no_parts_is_unlike_nothing() -> None:
    plain, xyxy = np.full((240, 320, 3), 90, np.uint8), street((100, 90, RED))[1]
    nothing = looks(plain, xyxy)
    assert likeness(nothing, nothing)[0, 0] == pytest.approx(1)
    assert likeness(nothing, looks(*street((100, 90, RED))))[0, 0] > 0.4


def test_boxes_may_leave_the_picture_be_tiny_or_missing() -> None:
    xyxy = np.array([(-50, -20, 10, 10), (300, 200, 900, 700), (5, 5, 5, 5)], np.float32)
    seen = looks(textured_scene(), xyxy)
    assert seen.shape == (3, NUMBERS)
    assert np.isfinite(seen).all()
    assert likeness(seen, looks(textured_scene(), xyxy[:0])).shape == (3, 0)

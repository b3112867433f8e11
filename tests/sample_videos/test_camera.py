from __future__ import annotations

import numpy as np
import pytest
from render.camera import Camera

CAMERA = Camera((12.0, -30.0, 9.0), (-2.0, 4.0, 0.0), 800.0, (960, 540))


def test_what_the_camera_looks_at_lies_in_the_pictures_middle() -> None:
    pixels, depth = CAMERA.project(np.array([CAMERA.target]))
    np.testing.assert_allclose(pixels, [(480, 270)], atol=1e-9)
    assert depth[0] == pytest.approx(np.linalg.norm(np.subtract(CAMERA.target, CAMERA.position)))


def test_higher_is_further_up_and_right_is_right() -> None:
    low, high, right = ((-2.0, 4.0, 0.0), (-2.0, 4.0, 1.0), (-1.0, 4.4, 0.0))
    pixels, _ = CAMERA.project(np.array([low, high, right]))
    assert pixels[1, 1] < pixels[0, 1]
    assert abs(pixels[1, 0] - pixels[0, 0]) < 1e-9  # no roll
    assert pixels[2, 0] > pixels[0, 0]


def test_size_falls_with_distance_by_the_focal_length() -> None:
    ahead = CAMERA.rotation[2]
    up = -CAMERA.rotation[1]
    for away in (5.0, 20.0, 80.0):
        foot = np.array(CAMERA.position) + away * ahead
        pixels, _ = CAMERA.project(np.stack([foot, foot + up]))
        assert pixels[0, 1] - pixels[1, 1] == pytest.approx(800.0 / away)


def test_the_homography_agrees_with_the_projection() -> None:
    ground = np.random.default_rng(1).uniform(-15, 15, (40, 2))
    world = np.column_stack([ground, np.zeros(40)])
    pixels, _ = CAMERA.project(world)
    moved = np.column_stack([ground, np.ones(40)]) @ CAMERA.ground_to_image.T
    np.testing.assert_allclose(moved[:, :2] / moved[:, 2:], pixels, atol=1e-6)
    np.testing.assert_allclose(CAMERA.ground(pixels), ground, atol=1e-6)


def test_the_rotation_is_one() -> None:
    np.testing.assert_allclose(CAMERA.rotation @ CAMERA.rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(CAMERA.rotation) == pytest.approx(1)

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from render.raster import NEAR_M, clip_near, covered, extent


def quad(left: float, top: float, right: float, bottom: float) -> Any:
    a, b, c, d = (left, top), (right, top), (right, bottom), (left, bottom)
    return np.array([(a, b, c), (a, c, d)], float)


def within(shape: Any, size: Any) -> Any:
    """(M, 2) corners of what OpenCV leaves of triangles (N, 3, 2) in a picture."""
    picture = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float32)
    cuts = [cv2.intersectConvexConvex(one.astype(np.float32), picture)[1] for one in shape]
    return np.concatenate([np.empty((0, 2)), *(c.reshape(-1, 2) for c in cuts if c is not None)])


def test_a_pixel_is_covered_where_its_middle_is() -> None:
    mask = covered(quad(2.4, 1.6, 5.6, 4.4), 0, 0, 8, 6)
    wanted = np.zeros((6, 8), bool)
    wanted[2:4, 2:6] = True  # middles 2.5 to 5.5, 2.5 to 3.5; the one at 1.5 lies above 1.6
    np.testing.assert_array_equal(mask, wanted)


def test_the_window_may_begin_anywhere_and_the_shape_may_leave_it() -> None:
    shape = quad(-20, -10, 15, 12)
    near = covered(shape, 0, 0, 30, 20)
    np.testing.assert_array_equal(covered(shape, -30, -20, 60, 40)[20:, 30:], near)
    assert near.sum() == 15 * 12


def test_a_triangles_pixels_add_up_to_its_area_whichever_way_it_turns() -> None:
    corners = np.array([[(3.0, 5.0), (190.0, 40.0), (60.0, 150.0)]])
    (x1, y1), (x2, y2), (x3, y3) = corners[0]
    area = abs((x2 - x1) * (y3 - y1) - (x3 - x1) * (y2 - y1)) / 2
    for order in ((0, 1, 2), (0, 2, 1)):
        found = covered(corners[:, order], 0, 0, 200, 160).sum()
        assert abs(found - area) / area < 0.005


def test_neighbouring_triangles_leave_no_gap() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        middle = rng.uniform(20, 40, 2)
        square = np.array([(0, 0), (60, 0), (60, 60), (0, 60)], float)
        fan = np.array([(square[i], square[(i + 1) % 4], middle) for i in range(4)])
        assert covered(fan, 0, 0, 60, 60).all()


def test_clipping_keeps_what_lies_ahead() -> None:
    # A wall that runs past the camera: half of it lies behind.
    a, b, c, d = (1.0, -1.0, -4.0), (1.0, -1.0, 6.0), (1.0, 1.0, 6.0), (1.0, 1.0, -4.0)
    kept = clip_near(np.array([(a, b, c), (a, c, d)]))
    assert kept[:, :, 2].min() >= NEAR_M - 1e-12
    one, two = kept[:, 1] - kept[:, 0], kept[:, 2] - kept[:, 0]
    area = np.linalg.norm(np.cross(one, two), axis=1).sum() / 2
    np.testing.assert_allclose(area, 2 * (6 - NEAR_M))


def test_clipping_drops_what_lies_behind_and_leaves_the_rest() -> None:
    ahead = np.array([[(0, 0, 5), (1, 0, 5), (0, 1, 5)]], float)
    behind = ahead * (1, 1, -1)
    np.testing.assert_array_equal(clip_near(np.concatenate([ahead, behind])), ahead)


def test_the_extent_is_that_of_what_lies_in_the_picture() -> None:
    size = np.array((100, 80))
    tilted = np.array([[(-60.0, 100.0), (40.0, 20.0), (-60.0, 20.0)]])
    low, high = extent(tilted, size)
    np.testing.assert_allclose((*low, *high), (0, 20, 40, 52))  # not 80: that is outside, left
    np.testing.assert_allclose(np.ravel(extent(quad(10, 10, 30, 25), size)), (10, 10, 30, 25))
    np.testing.assert_allclose(np.ravel(extent(quad(-50, -50, 300, 300), size)), (0, 0, 100, 80))
    low, high = extent(quad(-50, -50, -10, 300), size)
    assert (low == high).all(), "nothing inside"


def test_the_extent_agrees_with_the_covered_pixels() -> None:
    rng = np.random.default_rng(8)
    size = np.array((120, 90))
    for _ in range(50):
        shape = rng.uniform(-80, 200, (6, 3, 2))
        rows, columns = np.nonzero(covered(shape, 0, 0, 120, 90))
        low, high = extent(shape, size)
        if len(rows):
            assert (low <= (columns.min() + 0.5, rows.min() + 0.5)).all()
            assert (high >= (columns.max() + 0.5, rows.max() + 0.5)).all()
        cut = within(shape, size)
        if len(cut):
            np.testing.assert_allclose(low, cut.min(axis=0), atol=0.01)
            np.testing.assert_allclose(high, cut.max(axis=0), atol=0.01)

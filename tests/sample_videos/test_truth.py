from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from render.camera import Camera
from render.placing import Placed
from render.shapes import Part
from render.truth import TruthRow, row, silhouette

CAMERA = Camera((0.0, -20.0, 4.0), (0.0, 0.0, 1.0), 400.0, (320, 180))
SIZE = (180, 320)


def mesh(size: tuple[float, float, float]) -> tuple[Any, Any]:
    part = Part().box((0, 0, size[2] / 2), size, "a")
    faces = [(f[0], *pair) for f in part.faces for pair in pairwise(f[1:])]
    return np.array(part.vertices, np.float32), np.array(faces, np.int32)


MESHES = {"box": mesh((4.0, 1.8, 1.5)), "rider": mesh((0.5, 0.5, 3.0))}


def seen(pieces: list[Placed], hidden: Any = None) -> TruthRow | None:
    """The row of an object of which all, but for a part of the picture, can be seen."""
    from render.raster import covered

    index = np.zeros(SIZE, np.uint16)
    index[covered(silhouette(CAMERA, pieces, MESHES), 0, 0, 320, 180)] = 7
    if hidden is not None:
        index[hidden] = 3
    return row(CAMERA, 7, "car", pieces, MESHES, index)


def test_the_box_is_that_of_the_projected_corners() -> None:
    piece = Placed("body", "box", 1.0, 2.0, 0.0, 0.6)
    found = seen([piece])
    assert found is not None
    vertices = MESHES["box"][0] @ piece.matrix[:3, :3].T + piece.matrix[:3, 3]
    pixels, _ = CAMERA.project(vertices)
    np.testing.assert_allclose(found.xyxy, (*pixels.min(axis=0), *pixels.max(axis=0)), atol=1e-4)
    assert found.visibility == 1
    assert found.scored


def test_pieces_of_one_object_share_a_box() -> None:
    alone = seen([Placed("body", "box", 0, 0, 0, 0)])
    ridden = seen([Placed("body", "box", 0, 0, 0, 0), Placed("rider", "rider", 0, 0, 0, 0)])
    assert alone is not None
    assert ridden is not None
    assert ridden.xyxy[1] < alone.xyxy[1] - 10
    assert ridden.xyxy[3] == alone.xyxy[3]


def test_visibility_is_the_share_of_pixels_that_show_it_and_the_box_stays() -> None:
    whole = seen([Placed("body", "box", 0, 0, 0, 0)])
    half = seen([Placed("body", "box", 0, 0, 0, 0)], np.s_[:, 160:])
    assert whole is not None
    assert half is not None
    assert half.visibility == pytest.approx(0.5, abs=0.03)
    assert half.xyxy == whole.xyxy


def test_what_lies_outside_the_picture_counts_as_hidden_and_the_box_ends_there() -> None:
    left = float(CAMERA.ground(np.array([(0.0, 110.0)]))[0, 0])
    found = seen([Placed("body", "box", left, 0, 0, 0)])
    assert found is not None
    assert found.xyxy[0] == 0
    assert 0.3 < found.visibility < 0.75


def test_there_is_no_row_outside_the_picture_or_behind_the_camera() -> None:
    assert seen([Placed("body", "box", 60, 0, 0, 0)]) is None
    assert seen([Placed("body", "box", 0, -40, 0, 0)]) is None


def test_little_and_hidden_ones_are_flagged_to_be_ignored() -> None:
    assert TruthRow(1, "bus", (0, 0, 40, 16), 0.25).scored
    assert not TruthRow(1, "bus", (0, 0, 40, 15.9), 1.0).scored
    assert not TruthRow(1, "bus", (0, 0, 40, 40), 0.24).scored
    assert TruthRow(3, "bus", (1, 2, 4.5, 40), 0.5).mot(9) == "9,3,1.00,2.00,3.50,38.00,1,5,0.500"

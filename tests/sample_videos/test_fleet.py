from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from render import fleet
from render.cars import FORMS, body
from render.models import CLASSES
from render.shapes import Part
from render.wheels import wheel_parts


def volume(part: Part) -> float:
    """Above 0 where the faces' corners run counter-clockwise seen from outside."""
    points = np.array(part.vertices)
    total = 0.0
    for face in part.faces:
        for one, two in pairwise(face[1:]):
            total += float(points[face[0]] @ np.cross(points[one], points[two])) / 6
    return total


@pytest.mark.parametrize("name", fleet.NAMES)
def test_a_model_is_as_large_as_it_says_and_stands_on_the_ground(name: str) -> None:
    model = fleet.model(name)
    points = np.concatenate([part.vertices for part in model.poses[0] if part.vertices])
    size = np.ptp(points, axis=0)
    if model.kind not in ("person", "bicycle", "motorcycle"):
        assert abs(size[0] - model.length) < 0.35
        assert abs(size[1] - model.width) < 0.6  # mirrors stick out
    assert points[:, 2].max() == pytest.approx(model.height, abs=0.12)
    wheels = [wheel for wheel in model.wheels if wheel.radius > 0]
    assert points[:, 2].min() > -0.01
    assert wheels or points[:, 2].min() < 0.05
    assert model.kind in CLASSES


def test_sizes_are_those_of_the_road() -> None:
    for form in FORMS:
        assert 3.4 < form.length < 5.6
        assert 1.6 < form.width < 2.05
        assert 1.4 < form.height < 2.4
    assert fleet.model("bus").length == 12
    trailer = fleet.model("articulated").trailer
    assert trailer is not None
    assert trailer.length == 13.6


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_cars_hull_is_closed_and_looks_outwards(form: object) -> None:
    part = body(form)  # type: ignore[arg-type]
    edges: Counter[frozenset[int]] = Counter()
    for face in part.faces:
        edges.update(frozenset(pair) for pair in zip(face, (*face[1:], face[0]), strict=True))
    assert set(edges.values()) == {2}
    assert volume(part) > 3.0
    assert {"paint", "glass", "headlight", "taillight", "plastic"} <= set(part.materials)


@pytest.mark.parametrize(
    "part",
    [
        Part().box((1, 2, 3), (1, 2, 3), "a"),
        Part().tube([(0, 0, 0), (0, 0, 1), (1, 0, 2)], (0.2, 0.3, 0.1), "a"),
        Part().ellipsoid((0, 1, 0), (1, 2, 3), "a"),
        Part().lathe([(0, 1.0), (1, 1.0)], ["a"]),
        Part().slab([(0, 0), (2, 0), (2, 1), (0, 1)], 0, 1, "a"),
        Part().profile([(0, 0), (0, 1), (2, 1), (2, 0)], 1.0, "a"),
    ],
)
def test_simple_shapes_look_outwards(part: Part) -> None:
    assert volume(part) > 0.05
    turned = part.moved((5, 5, 5), 1.0, 2.0)
    assert volume(turned) == pytest.approx(8 * volume(part))


def test_walkers_and_cyclists_step_through_poses_that_differ() -> None:
    for name in ("walker", "cyclist"):
        model = fleet.model(name)
        assert model.pose_at(0.0) == 0
        assert model.pose_at(model.stride_m) == 0
        assert {model.pose_at(m) for m in np.linspace(0, model.stride_m, 200)} == set(range(16))
        feet = [min(v[2] for part in pose for v in part.vertices) for pose in model.poses]
        assert min(feet) > -0.03
        shapes = {tuple(np.round(pose[-1].vertices[40], 4)) for pose in model.poses}
        assert len(shapes) > 8


def test_every_wheel_has_its_radius() -> None:
    for name in fleet.NAMES:
        for wheel in fleet.model(name).wheels:
            points = np.concatenate([part.vertices for part in wheel_parts(wheel)])
            assert np.hypot(points[:, 0], points[:, 2]).max() == pytest.approx(wheel.radius)

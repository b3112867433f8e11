from __future__ import annotations

import numpy as np
import pytest
from render.paths import Path, joined, ribbon, straight
from render.scene import inside
from render.scenes import SCENES, crossing, scene


def test_a_point_lies_in_a_polygon_or_not() -> None:
    outline = [(0.0, 0.0), (4.0, 0.0), (4.0, 1.0), (1.0, 1.0), (1.0, 4.0), (0.0, 4.0)]
    assert inside(outline, 0.5, 3.0)
    assert inside(outline, 3.0, 0.5)
    assert not inside(outline, 2.0, 2.0)
    assert not inside(outline, -1.0, 0.5)


def test_walkers_step_up_onto_the_pavement() -> None:
    wanted = scene("intersection")
    assert wanted.height_at(0.0, 0.0) == 0
    assert wanted.height_at(*crossing.on_arm(1, 30.0, 0.0)) == 0
    assert wanted.height_at(*crossing.on_arm(2, 30.0, crossing.HALF + 3)) == crossing.KERB


@pytest.mark.parametrize("name", sorted(SCENES))
def test_traffic_drives_on_asphalt_and_keeps_right(name: str) -> None:
    wanted = scene(name)
    for route in wanted.routes:
        if route.movement == "crosswalk":
            continue
        if name != "highway":
            # The road's middle lies to the left of who comes.
            points, headings = route.path.at(np.array([0.0, 5.0]))
            right = np.stack([np.sin(headings), -np.cos(headings)], 1)
            assert ((points * right).sum(1) > 1).all()
        assert all(wanted.height_at(x, y) == 0 for x, y in route.path.points[::4])


@pytest.mark.parametrize("name", sorted(SCENES))
def test_counting_lines_lie_in_the_picture(name: str) -> None:
    wanted = scene(name)
    for line in wanted.lines:
        points = np.linspace(line.start, line.end, 20)
        pixels, depth = wanted.camera.project(np.column_stack([points, np.zeros(20)]))
        seen = (depth > 0) & (pixels > 0).all(axis=1) & (pixels < wanted.camera.size).all(axis=1)
        assert seen.mean() > 0.5


def test_a_path_is_found_by_the_way_travelled() -> None:
    path = joined(straight((0, 0), (10, 0)), straight((10, 0), (10, 10)))
    assert path.length == pytest.approx(20, abs=0.5)
    points, _ = path.at(np.array([5.0, 15.0, 22.0]), np.array([0.0, 1.0, 0.0]))
    np.testing.assert_allclose(points[0], (5, 0), atol=0.05)
    np.testing.assert_allclose(points[1], (9, 5), atol=0.3)
    assert points[2, 1] > 10.5  # straight on past the end


def test_a_ribbon_runs_counter_clockwise_round_its_area() -> None:
    outline = np.array(ribbon(Path(straight((0, 0), (0, 50))), 2.0, -1.0))
    x, y = outline.T
    area = (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2
    assert area == pytest.approx(150)


def test_one_point_lies_where_many_lie() -> None:
    path = scene("intersection").routes[1].path
    ways = np.linspace(-5, path.length + 5, 40)
    points, headings = path.at(ways, np.full(40, 1.2))
    alone = [path.one(float(way), 1.2) for way in ways]
    np.testing.assert_allclose(alone, np.column_stack([points, headings]), atol=1e-9)

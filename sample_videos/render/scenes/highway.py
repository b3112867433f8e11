"""A dense motorway in daylight, seen from a bridge."""

from __future__ import annotations

from math import pi

import numpy as np

from render.camera import Camera
from render.fleet import CAR_SHARES, CARS
from render.movers import Route, Signals
from render.paths import Path, ribbon
from render.scene import Area, Building, CountingLine, Prop, Scene

LANE, LANES = 3.6, 3
_INNER = 3.2  # the middle to the first lane's left edge
_OUTER = _INNER + LANES * LANE
_SHOULDER = _OUTER + 2.9
MIX = (
    *((name, 0.80 * share) for name, share in zip(CARS, CAR_SHARES, strict=True)),
    ("van", 0.05), ("box-truck", 0.03), ("delivery-truck", 0.02), ("articulated", 0.05),
    ("articulated-box", 0.03), ("bus", 0.02), ("motorcyclist", 0.03),
)  # fmt: skip
_SLOW_MIX = (
    *((name, 0.5 * share) for name, share in zip(CARS, CAR_SHARES, strict=True)),
    ("articulated", 0.2), ("articulated-box", 0.12), ("box-truck", 0.1), ("bus", 0.04),
    ("tipper", 0.04),
)  # fmt: skip


def _middle() -> Path:
    """Northwards, bending a little to the right beyond 40 m."""
    y = np.arange(-120.0, 420.0, 1.0)
    x = np.maximum(y - 40.0, 0.0) ** 2 / (2 * 1500.0)
    return Path(np.stack([x, y], 1))


def _areas(middle: Path) -> tuple[Area, ...]:
    far = 500.0
    areas = [
        Area(((-far, -150), (far, -150), (far, far), (-far, far)), -0.02, "grass"),
        Area(tuple(ribbon(middle, _SHOULDER, -_SHOULDER)), 0.0, "asphalt"),
        Area(tuple(ribbon(middle, 1.5, -1.5)), 0.02, "gravel", True),
    ]
    for side in (-1, 1):
        for at in (_INNER - 0.2, _OUTER + 0.1):
            edge = ribbon(middle, side * at - 0.09, side * at + 0.09)
            areas.append(Area(tuple(edge), 0.008, "line"))
        for lane in range(1, LANES):
            areas += _dashes(middle, side * (_INNER + lane * LANE))
    return tuple(areas)


def _dashes(middle: Path, left: float) -> list[Area]:
    found = []
    for start in np.arange(100.0, middle.length - 12, 12.0):
        way = np.array((start, start + 4.0))
        low, _ = middle.at(way, np.full(2, left - 0.08))
        high, _ = middle.at(way[::-1], np.full(2, left + 0.08))
        outline = tuple((float(x), float(y)) for x, y in (*low, *high))
        found.append(Area(outline, 0.008, "line"))
    return found


def _props(middle: Path) -> tuple[Prop, ...]:
    props = []

    def stand(kind: str, way: float, left: float, size: float = 1.0, turn: float = 0.0) -> None:
        point, heading = middle.at(np.array([way]), np.array([left]))
        props.append(
            Prop(kind, float(point[0, 0]), float(point[0, 1]), float(heading[0]) + turn, size)
        )

    for way in np.arange(124.0, middle.length, 4.0):
        for left in (0.9, -0.9, _SHOULDER + 0.6, -_SHOULDER - 0.6):
            stand("guard-rail", float(way), left)
    for number, way in enumerate(np.arange(150.0, middle.length, 38.0)):
        stand("twin-lamp", float(way), 0.0, 1.0 + 0.0 * number)
    for number, way in enumerate(np.arange(135.0, middle.length, 7.0)):
        for side in (-1, 1):
            away = side * (_SHOULDER + 7 + 5 * abs(np.sin(1.7 * number + side)))
            stand("tree", float(way), float(away), 0.75 + 0.3 * abs(np.sin(2.9 * number)), number)
            bush = side * (_SHOULDER + 3.2 + abs(np.sin(number)))
            stand(
                "bush", float(way) + 2, float(bush), 0.8 + 0.4 * abs(np.sin(number * 1.3)), number
            )
    stand("gantry", 262.0, 0.0)
    return tuple(props)


def _routes(middle: Path) -> tuple[Route, ...]:
    """Lanes count from the right; both carriageways drive on the right."""
    centre = _INNER + LANE * (LANES - 0.5)
    lanes = tuple(lane * LANE for lane in range(LANES))
    back = Path(middle.points[::-1])
    found = []
    for name, path in (("north", middle.offset(-centre)), ("south", back.offset(-centre))):
        found.append(Route(f"{name}-slow", path, 22.5, _SLOW_MIX, 800, lanes[:1], spread_m=0.25,
                           movement=name))  # fmt: skip
        found.append(Route(f"{name}-fast", path, 26.5, MIX, 7200, lanes, spread_m=0.25,
                           movement=name))  # fmt: skip
    return tuple(found)


def scene(seed: int | None = None) -> Scene:
    middle = _middle()
    across = [middle.at(np.array([170.0]), np.array([left]))[0][0] for left in
              (-0.5, -_SHOULDER, _SHOULDER, 0.5)]  # fmt: skip
    east_in, east_out, west_out, west_in = ((float(x), float(y)) for x, y in across)
    blocks = tuple(
        Building(x, 330.0 + 20 * number, 40.0, 24.0, 12.0 + 4 * number, 0.2 * pi * number, number)
        for number, x in enumerate((-90.0, -60.0, 95.0, 130.0))
    )
    return Scene(
        name="highway",
        title="a dense motorway in daylight, seen from a bridge",
        frame_rate=25,
        seconds=8.0,
        seed=6 if seed is None else seed,
        weather="day",
        camera=Camera((1.2, 0.0, 9.2), (1.4, 50.0, 0.0), 1350.0, (1280, 720)),
        areas=_areas(middle),
        props=_props(middle),
        buildings=blocks,
        routes=_routes(middle),
        signals=Signals(),
        lines=(
            CountingLine("northbound", east_out, east_in, "north", "south"),
            CountingLine("southbound", west_out, west_in, "south", "north"),
        ),
        warm_up_s=45.0,
        samples=3,
        seen_m=320.0,
        sun=(42.0, 240.0),
    )
